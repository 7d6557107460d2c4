"""Fleet, the home screen: every cluster with instances, reserved capacity and tasks; and what needs a look."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.alerts import Alert
from app.fleet.changes import ChangeSet
from app.model.task import Task
from app.screens import formats
from app.screens.actions import AT_HOME, TABLE_ACTIONS, bindings
from app.screens.alerts.rows import NEEDS_COLUMNS, alert_row
from app.screens.alerts.screen import open_alert
from app.screens.desk import Desk
from app.screens.dialogs import InstanceDialogs
from app.screens.events.rows import away_words
from app.screens.filtering import CLUSTER_TERMS, subject
from app.screens.rows import CLUSTER_COLUMNS, cluster_row, recently_stopped, task_detail, task_order
from app.screens.tables.orders import cluster_orders
from widgets.cells import Cell, Row, Span, cell
from widgets.live_table import LiveTable

EMPTY_FLEET = """No cluster yet.

A cluster is a named pool of container instances: the Docker hosts that you have.
Press n to make one, then a to add an instance."""
MOST_NEEDS = 200


class FleetScreen(InstanceDialogs):
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("run", "new.cluster", "add.instance", "add.contexts", "filter", "delete.cluster", "next.pane"),
        *bindings("ack", "copy.command", *TABLE_ACTIONS, *AT_HOME),
    ]
    ARRANGED = ("clusters",)
    FILTER_TERMS = CLUSTER_TERMS

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._alerts: dict[str, Alert] = {}

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
        stats, of_cluster = self.desk.stats, self.desk.fleet.of_cluster
        stats.collect()
        locked = self.desk.monitor.read_only
        rows = [
            cluster_row(name, self.desk.fleet, now, stats.of_instances(of_cluster(name)), read_only=name in locked)
            for name in names
        ]
        table.set_rows(rows + self._broken_rows())
        stats.want_sums([state for name in table.visible_keys for state in of_cluster(name)])
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
        desk, fleet = self.desk, self.desk.fleet
        alerts = [alert for alert in desk.alerts.current(fleet, now) if not alert.acknowledged]
        alerts.sort(key=lambda alert: alert.kind != "gone")
        self._alerts = {alert.key: alert for alert in alerts}
        rows += [alert_row(alert, desk, now) for alert in alerts]
        moving = [task for task in fleet.restless_tasks() if task.last_status in ("PENDING", "STOPPING")]
        rows += [self._moving_row(task) for task in sorted(moving, key=task_order)[:MOST_NEEDS]]
        return [*self._away_rows(), *rows[:MOST_NEEDS]]

    def _moving_row(self, task: Task) -> Row:
        """What is only on its way, and to where."""
        now, status = self.desk.fleet.host_now(task.instance), formats.task_status(task)[0]
        cells = (
            (Span(f"{status.text[0]} ", status.tone), Span(f"{task.definition} "), Span(task.id[:8], "accent")),
            cell(task.instance.name),
            task_detail(task, self.desk.board.steps.get(task.id), now),
            cell(task.cluster, "muted"),
            cell(formats.age(task.stopping_at or task.created_at, now), "muted"),
        )
        return Row(f"task:{task.id}", cells)

    def _away_rows(self) -> list[Row]:
        """What happened while no dashboard of this home was open; until somebody has looked at it."""
        feed = self.desk.events
        feed.look_for_away()
        away = None if feed.away_seen else feed.away
        if away is None:
            return []
        words = cell(away_words(away), "bad" if away.bad else "")
        what: Cell = (Span("▸ ", "accent"), Span("while you were away"))
        return [Row("away:", (what, cell(""), words, cell(""), cell(formats.age(away.since, self.now()), "muted")))]

    @property
    def cluster(self) -> str | None:
        key = self.query_one("#clusters", LiveTable).cursor_key
        return key if key in self.desk.fleet.clusters else None

    def action_run(self) -> None:
        self.app.push_screen(self.desk.doors.run(cluster=self.cluster or ""))

    def action_next_pane(self) -> None:
        self.focus_next_pane([self.query_one("#clusters"), self.query_one("#needs")])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Alerts stand in the lower pane alone."""
        if action == "ack":
            needs = self.query_one_optional("#needs")
            return needs is not None and needs.has_focus
        return super().check_action(action, parameters)

    def action_ack(self) -> None:
        key = self.query_one("#needs", LiveTable).cursor_key
        if key in self._alerts:
            self.desk.alerts.acknowledge([self._alerts[key]])
            self.refresh_now(None)

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
        elif event.key in self._alerts:
            open_alert(self, self._alerts[event.key])
        elif kind == "away":
            self.app.push_screen(self.desk.doors.events(at_away=True))
        elif kind == "broken":
            self.say(self.desk.monitor.broken[name].message, bad=True)
