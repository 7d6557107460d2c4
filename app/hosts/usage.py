"""What containers really use: one sample at a time, by Docker's stats; CPU is the difference of two.

A stream of stats for each container would be a thread and a connection each; a single sample costs a few milliseconds
on engines of today, and about a second on Docker 20.10, which waits for its next tick. So a round has a budget of
time, and goes on next time where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError

MOST_A_ROUND = 20
"""Containers of one host that are asked for in one round."""
ROUND_BUDGET = 4.0
"""Seconds after which no further container is asked for in a round."""
_MEBIBYTE = 1 << 20
_CORE = 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """Counters at one moment.

    Attributes:
        memory: bytes in use, without the file cache that the kernel would give up first.
        cpu: nanoseconds of CPU that the container has used since it was started.
        system: nanoseconds of CPU time of the whole host; 0 where the engine does not tell.
        cores: how many cores the host has on line.
    """

    memory: int
    cpu: int
    system: int
    cores: int


@dataclass(frozen=True, slots=True)
class Use:
    """What something uses: memory in MiB, CPU in units (1024 a core), None until there are two samples."""

    memory: int
    cpu: int | None


@dataclass(frozen=True, slots=True)
class HostUse:
    """What some containers of a host use together.

    Attributes:
        containers: how many there are.
        known: how many of these the sums stand for.
        problem: why the last round failed, "" if it did not; then the sums are as of the round before.
    """

    memory: int
    cpu: int
    containers: int
    known: int
    problem: str = ""


def read_sample(stats: Json) -> Sample:
    """An answer of Docker's stats. What it leaves out, as of a stopped container, is 0."""
    memory, cpu = _part(stats, "memory_stats"), _part(stats, "cpu_stats")
    detail, used = _part(memory, "stats"), _number(memory, "usage")
    # By cgroup v1 and v2; the command line of Docker subtracts the same.
    cache = _number(detail, "total_inactive_file") or _number(detail, "inactive_file")
    usage = _part(cpu, "cpu_usage")
    per_core = usage.get("percpu_usage")
    cores = _number(cpu, "online_cpus") or (len(per_core) if isinstance(per_core, list) else 0)
    return Sample(
        used - cache if cache < used else used, _number(usage, "total_usage"), _number(cpu, "system_cpu_usage"), cores
    )


def use_between(before: Sample | None, after: Sample) -> Use:
    """CPU is that of the time between the two samples; a counter that went back (a restart) tells nothing."""
    memory = round(after.memory / _MEBIBYTE)
    if before is None:
        return Use(memory, None)
    worked, passed = after.cpu - before.cpu, after.system - before.system
    if worked < 0 or passed <= 0:
        return Use(memory, None)
    return Use(memory, round(worked / passed * after.cores * _CORE))


class UsageReader:
    """Samples of the containers of one engine, kept from round to round. One thread at a time."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._samples: dict[str, Sample] = {}
        self._uses: dict[str, Use] = {}
        self._waiting: list[str] = []

    def round(self, containers: Iterable[str]) -> dict[str, Use]:
        """Ask for as many of these containers as one round may; returns what is known of all of them.

        Those whose turn was longest ago come first. One that has gone meanwhile is left out. Raises HostError.
        """
        wanted = list(dict.fromkeys(containers))
        queue = [id_ for id_ in self._waiting if id_ in set(wanted)]
        queue += [id_ for id_ in wanted if id_ not in set(queue)]
        self._forget(wanted)
        began = self._clock()
        asked: list[str] = []
        try:
            for id_ in queue[:MOST_A_ROUND]:
                if asked and self._clock() - began > ROUND_BUDGET:
                    break
                asked.append(id_)
                self._ask(id_)
        finally:
            self._waiting = [id_ for id_ in queue if id_ not in set(asked)] + asked
        return dict(self._uses)

    def _ask(self, id_: str) -> None:
        try:
            sample = read_sample(self._engine.stats(id_))
        except HostError as error:
            if error.kind != "not-found":
                raise
            self._samples.pop(id_, None)
            self._uses.pop(id_, None)
            return
        self._uses[id_] = use_between(self._samples.get(id_), sample)
        self._samples[id_] = sample

    def _forget(self, wanted: Iterable[str]) -> None:
        kept = set(wanted)
        for known in (self._samples, self._uses):
            for id_ in [id_ for id_ in known if id_ not in kept]:
                del known[id_]


def together(uses: Iterable[Use], containers: int, problem: str = "") -> HostUse:
    """The sum for a host that has so many containers."""
    known = list(uses)
    return HostUse(
        sum(use.memory for use in known), sum(use.cpu or 0 for use in known), containers, len(known), problem
    )


def _part(answer: Json, name: str) -> dict[str, Any]:
    found = answer.get(name)
    return found if isinstance(found, dict) else {}


def _number(answer: dict[str, Any], name: str) -> int:
    found = answer.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else 0
