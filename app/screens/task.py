"""One task: its containers, what it is, and its logs; live."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content

from app.fleet.changes import ChangeSet
from app.model.errors import Finding
from app.model.ids import task_arn
from app.model.instance import InstanceKey
from app.model.task import Task, TaskContainer
from app.operations.stats import HISTORY_SECONDS
from app.operations.task_shape import task_shape
from app.screens import formats, task_stats
from app.screens.actions import INSIDE, TABLE_ACTIONS, bindings
from app.screens.desk import Desk
from app.screens.events.timeline_pane import TimelinePane
from app.screens.facts import Facts, FactsPane
from app.screens.json_screen import masked_json, search_in
from app.screens.log_feed import LogFeed
from app.screens.log_targets import LogTarget
from app.screens.rows import CONTAINER_COLUMNS, container_row
from app.screens.tables.orders import CONTAINER_OF_TASK_ORDERS
from app.screens.tables.use_orders import part_use_orders, use_of
from app.screens.task_actions import TASK_ACTIONS, TaskActions
from app.screens.task_facts import task_facts, where
from widgets.cells import Cell, Span
from widgets.graphs import Graphs
from widgets.json_view import JsonView
from widgets.live_table import LiveTable
from widgets.log_view import LogView
from widgets.pane_tabs import PaneTabs

LOGS, STATS, TIMELINE, DETAILS, JSON = range(5)
_CONTAINERS = " Containers "


class TaskScreen(TaskActions):
    FILTER_HINT = "text  /regex/"
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        *(name for name in TASK_ACTIONS if name != "filter"),
        "search",
        "next.pane",
        "reveal",
        *TABLE_ACTIONS,
        *INSIDE,
        logs="logs full screen",
        run="run again",
    )
    ARRANGED = ("containers",)

    def __init__(self, desk: Desk, task_id: str, instance: InstanceKey) -> None:
        super().__init__(desk)
        self._task_id = task_id
        self._instance = instance
        self._last: Task | None = None
        self._feed: LogFeed | None = None
        self._revealed = False
        self._log_note = ""
        self._manifest_asked = ""
        self._unlike_aws: tuple[Finding, ...] = ()
        self._tabs = PaneTabs(["Logs", "Stats", "Timeline", "Details", "JSON"], id="tabs")
        self._titles = (_CONTAINERS, "Task ")

    # --- frame -----------------------------------------------------------------------------------------------------

    def chosen_task(self) -> Task | None:
        state = self.desk.fleet.instances.get(self._instance)
        task = state.tasks.get(self._task_id) if state else None
        self._last = task or self._last
        return self._last

    def part_inside(self, task: Task) -> TaskContainer | None:
        """That at the cursor."""
        name = self.query_one("#containers", LiveTable).cursor_key
        return next((part for part in task.containers if part.name == name), None)

    def cluster_in_sight(self) -> str:
        return self._instance.cluster

    def crumbs(self) -> Iterable[str]:
        task = self.chosen_task()
        definition = (task.definition,) if task else ()
        return (self._instance.cluster, *definition, self._task_id[:8])

    def status(self) -> Cell:
        task = self.chosen_task()
        if task is None:
            return (Span("gone", "muted"),)
        spans = [*formats.task_status(task)]
        if task.health != "UNKNOWN":
            spans += [Span(" "), *formats.health(task.health), Span(f" {task.health}", "muted")]
        return (*spans, *where(self.desk, task, self.now()))

    def content(self) -> ComposeResult:
        with Horizontal(id="task-top"):
            containers = LiveTable(CONTAINER_COLUMNS, id="containers", classes="panel", markable=False)
            containers.border_title = _CONTAINERS
            yield containers
            facts = Facts(id="facts-beside", classes="panel -divided")
            facts.border_title = "Task "
            yield facts
        yield self._tabs
        yield LogView(id="log", empty="No log lines yet.")
        yield Graphs(HISTORY_SECONDS, id="stats")
        yield TimelinePane(self.desk, self._task_id, id="timeline")
        with FactsPane(id="details"):
            yield Facts(id="facts-below")
        yield JsonView(id="json")

    def on_mount(self) -> None:
        self._show_pane(0)
        super().on_mount()
        self.query_one("#containers").focus()
        self._feed = LogFeed(self.desk, self.query_one(LogView), self._told)
        if task := self.chosen_task():
            self._feed.follow(task)

    def on_unmount(self) -> None:
        if self._feed is not None:
            self._feed.close()

    def sync(self, changes: ChangeSet | None) -> None:
        if changes is not None and self._task_id not in changes.tasks and changes.tasks:
            return
        if changes is None:
            search_in(self.query_one(LogView), self.filter_text)
            search_in(self.query_one(JsonView), self.filter_text)
        task = self.chosen_task()
        if task is None:
            return
        now = self.desk.fleet.host_now(task.instance)
        table = self.query_one("#containers", LiveTable)
        stats = self.desk.stats
        stats.collect()
        parts = self.arranged(table, task.containers, {**CONTAINER_OF_TASK_ORDERS, **part_use_orders(stats)})
        table.set_rows([container_row(part, now, use_of(stats, part)) for part in parts])
        stats.want_tasks([task], self.desk.fleet.instances)
        self._show_use(task)
        facts = task_facts(self.desk, task)
        self._ask_what_is_unlike_aws(task.manifest)
        unlike = self._unlike_aws
        hint = [("Unlike AWS", f"{len(unlike)} members, see Details")] if unlike else []
        self.query_one("#facts-beside", Facts).show([*facts, *hint])
        notes = [("" if place else "Unlike AWS", str(note)) for place, note in enumerate(unlike)]
        self.query_one("#facts-below", Facts).show([*facts, *notes])
        if self._pane == JSON:
            text, masked = masked_json(task_shape(task, self._instance_id()), revealed=self._revealed)
            self.query_one(JsonView).set_text(text)
            self._tabs.set_titles(
                ["Logs", "Stats", "Timeline", "Details", "JSON, secrets masked" if masked else "JSON"]
            )
        if self._pane == TIMELINE:
            self.query_one(TimelinePane).show(task, None)
        if self._feed is not None:
            self._feed.follow(task)

    def _ask_what_is_unlike_aws(self, manifest: str) -> None:
        """In a job: it reads a whole definition, and the first one that is read loads what definitions are made of."""
        if manifest == self._manifest_asked:
            return
        self._manifest_asked = manifest

        def read() -> tuple[Finding, ...]:
            from app.operations.unhonoured import unhonoured

            return unhonoured(manifest)

        def tell(found: tuple[Finding, ...]) -> None:
            self._unlike_aws = found
            self.refresh_now(None)

        self.desk.jobs.run(read, tell)

    def _show_use(self, task: Task) -> None:
        """In the title of a panel, and in the tab if that is open."""
        table, facts = self.query_one("#containers", LiveTable), self.query_one("#facts-beside", Facts)
        panel = facts if facts.display else table
        room = panel.size.width - (4 if panel is facts else len(_CONTAINERS) + 4)
        use = task_stats.title(self.desk.stats, task, room)
        titles = (_CONTAINERS, f"{use} " if use else "Task ") if panel is facts else (f"{_CONTAINERS} {use} ", "Task ")
        if titles != self._titles:
            self._titles = titles
            table.border_title, facts.border_title = (Content(title) for title in titles)
        if self._pane == STATS:
            part = next((part for part in task.containers if part.name == table.cursor_key), None)
            self.query_one(Graphs).show(*task_stats.graphs(self.desk.stats, part))

    @on(LiveTable.RowHighlighted, "#containers")
    def _another_container(self) -> None:
        if self._last is not None:
            self._show_use(self._last)

    @on(Graphs.Other)
    def _graphs_of_another(self, event: Graphs.Other) -> None:
        self.query_one("#containers", LiveTable).action_move(event.step)

    def _instance_id(self) -> str:
        state = self.desk.fleet.instances.get(self._instance)
        return state.instance.id if state else ""

    # --- panes -----------------------------------------------------------------------------------------------------

    @property
    def _pane(self) -> int:
        return self._tabs.index

    def _show_pane(self, index: int) -> None:
        for place, name in enumerate(("#log", "#stats", "#timeline", "#details", "#json")):
            self.query_one(name).display = place == index

    @on(PaneTabs.Opened)
    def _pane_opened(self, event: PaneTabs.Opened) -> None:
        self._show_pane(event.index)
        self._told(self._log_note)
        self.refresh_now(None)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only JSON has secrets to reveal."""
        return self._pane == JSON if action == "reveal" else super().check_action(action, parameters)

    def action_reveal(self) -> None:
        self._revealed = not self._revealed
        self.refresh_now(None)

    def action_next_pane(self) -> None:
        """tab goes round: containers, then each of the tabs below."""
        tabs = self._tabs
        timeline = self.query_one(TimelinePane).table
        panes = [
            self.query_one("#log"),
            self.query_one("#stats"),
            timeline,
            self.query_one("#details"),
            self.query_one("#json"),
        ]
        if self.focused is self.query_one("#containers"):
            tabs.open(LOGS)
            panes[LOGS].focus()
        elif tabs.index < JSON:
            tabs.open(tabs.index + 1)
            panes[tabs.index].focus()
        else:
            tabs.open(LOGS)
            self.query_one("#containers").focus()

    def matches(self) -> int | None:
        view = self.query_one(JsonView if self._pane == JSON else LogView)
        return search_in(view, self.filter_text)

    def _told(self, note: str) -> None:
        """What the log is doing stands beside the log alone."""
        self._log_note = note
        self._tabs.set_note(note if self._pane == LOGS else "")

    @on(LiveTable.RowActivated, "#containers")
    def _open_logs(self, event: LiveTable.RowActivated) -> None:
        """enter: of this container alone; l has those of all."""
        target = LogTarget(self._instance, self._task_id, event.key)
        self.app.push_screen(self.desk.doors.logs([target]))

    def action_copy(self) -> None:
        if task := self.chosen_task():
            self.copy(task_arn(task.cluster, task.id), "ARN")

    def action_copy_command(self) -> None:
        if self._pane == STATS and (task := self.chosen_task()):
            self.copy(f"moorage stats --cluster {task.cluster} {task.id}", "command")
        else:
            super().action_copy_command()
