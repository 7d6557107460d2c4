"""What a simulated container uses: a load that is told or computed, and the counters that grow by it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

_SECOND = 10**9


@dataclass(frozen=True, slots=True)
class Load:
    """``cpu`` in cores, ``memory`` in bytes, the rest in bytes a second; ``cache`` is what memory's files add to it."""

    cpu: float = 0.0
    memory: int = 1 << 20
    received: float = 0.0
    sent: float = 0.0
    read: float = 0.0
    written: float = 0.0
    pids: int = 1
    cache: int = 0


Wave = Callable[[int], Load]
"""A load that is a function of the time, in nanoseconds since 1970: nothing is computed until somebody asks."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Since the container's start: ``cpu`` in nanoseconds, the rest in bytes."""

    cpu: float = 0.0
    received: float = 0.0
    sent: float = 0.0
    read: float = 0.0
    written: float = 0.0


class Usage:
    """Counters of one container that grow with its load, from ``start`` on. ``cores``: the most that it may use."""

    def __init__(self, start: int, load: Load | Wave, cores: float) -> None:
        self._load = load
        self._cores = cores
        self._at = start
        self._last = self._now(start)
        self.counts = Counts()

    def settle(self, at: int) -> Load:
        """Bring the counters up to a moment; the load at that moment."""
        load = self._now(at)
        passed = max(at - self._at, 0) / _SECOND
        if passed:
            counts, last = self.counts, self._last
            self.counts = Counts(
                cpu=counts.cpu + (last.cpu + load.cpu) / 2 * passed * _SECOND,
                received=counts.received + (last.received + load.received) / 2 * passed,
                sent=counts.sent + (last.sent + load.sent) / 2 * passed,
                read=counts.read + (last.read + load.read) / 2 * passed,
                written=counts.written + (last.written + load.written) / 2 * passed,
            )
            self._at = at
        self._last = load
        return load

    def change(self, at: int, load: Load | Wave) -> None:
        """From a moment on, another load."""
        self.settle(at)
        self._load = load
        self._last = self._now(at)

    @property
    def current(self) -> Load:
        """As it was when it was last settled."""
        return self._last

    def _now(self, at: int) -> Load:
        load = self._load if isinstance(self._load, Load) else self._load(at)
        return load if load.cpu <= self._cores else replace(load, cpu=self._cores)
