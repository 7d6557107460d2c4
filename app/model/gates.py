"""Whose turn it is: to start, to be given up, to stop. Pure. Source: design, ECS semantics 4.1, 4.2 and 4.4."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.model.names import PAUSE, Dependence
from app.model.safe_text import SafeText
from app.model.task import Task, TaskContainer

NEVER_STARTED = 143
"""The exit code that the ECS agent reports of a container whose dependencies can't be met any more."""


def stoppable(task: Task) -> list[TaskContainer]:
    """Containers whose turn to stop has come: running, and every one that waited for them is STOPPED."""
    return [
        part
        for part in task.parts
        if part.last_status == "RUNNING"
        and all(other.last_status == "STOPPED" for other in task.parts if part.name in dict(other.depends_on))
    ]


def gate_open(task: Task, part: TaskContainer) -> bool | SafeText:
    """May this container start now? A text means never, and says why (design: ECS semantics 4.2)."""
    others = {other.name: other for other in task.parts}
    for name, condition in part.depends_on:
        met = _met(others.get(name), name, condition)
        if met is not True:
            return met
    return True


def _met(dependency: TaskContainer | None, name: str, condition: Dependence) -> bool | SafeText:
    if dependency is None:
        return SafeText(f"depends on {name!r}, which does not exist")
    if dependency.failed and not dependency.ran:
        return SafeText(f"{name!r} will never start")
    ended = dependency.last_status == "STOPPED"
    match condition:
        case "CREATE":
            return dependency.runtime is not None or ended
        case "START":
            return dependency.last_status != "PENDING"
        case "HEALTHY":
            if ended and dependency.health != "HEALTHY":
                return SafeText(f"{name!r} was to become HEALTHY and has stopped")
            return dependency.health == "HEALTHY"
        case "SUCCESS" if ended and dependency.exit_code != 0:
            how = "was removed" if dependency.exit_code is None else f"exited with {dependency.exit_code}"
            return SafeText(f"{name!r} was to end with SUCCESS and {how}")
        case "SUCCESS" | "COMPLETE":
            return ended


def overdue(task: Task, part: TaskContainer, now: datetime) -> SafeText:
    """Why a container that waits need wait no longer: the startTimeout of one that it waits for is over; else "".

    It is read from the dependency and counts from its start, for COMPLETE, SUCCESS and HEALTHY alone.
    """
    others = {other.name: other for other in task.parts}
    for name, condition in part.depends_on:
        dependency = others.get(name)
        if condition in ("CREATE", "START") or dependency is None or dependency.last_status != "RUNNING":
            continue
        limit, started = dependency.start_timeout, dependency.started_at
        if limit and started and (now - started).total_seconds() > limit and _met(dependency, name, condition) is False:
            return SafeText(f"{name!r} was not {condition} within its startTimeout of {limit} s")
    return SafeText("")


def creation_order(waits: Mapping[str, Mapping[str, Dependence]]) -> list[str] | None:
    """Names so that each comes after all that it depends on, in the given order where that leaves a choice.

    None when dependencies go in a circle, whatever their kinds are: such a task can't be started.
    """
    order: list[str] = []
    left = list(waits)
    while left:
        ready = [name for name in left if all(other in order or other not in waits for other in waits[name])]
        if not ready:
            return None
        order += ready
        left = [name for name in left if name not in ready]
    return sorted(order, key=lambda name: name != PAUSE)
