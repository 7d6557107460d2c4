"""What this dashboard costs: hosts, with what each is asked, and itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from app.fleet.changes import ChangeSet
from app.fleet.fleet import InstanceState
from app.model.amounts import compact
from app.operations.budget import HostBudget, Totals, host_budgets, totals_of
from app.operations.own_use import OwnMeter, OwnUse
from app.operations.stats import HISTORY_SECONDS
from app.screens.actions import INSIDE, TABLE_ACTIONS, bindings
from app.screens.budget.lag import EVERY as LAG_EVERY
from app.screens.budget.lag import LagProbe
from app.screens.budget.own import EVERY, OwnHistory
from app.screens.budget.rows import (
    BUDGET_COLUMNS,
    BUDGET_ORDERS,
    EMPTY_BUDGET,
    budget_key,
    budget_row,
    budget_subject,
    rate_words,
)
from app.screens.desk import Desk
from app.screens.filtering import INSTANCE_TERMS
from app.screens.frame import FrameScreen
from widgets.cell_line import CellLine
from widgets.cells import Cell, Span
from widgets.graphs import Graphs
from widgets.live_table import LiveTable
from widgets.presence import is_here

_NO_MATCH: Final = "No row matches the filter. esc clears it."


class BudgetScreen(FrameScreen):
    BINDINGS: ClassVar[list[BindingType]] = bindings("filter", "next.pane", *TABLE_ACTIONS, *INSIDE)
    ARRANGED = ("budget",)
    FILTER_TERMS = INSTANCE_TERMS

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._budgets: Sequence[HostBudget] = ()
        self._totals = Totals()
        self._probe = LagProbe()
        self._meter = OwnMeter()
        self._history = OwnHistory()
        self._due = 0.0
        self._busy = False

    def crumbs(self) -> Iterable[str]:
        return ("budget",)

    def status(self) -> Cell:
        """Of all hosts together."""
        totals = self._totals
        spans = [
            Span(f"{rate_words(totals.asked_rate)}/s asked  ", "strong"),
            Span(f"{totals.streams} stream{'' if totals.streams == 1 else 's'}  ", "muted"),
            Span(f"{compact(totals.received_rate)}/s in", "muted"),
        ]
        return (Span(f"{totals.failed:,} failed  ", "warn"), *spans) if totals.failed else tuple(spans)

    def content(self) -> ComposeResult:
        yield LiveTable(BUDGET_COLUMNS, id="budget", empty=EMPTY_BUDGET, markable=False)
        with Vertical(id="budget-own", classes="panel") as panel:
            panel.border_title = " This dashboard "
            yield CellLine(id="budget-parts")
            yield Graphs(HISTORY_SECONDS, id="budget-graphs")

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._probe.start()

    def on_screen_suspend(self) -> None:
        """Covered, it measures nothing."""
        self._probe.stop()

    def on_unmount(self) -> None:
        self._probe.stop()

    def sync(self, changes: ChangeSet | None) -> None:
        if changes is not None and changes:
            return  # once a second is often enough
        table, now, matches = self.query_one("#budget", LiveTable), self.now(), self.row_filter()
        found = host_budgets(self.desk.session, self.desk.fleet, self.desk.stats)
        self._totals = totals_of(found)
        chosen = [budget for budget in found if not self.filter_text or matches(budget_subject(budget))]
        self._budgets = self.arranged(table, chosen, BUDGET_ORDERS)
        self.counted(len(self._budgets), len(found))
        table.empty_text = _NO_MATCH if self.filter_text else EMPTY_BUDGET
        table.set_rows([budget_row(budget, now) for budget in self._budgets])
        self._measure()

    def _measure(self) -> None:
        """Every other second, in a job: the kernel walks all our pages for it."""
        clock = self.desk.stats.clock()
        if not self._busy and clock >= self._due:
            self._busy, self._due = True, clock + EVERY
            self.desk.jobs.run(self._meter.read, self._take)

    def _take(self, use: OwnUse) -> None:
        self._busy = False
        if not is_here(self):
            return
        self._history.add(use, self._totals, self._probe.lag(), self._probe.since(round(EVERY / LAG_EVERY)))
        self.query_one(Graphs).show(*self._history.graphs())
        self.query_one("#budget-parts", CellLine).set(self._history.parts())

    def action_next_pane(self) -> None:
        self.focus_next_pane([self.query_one("#budget"), self.query_one(Graphs)])

    def _chosen(self) -> InstanceState | None:
        key = self.query_one("#budget", LiveTable).cursor_key
        found = next((budget for budget in self._budgets if budget_key(budget) == key), None)
        return found.states[0] if found is not None and found.states else None

    @on(LiveTable.RowActivated, "#budget")
    def _open(self) -> None:
        if state := self._chosen():
            self.app.push_screen(self.desk.doors.instance(state.instance.key))
