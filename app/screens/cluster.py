"""One cluster: its tasks, its container instances, how these are stowed with those, and its images, as tabs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.fleet.fleet import InstanceState
from app.model.event import Event
from app.model.task import Task
from app.screens.actions import ACTIONS, INSIDE, TABLE_ACTIONS, bindings
from app.screens.desk import Desk
from app.screens.dialogs import InstanceDialogs
from app.screens.doors import CLUSTER_EVENTS as EVENTS
from app.screens.doors import CLUSTER_IMAGES as IMAGES
from app.screens.doors import CLUSTER_INSTANCES as INSTANCES
from app.screens.doors import CLUSTER_STOWAGE as STOWAGE
from app.screens.doors import CLUSTER_TASKS as TASKS
from app.screens.events.actions import event_command, event_line, open_event, show_event
from app.screens.events.pane import EventsPane
from app.screens.filtering import EVENT_TERMS, IMAGE_TERMS, INSTANCE_TERMS, TASK_TERMS, exactly
from app.screens.images.deeds import IMAGE_DEEDS, IMAGE_FORMS, IMAGE_REMOVALS, ImageDeeds
from app.screens.images.pane import ImagesPane
from app.screens.images.rows import image_argument, image_key, total_words
from app.screens.images.shape import show_image
from app.screens.instances import EMPTY_INSTANCES, matching_states, open_run
from app.screens.looking import look_at_instances, look_at_rows
from app.screens.rows import INSTANCE_COLUMNS, TASK_COLUMNS, instance_row, without
from app.screens.stowage.pane import StowagePane
from app.screens.tables.orders import instance_orders
from app.screens.tables.task_list import TaskList
from app.screens.task_actions import TASK_ACTIONS, TaskActions
from app.screens.tasks import EMPTY_TASKS, marked_tasks, open_row, task_at_cursor
from widgets.block_bar import BlockBars
from widgets.cells import Cell
from widgets.filter_bar import FilterBar
from widgets.live_table import LiveTable
from widgets.pane_tabs import PaneTabs
from widgets.presence import is_here

if TYPE_CHECKING:
    from app.operations.images.listing import ImageRow

CLUSTER_TASK_COLUMNS = without(TASK_COLUMNS, "cluster")
CLUSTER_INSTANCE_COLUMNS = without(INSTANCE_COLUMNS, "cluster")
_PANES = ("tasks", "instances", "stowage", "events", "images")
_OF_A_ROW = {TASKS, INSTANCES, STOWAGE, EVENTS}
_WHERE = {
    "logs": {TASKS, STOWAGE},
    "shell": {TASKS, STOWAGE},
    "execute": {TASKS, STOWAGE},
    "stop": {TASKS, STOWAGE},
    "drain": {INSTANCES, STOWAGE},
    "deregister": {INSTANCES},
    "resource": {STOWAGE},
    **dict.fromkeys(("describe", "jump_instance", "jump_definition"), _OF_A_ROW),
    **{ACTIONS[id_].name: {IMAGES} for id_ in IMAGE_DEEDS},
}
"""The panes that have an action; those that are not here are the screen's."""


