"""A pull, a push, a copy or a removal as it goes on: each instance, and the layers of the one at the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from app.model.image_progress import TransferProgress
from app.screens import formats
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.images.beginning import end_words
from app.screens.images.progress import (
    LAYER_COLUMNS,
    TRANSFER_COLUMNS,
    layer_row,
    rate_of,
    transfer_columns,
    transfer_key,
    transfer_row,
)
from app.screens.images.work_screen import WorkScreen
from app.screens.images.works import Transfer
from widgets.cells import Cell, Span
from widgets.live_table import LiveTable
from widgets.plain import plain

_NO_LAYER = "No layer is told of yet."


class TransferScreen(WorkScreen):
    BINDINGS: ClassVar[list[BindingType]] = bindings("work.stop", "run", "copy.command", "next.pane", "filter", *INSIDE)
    work: Transfer

    def __init__(self, desk: Desk, work: Transfer) -> None:
        super().__init__(desk, work)
        self._rows: dict[str, TransferProgress] = {}
        self._line = ("", False)
        self._followed = ""
        self._title = ""

    def more_status(self) -> Cell:
        rows = list(self._rows.values())
        over, rate = sum(row.over for row in rows), rate_of(rows)
        spans = [Span(f"  {over} of {len(rows)}", "strong")] if rows else []
        if rate >= 1:
            spans.append(Span(f"  {formats.size(int(rate))}/s", "muted"))
        return tuple(spans)

    def content(self) -> ComposeResult:
        yield LiveTable(TRANSFER_COLUMNS, id="transfers", empty="Beginning…", markable=False, openable=False)
        yield Static(id="transfer-line", markup=False)
        layers = LiveTable(LAYER_COLUMNS, id="layers", classes="panel", markable=False, openable=False, empty=_NO_LAYER)
        yield layers

    def show(self) -> None:
        table, wanted = self.query_one("#transfers", LiveTable), self.filter_text.lower()
        rows = self.work.rows()
        columns = transfer_columns(rows)
        self._rows = {transfer_key(row): row for row in rows}
        shown = [row for row in rows if not wanted or wanted in f"{transfer_key(row)} {row.state} {row.detail}".lower()]
        self.counted(len(shown), len(rows))
        if columns != table.columns:
            table.set_rows([])  # cells match their columns
            table.set_columns(columns)
        table.set_rows([transfer_row(row, columns) for row in shown])
        self._follow(table, shown)
        if not rows and not self.work.going:
            table.empty_text = self.work.problem or "Nothing was done."
        self._show_layers()
        self._show_line()

    def _follow(self, table: LiveTable, rows: Sequence[TransferProgress]) -> None:
        """Until somebody moves the cursor it is on the first that works: of that there are layers to be seen."""
        if table.cursor_key is None or (self._followed and table.cursor_key != self._followed):
            return
        chosen = self._rows.get(table.cursor_key)
        if chosen is None or chosen.state != "working":
            working = next((transfer_key(row) for row in rows if row.state == "working"), table.cursor_key)
            table.move_to(working)
        self._followed = table.cursor_key

    def _show_line(self) -> None:
        """How it ended; or all that is told of the instance at the cursor, where the table has to cut it."""
        work, row = self.work, self._chosen
        if work.problem:
            words, bad = str(work.problem), True
        elif row is not None and row.over and row.detail:
            words, bad = f"{row.instance.name}: {row.detail}", row.state == "failed"
        elif work.going:
            words, bad = "It goes on when you leave.", False
        else:
            words, bad = end_words(work), work.outcome == "failed"
        if (words, bad) != self._line:
            self._line = words, bad
            line = self.query_one("#transfer-line", Static)
            line.update(Content(plain(words)))
            line.set_class(bad, "-failed")

    @property
    def _chosen(self) -> TransferProgress | None:
        return self._rows.get(self.query_one("#transfers", LiveTable).cursor_key or "")

    @on(LiveTable.RowHighlighted, "#transfers")
    def _highlighted(self) -> None:
        self._show_layers()
        self._show_line()

    def _show_layers(self) -> None:
        row, layers = self._chosen, self.query_one("#layers", LiveTable)
        title = f" Layers of {row.instance.name} " if row is not None else " Layers "
        if title != self._title:
            self._title = title
            layers.border_title = Content(title)
        layers.display = row is not None and (bool(row.layers) or (row.verb in ("pull", "push") and not row.over))
        if row is not None:
            layers.set_rows([layer_row(layer, place) for place, layer in enumerate(row.layers)])

    def ended(self) -> None:
        for line in self.work.warnings[:3]:
            self.say(line, bad=True)

    # --- keys ------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Of what has come one may run a task."""
        if action == "run" and not (
            self.work.outcome and self.work.verb in ("pull", "copy", "tag") and self._some_well
        ):
            return False
        return super().check_action(action, parameters)

    @property
    def _some_well(self) -> bool:
        return any(row.state in ("done", "present") for row in self._rows.values())

    def action_run(self) -> None:
        self.app.push_screen(self.desk.doors.run(cluster=self.work.cluster))

    def action_next_pane(self) -> None:
        self.focus_next_pane([self.query_one("#transfers"), self.query_one("#layers")])
