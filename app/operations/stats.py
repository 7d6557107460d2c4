"""What containers use, live while somebody looks: by container, and rolled up by task, instance and cluster.

Whoever shows something says so again and again (``want``); what is no longer asked for is no longer asked about, so a
covered screen and a suspended program cost nothing. Numbers older than three turns are not shown. What was told while
the dashboard is open stays for ten minutes in bounded rings.
"""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from app.fleet.fleet import InstanceState
from app.hosts.engine import Engine
from app.hosts.sampler import Sampler
from app.hosts.sampler_round import Told
from app.hosts.stats import Counters, Stats, stats_between
from app.model.container import Container
from app.model.endpoint import Endpoint
from app.model.errors import MoorageError
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText
from app.model.task import Task
from app.operations.use import UNKNOWN, Use, running_ids

LIVE_EVERY: Final = 2.0
"""Seconds between two questions about a container that is on screen."""
REST_EVERY: Final = 15.0
"""Seconds between two about one that only counts in a sum."""
MOST_REST_A_SECOND: Final = 100
"""Questions for sums, over all hosts together: with thousands of containers each has its turn more seldom."""
LOOK_LASTS: Final = 3.5
"""Seconds for which a look holds: screens look once a second."""
HISTORY_SECONDS: Final = 600.0
MOST_POINTS: Final = 320
_FORGET_EVERY: Final = 30.0

MEASURES: Final = ("cpu", "memory", "received_rate", "sent_rate", "read_rate", "written_rate", "pids")
"""What is remembered of each answer."""
_WIDTH: Final = len(MEASURES) + 1
_UNKNOWN: Final = math.nan


class History:
    """A ring of what a container used; the oldest goes when it is full. 64 bytes an answer."""

    def __init__(self) -> None:
        self._points = array("d")

    def __len__(self) -> int:
        return len(self._points) // _WIDTH

    @property
    def last(self) -> float | None:
        """When the newest point was added."""
        return self._points[-_WIDTH] if self._points else None

    def add(self, stats: Stats) -> None:
        values = (getattr(stats, name) for name in MEASURES)
        self._points.extend((stats.at, *(_UNKNOWN if value is None else float(value) for value in values)))
        old = len(self) - MOST_POINTS
        while old < len(self) and self._points[max(old, 0) * _WIDTH] < stats.at - HISTORY_SECONDS:
            old = max(old, 0) + 1
        if old > 0:
            del self._points[: old * _WIDTH]

    def points(self, measure: str) -> list[tuple[float, float]]:
        """Pairs of time and value, oldest first; NaN where it was not told."""
        place = MEASURES.index(measure) + 1
        points = self._points
        return [(points[start], points[start + place]) for start in range(0, len(points), _WIDTH)]


@dataclass(slots=True)
class _Known:
    """Of one container. ``good_until``: from then on its numbers are too old to be shown; ``answers``: in a row."""

    counters: Counters | None = None
    stats: Stats | None = None
    good_until: float = 0.0
    touched: float = 0.0
    answers: int = 0
    problem: SafeText = SafeText("")
    history: History = field(default_factory=History)


