"""An alert as a row, the same on the fleet's screen and in the list of alerts."""

from __future__ import annotations

from datetime import datetime

from app.fleet.alerts import LOOP_TIMES, LOOP_WITHIN, MEMORY_SHARE, Alert
from app.model.instance import InstanceKey
from app.screens import formats
from app.screens.desk import Desk
from app.screens.filtering import Subject, exactly, subject
from app.screens.rows import task_detail
from widgets.cells import Cell, Column, Row, Span, cell, cell_text

NEEDS_COLUMNS = (
    Column("what", "WHAT", min_width=18, weight=2),
    Column("where", "ON", min_width=8, weight=1),
    Column("why", "WHY", min_width=20, weight=6),
    Column("cluster", "CLUSTER", min_width=8, weight=1, priority=2),
    Column("age", "AGE", width=4, align="right", priority=1),
)


def alert_row(alert: Alert, desk: Desk, now: datetime) -> Row:
    """A row of NEEDS_COLUMNS. ``now``: of here."""
    host_now = now if alert.kind == "gone" else desk.fleet.host_now(InstanceKey(alert.cluster, alert.instance))
    cells = (
        _what(alert, desk),
        cell("" if alert.kind == "gone" else alert.instance),
        _why(alert, desk, now),
        cell(alert.cluster, "muted"),
        cell(formats.age(alert.since, host_now), "muted"),
    )
    return Row(alert.key, cells, dim=alert.acknowledged)


def _what(alert: Alert, desk: Desk) -> Cell:
    if alert.kind == "gone":
        state = desk.fleet.instances.get(InstanceKey(alert.cluster, alert.instance))
        stale = state is not None and state.freshness.reach == "stale"
        return (Span("◐ " if stale else "✕ ", "warn"), Span(alert.what))
    glyph, tone = {"failed": ("✕ ", "bad"), "restarts": ("↻ ", "warn"), "memory": ("▲ ", "warn")}[alert.kind]
    which = Span(f"× {alert.count}", "strong") if alert.count > 1 else Span(alert.task_id[:8], "accent")
    return (Span(glyph, tone), Span(f"{alert.what} "), which)  # type: ignore[arg-type]


def _why(alert: Alert, desk: Desk, now: datetime) -> Cell:
    key = InstanceKey(alert.cluster, alert.instance)
    if alert.kind == "gone":
        state = desk.fleet.instances.get(key)
        return cell(formats.reach_detail(state.freshness, now) if state is not None else "", "warn")
    if alert.kind == "restarts":
        minutes = int(LOOP_WITHIN.total_seconds()) // 60
        return cell(f"{alert.container} restarted {LOOP_TIMES} times and more within {minutes} min", "warn")
    if alert.kind == "memory":
        return cell(f"{alert.container} uses more than {MEMORY_SHARE:.0%} of its memory", "warn")
    task = desk.fleet.find_task(alert.task_id) or desk.alerts.task(alert.task_id)
    if task is None:
        return ()
    detail = task_detail(task, None, desk.fleet.host_now(key))
    return (Span("the last: ", "muted"), *detail) if alert.count > 1 else detail


def alert_subject(alert: Alert, row: Row) -> Subject:
    words = " ".join(cell_text(content) for content in row.cells)
    family = "" if alert.kind == "gone" else alert.what.rpartition(":")[0]
    return subject(words, cluster=alert.cluster, host=alert.instance, family=family, kind=alert.kind)


def leads_to(alert: Alert) -> str:
    """The filter of the tasks that many failures are about."""
    family = exactly("family", alert.what.rpartition(":")[0])
    return f"{family} {exactly('cluster', alert.cluster)} state:failed"
