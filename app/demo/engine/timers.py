"""What is to happen later on a simulated engine. Pure: somebody else knows the time."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from app.demo.engine.times import SECOND

Clock = Callable[[], int]
"""Nanoseconds since 1970."""


class Timers:
    """``sooner`` is called when something was put before all else; whoever lets time pass sets it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self.sooner: Callable[[], None] | None = None

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        self._count += 1
        moment = self._clock() + int(seconds * SECOND)
        heapq.heappush(self._heap, (moment, self._count, what))
        if self._heap[0][1] == self._count and self.sooner is not None:
            self.sooner()

    def due(self) -> int | None:
        return self._heap[0][0] if self._heap else None

    def advance(self) -> None:
        """Let happen what is due by now; what that puts off until now happens the next time."""
        now, last = self._clock(), self._count
        while self._heap and self._heap[0][0] <= now and self._heap[0][1] <= last:
            heapq.heappop(self._heap)[2]()
