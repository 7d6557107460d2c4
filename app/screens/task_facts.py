"""What one wants to know of a task at a glance, as names and values."""

from __future__ import annotations

from datetime import datetime

from app.model.task import Task
from app.screens import formats
from app.screens.desk import Desk
from app.screens.images.uses import digest_facts
from app.screens.rows import task_detail
from widgets.cells import Cell, Span


def where(desk: Desk, task: Task, now: datetime) -> Cell:
    """``on edge-1``; and when its host does not answer, that what is shown is old."""
    state = desk.fleet.instances.get(task.instance)
    place = Span(f"  on {task.instance.name}", "muted")
    if state is None or state.freshness.reach in ("live", "connecting"):
        return (place,)
    return (place, Span("  "), *formats.reach(state.freshness, now, draining=False))


def task_facts(desk: Desk, task: Task) -> list[tuple[str, str]]:
    """What one wants to know of a task at a glance."""
    now = desk.fleet.host_now(task.instance)
    detail = "".join(span.text for span in task_detail(task, desk.board.steps.get(task.id), now))
    times = [
        f"{word} {formats.age(moment, now)} ago"
        for word, moment in (
            ("created", task.created_at),
            ("pulled", task.pull_stopped_at),
            ("started", task.started_at),
            ("stopping", task.stopping_at),
            ("stopped", task.stopped_at),
        )
        if moment is not None
    ]
    order = [
        f"{part.name} after " + " ".join(f"{name} {condition}" for name, condition in part.awaits)
        for part in task.containers
        if part.awaits
    ]
    facts = [
        ("Status", f"{task.last_status}, to be {task.desired_status}"),
        _why(task, detail) if task.desired_status == "STOPPED" else ("Now", detail or formats.NOTHING),
        ("Stop code", f"{task.stop_code}, by {task.stopped_by}" if task.stopped_by else task.stop_code or ""),
        ("Times", ", ".join(times)),
        ("By", f"{task.started_by}, group {task.group}"),
        ("On", f"{task.instance.name} of {task.cluster}"),
        (
            "Reserved",
            f"CPU {formats.cpu_units(task.reservation.cpu)}, memory {formats.mebibytes(task.reservation.memory)}",
        ),
        *((part.name, str(part.reason)) for part in task.containers if part.reason != task.stopped_reason),
        ("Order", "; ".join(order)),
        *digest_facts(task, desk.images.of(task.cluster).survey),
        ("Tags", ", ".join(f"{key}={value}" for key, value in task.tags)),
        ("Task id", task.id),
    ]
    return [(name, value) for name, value in facts if value]


def _why(task: Task, detail: str) -> tuple[str, str]:
    """The whole reason, as ECS tells it, and which container's end it was."""
    if task.stop_code == "EssentialContainerExited":
        return "Why", f"{task.stopped_reason}: {detail}"
    return "Why", task.stopped_reason or detail
