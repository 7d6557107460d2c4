"""What needs a person: tasks that failed, containers that restart again and again, instances that are gone, memory
that runs out. Pure: the clock comes in. Every screen reads the same list.

An alert is about one thing and has a key that stays; it is acknowledged by its key. Many failures of the same revision
are one alert with a count, so that a thousand crashes are one line and one bell.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from app.fleet.changes import ChangeSet
from app.fleet.fleet import Fleet, InstanceState
from app.model.instance import InstanceKey
from app.model.task import Task

Kind = Literal["failed", "restarts", "gone", "memory"]
KEPT = timedelta(hours=1)
"""How long a failure is told."""
GONE_AFTER = timedelta(seconds=10)
"""A host that misses one answer is no alert yet."""
LOOP_TIMES, LOOP_WITHIN = 3, timedelta(minutes=10)
"""So many restarts in so short a time are a loop."""
MEMORY_SHARE, MEMORY_FOR = 0.9, timedelta(minutes=1)
MOST = 2000
"""Alerts of a kind that are remembered; the oldest go first, and are counted."""
MANY = 4
"""From so many failures of one revision on they are one alert."""


@dataclass(frozen=True, slots=True)
class Alert:
    """
    Attributes:
        key: what it is about; the same thing has the same key.
        what: the definition of the task, or the name of the instance.
        since: in UTC, by the clock of the host where it happened.
        count: how many it stands for; ``keys`` are theirs.
        settled: it has lasted, and counts in the badge.
    """

    key: str
    kind: Kind
    cluster: str
    instance: str
    what: str
    since: datetime
    task_id: str = ""
    container: str = ""
    count: int = 1
    settled: bool = True
    acknowledged: bool = False
    keys: tuple[str, ...] = field(default=(), repr=False)


@dataclass(slots=True)
class _Heavy:
    """``last``: when it was seen over the limit last."""

    since: datetime
    last: datetime


class AlertBook:
    """Fed with what has changed; read by the header, the fleet's screen and the list of alerts."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, Task] = OrderedDict()
        self._restarts: dict[str, dict[str, int]] = {}
        self._loops: OrderedDict[tuple[str, str], tuple[Task, deque[datetime]]] = OrderedDict()
        self._heavy: OrderedDict[tuple[str, str], tuple[Task, _Heavy]] = OrderedDict()
        self._acknowledged: OrderedDict[str, None] = OrderedDict()
        self._rung: OrderedDict[str, None] = OrderedDict()
        self.dropped = 0

    # --- what is told ----------------------------------------------------------------------------------------------

    def consider(self, fleet: Fleet, changes: ChangeSet | None) -> None:
        """Look at the tasks that changed; ``None``: at all of them."""
        tasks: Iterable[Task | None] = fleet.tasks() if changes is None else map(fleet.find_task, changes.tasks)
        for task in tasks:
            if task is not None:
                self._task(task, fleet)
        for gone in () if changes is None else changes.tasks:
            if gone in self._restarts and fleet.find_task(gone) is None:
                del self._restarts[gone]

    def _task(self, task: Task, fleet: Fleet) -> None:
        if task.failed and _ended(task) is not None:
            self._failed[task.id] = task
            self._bound(self._failed)
        else:
            self._failed.pop(task.id, None)
        counts = {part.name: part.restart_count for part in task.containers if part.restart_count}
        before = self._restarts.get(task.id, {})
        for container, count in counts.items():
            # More than one at first sight happened before this began, and nobody knows when.
            new = count - before.get(container, count if count > 1 else 0)
            if new > 0:
                self._restarted(task, container, new, fleet.host_now(task.instance))
        if counts and task.last_status != "STOPPED":
            self._restarts[task.id] = counts
        else:
            self._restarts.pop(task.id, None)

    def _restarted(self, task: Task, container: str, times: int, now: datetime) -> None:
        place = task.id, container
        moments = self._loops[place][1] if place in self._loops else deque(maxlen=LOOP_TIMES)
        moments.extend([now] * min(times, LOOP_TIMES))
        self._loops[place] = task, moments
        self._loops.move_to_end(place)
        self._bound(self._loops)

    def measured(self, task: Task, container: str, used: int, limit: int, now: datetime) -> None:
        """A sample of a container's memory, in bytes, by the clock of its host."""
        place = task.id, container
        known = self._heavy.get(place)
        if limit <= 0 or used < limit * MEMORY_SHARE:
            self._heavy.pop(place, None)
            return
        since = known[1].since if known is not None and now - known[1].last < MEMORY_FOR else now
        self._heavy[place] = task, _Heavy(since, now)
        self._bound(self._heavy)

    def _bound(self, kept: OrderedDict[Any, Any]) -> None:
        while len(kept) > MOST:
            kept.popitem(last=False)
            self.dropped += 1

    def acknowledge(self, alerts: Iterable[Alert]) -> None:
        """Seen: they count no more. The next failure of the same kind is another one."""
        for alert in alerts:
            for key in alert.keys or (alert.key,):
                self._acknowledged[key] = None
        while len(self._acknowledged) > 2 * MOST:
            self._acknowledged.popitem(last=False)

    def task(self, task_id: str) -> Task | None:
        """The task that an alert is about, as it was seen last."""
        if task_id in self._failed:
            return self._failed[task_id]
        known = [task for kept in (self._loops, self._heavy) for (id_, _), (task, _) in kept.items() if id_ == task_id]
        return known[0] if known else None

    # --- what there is ---------------------------------------------------------------------------------------------

    def current(self, fleet: Fleet, now: datetime) -> list[Alert]:
        """All that holds now, failures first, each the latest first; the acknowledged ones behind.

        Args:
            now: of here; what happened on a host is compared with that host's.
        """
        self._let_go(fleet)
        found = [*_grouped(self._failures()), *self._loop_alerts(fleet), *self._memory_alerts()]
        found += [alert for state in fleet.instances.values() if (alert := self._gone(state, now)) is not None]
        return sorted(found, key=lambda alert: (alert.acknowledged, -alert.since.timestamp(), alert.key))

    def unseen(self, fleet: Fleet, now: datetime) -> list[Alert]:
        """Those that count in the badge."""
        return [alert for alert in self.current(fleet, now) if alert.settled and not alert.acknowledged]

    def new_since_last(self, unseen: Iterable[Alert], began: datetime) -> list[Alert]:
        """Which of these have never been here before, and happened after ``began``: what a bell may ring for."""
        fresh = [alert for alert in unseen if alert.key not in self._rung]
        for alert in fresh:
            self._rung[alert.key] = None
        while len(self._rung) > 2 * MOST:
            self._rung.popitem(last=False)
        return [alert for alert in fresh if alert.since >= began]

    def _let_go(self, fleet: Fleet) -> None:
        """Forget what is told no more: a task is as large as its definition, and two thousand may fail in a night."""
        nows = {key: fleet.host_now(key) for key in fleet.instances}
        for id_, task in [*self._failed.items()]:
            ended = _ended(task)
            if ended is None or task.instance not in nows or nows[task.instance] - ended >= KEPT:
                del self._failed[id_]
        for place, (task, moments) in [*self._loops.items()]:
            if task.instance not in nows or nows[task.instance] - moments[-1] >= LOOP_WITHIN:
                del self._loops[place]
        for place, (task, heavy) in [*self._heavy.items()]:
            if task.instance not in nows or nows[task.instance] - heavy.last >= MEMORY_FOR:
                del self._heavy[place]

    def _failures(self) -> list[Alert]:
        return [
            self._about(task, "failed", f"failed:{task.id}", ended)
            for task in self._failed.values()
            if (ended := _ended(task)) is not None
        ]

    def _loop_alerts(self, fleet: Fleet) -> list[Alert]:
        found = []
        for (_, container), (task, moments) in self._loops.items():
            if len(moments) == LOOP_TIMES and fleet.host_now(task.instance) - moments[0] < LOOP_WITHIN:
                key = f"restarts:{task.id}:{container}"
                found.append(replace(self._about(task, "restarts", key, moments[0]), container=container))
        return found

    def _memory_alerts(self) -> list[Alert]:
        found = []
        for (task_id, container), (task, heavy) in self._heavy.items():
            if heavy.last - heavy.since >= MEMORY_FOR:
                alert = self._about(task, "memory", f"memory:{task_id}:{container}", heavy.since)
                found.append(replace(alert, container=container))
        return found

    def _gone(self, state: InstanceState, now: datetime) -> Alert | None:
        if state.freshness.reach not in ("stale", "unreachable"):
            return None
        key: InstanceKey = state.instance.key
        name = f"gone:{key.cluster}/{key.name}:{state.freshness.since.timestamp():.0f}"
        since = state.freshness.since
        settled = now - since >= GONE_AFTER
        seen = name in self._acknowledged
        return Alert(name, "gone", key.cluster, key.name, key.name, since, settled=settled, acknowledged=seen)

    def _about(self, task: Task, kind: Kind, key: str, since: datetime) -> Alert:
        seen = key in self._acknowledged
        return Alert(
            key, kind, task.cluster, task.instance.name, task.definition, since, task.id, acknowledged=seen, keys=(key,)
        )


def _grouped(failures: Iterable[Alert]) -> list[Alert]:
    """Many failures of one revision are one alert: about the last of them, with the number of all."""
    together: dict[tuple[str, str, bool], list[Alert]] = defaultdict(list)
    for alert in failures:
        together[alert.cluster, alert.what, alert.acknowledged].append(alert)
    found = []
    for (cluster, what, _), alerts in together.items():
        if len(alerts) < MANY:
            found += alerts
            continue
        last = max(alerts, key=lambda alert: alert.since)
        keys = tuple(alert.key for alert in alerts)
        kind = "seen-many" if last.acknowledged else "failed-many"
        found.append(replace(last, key=f"{kind}:{cluster}/{what}", count=len(alerts), keys=keys))
    return found


def _ended(task: Task) -> datetime | None:
    return task.stopped_at or task.stopping_at
