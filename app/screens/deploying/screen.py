"""A deploy as it goes on: its steps, and beneath them what the one at the cursor tells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from app.fleet.changes import ChangeSet
from app.screens.actions import INSIDE, bindings
from app.screens.deploying.rows import STEP_COLUMNS, TASK_COLUMNS, step_row, task_row
from app.screens.deploying.work import DeployWork, StepNow
from app.screens.desk import Desk
from app.screens.images.progress import TRANSFER_COLUMNS, transfer_columns, transfer_row
from app.screens.images.work_screen import WorkScreen
from app.screens.json_screen import search_in
from widgets.cells import Cell
from widgets.live_table import LiveTable
from widgets.log_view import LogLine, LogView

_PANES = ("deploy-log", "deploy-transfers", "deploy-tasks")


class DeployScreen(WorkScreen):
    FILTER_HINT = "text  /regex/"
    WHAT_STOPS = "A build or a copy is broken off; tasks that are being started come up. What was done stays."
    BINDINGS: ClassVar[list[BindingType]] = bindings("work.stop", "search", "copy.command", "next.pane", *INSIDE)
    work: DeployWork

    def __init__(self, desk: Desk, work: DeployWork) -> None:
        super().__init__(desk, work)
        self._followed = ""
        self._shown: StepNow | None = None
        self._next_line = 0

    def crumbs(self) -> Iterable[str]:
        return (self.work.cluster, "deploy", self.work.about)

    def more_status(self) -> Cell:
        return ()

    def content(self) -> ComposeResult:
        steps = LiveTable(STEP_COLUMNS, id="deploy-steps", classes="panel", markable=False)
        steps.border_title = " Steps "
        yield steps
        yield Static("", id="deploy-end", markup=False)
        log = LogView(id="deploy-log", classes="panel", empty="Nothing was written yet.")
        log.border_title = " Output "
        yield log
        transfers = LiveTable(TRANSFER_COLUMNS, id="deploy-transfers", classes="panel", markable=False, openable=False)
        transfers.border_title = " Instances "
        yield transfers
        tasks = LiveTable(TASK_COLUMNS, id="deploy-tasks", classes="panel", markable=False, empty="No task yet.")
        tasks.border_title = " Tasks "
        yield tasks

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#deploy-steps").focus()

    def sync(self, changes: ChangeSet | None) -> None:
        super().sync(changes)
        if changes is None and self.filter_text:
            search_in(self.query_one(LogView), self.filter_text)
        if changes is not None and changes.tasks:
            self._show_tasks()

    def matches(self) -> int | None:
        return search_in(self.query_one(LogView), self.filter_text)

    def _look(self) -> None:
        """Times go on, too."""
        if self.work.going:
            self.work.version += 1
        super()._look()

    def show(self) -> None:
        table, steps = self.query_one("#deploy-steps", LiveTable), self.work.steps()
        table.set_rows([step_row(step, self.desk.works.clock()) for step in steps])
        current = self.work.current
        if current is not None and current.step.words != self._followed:
            # The cursor follows what goes on, unless somebody looks at something else.
            if table.cursor_key in (self._followed, None) or not self._followed:
                table.move_to(current.step.words)
            self._followed = str(current.step.words)
        self._show_detail()
        self._show_end()

    @property
    def _chosen(self) -> StepNow | None:
        key = self.query_one("#deploy-steps", LiveTable).cursor_key
        return next((step for step in self.work.steps() if step.step.words == key), None)

    @on(LiveTable.RowHighlighted, "#deploy-steps")
    def _show_detail(self) -> None:
        step = self._chosen
        pane = ""
        if step is not None:
            if step.step.work == "build":
                pane = "deploy-log"
            elif step.step.work in ("push", "pull", "copy"):
                pane = "deploy-transfers"
            elif step.step.work in ("run", "stop"):
                pane = "deploy-tasks"
        for name in _PANES:
            self.query_one(f"#{name}").display = name == pane
        if step is not None and pane == "deploy-log":
            self._show_log(step)
        elif step is not None and pane == "deploy-transfers":
            self._show_transfers(step)
        elif pane:
            self._show_tasks()

    def _show_log(self, step: StepNow) -> None:
        log = self.query_one(LogView)
        if self._shown is not step:
            self._shown, self._next_line = step, 0
            log.clear()
        lines, self._next_line = self.work.lines_from(step, self._next_line)
        log.append([LogLine(line) for line in lines])

    def _show_transfers(self, step: StepNow) -> None:
        table, rows = self.query_one("#deploy-transfers", LiveTable), list(step.transfers.values())
        table.empty_text = str(step.detail) or ("Beginning…" if step.state == "working" else "Not begun yet.")
        columns = transfer_columns(rows)
        if columns != table.columns:
            table.set_rows([])  # cells match their columns
            table.set_columns(columns)
        table.set_rows([transfer_row(row, columns) for row in rows])

    def _show_tasks(self) -> None:
        step, table = self._chosen, self.query_one("#deploy-tasks", LiveTable)
        if step is not None and table.display:
            table.empty_text = str(step.detail) or "No task yet."
            table.set_rows([task_row(one, self.desk.fleet) for one in step.launches.values()])

    def _show_end(self) -> None:
        """What failed and why, what exists now, and how to go on."""
        work, end = self.work, self.query_one("#deploy-end", Static)
        end.display = not work.going
        if work.going:
            return
        if work.outcome == "done":
            running = sum(task.last_status == "RUNNING" for task in work.deployed.tasks) if work.deployed else 0
            tasks = "1 task is" if running == 1 else f"{running} tasks are"
            end.update(Content.assemble(("● ", "$state-running"), f"{work.about} is deployed: {tasks} RUNNING"))
            return
        lines = [Content.assemble(("✕ ", "$state-failed"), str(work.problem or work.outcome))]
        if work.deployed is not None:
            lines += [Content.styled(f"  {line}", "$text-muted") for line in work.deployed.left()]
        end.update(Content("\n").join(lines))

    # --- keys ------------------------------------------------------------------------------------------------------

    @on(LiveTable.RowActivated, "#deploy-tasks")
    def _open(self, event: LiveTable.RowActivated) -> None:
        if task := self.desk.fleet.find_task(event.key):
            self.app.push_screen(self.desk.doors.task(task.id, task.instance))

    @on(LiveTable.RowActivated, "#deploy-steps")
    def action_next_pane(self) -> None:
        """tab, and enter on a step: to what it tells."""
        panes = [self.query_one("#deploy-steps"), *(self.query_one(f"#{name}") for name in _PANES)]
        self.focus_next_pane(panes)
