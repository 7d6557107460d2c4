"""How fast something moves, as the mean of the last few seconds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

LATELY: Final = 3.0
"""Seconds."""
_TOGETHER: Final = 0.1
"""Seconds of which what moves is counted together: what is remembered stays small, however often it is told."""


class Speed:
    """``clock``: seconds that go on. The first ones begin when this is made."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._moved: deque[tuple[float, int]] = deque()
        self._sum = 0

    def moved(self, size: int) -> float:
        """So many bytes more have; bytes a second now."""
        now = self._clock()
        if self._moved and now - self._moved[-1][0] < _TOGETHER:
            at, before = self._moved.pop()
            self._moved.append((at, before + size))
        else:
            self._moved.append((now, size))
        self._sum += size
        while self._moved[0][0] < now - LATELY:
            self._sum -= self._moved.popleft()[1]
        return self._sum / max(min(now - self._began, LATELY), _TOGETHER)