class ClusterScreen(TaskActions, InstanceDialogs, ImageDeeds):
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            *IMAGE_FORMS,
            "switch.resource",
            *TASK_ACTIONS,
            *IMAGE_REMOVALS,
            "deregister",
            "drain",
            "next.pane",
            "add.instance",
            "add.contexts",
        ),
        *bindings(*TABLE_ACTIONS, *INSIDE),
    ]
    ARRANGED = ("tasks", "instances", "events-table", "images-table")
    FILTER_TERMS = TASK_TERMS

    def __init__(self, desk: Desk, cluster: str, pane: int = TASKS, *, at: str = "", wanted: str = "") -> None:
        super().__init__(desk)
        self._begin_at = at
        self._wanted = wanted
        self._cluster = cluster
        self._list = TaskList(desk, cluster, CLUSTER_TASK_COLUMNS)
        self._first_pane = pane
        self._tabs = PaneTabs(["Tasks", "Instances", "Stowage", "Events", "Images"], pane, id="tabs")

    @property
    def cluster(self) -> str | None:
        return self._cluster

    def cluster_in_sight(self) -> str:
        return self._cluster

    def crumbs(self) -> Iterable[str]:
        return (self._cluster, _PANES[self._pane])

    def content(self) -> ComposeResult:
        yield self._tabs
        yield LiveTable(CLUSTER_TASK_COLUMNS, id="tasks", empty=EMPTY_TASKS)
        yield LiveTable(CLUSTER_INSTANCE_COLUMNS, id="instances", empty=EMPTY_INSTANCES)
        yield StowagePane(self.desk, id="stowage")
        yield EventsPane(self.desk, self._cluster, id="events")
        yield ImagesPane(self.desk, self._cluster, self._images_changed, id="images")

    def on_mount(self) -> None:
        self._show_pane()
        super().on_mount()
        if self._wanted:
            self.show_filtered(self._wanted)
        if self._begin_at:
            self.go_to(self._begin_at)

    def go_to(self, name: str) -> None:
        """Put the cursor on a task, by its id, or on an instance, by its name."""
        self._loading = False
        if self._first_pane == INSTANCES:
            self.query_one("#instances", LiveTable).move_to(f"{self._cluster}/{name}")
        else:
            self.query_one("#tasks", LiveTable).move_to(name)

    @property
    def _pane(self) -> int:
        return self._tabs.index

    def sync(self, changes: ChangeSet | None) -> None:
        fleet, matches, now = self.desk.fleet, self.row_filter(), self.now()
        tasks = fleet.tasks(self._cluster)
        running = sum(task.last_status == "RUNNING" for task in tasks)
        states = fleet.of_cluster(self._cluster)
        self.desk.stats.collect()
        self._tabs.set_titles([f"Tasks {running}", f"Instances {len(states)}", "Stowage", "Events", "Images"])
        if self._pane == TASKS:
            table = self.query_one("#tasks", LiveTable)
            table.empty_text = "No row matches the filter. esc clears it." if self.filter_text else self._empty_tasks()
            rows = self._list.rows(changes, self.filter_text, self.arrangement(table), now)
            self.counted(self._list.count, self._list.total)
            self.fill(table, rows)
            look_at_rows(self.desk, table)
        elif self._pane == STOWAGE:
            pane = self.query_one(StowagePane)
            pane.show(states, self.filter_text, EMPTY_INSTANCES)
            self.counted(len(pane.bars.bars), len(states))
        elif self._pane == EVENTS:
            events = self.query_one(EventsPane)
            events.show(self.filter_text, self.arrangement(events.table))
            self.counted(events.count, events.total)
        elif self._pane == IMAGES:
            images = self.query_one(ImagesPane)
            images.show(self.filter_text, self.arrangement(images.table), len(states), now)
            self.counted(images.count, images.total)
        else:
            table = self.query_one("#instances", LiveTable)
            chosen = self.arranged(table, matching_states(states, self._cluster, matches), instance_orders())
            self.counted(len(chosen), len(states))
            use = self.desk.stats.of_instance
            table.set_rows([instance_row(state, now, CLUSTER_INSTANCE_COLUMNS, use(state)) for state in chosen])
            look_at_instances(self.desk, table, chosen)

    def filter_terms(self) -> tuple[str, ...]:
        return {INSTANCES: INSTANCE_TERMS, EVENTS: EVENT_TERMS, IMAGES: IMAGE_TERMS}.get(self._pane, TASK_TERMS)

    def _empty_tasks(self) -> str:
        return EMPTY_TASKS if self.desk.fleet.of_cluster(self._cluster) else EMPTY_INSTANCES

    def _show_pane(self) -> None:
        for index, name in enumerate(_PANES):
            pane = self.query_one(f"#{name}")
            pane.display = index == self._pane
            if index == self._pane:
                (pane.takes_keys if isinstance(pane, StowagePane | EventsPane | ImagesPane) else pane).focus()

    @on(PaneTabs.Opened)
    def _pane_opened(self) -> None:
        self._show_pane()
        self.refresh_bindings()
        self.refresh_now(None)

    def action_next_pane(self) -> None:
        self._tabs.open(self._pane + 1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self._pane not in _WHERE.get(action, {self._pane}):
            return False
        return super().check_action(action, parameters)

    def action_images(self) -> None:
        self._tabs.open(IMAGES)

    def _images_changed(self) -> None:
        """The feed knows more."""
        if is_here(self) and self._pane == IMAGES:
            self.refresh_now(None)
            self.refresh_bindings()

    # --- which rows are meant --------------------------------------------------------------------------------------

    def chosen_task(self) -> Task | None:
        if self._pane == STOWAGE:
            return self.query_one(StowagePane).chosen_task
        if self._pane != TASKS:
            return None
        return task_at_cursor(self.query_one("#tasks", LiveTable), self.desk.fleet)

    def chosen_tasks(self) -> Sequence[Task]:
        marked = marked_tasks(self.query_one("#tasks", LiveTable), self.desk.fleet) if self._pane == TASKS else []
        return marked or super().chosen_tasks()

    def chosen_instance(self) -> InstanceState | None:
        if self._pane == STOWAGE:
            return self.query_one(StowagePane).chosen_state
        return self.instance_at(self.query_one("#instances", LiveTable).cursor_key) if self._pane == INSTANCES else None

    def chosen_image(self) -> ImageRow | None:
        # Each of forty keys asks for it: in the other panes nothing is looked for.
        pane = self.query_one_optional(ImagesPane) if self._pane == IMAGES else None
        return pane.chosen if pane is not None else None

    def chosen_images(self) -> Sequence[ImageRow]:
        marked = self.query_one(ImagesPane).marked if self._pane == IMAGES else []
        return marked or super().chosen_images()

    @property
    def _means_task(self) -> bool:
        """Are keys for a task or an instance meant for a task here?"""
        return self._pane == TASKS or (self._pane == STOWAGE and self.chosen_task() is not None)

    @property
    def _chosen_event(self) -> Event | None:
        return self.query_one(EventsPane).chosen if self._pane == EVENTS else None

    def meant(self) -> Task | InstanceState | None:
        return self.chosen_task() if self._means_task else self.chosen_instance()

    def status(self) -> Cell:
        survey = self.desk.images.of(self._cluster).survey if self._pane == IMAGES else None
        return total_words(survey.rows, survey.disk.values()) if survey is not None else super().status()

    def action_jump_tasks(self) -> None:
        """Of an image the tasks that have it."""
        if (row := self.chosen_image()) is None:
            super().action_jump_tasks()
        elif row.name:
            self.query_one(FilterBar).set_value(exactly("image", row.name))
            self._tabs.open(TASKS)

    def action_json(self) -> None:
        if self._pane == IMAGES:
            show_image(self, self._cluster, self.chosen_image())
        elif event := self._chosen_event:
            show_event(self, event)
        elif self._means_task:
            super().action_json()
        else:
            InstanceDialogs.action_json(self)

    def action_run(self) -> None:
        if self._pane == INSTANCES:
            open_run(self, self.query_one("#instances", LiveTable), self._cluster)
        else:
            super().action_run()

    def action_copy(self) -> None:
        if self._pane == IMAGES:
            if (row := self.chosen_image()) is not None:
                self.copy(image_argument(row), "name" if row.name else "id")
        elif event := self._chosen_event:
            self.copy(event_line(event), "event")
        elif self._means_task:
            super().action_copy()
        else:
            InstanceDialogs.action_copy(self)

    def action_copy_command(self) -> None:
        if self._pane == IMAGES:
            self.copy(f"moorage list-images --cluster {self._cluster}", "command")
        elif self._pane == EVENTS:
            self.copy(event_command(self._chosen_event, self._cluster), "command")
        elif self._means_task and self.chosen_task():
            super().action_copy_command()
        elif self._means_task:
            self.copy(f"moorage list-tasks --cluster {self._cluster}", "command")
        else:
            InstanceDialogs.action_copy_command(self)

    def action_resource(self) -> None:
        self.query_one(StowagePane).switch_resource()

    @on(LiveTable.RowActivated, "#tasks")
    def _open_task(self, event: LiveTable.RowActivated) -> None:
        open_row(self, event.key)

    @on(LiveTable.RowActivated, "#instances")
    def _open_instance(self) -> None:
        self.open_instance()

    @on(LiveTable.RowActivated, "#images-table")
    def _open_image(self) -> None:
        if (row := self.chosen_image()) is not None:
            self.app.push_screen(self.desk.doors.image(self._cluster, image_key(row)))

    @on(LiveTable.RowActivated, "#events-table")
    def _open_event(self) -> None:
        if event := self._chosen_event:
            open_event(self, event)

    @on(BlockBars.Opened)
    def _open_block(self) -> None:
        stowage = self.query_one(StowagePane)
        if (task := stowage.chosen_task) is not None:
            self.open_task(task)
        elif stowage.on_others and (state := stowage.chosen_state) is not None:
            # The containers behind the block are rows of the first tab.
            self.query_one(FilterBar).set_value(f"unmanaged host:{state.instance.key.name}")
            self._tabs.open(TASKS)
        else:
            self.open_instance()
