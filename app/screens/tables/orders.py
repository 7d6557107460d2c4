"""What a column is sorted by: raw values, so that numbers sort as numbers and ages as times. Pure.

A column that is in none of these mappings sorts by its text as it is shown, numbers in it as numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from app.fleet.fleet import Fleet, InstanceState
from app.model.container import Container
from app.model.task import Task, TaskContainer
from app.screens import formats
from app.store.definitions import StoredRevision
from app.store.table_memory import Arrangement
from widgets.cells import Cell, cell_text

T = TypeVar("T")
Orders = Mapping[str, Callable[[T], Any]]
"""By column key: what to sort by; None is always last."""

_PIECES = re.compile(r"(\d+(?:\.\d+)?)")
_STATUS = {"PENDING": 0, "STOPPING": 1, "RUNNING": 2, "STOPPED": 3}
_HEALTH = {"UNHEALTHY": 0, "UNKNOWN": 1, "HEALTHY": 2}
_REACH = {"unreachable": 0, "stale": 1, "connecting": 2, "live": 4}


def ordered(items: Sequence[T], orders: Orders[T], arrangement: Arrangement) -> list[T]:
    """The items by the arrangement's column; those equal in it keep their order, those without a value come last."""
    value = orders.get(arrangement.sort)
    if value is None:
        return list(items)
    valued = [(value(item), item) for item in items]
    there = [pair for pair in valued if pair[0] is not None]
    there.sort(key=lambda pair: pair[0], reverse=arrangement.descending)
    return [item for _, item in there] + [item for found, item in valued if found is None]


def natural(text: str) -> tuple[tuple[int, float, str], ...]:
    """``edge-9`` before ``edge-10``; capitals and small letters alike."""
    pieces = _PIECES.split(text.casefold())
    parts = [(0, float(piece), "") if number % 2 else (1, 0.0, piece) for number, piece in enumerate(pieces) if piece]
    return tuple(parts)


def shown(content: Cell) -> tuple[tuple[int, float, str], ...] | None:
    """The order of a cell whose raw value nobody tells."""
    text = cell_text(content).strip()
    return natural(text) if text and text != formats.NOTHING else None


def _since(moment: datetime | None) -> float | None:
    """Of ages the youngest is the least."""
    return -moment.timestamp() if moment else None


def task_moment(task: Task) -> datetime:
    """What the age of a task is counted from."""
    moment = task.stopped_at if task.last_status == "STOPPED" else task.started_at
    return moment or task.created_at


TASK_ORDERS: Orders[Task] = {
    "task": lambda task: task.id,
    "definition": lambda task: (natural(task.family), task.revision),
    "status": lambda task: (_STATUS[task.last_status], task.failed),
    "health": lambda task: None if task.health == "UNKNOWN" else _HEALTH[task.health],
    "cluster": lambda task: natural(task.cluster),
    "instance": lambda task: natural(task.instance.name),
    "cpu": lambda task: None,
    "memory": lambda task: None,
    "detail": lambda task: natural(str(task.stopped_reason) or formats.ports(task.ports)) or None,
    "by": lambda task: natural(task.started_by) or None,
    "age": lambda task: _since(task_moment(task)),
}
"""CPU and memory are what is really used: ``use_orders`` knows them."""
CONTAINER_ORDERS: Orders[tuple[Container, InstanceState]] = {
    "task": lambda pair: None,
    "definition": lambda pair: (natural(pair[0].name), 0),
    "status": lambda pair: (_STATUS["RUNNING" if pair[0].up else "STOPPED"], False),
    "health": lambda pair: None,
    "cluster": lambda pair: natural(pair[1].instance.key.cluster),
    "instance": lambda pair: natural(pair[1].instance.key.name),
    "cpu": lambda pair: None,
    "memory": lambda pair: None,
    "detail": lambda pair: natural(str(pair[0].damage) or formats.ports(pair[0].ports) or pair[0].image) or None,
    "by": lambda pair: None,
    "age": lambda pair: _since(pair[0].created_at),
}
"""Of unmanaged containers, which stand in the table of tasks: values that compare with those."""


def instance_orders() -> Orders[InstanceState]:
    return {
        "instance": lambda state: natural(state.instance.key.name),
        "cluster": lambda state: natural(state.instance.key.cluster),
        "state": lambda state: 3 if state.live and state.draining else _REACH[state.freshness.reach],
        "cpu": lambda state: _share(state.reserved.cpu, state.registered.cpu),
        "memory": lambda state: _share(state.reserved.memory, state.registered.memory),
        "tasks": lambda state: sum(task.last_status == "RUNNING" for task in state.tasks.values()),
        "unmanaged": lambda state: len(state.unmanaged) or None,
        "engine": lambda state: natural(state.info.version) if state.info else None,
        "endpoint": lambda state: natural(state.instance.endpoint),
    }


def cluster_orders(fleet: Fleet, stopped: Callable[[Task], bool]) -> Orders[str]:
    """``stopped``: whether a task counts in the column of those that stopped of late."""

    def reserved(name: str, kind: str) -> float | None:
        states = fleet.of_cluster(name)
        part, whole = (
            sum(getattr(getattr(state, side), kind) for state in states) for side in ("reserved", "registered")
        )
        return _share(part, whole)

    return {
        "cluster": natural,
        "instances": lambda name: len(fleet.of_cluster(name)),
        "cpu": lambda name: reserved(name, "cpu"),
        "memory": lambda name: reserved(name, "memory"),
        "tasks": lambda name: sum(task.last_status == "RUNNING" for task in fleet.tasks(name)),
        "stopped": lambda name: sum(stopped(task) for task in fleet.tasks(name)),
    }


CONTAINER_OF_TASK_ORDERS: Orders[TaskContainer] = {
    "name": lambda part: natural(part.name),
    "status": lambda part: ("RUNNING", "PENDING", "STOPPED").index(part.last_status),
    "health": lambda part: _HEALTH[part.health] if part.health_checked else None,
    "image": lambda part: natural(part.runtime.image) if part.runtime else None,
    "detail": lambda part: (
        natural(str(part.reason) or formats.ports(part.runtime.ports if part.runtime else ())) or None
    ),
    "cpu": lambda part: None,
    "memory": lambda part: None,
    "exit": lambda part: part.exit_code,
    "age": lambda part: _since((part.runtime.finished_at or part.runtime.started_at) if part.runtime else None),
}


def family_orders(running: Mapping[tuple[str, int], int]) -> Orders[StoredRevision]:
    """Of the newest revision of each family."""
    totals: Counter[str] = Counter()
    for (family, _), count in running.items():
        totals[family] += count
    return {
        "family": lambda stored: natural(stored.family),
        "latest": lambda stored: stored.revision,
        "status": lambda stored: stored.status,
        "running": lambda stored: totals[stored.family] or None,
        "note": lambda stored: natural(stored.note) or None,
    }


def revision_orders(running: Mapping[tuple[str, int], int]) -> Orders[StoredRevision]:
    return {
        "revision": lambda stored: stored.revision,
        "status": lambda stored: stored.status,
        "running": lambda stored: running.get((stored.family, stored.revision)) or None,
        "by": lambda stored: natural(stored.registered_by) or None,
        "age": lambda stored: _since(stored.registered_at),
        "note": lambda stored: natural(stored.note) or None,
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
