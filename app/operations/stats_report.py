"""What the tasks of a cluster use, in rounds: for the command line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from app.hosts.stats import Stats
from app.model.ids import task_arn
from app.model.requests import ClusterName, Request
from app.model.safe_text import SafeText
from app.model.task import Task, TaskContainer
from app.operations.monitor import Monitor
from app.operations.session import SURVEY_DEADLINE, Session
from app.operations.stats import LIVE_EVERY, StatsFeed
from app.operations.tasks import find_task

FIRST_WITHIN = 12.0
"""Seconds after which a first round is told though not every container has answered twice."""
_TURN = 0.1


class StatsRequest(Request):
    """Our own verb: ECS has Container Insights for it."""

    cluster: ClusterName = ""
    tasks: Annotated[
        list[str],
        Field(description="Tasks, by id, the start of an id, or ARN (default: all that run).", default_factory=list),
    ]


@dataclass(frozen=True, slots=True)
class ContainerUse:
    """One container in one round. ``stats`` None: nothing is known, and ``problem`` may say why."""

    task: Task
    part: TaskContainer
    stats: Stats | None
    problem: SafeText

    @property
    def settled(self) -> bool:
        """Is everything known that will be, or why not?"""
        return bool(self.problem) or (self.stats is not None and self.stats.cpu is not None)


@dataclass(frozen=True, slots=True)
class StatsRound:
    at: datetime
    containers: tuple[ContainerUse, ...]


class StatsReport:
    """Rounds about every two seconds; iterate it on one thread, and close it.

    Raises MoorageError for a cluster that is not there, and for a task that cannot be found.
    """

    def __init__(self, session: Session, request: StatsRequest, clock: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._cluster = session.cluster(request.cluster).name
        self._clock = clock
        self._news = threading.Event()
        self._monitor = Monitor(session, self._news.set, frozenset({self._cluster}))
        self._feed = StatsFeed(session.engine, clock)
        self._watch()
        fleet = self._monitor.fleet
        try:
            self._ids = [find_task(fleet, self._cluster, name).id for name in request.tasks]
        except BaseException:
            self.close()
            raise

    @property
    def silent(self) -> list[tuple[str, str]]:
        """Names of instances that do not answer now, and why."""
        states = self._monitor.fleet.of_cluster(self._cluster)
        return [(state.instance.key.name, str(state.freshness.reason)) for state in states if not state.live]

    def first(self) -> StatsRound:
        """Once everything is known that will be, or after twelve seconds."""
        until = self._clock() + FIRST_WITHIN
        told = self._look()
        while self._clock() < until and not all(use.settled for use in told.containers):
            time.sleep(_TURN)
            told = self._look()
        return told

    def rounds(self) -> Iterator[StatsRound]:
        """One after the other; ends when tasks were named and none of them runs any more."""
        told = self.first()
        while True:
            yield told
            due = self._clock() + LIVE_EVERY
            while self._clock() < due:
                time.sleep(_TURN)
                told = self._look()
            if self._ids and not told.containers:
                return

    def close(self) -> None:
        self._monitor.stop()
        self._feed.close()

    # --- looking ---------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Until every instance has answered or will not."""
        self._monitor.refresh()
        until = self._clock() + SURVEY_DEADLINE
        states = self._monitor.fleet.of_cluster(self._cluster)
        while self._clock() < until and any(state.freshness.reach == "connecting" for state in states):
            self._news.wait(_TURN)
            self._news.clear()
            self._monitor.pump()

    def _look(self) -> StatsRound:
        self._monitor.pump()
        self._feed.collect()
        fleet = self._monitor.fleet
        tasks = sorted(fleet.tasks(self._cluster), key=lambda task: (task.family, task.created_at, task.id))
        tasks = [task for task in tasks if not self._ids or task.id in self._ids]
        self._feed.want_tasks(tasks, fleet.instances)
        return StatsRound(self._session.now(), tuple(self._uses(tasks)))

    def _uses(self, tasks: list[Task]) -> Iterator[ContainerUse]:
        for task in tasks:
            state = self._monitor.fleet.instances[task.instance]
            for part in task.containers:
                if part.runtime is None or not part.runtime.up:
                    continue
                id_ = part.runtime.id
                problem = self._feed.problem(id_) or self._feed.host_problem(state)
                if not state.live:
                    problem = state.freshness.reason or SafeText("its instance does not answer")
                stats = self._feed.of(id_) if state.live else None
                yield ContainerUse(task, part, stats, SafeText("") if stats else problem)


def stats_shape(use: ContainerUse, at: datetime) -> dict[str, Any]:
    """One container in one round as JSON; bytes and per cent of a core, null for what is not known."""
    stats, task = use.stats or Stats(0.0), use.task
    shape: dict[str, Any] = {
        "time": at.isoformat(timespec="milliseconds"),
        "taskArn": task_arn(task.cluster, task.id),
        "taskDefinition": task.definition,
        "containerName": use.part.name,
        "containerInstance": task.instance.name,
        "cpuPercent": None if stats.cpu is None else round(stats.cpu, 2),
        "memoryUsage": stats.memory,
        "memoryLimit": stats.limit,
        "networkReceived": stats.received,
        "networkSent": stats.sent,
        "blockRead": stats.read,
        "blockWritten": stats.written,
        "pids": stats.pids,
    }
    if use.problem:
        shape["problem"] = use.problem
    return shape
