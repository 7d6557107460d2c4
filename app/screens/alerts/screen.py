"""All alerts: those that nobody has looked at first. The fleet's screen has the same ones below the clusters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.alerts import Alert
from app.fleet.changes import ChangeSet
from app.model.instance import InstanceKey
from app.screens.actions import INSIDE, TABLE_ACTIONS, bindings
from app.screens.alerts.rows import NEEDS_COLUMNS, alert_row, alert_subject, leads_to
from app.screens.desk import Desk
from app.screens.frame import FrameScreen
from app.screens.tables.orders import Orders, natural
from widgets.live_table import LiveTable

EMPTY_ALERTS = """No alert.

Here is what needs a person: tasks that failed, containers that restart
again and again, instances that do not answer, memory that runs out."""
ALERT_ORDERS: Orders[Alert] = {
    "what": lambda alert: natural(alert.what),
    "where": lambda alert: natural(alert.instance),
    "why": lambda alert: alert.kind,
    "cluster": lambda alert: natural(alert.cluster),
    "age": lambda alert: -alert.since.timestamp(),
}


class AlertsScreen(FrameScreen):
    BINDINGS: ClassVar[list[BindingType]] = bindings("ack", "ack.all", "filter", *TABLE_ACTIONS, *INSIDE)
    ARRANGED = ("alerts",)
    FILTER_TERMS = ("cluster", "host", "family", "kind")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._alerts: dict[str, Alert] = {}

    def crumbs(self) -> Iterable[str]:
        return ("alerts",)

    def content(self) -> ComposeResult:
        yield LiveTable(NEEDS_COLUMNS, id="alerts", empty=EMPTY_ALERTS)

    def sync(self, changes: ChangeSet | None) -> None:
        now, matches = self.now(), self.row_filter()
        table = self.query_one("#alerts", LiveTable)
        current = self.desk.alerts.current(self.desk.fleet, now)
        shown = []
        for alert in self.arranged(table, current, ALERT_ORDERS):
            row = alert_row(alert, self.desk, now)
            if not self.filter_text or matches(alert_subject(alert, row)):
                shown.append((alert, row))
        self._alerts = {alert.key: alert for alert, _ in shown}
        self.counted(len(shown), len(current))
        table.empty_text = "No row matches the filter. esc clears it." if self.filter_text else EMPTY_ALERTS
        table.set_rows([row for _, row in shown])

    def action_ack(self) -> None:
        """The marked ones, or the one at the cursor."""
        table = self.query_one("#alerts", LiveTable)
        keys = table.marked or ({table.cursor_key} if table.cursor_key else set())
        self.desk.alerts.acknowledge(self._alerts[key] for key in keys if key in self._alerts)
        table.clear_marks()
        self.refresh_now(None)

    def action_ack_all(self) -> None:
        """All that the filter leaves."""
        count = sum(not alert.acknowledged for alert in self._alerts.values())
        self.desk.alerts.acknowledge(self._alerts.values())
        self.refresh_now(None)
        self.say(f"Acknowledged {count} alert{'' if count == 1 else 's'}")

    @on(LiveTable.RowActivated, "#alerts")
    def _open(self, event: LiveTable.RowActivated) -> None:
        if (alert := self._alerts.get(event.key)) is not None:
            open_alert(self, alert)


def open_alert(screen: FrameScreen, alert: Alert) -> None:
    """To the instance, to the task, or to the tasks that it is about."""
    doors, app, fleet = screen.desk.doors, screen.app, screen.desk.fleet
    if alert.kind == "gone":
        app.push_screen(doors.instance(InstanceKey(alert.cluster, alert.instance)))
    elif alert.count > 1:
        app.push_screen(doors.tasks(leads_to(alert)))
    elif (task := fleet.find_task(alert.task_id)) is not None:
        app.push_screen(doors.task(task.id, task.instance))
    else:
        app.push_screen(doors.past_task(alert.task_id, alert.cluster))
