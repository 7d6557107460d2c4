"""Fleet, the home screen: every cluster with instances, reserved capacity and tasks; and what needs a look."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.model.task import Task
from app.screens import formats
from app.screens.actions import AT_HOME, TABLE_ACTIONS, bindings
from app.screens.dialogs import InstanceDialogs
from app.screens.doors import CLUSTER_INSTANCES
from app.screens.filtering import CLUSTER_TERMS, subject
from app.screens.rows import CLUSTER_COLUMNS, cluster_row, recently_stopped, task_detail, task_order
from app.screens.tables.orders import cluster_orders
from widgets.cells import Cell, Column, Row, Span, cell
from widgets.live_table import LiveTable

EMPTY_FLEET = """No cluster yet.

A cluster is a named pool of container instances: the Docker hosts that you have.
Press n to make one, then a to add an instance."""
NEEDS_COLUMNS = (
    Column("what", "WHAT", min_width=18, weight=2),
    Column("where", "ON", min_width=8, weight=1),
    Column("why", "WHY", min_width=20, weight=6),
    Column("cluster", "CLUSTER", min_width=8, weight=1, priority=2),
    Column("age", "AGE", width=4, align="right", priority=1),
)
MOST_NEEDS = 200


class FleetScreen(InstanceDialogs):
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("run", "new.cluster", "add.instance", "add.contexts", "filter", "delete.cluster", "next.pane"),
        *bindings("copy.command", *TABLE_ACTIONS, *AT_HOME),
    ]
    ARRANGED = ("clusters",)
    FILTER_TERMS = CLUSTER_TERMS

    def crumbs(self) -> Iterable[str]:
        return ("fleet",)

    def content(self) -> ComposeResult:
        yield LiveTable(CLUSTER_COLUMNS, id="clusters", empty=EMPTY_FLEET, markable=False)
        needs = LiveTable(
            NEEDS_COLUMNS, id="needs", classes="panel", markable=False, empty="Nothing: all is as it should be."
        )
        needs.border_title = " Needs a look "
        yield needs

    def sync(self, changes: ChangeSet | None) -> None:
        now, matches = self.now(), self.row_filter()
        names = [name for name in self.desk.fleet.clusters if matches(subject(name, cluster=name))]
        table = self.query_one("#clusters", LiveTable)
        names = self.arranged(table, names, cluster_orders(self.desk.fleet, lambda task: recently_stopped(task, now)))
        self.counted(len(names), len(self.desk.fleet.clusters))
        table.empty_text = "No cluster matches the filter. esc clears it." if self.filter_text else EMPTY_FLEET
        table.set_rows([cluster_row(name, self.desk.fleet, now) for name in names] + self._broken_rows())
        self.query_one("#needs", LiveTable).set_rows(self._needs(now))

    def _broken_rows(self) -> list[Row]:
        """A cluster file that cannot be read stands where its cluster would, and says what is wrong with it."""
        return [
            Row(f"broken:{name}", (cell(name, "bad"), cell("✕ broken file", "bad"), *[cell("")] * 4))
            for name in sorted(self.desk.monitor.broken.keys() - set(self.desk.fleet.clusters))
        ]

    def _needs(self, now: datetime) -> list[Row]:
        rows = [
            Row(
                f"broken:{name}",
                (cell(f"✕ {name}.toml", "bad"), cell("file"), cell(str(error.findings[0]), "bad"), cell(""), cell("")),
            )
            for name, error in sorted(self.desk.monitor.broken.items())
        ]
        for key, state in sorted(self.desk.fleet.instances.items()):
            if state.freshness.reach in ("stale", "unreachable"):
                glyph = "◐" if state.freshness.reach == "stale" else "✕"
                why = formats.reach_detail(state.freshness, now)
                since = formats.age(state.freshness.since, now)
                what: Cell = (Span(f"{glyph} ", "warn"), Span(key.name))
                rows.append(
                    Row(
                        f"instance:{key.cluster}/{key.name}",
                        (what, cell(""), cell(why, "warn"), cell(key.cluster, "muted"), cell(since, "muted")),
                    )
                )
        fleet = self.desk.fleet
        for task in sorted(fleet.tasks(), key=_urgency):
            host_now = fleet.host_now(task.instance)
            if not (task.last_status in ("PENDING", "STOPPING") or (task.failed and recently_stopped(task, host_now))):
                continue
            status = formats.task_status(task)[0]
            what = (Span(f"{status.text[0]} ", status.tone), Span(f"{task.definition} "), Span(task.id[:8], "accent"))
            why_cell = task_detail(task, self.desk.board.steps.get(task.id), host_now)
            moment = task.stopped_at or task.stopping_at or task.created_at
            since = formats.age(moment, host_now)
            rows.append(
                Row(
                    f"task:{task.id}",
                    (what, cell(task.instance.name), why_cell, cell(task.cluster, "muted"), cell(since, "muted")),
                )
            )
        return rows[:MOST_NEEDS]

    @property
    def cluster(self) -> str | None:
        key = self.query_one("#clusters", LiveTable).cursor_key
        return key if key in self.desk.fleet.clusters else None

    def action_run(self) -> None:
        self.app.push_screen(self.desk.doors.run(cluster=self.cluster or ""))

    def action_next_pane(self) -> None:
        self.focus_next_pane([self.query_one("#clusters"), self.query_one("#needs")])

    def action_deregister(self) -> None:
        if self.cluster:
            self.delete_cluster(self.cluster)

    def action_copy_command(self) -> None:
        self.copy(f"moorage describe-clusters --clusters {self.cluster or 'default'}", "command")

    @on(LiveTable.RowActivated, "#clusters")
    def _open_cluster(self, event: LiveTable.RowActivated) -> None:
        if event.key in self.desk.fleet.clusters:
            self.app.push_screen(self.desk.doors.cluster(event.key))
        elif event.key.startswith("broken:"):
            self.say(self.desk.monitor.broken[event.key.removeprefix("broken:")].message, bad=True)

    @on(LiveTable.RowActivated, "#needs")
    def _open_need(self, event: LiveTable.RowActivated) -> None:
        kind, _, name = event.key.partition(":")
        if kind == "task" and (task := self.desk.fleet.find_task(name)):
            self.app.push_screen(self.desk.doors.task(task.id, task.instance))
        elif kind == "instance":
            self.app.push_screen(self.desk.doors.cluster(name.partition("/")[0], CLUSTER_INSTANCES))
        elif kind == "broken":
            self.say(self.desk.monitor.broken[name].message, bad=True)


def _urgency(task: Task) -> tuple[bool, tuple[int, float, str]]:
    """What has failed comes before what is only on its way."""
    return not task.failed, task_order(task)
