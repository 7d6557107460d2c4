"""Tasks: a table of all clusters', or of one; unmanaged containers stand below, dim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.fleet.fleet import Fleet
from app.model.task import Task
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.filtering import Filter
from app.screens.rows import TASK_COLUMNS, task_order, task_row, task_subject, unmanaged_row, unmanaged_subject
from app.screens.task_actions import TASK_ACTIONS, TaskActions
from widgets.cells import Column, Row
from widgets.live_table import LiveTable

EMPTY_TASKS = """No tasks yet.

A task is a task definition, started on a container instance.
Press r to run one."""


class TasksScreen(TaskActions):
    """All tasks of all clusters."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(*TASK_ACTIONS, *INSIDE)

    def crumbs(self) -> Iterable[str]:
        return ("tasks",)

    def content(self) -> ComposeResult:
        yield LiveTable(TASK_COLUMNS, id="tasks", empty=EMPTY_TASKS)

    def sync(self, changes: ChangeSet | None) -> None:
        rows = task_rows(self.desk, None, self.row_filter(), self.now(), TASK_COLUMNS)
        table = self.query_one("#tasks", LiveTable)
        table.empty_text = "No row matches the filter. esc clears it." if self.filter_text else EMPTY_TASKS
        self.fill(table, rows)

    def chosen_task(self) -> Task | None:
        return task_at_cursor(self.query_one("#tasks", LiveTable), self.desk.fleet)

    def chosen_tasks(self) -> Sequence[Task]:
        return marked_tasks(self.query_one("#tasks", LiveTable), self.desk.fleet) or super().chosen_tasks()

    @on(LiveTable.RowActivated, "#tasks")
    def _open(self, event: LiveTable.RowActivated) -> None:
        open_row(self, event.key)


def task_rows(desk: Desk, cluster: str | None, matches: Filter, now: datetime, columns: Sequence[Column]) -> list[Row]:
    """Rows of tasks, in order, and of unmanaged containers behind them."""
    fleet = desk.fleet
    tasks = sorted((task for task in fleet.tasks(cluster) if matches(task_subject(task))), key=task_order)
    rows = [task_row(task, fleet, desk.board.steps.get(task.id), now, columns) for task in tasks]
    for key, state in fleet.instances.items():
        if cluster in (None, key.cluster):
            unmanaged = sorted(state.unmanaged, key=lambda container: (not container.up, container.name))
            rows += [
                unmanaged_row(container, state, now, columns)
                for container in unmanaged
                if matches(unmanaged_subject(container, state))
            ]
    return unique(rows)


def unique(rows: list[Row]) -> list[Row]:
    """One engine in two clusters lists its unmanaged containers twice: the first row of a key stays."""
    seen: dict[str, Row] = {}
    for row in rows:
        seen.setdefault(row.key, row)
    return list(seen.values())


def task_at_cursor(table: LiveTable, fleet: Fleet) -> Task | None:
    return fleet.find_task(table.cursor_key) if table.cursor_key else None


def marked_tasks(table: LiveTable, fleet: Fleet) -> list[Task]:
    return [task for key in table.marked if (task := fleet.find_task(key)) is not None]


def open_row(screen: TaskActions, key: str) -> None:
    task = screen.desk.fleet.find_task(key)
    if task is not None:
        screen.open_task(task)
    elif key.startswith("container:"):
        screen.app.push_screen(screen.desk.doors.container(key.removeprefix("container:")))
