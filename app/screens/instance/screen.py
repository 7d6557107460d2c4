"""One container instance: what it is, what is on it, what that uses, and what happened there; live."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget

from app.fleet.changes import ChangeSet
from app.fleet.fleet import InstanceState
from app.model.container import Container
from app.model.event import Event
from app.model.instance import InstanceKey
from app.model.task import Task
from app.operations.shapes import instance_shape
from app.operations.stats import HISTORY_SECONDS
from app.screens.actions import INSIDE, TABLE_ACTIONS, bindings
from app.screens.desk import Desk
from app.screens.dialogs import InstanceDialogs
from app.screens.events.actions import event_command, event_line, open_event, show_event
from app.screens.events.pane import EventsPane
from app.screens.facts import Facts, FactsPane
from app.screens.filtering import EVENT_TERMS, TASK_TERMS
from app.screens.instance.facts import instance_facts, instance_status, use_line
from app.screens.instance.graphs import instance_graphs
from app.screens.json_screen import shown_json
from app.screens.log_targets import LogTarget
from app.screens.looking import look_at_host, look_at_rows
from app.screens.rows import TASK_COLUMNS, without
from app.screens.stowage.pane import StowagePane
from app.screens.tables.task_list import TaskList
from app.screens.task_actions import TASK_ACTIONS, TaskActions
from app.screens.tasks import marked_tasks, open_row, task_at_cursor
from widgets.block_bar import BlockBars
from widgets.cell_line import CellLine
from widgets.cells import Cell, Span
from widgets.graphs import Graphs
from widgets.json_view import JsonView
from widgets.live_table import LiveTable
from widgets.pane_tabs import PaneTabs

STATS, STOWAGE, EVENTS, DETAILS, JSON = range(5)
HERE_COLUMNS: Final = without(TASK_COLUMNS, "instance")
EMPTY_INSTANCE: Final = """Nothing is on this instance yet.

