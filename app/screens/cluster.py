"""One cluster: its tasks, and its container instances, as two tabs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.fleet.fleet import InstanceState
from app.model.task import Task
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.dialogs import InstanceDialogs
from app.screens.doors import CLUSTER_INSTANCES as INSTANCES
from app.screens.doors import CLUSTER_TASKS as TASKS
from app.screens.instances import EMPTY_INSTANCES, matching_states
from app.screens.rows import INSTANCE_COLUMNS, TASK_COLUMNS, instance_row, without
from app.screens.task_actions import TASK_ACTIONS, TaskActions
from app.screens.tasks import EMPTY_TASKS, marked_tasks, open_row, task_at_cursor, task_rows
from widgets.live_table import LiveTable
from widgets.pane_tabs import PaneTabs

CLUSTER_TASK_COLUMNS = without(TASK_COLUMNS, "cluster")
CLUSTER_INSTANCE_COLUMNS = without(INSTANCE_COLUMNS, "cluster")
_ONLY_TASKS = frozenset({"logs", "stop", "run"})
_ONLY_INSTANCES = frozenset({"drain", "deregister"})


class ClusterScreen(TaskActions, InstanceDialogs):
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(*TASK_ACTIONS, "deregister", "drain", "next.pane", "add.instance", "add.contexts"),
        *bindings(*INSIDE),
    ]

    def __init__(self, desk: Desk, cluster: str, pane: int = TASKS) -> None:
        super().__init__(desk)
        self._cluster = cluster
        self._first_pane = pane

    @property
    def cluster(self) -> str | None:
        return self._cluster

    def cluster_in_sight(self) -> str:
        return self._cluster

    def crumbs(self) -> Iterable[str]:
        return (self._cluster, "tasks" if self._pane == TASKS else "instances")

    def content(self) -> ComposeResult:
        yield PaneTabs(["Tasks", "Instances"], id="tabs")
        yield LiveTable(CLUSTER_TASK_COLUMNS, id="tasks", empty=EMPTY_TASKS)
        yield LiveTable(CLUSTER_INSTANCE_COLUMNS, id="instances", empty=EMPTY_INSTANCES, markable=False)

    def on_mount(self) -> None:
        self._show_pane()
        super().on_mount()
        self.query_one(PaneTabs).open(self._first_pane)

    @property
    def _pane(self) -> int:
        tabs = self.query(PaneTabs)
        return tabs.first().index if tabs else self._first_pane

    def sync(self, changes: ChangeSet | None) -> None:
        fleet, matches, now = self.desk.fleet, self.row_filter(), self.now()
        tasks = fleet.tasks(self._cluster)
        running = sum(task.last_status == "RUNNING" for task in tasks)
        states = fleet.of_cluster(self._cluster)
        tabs = self.query_one(PaneTabs)
        tabs.set_titles([f"Tasks {running}", f"Instances {len(states)}"])
        tabs.set_note(f"filter: {self.filter_text}" if self.filter_text else "")
        if self._pane == TASKS:
            table = self.query_one("#tasks", LiveTable)
            table.empty_text = "No row matches the filter. esc clears it." if self.filter_text else self._empty_tasks()
            self.fill(table, task_rows(self.desk, self._cluster, matches, now, CLUSTER_TASK_COLUMNS))
        else:
            chosen = matching_states(states, self._cluster, matches)
            self.query_one("#instances", LiveTable).set_rows(
                [instance_row(state, now, CLUSTER_INSTANCE_COLUMNS) for state in chosen]
            )

    def _empty_tasks(self) -> str:
        return EMPTY_TASKS if self.desk.fleet.of_cluster(self._cluster) else EMPTY_INSTANCES

    def _show_pane(self) -> None:
        for index, name in enumerate(("#tasks", "#instances")):
            table = self.query_one(name, LiveTable)
            table.display = index == self._pane
            if index == self._pane:
                table.focus()

    @on(PaneTabs.Opened)
    def _pane_opened(self) -> None:
        self._show_pane()
        self.refresh_bindings()
        self.refresh_now(None)

    def action_next_pane(self) -> None:
        self.query_one(PaneTabs).open(self._pane + 1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _ONLY_TASKS and self._pane != TASKS:
            return False
        if action in _ONLY_INSTANCES and self._pane != INSTANCES:
            return False
        return super().check_action(action, parameters)

    # --- which rows are meant --------------------------------------------------------------------------------------

    def chosen_task(self) -> Task | None:
        if self._pane != TASKS:
            return None
        return task_at_cursor(self.query_one("#tasks", LiveTable), self.desk.fleet)

    def chosen_tasks(self) -> Sequence[Task]:
        return marked_tasks(self.query_one("#tasks", LiveTable), self.desk.fleet) or super().chosen_tasks()

    def chosen_instance(self) -> InstanceState | None:
        return self.instance_at(self.query_one("#instances", LiveTable).cursor_key) if self._pane == INSTANCES else None

    def action_json(self) -> None:
        if self._pane == TASKS:
            super().action_json()
        else:
            InstanceDialogs.action_json(self)

    def action_copy(self) -> None:
        if self._pane == TASKS:
            super().action_copy()
        else:
            InstanceDialogs.action_copy(self)

    def action_copy_command(self) -> None:
        if self._pane == TASKS and self.chosen_task():
            super().action_copy_command()
        elif self._pane == TASKS:
            self.copy(f"moorage list-tasks --cluster {self._cluster}", "command")
        else:
            InstanceDialogs.action_copy_command(self)

    @on(LiveTable.RowActivated, "#tasks")
    def _open_task(self, event: LiveTable.RowActivated) -> None:
        open_row(self, event.key)

    @on(LiveTable.RowActivated, "#instances")
    def _open_instance(self) -> None:
        self.action_json()
