"""How late the loop comes to what is due: what a key would have waited, as far as others keep the loop busy."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass
from typing import Final

EVERY: Final = 0.1
KEPT: Final = 60.0
"""Seconds that are looked back on."""


@dataclass(frozen=True, slots=True)
class Lag:
    """Of the last minute, in seconds; NaN: nothing was measured."""

    most: float = math.nan
    worst: float = math.nan


class LagProbe:
    """Measures between ``start`` and ``stop``, ten times a second, on the loop's thread."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=round(KEPT / EVERY))
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def start(self) -> None:
        if self._timer is None:
            self._plan(asyncio.get_running_loop())

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + EVERY
        self._timer = loop.call_at(self._due, self._came, loop)

    def _came(self, loop: asyncio.AbstractEventLoop) -> None:
        self._late.append(max(loop.time() - self._due, 0.0))
        self._plan(loop)

    def lag(self) -> Lag:
        """95 of 100 times the loop was not later than ``most``."""
        late = sorted(self._late)
        return Lag(late[math.ceil(len(late) * 0.95) - 1], late[-1]) if late else Lag()

    def since(self, count: int) -> float:
        """The worst of the last few measurements."""
        latest = list(self._late)[-count:]
        return max(latest, default=math.nan)