class StatsFeed:
    """All of it on one thread; each host is asked in a thread of its own (``app.hosts.sampler``).

    Args:
        engine_of: the engine of an endpoint; may raise MoorageError.
    """

    def __init__(self, engine_of: Callable[[Endpoint], Engine], clock: Callable[[], float] = time.monotonic) -> None:
        self._engine_of = engine_of
        self.clock = clock
        self._samplers: dict[Endpoint, Sampler] = {}
        self._known: dict[str, _Known] = {}
        self._problems: dict[Endpoint, SafeText] = {}
        self._forgotten = clock()

    # --- looking ---------------------------------------------------------------------------------------------------

    def want(self, state: InstanceState, containers: Collection[str], every: float = LIVE_EVERY) -> None:
        """Somebody looks at these containers of an instance now. Call it about once a second while that is so."""
        if not state.live or not containers:
            return
        endpoint = state.instance.reached_by
        sampler = self._samplers.get(endpoint)
        if sampler is None:
            try:
                sampler = Sampler(self._engine_of(endpoint), state.instance.key.name, self.clock)
            except MoorageError:
                return  # its instance says so already
            self._samplers[endpoint] = sampler
        sampler.want(containers, every, LOOK_LASTS)

    def want_tasks(self, tasks: Iterable[Task], states: Mapping[InstanceKey, InstanceState]) -> None:
        """As ``want``, for what is up of these tasks."""
        wanted: dict[InstanceKey, list[str]] = {}
        for task in tasks:
            wanted.setdefault(task.instance, []).extend(running_ids(task))
        for key, ids in wanted.items():
            if (state := states.get(key)) is not None:
                self.want(state, ids)

    def want_sums(self, states: Collection[InstanceState]) -> None:
        """Somebody looks at sums over these instances: all that is up on them, slowly."""
        up = [(state, [container.id for container in state.containers.values() if container.up]) for state in states]
        every = max(REST_EVERY, sum(len(ids) for _, ids in up) / MOST_REST_A_SECOND)
        for state, ids in up:
            self.want(state, ids, every)
            # CPU takes two answers: the second is not to be waited for that long.
            self.want(state, [id_ for id_ in ids if self.is_half_known(id_)], LIVE_EVERY)

    def is_half_known(self, container_id: str) -> bool:
        """Has it answered only once, so that nothing is known yet of what takes two answers?"""
        known = self._known.get(container_id)
        return known is not None and known.answers == 1

    def collect(self) -> bool:
        """Take what was told since the last time; True if there is anything new."""
        now, news = self.clock(), False
        for endpoint, sampler in self._samplers.items():
            for told in sampler.take():
                news = True
                if told.container:
                    self._take(told, now)
                    if told.counters is not None:
                        self._problems.pop(endpoint, None)
                else:
                    self._problems[endpoint] = told.problem
        if now - self._forgotten > _FORGET_EVERY:
            self._forgotten = now
            for id_ in [id_ for id_, known in self._known.items() if known.touched < now - HISTORY_SECONDS]:
                del self._known[id_]
        return news

    def _take(self, told: Told, now: float) -> None:
        known = self._known.setdefault(told.container, _Known())
        known.touched, known.problem = now, told.problem
        if told.counters is None:
            known.stats = known.counters = None
            known.answers = 0
            return
        known.stats = stats_between(known.counters, told.counters)
        known.answers += 1
        known.counters = told.counters
        known.good_until = told.counters.at + 3 * told.every + 2
        known.history.add(known.stats)

    def close(self) -> None:
        """Ask nothing more; waits for nobody."""
        for sampler in self._samplers.values():
            sampler.stop()

    # --- what is known ---------------------------------------------------------------------------------------------

    def of(self, container_id: str) -> Stats | None:
        """What a container uses; None when that is not known, or not any more."""
        known = self._known.get(container_id)
        return known.stats if known is not None and known.good_until >= self.clock() else None

    def problem(self, container_id: str) -> SafeText:
        """Why nothing is known of it, "" when nothing is wrong."""
        known = self._known.get(container_id)
        return known.problem if known is not None else SafeText("")

    def host_problem(self, state: InstanceState) -> SafeText:
        """Why its engine tells nothing, "" when it does."""
        return self._problems.get(state.instance.reached_by, SafeText(""))

    def history(self, container_id: str) -> History:
        known = self._known.get(container_id)
        return known.history if known is not None else History()

    def sum(self, containers: Iterable[str]) -> Use:
        """What these use together; all of them are thought to be up."""
        memory, cpu, running, known, cpu_known = 0, 0.0, 0, 0, 0
        now = self.clock()
        for id_ in containers:
            running += 1
            found = self._known.get(id_)
            if found is None or found.stats is None or found.good_until < now:
                continue
            if found.stats.memory is not None:
                known += 1
                memory += found.stats.memory
            if found.stats.cpu is not None:
                cpu_known += 1
                cpu += found.stats.cpu
        return Use(memory, cpu, running, known, cpu_known)

    def of_task(self, task: Task) -> Use:
        return self.sum(running_ids(task))

    def of_instance(self, state: InstanceState) -> Use:
        """Everything that is up there, ours or not; unknown while it does not answer."""
        if not state.live:
            return UNKNOWN
        return self.sum(container.id for container in state.containers.values() if container.up)

    def of_instances(self, states: Iterable[InstanceState]) -> Use:
        """The sum of instances; each that does not answer counts as one of which nothing is known.

        One engine that is registered twice counts once.
        """
        seen = {state.instance.reached_by: state for state in states}
        live = [state for state in seen.values() if state.live]
        use = self.sum(container.id for state in live for container in state.containers.values() if container.up)
        return replace(use, running=use.running + len(seen) - len(live))

    # --- what it costs ---------------------------------------------------------------------------------------------

    def costs(self) -> dict[Endpoint, tuple[int, int]]:
        """By endpoint: questions so far, and connections that are open."""
        return {endpoint: (sampler.asked, sampler.wires) for endpoint, sampler in self._samplers.items()}


def up_ids(containers: Iterable[Container]) -> list[str]:
    return [container.id for container in containers if container.up]
