"""``o`` and ``O``: by which column a table is sorted, and which columns it shows. What is chosen is seen at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from app.store.table_memory import Arrangement
from widgets.cells import Column, Row, cell
from widgets.dialog import Dialog
from widgets.key_hints import KeyHints
from widgets.live_table import LiveTable
from widgets.table_lines import ASCENDING, DESCENDING

OWN_ORDER = "own order"
LARGEST_FIRST = frozenset(
    {
        *("cpu", "memory", "tasks", "running", "stopped", "exit", "latest", "revision", "unmanaged", "instances"),
        "size",
        *("asked", "stats", "p50", "p95", "streams", "events", "received", "failed", "total"),
    }
)
"""Columns of which one looks for the largest: the first choice of them sorts downwards."""
_COLUMNS = (
    Column("arrow", "", width=1),
    Column("title", "COLUMN", min_width=16, weight=1),
    Column("shown", "SHOWN", width=6),
)


class SortDialog(Dialog[None]):
    """
    Args:
        columns: the table's; the first is always shown.
        changed: told of each choice.
        choosing_columns: whether enter shows and hides columns instead of sorting by them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "sort_by", "sort", id="sort.by", tooltip="Sort by it; once more turns the order round"),
        Binding("space,enter", "show", "show/hide", id="sort.show", tooltip="Show the column, or hide it"),
        Binding("escape,q,o,O", "close", "close", id="sort.close", tooltip="Close; what was chosen stays"),
        Binding("backspace", "reset", "as it was made", id="sort.reset", tooltip="The table's own order, all columns"),
    ]

    def __init__(
        self,
        title: str,
        columns: Sequence[Column],
        arrangement: Arrangement,
        changed: Callable[[Arrangement], None],
        *,
        choosing_columns: bool = False,
    ) -> None:
        super().__init__()
        self._title = title
        self._columns = tuple(columns)
        self._arrangement = arrangement
        self._changed = changed
        self._choosing_columns = choosing_columns

    def compose(self) -> ComposeResult:
        dialog = Vertical(classes="dialog sort-dialog")
        dialog.border_title = self._title
        with dialog:
            yield LiveTable(_COLUMNS, id="sort-columns", markable=False, openable=False)
            yield KeyHints(id="sort-keys")

    def on_mount(self) -> None:
        table = self.query_one(LiveTable)
        self._show()
        wanted = self._columns[0].key if self._choosing_columns else self._arrangement.sort or OWN_ORDER
        table.move_to(wanted)
        table.focus()

    def _show(self) -> None:
        arrangement = self._arrangement
        rows = []
        if not self._choosing_columns:
            rows.append(
                Row(OWN_ORDER, (cell("" if arrangement.sort else "●", "accent"), cell("(its own order)", "muted")))
            )
        for number, column in enumerate(self._columns):
            arrow = (DESCENDING if arrangement.descending else ASCENDING) if column.key == arrangement.sort else ""
            shown = not number or column.key not in arrangement.hidden
            cells = (
                cell(arrow, "accent"),
                cell(column.title),
                cell("● yes" if shown else "○ no", "" if shown else "muted"),
            )
            rows.append(Row(column.key, cells))
        self.query_one(LiveTable).set_rows(rows)

    def _take(self, arrangement: Arrangement) -> None:
        self._arrangement = arrangement
        self._show()
        self._changed(arrangement)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where columns are chosen, enter chooses them."""
        return not (action == "sort_by" and self._choosing_columns)

    def action_sort_by(self) -> None:
        now, key = self._arrangement, self.query_one(LiveTable).cursor_key
        if key is None:
            return
        if key == OWN_ORDER:
            self._take(replace(now, sort="", descending=False))
        elif key == now.sort:
            self._take(replace(now, descending=not now.descending))
        else:
            self._take(replace(now, sort=key, descending=key in LARGEST_FIRST))
        self.dismiss()

    def action_show(self) -> None:
        key = self.query_one(LiveTable).cursor_key
        if key is None or key in (OWN_ORDER, self._columns[0].key):
            self.app.notify("The first column stays: it names the row", markup=False, timeout=4)
        else:
            self._take(replace(self._arrangement, hidden=self._arrangement.hidden ^ {key}))

    def action_reset(self) -> None:
        self._take(Arrangement())

    def action_close(self) -> None:
        self.dismiss()
