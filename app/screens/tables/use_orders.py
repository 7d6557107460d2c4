"""Sorting by what is really used: values that change by themselves, and that nobody knows until they were asked for."""

from __future__ import annotations

from typing import Final

from app.fleet.fleet import InstanceState
from app.hosts.stats import Stats
from app.model.container import Container
from app.model.task import Task, TaskContainer
from app.operations.stats import StatsFeed
from app.screens.tables.orders import Orders

BY_USE: Final = frozenset({"cpu", "memory"})
"""The columns of tasks and containers that show it."""
SORT_EVERY: Final = 2.0
"""Seconds after which rows are sorted again though nothing else has changed."""


def task_use_orders(feed: StatsFeed) -> Orders[Task]:
    """Of tasks that run; the others have no value, so they come last."""

    def cpu(task: Task) -> float | None:
        use = feed.of_task(task)
        return use.cpu if use.cpu_known else None

    def memory(task: Task) -> int | None:
        use = feed.of_task(task)
        return use.memory if use.known else None

    return {"cpu": cpu, "memory": memory}


def foreign_use_orders(feed: StatsFeed) -> Orders[tuple[Container, InstanceState]]:
    """Of unmanaged containers, in the same units."""
    return {"cpu": lambda pair: _cpu(feed.of(pair[0].id)), "memory": lambda pair: _memory(feed.of(pair[0].id))}


def part_use_orders(feed: StatsFeed) -> Orders[TaskContainer]:
    """Of the containers of one task."""
    return {"cpu": lambda part: _cpu(use_of(feed, part)), "memory": lambda part: _memory(use_of(feed, part))}


def use_of(feed: StatsFeed, part: TaskContainer) -> Stats | None:
    """What a container uses; None while it does not run, or when it is not known."""
    return feed.of(part.runtime.id) if part.runtime is not None and part.runtime.up else None


def _cpu(stats: Stats | None) -> float | None:
    return stats.cpu if stats else None


def _memory(stats: Stats | None) -> int | None:
    return stats.memory if stats else None
