"""Tables that a person sorts and arranges. Mixed into screens, by the frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.screen import Screen
from textual.widget import Widget

from app.screens.tables.orders import Orders, ordered
from app.store.table_memory import Arrangement
from widgets.live_table import LiveTable
from widgets.presence import GoesQuietly

if TYPE_CHECKING:
    from app.fleet.changes import ChangeSet
    from app.screens.desk import Desk

T = TypeVar("T")


class ArrangedTables(GoesQuietly, Screen[None]):
    """What is chosen for a table counts wherever a table has its name, and is kept for the next session."""

    ARRANGED: ClassVar[tuple[str, ...]] = ()
    """Ids of the tables that can be sorted; they are also the names under which the choice is kept."""
    desk: Desk

    def arrangement(self, table: LiveTable) -> Arrangement:
        """How the table is to be, as far as it has those columns; its header and its columns are made so."""
        keys = {column.key for column in table.columns}
        wanted = self.desk.tables.get(table.id or "")
        if wanted.sort and wanted.sort not in keys:
            wanted = replace(wanted, sort="", descending=False)
        table.set_arrangement(wanted.sorted_by, wanted.hidden)
        return wanted

    def arranged(self, table: LiveTable, items: Sequence[T], orders: Orders[T]) -> list[T]:
        """The items in the order that the person chose for the table."""
        return ordered(items, orders, self.arrangement(table))

    def arranged_table(self) -> LiveTable | None:
        """The table that ``o`` is for: the one with the focus, or else the first in sight."""
        tables = [table for name in self.ARRANGED for table in self.query(f"#{name}").results(LiveTable)]
        shown = [table for table in tables if _is_displayed(table)]
        return next((table for table in shown if table.has_focus), shown[0] if shown else None)

    def action_sort(self) -> None:
        self._choose(choosing_columns=False)

    def action_columns(self) -> None:
        self._choose(choosing_columns=True)

    def _choose(self, *, choosing_columns: bool) -> None:
        from app.screens.tables.sort_dialog import SortDialog

        table = self.arranged_table()
        if table is None:
            return
        name = table.id or ""
        what = table_word(name)
        title = f"Columns of {what}" if choosing_columns else f"Sort {what} by"
        dialog = SortDialog(
            title,
            table.columns,
            self.arrangement(table),
            lambda chosen: self.arrange_table(name, chosen),
            choosing_columns=choosing_columns,
        )
        self.app.push_screen(dialog)

    def arrange_table(self, table: str, arrangement: Arrangement, *, keep: bool = True) -> None:
        """Have the table so from now on; ``keep``: in the next session, too."""
        self.desk.tables.put(table, arrangement)
        self.refresh_now(None)
        if keep:
            self.desk.jobs.run(self.desk.tables.save, lambda _: None)

    def refresh_now(self, changes: ChangeSet | None) -> None:
        """Bring header and content up to date."""
        raise NotImplementedError


def _is_displayed(table: LiveTable) -> bool:
    """It may be in a pane that is not."""
    return all(node.display for node in table.ancestors_with_self if isinstance(node, Widget))


def table_word(table: str) -> str:
    """What a table is called, by its id: where a pane has the word, its table has a longer one."""
    return table.removesuffix("-table")
