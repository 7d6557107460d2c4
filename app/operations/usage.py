"""What unmanaged containers really use, by instance, as long as somebody looks: it is in no book of reservations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.fleet.fleet import InstanceState
from app.model.instance import InstanceKey
from app.operations.stats import StatsFeed, up_ids

EVERY = 5.0
"""Seconds between two questions about the same container."""
_MEBIBYTE = 1 << 20
_CORE = 1024


@dataclass(frozen=True, slots=True)
class HostUse:
    """What some containers of a host use together. ``memory`` in MiB, ``cpu`` in units, 1024 a core.

    Attributes:
        containers: how many there are.
        known: how many of these the sums stand for.
        problem: why nothing new is known, "" if something is; then the sums are as of before.
    """

    memory: int
    cpu: int
    containers: int
    known: int
    problem: str = ""


class UsageFeed:
    """Sums by instance. ``look`` and ``uses`` on one thread."""

    def __init__(self, stats: StatsFeed) -> None:
        self._stats = stats
        self.uses: dict[InstanceKey, HostUse] = {}
        """By instance; one that was never asked with success, or has no unmanaged containers, is not in it."""

    def look(self, states: Iterable[InstanceState]) -> None:
        """Somebody looks at these instances now. Call it about once a second while that is so."""
        self._stats.collect()
        for state in states:
            key, wanted = state.instance.key, up_ids(state.unmanaged)
            self._stats.want(state, wanted, EVERY)
            use = self._stats.sum(wanted)
            before = self.uses.get(key)
            if not wanted:
                self.uses.pop(key, None)
            elif use.known:
                memory, cpu = round(use.memory / _MEBIBYTE), round(use.cpu / 100 * _CORE)
                self.uses[key] = HostUse(memory, cpu, len(wanted), use.known)
            elif before is not None:
                problem = str(self._stats.host_problem(state)) or next(
                    filter(None, map(self._stats.problem, wanted)), ""
                )
                self.uses[key] = HostUse(before.memory, before.cpu, len(wanted), before.known, problem)
