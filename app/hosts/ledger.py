"""What one engine is asked and what comes of it, counted where it happens: for people who want to know what we cost.

Counting is a few numbers under a lock; nothing is asked for it.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["call", "stats"]
"""Of questions: those for stats are apart, as Docker 20.10 takes up to a second for each."""

WINDOW: Final = 10
"""Whole seconds that a rate is the mean of."""
LATELY: Final = 60.0
"""Seconds for which an answer counts among the recent ones."""
_MOST_ANSWERS: Final = 512


@dataclass(frozen=True, slots=True)
class Latency:
    """Of recent answers, in seconds: one half came within ``half``, 95 of 100 within ``most``. NaN: there was none."""

    half: float = math.nan
    most: float = math.nan


@dataclass(frozen=True, slots=True)
class Costs:
    """What one engine has to do for us. Totals are since this process began, ``…_rate`` a second, of the last ten.

    Attributes:
        asked: requests, those for stats among them.
        failed: those without an answer, or with one of 5xx.
        received: bytes of answers, stats, events and logs.
        streams: answers that go on: events, logs, shells, pulls.
        calls: of reads that end.
    """

    asked: int = 0
    stats: int = 0
    failed: int = 0
    events: int = 0
    received: int = 0
    asked_rate: float = 0.0
    stats_rate: float = 0.0
    events_rate: float = 0.0
    received_rate: float = 0.0
    failed_lately: int = 0
    streams: int = 0
    calls: Latency = Latency()
    stats_answers: Latency = Latency()


class Ledger:
    """Safe to share between threads. ``clock``: seconds that only go forward."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._began = clock()
        self._counts = dict.fromkeys(("asked", "stats", "failed", "events", "received"), 0)
        self._seconds: deque[tuple[int, dict[str, int]]] = deque(maxlen=round(LATELY) + 1)
        """The newest last; what was counted in each second in which anything was."""
        self._answers: dict[Kind, deque[tuple[float, float]]] = {
            "call": deque(maxlen=_MOST_ANSWERS),
            "stats": deque(maxlen=_MOST_ANSWERS),
        }
        self._streams: weakref.WeakSet[Any] = weakref.WeakSet()

    # --- counting --------------------------------------------------------------------------------------------------

    def asked(self, kind: Kind = "call") -> float:
        """A question is sent; the moment is given back to ``answered``."""
        now = self._clock()
        with self._lock:
            self._count(now, "asked", 1)
            if kind == "stats":
                self._count(now, "stats", 1)
        return now

    def answered(self, began: float, size: int, kind: Kind = "call", *, timed: bool = True) -> None:
        """
        Args:
            size: bytes of the answer.
            timed: whether it counts for the latency: not where the engine has to wait for something.
        """
        now = self._clock()
        with self._lock:
            self._count(now, "received", size)
            if timed:
                self._answers[kind].append((now, now - began))

    def failed(self) -> None:
        with self._lock:
            self._count(self._clock(), "failed", 1)

    def received(self, size: int, events: int = 0) -> None:
        """So many bytes of something that goes on, with so many events in them."""
        now = self._clock()
        with self._lock:
            self._count(now, "received", size)
            if events:
                self._count(now, "events", events)

    def holds(self, response: Any) -> None:
        """An answer that goes on until somebody closes it, or lets it go."""
        with self._lock:
            self._streams.add(response)

    def _count(self, now: float, what: str, amount: int) -> None:
        second = math.floor(now)
        if not self._seconds or self._seconds[-1][0] < second:
            self._seconds.append((second, {}))
        of_second = self._seconds[-1][1]
        of_second[what] = of_second.get(what, 0) + amount
        self._counts[what] += amount

    # --- reading ---------------------------------------------------------------------------------------------------

    def costs(self) -> Costs:
        now = self._clock()
        with self._lock:
            counts = dict(self._counts)
            seconds = [(second, dict(of_second)) for second, of_second in self._seconds]
            answers = {kind: list(known) for kind, known in self._answers.items()}
            streams = list(self._streams)
        # Whole seconds alone: the one that has only begun would make a steady rate tremble.
        end = math.floor(now)
        length = min(WINDOW, max(end - math.floor(self._began), 1))

        def rate(what: str) -> float:
            return sum(found.get(what, 0) for second, found in seconds if end - length <= second < end) / length

        return Costs(
            **counts,
            asked_rate=rate("asked"),
            stats_rate=rate("stats"),
            events_rate=rate("events"),
            received_rate=rate("received"),
            failed_lately=sum(found.get("failed", 0) for second, found in seconds if second >= now - LATELY),
            streams=sum(_goes_on(response) for response in streams),
            calls=_latency(answers["call"], now),
            stats_answers=_latency(answers["stats"], now),
        )


def _goes_on(response: Any) -> bool:
    raw = getattr(response, "raw", None)
    return raw is not None and not raw.closed


def _latency(answers: Iterable[tuple[float, float]], now: float) -> Latency:
    took = sorted(seconds for moment, seconds in answers if moment >= now - LATELY)
    if not took:
        return Latency()
    return Latency(took[(len(took) - 1) // 2], took[math.ceil(len(took) * 0.95) - 1])
