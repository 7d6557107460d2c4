"""Tasks: a table of all clusters', or of one; unmanaged containers stand below, dim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.fleet.fleet import Fleet
from app.model.task import Task
from app.screens.actions import INSIDE, TABLE_ACTIONS, bindings
from app.screens.desk import Desk
from app.screens.events.past_rows import of_past_key
from app.screens.filtering import TASK_TERMS
from app.screens.looking import look_at_rows
from app.screens.rows import TASK_COLUMNS
from app.screens.tables.task_list import TaskList
from app.screens.task_actions import TASK_ACTIONS, TaskActions
from widgets.live_table import LiveTable

EMPTY_TASKS = """No tasks yet.

A task is a task definition, started on a container instance.
Press r to run one."""


class TasksScreen(TaskActions):
    """All tasks of all clusters."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(*TASK_ACTIONS, *TABLE_ACTIONS, *INSIDE)
    ARRANGED = ("tasks",)
    FILTER_TERMS = TASK_TERMS

    def __init__(self, desk: Desk, wanted: str = "") -> None:
        super().__init__(desk)
        self._wanted = wanted
        self._list = TaskList(desk, None, TASK_COLUMNS)

    def on_mount(self) -> None:
        super().on_mount()
        if self._wanted:
            self.show_filtered(self._wanted)

    def crumbs(self) -> Iterable[str]:
        return ("tasks",)

    def content(self) -> ComposeResult:
        yield LiveTable(TASK_COLUMNS, id="tasks", empty=EMPTY_TASKS)

    def sync(self, changes: ChangeSet | None) -> None:
        table = self.query_one("#tasks", LiveTable)
        self.desk.stats.collect()
        rows = self._list.rows(changes, self.filter_text, self.arrangement(table), self.now())
        table.empty_text = "No row matches the filter. esc clears it." if self.filter_text else EMPTY_TASKS
        self.counted(self._list.count, self._list.total)
        self.fill(table, rows)
        look_at_rows(self.desk, table)

    def chosen_task(self) -> Task | None:
        return task_at_cursor(self.query_one("#tasks", LiveTable), self.desk.fleet)

    def chosen_tasks(self) -> Sequence[Task]:
        return marked_tasks(self.query_one("#tasks", LiveTable), self.desk.fleet) or super().chosen_tasks()

    @on(LiveTable.RowActivated, "#tasks")
    def _open(self, event: LiveTable.RowActivated) -> None:
        open_row(self, event.key)


def task_at_cursor(table: LiveTable, fleet: Fleet) -> Task | None:
    return fleet.find_task(table.cursor_key) if table.cursor_key else None


def marked_tasks(table: LiveTable, fleet: Fleet) -> list[Task]:
    return [task for key in table.marked if (task := fleet.find_task(key)) is not None]


def open_row(screen: TaskActions, key: str) -> None:
    task = screen.desk.fleet.find_task(key)
    if task is not None:
        screen.open_task(task)
    elif key.startswith("past:"):
        cluster, task_id = of_past_key(key)
        screen.app.push_screen(screen.desk.doors.past_task(task_id, cluster))
    elif key.startswith("container:"):
        screen.app.push_screen(screen.desk.doors.container(key.removeprefix("container:")))