Its tasks stand here, and the containers that Moorage did not start.
Press r to run a task on it."""
_NO_MATCH: Final = "No row matches the filter. esc clears it."
_FACTS: Final = "Instance "


class InstanceScreen(TaskActions, InstanceDialogs):
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "switch.resource",
        *(name for name in TASK_ACTIONS if name != "jump.instance"),
        "drain",
        "next.pane",
        *TABLE_ACTIONS,
        *INSIDE,
    )
    ARRANGED = ("tasks", "events-table")
    FILTER_TERMS = TASK_TERMS

    def __init__(self, desk: Desk, key: InstanceKey) -> None:
        super().__init__(desk)
        self._key = key
        self._list = TaskList(desk, key.cluster, HERE_COLUMNS, key)
        self._filters_events = False
        self._titles = ("", "")
        self._tabs = PaneTabs(["Stats", "Stowage", "Events", "Details", "JSON"], id="tabs")

    # --- frame -----------------------------------------------------------------------------------------------------

    @property
    def _state(self) -> InstanceState | None:
        """None: it is not registered any more."""
        return self.desk.fleet.instances.get(self._key)

    @property
    def cluster(self) -> str | None:
        return self._key.cluster

    def cluster_in_sight(self) -> str:
        return self._key.cluster

    def crumbs(self) -> Iterable[str]:
        return (self._key.cluster, self._key.name)

    def status(self) -> Cell:
        state = self._state
        if state is None:
            return (Span("deregistered: it is no instance of the cluster any more", "muted"),)
        return instance_status(state, self.now(), self.desk.fleet.host_now(self._key))

    def content(self) -> ComposeResult:
        yield CellLine(id="instance-use")
        with Horizontal(id="task-top"):
            yield LiveTable(HERE_COLUMNS, id="tasks", classes="panel", empty=EMPTY_INSTANCE)
            facts = Facts(id="facts-beside", classes="panel -divided")
            facts.border_title = _FACTS
            yield facts
        yield self._tabs
        yield Graphs(HISTORY_SECONDS, id="stats")
        yield StowagePane(self.desk, id="stowage")
        yield EventsPane(self.desk, self._key.cluster, id="events", instance=self._key.name)
        with FactsPane(id="details"):
            yield Facts(id="facts-below")
        yield JsonView(id="json")

    def on_mount(self) -> None:
        self._show_pane(STATS)
        super().on_mount()
        self.query_one("#tasks").focus()

    def sync(self, changes: ChangeSet | None) -> None:
        state = self._state
        if state is None:
            return
        now = self.now()
        self.desk.stats.collect()
        look_at_host(self.desk, state)
        table = self.query_one("#tasks", LiveTable)
        wanted = "" if self._filters_events else self.filter_text
        table.empty_text = _NO_MATCH if wanted else EMPTY_INSTANCE
        self.fill(table, self._list.rows(changes, wanted, self.arrangement(table), now))
        self.counted(self._list.count, self._list.total)
        look_at_rows(self.desk, table)
        use = self.desk.stats.of_instance(state)
        self.query_one("#instance-use", CellLine).set(*use_line(state, use, self.size.width))
        facts = instance_facts(self.desk, state, now)
        self.query_one("#facts-beside", Facts).show(facts)
        self._title_tasks(state)
        self._sync_pane(state, facts)

    def _title_tasks(self, state: InstanceState) -> None:
        running = sum(task.last_status == "RUNNING" for task in state.tasks.values())
        others = sum(container.up for container in state.unmanaged)
        title = f" {running} running" + (f", {others} unmanaged " if others else " ")
        if title != self._titles[0]:
            self._titles = title, ""
            self.query_one("#tasks", LiveTable).border_title = Content(title)

    def _sync_pane(self, state: InstanceState, facts: list[tuple[str, str]]) -> None:
        pane, stats, histories = self._pane, self.desk.stats, self.desk.host_histories
        if pane == STATS:
            latest, use = histories.latest.get(self._key), stats.of_instance(state)
            problem = str(stats.host_problem(state))
            history = histories.of(self._key)
            self.query_one(Graphs).show(*instance_graphs(state, history, latest, use, self.now(), problem))
        elif pane == STOWAGE:
            self.query_one(StowagePane).show([state], "", "")
        elif pane == EVENTS:
            events = self.query_one(EventsPane)
            events.show(self.filter_text if self._filters_events else "", self.arrangement(events.table))
            if self._filters_events:
                self.counted(events.count, events.total)
        elif pane == DETAILS:
            self.query_one("#facts-below", Facts).show(facts)
        else:
            self.query_one(JsonView).set_text(shown_json(instance_shape(state)))

    # --- panes -----------------------------------------------------------------------------------------------------

    @property
    def _pane(self) -> int:
        return self._tabs.index

    def _panes(self) -> list[Widget]:
        """What takes the keys in each of the tabs."""
        stowage, events = self.query_one(StowagePane), self.query_one(EventsPane)
        return [
            self.query_one(Graphs),
            stowage.bars,
            events.table,
            self.query_one("#details"),
            self.query_one(JsonView),
        ]

    def _show_pane(self, index: int) -> None:
        for place, name in enumerate(("#stats", "#stowage", "#events", "#details", "#json")):
            self.query_one(name).display = place == index

    @on(PaneTabs.Opened)
    def _pane_opened(self, event: PaneTabs.Opened) -> None:
        self._show_pane(event.index)
        self.refresh_now(None)
        self.refresh_bindings()

    def action_next_pane(self) -> None:
        """tab goes round: what is on it, then each of the tabs below."""
        tabs, table, panes = self._tabs, self.query_one("#tasks"), self._panes()
        if self.focused is table:
            tabs.open(STATS)
            panes[STATS].focus()
        elif tabs.index < JSON:
            tabs.open(tabs.index + 1)
            panes[tabs.index].focus()
        else:
            tabs.open(STATS)
            table.focus()

    def _within(self, pane: int) -> bool:
        """Do keys go to what is in a tab?"""
        return self._pane == pane and self.focused is not None and self.focused is self._panes()[pane]

    def action_filter(self) -> None:
        """Of the events where these have the keys, else of the tasks."""
        of_events = self._within(EVENTS)
        if of_events != self._filters_events:
            self._filters_events = of_events
            self.show_filtered("")
        super().action_filter()

    def filter_terms(self) -> tuple[str, ...]:
        return EVENT_TERMS if self._filters_events else TASK_TERMS

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "jump_instance" or (action == "resource" and self._pane != STOWAGE):
            return False
        return super().check_action(action, parameters)

    def action_resource(self) -> None:
        self.query_one(StowagePane).switch_resource()

    # --- what is meant ---------------------------------------------------------------------------------------------

    def chosen_instance(self) -> InstanceState | None:
        return self._state

    def marked_instances(self) -> list[InstanceState]:
        return []

    def chosen_task(self) -> Task | None:
        if self._within(STOWAGE):
            return self.query_one(StowagePane).chosen_task
        return task_at_cursor(self.query_one("#tasks", LiveTable), self.desk.fleet)

    def chosen_tasks(self) -> Sequence[Task]:
        marked = [] if self._within(STOWAGE) else marked_tasks(self.query_one("#tasks", LiveTable), self.desk.fleet)
        return marked or super().chosen_tasks()

    def container_inside(self) -> tuple[Container, InstanceState] | None:
        """That of the row; a block of several has none."""
        return None if self._within(STOWAGE) else super().container_inside()

    def meant(self) -> Task | InstanceState | None:
        """The task at the cursor; in the tabs that are about the instance, and without a task, the instance."""
        about_instance = any(map(self._within, (STATS, DETAILS, JSON)))
        return self._state if about_instance else self.chosen_task() or self._state

    @property
    def _chosen_event(self) -> Event | None:
        return self.query_one(EventsPane).chosen if self._within(EVENTS) else None

    def action_logs(self) -> None:
        """Of the rows, or in the picture of the block at the cursor."""
        if not self._within(STOWAGE):
            super().action_logs()
        elif (task := self.chosen_task()) is not None:
            self.app.push_screen(self.desk.doors.logs([LogTarget(task.instance, task.id)]))

    def action_run(self) -> None:
        """The task at the cursor again; without one, a task on this instance."""
        if self.chosen_task() is not None:
            super().action_run()
        else:
            self.app.push_screen(self.desk.doors.run(cluster=self._key.cluster, instances=[self._key.name]))

    def action_json(self) -> None:
        if event := self._chosen_event:
            show_event(self, event)
        elif isinstance(self.meant(), Task):
            super().action_json()
        else:
            InstanceDialogs.action_json(self)

    def action_copy(self) -> None:
        if event := self._chosen_event:
            self.copy(event_line(event), "event")
        elif isinstance(self.meant(), Task):
            super().action_copy()
        else:
            InstanceDialogs.action_copy(self)

    def action_copy_command(self) -> None:
        if self._within(EVENTS):
            self.copy(event_command(self._chosen_event, self._key.cluster), "command")
        elif isinstance(self.meant(), Task):
            super().action_copy_command()
        else:
            InstanceDialogs.action_copy_command(self)

    # --- opening ---------------------------------------------------------------------------------------------------

    @on(LiveTable.RowActivated, "#tasks")
    def _open_row(self, event: LiveTable.RowActivated) -> None:
        open_row(self, event.key)

    @on(LiveTable.RowActivated, "#events-table")
    def _open_event(self) -> None:
        if event := self._chosen_event:
            open_event(self, event)

    @on(BlockBars.Opened)
    def _open_block(self) -> None:
        """Of a task its screen; of the unmanaged containers the first of their rows above."""
        stowage, table = self.query_one(StowagePane), self.query_one("#tasks", LiveTable)
        if (task := stowage.chosen_task) is not None:
            self.open_task(task)
        elif stowage.on_others:
            state = self._state
            keys = [row.key for row in table.rows if row.key.startswith("container:")] if state else []
            if keys:
                table.move_to(keys[0])
                table.focus()

    @on(Graphs.Other)
    def _another_row(self, event: Graphs.Other) -> None:
        self.query_one("#tasks", LiveTable).action_move(event.step)
