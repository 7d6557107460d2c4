"""Frames come by the hundred; what is told of them is one event of an image on an instance, a few times a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from app.hosts.images.layers import Layers
from app.model.image_progress import TellTransfer, TransferProgress

EVERY: Final = 0.1
"""Seconds between two events that differ in their bytes alone."""


class Pace:
    """``take`` is what pulls and pushes of ``app.hosts.images`` call. ``last``: the event that was told last."""

    def __init__(
        self, begun: TransferProgress, tell: TellTransfer, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.last = begun
        self._tell = tell
        self._clock = clock
        self._told_at = clock() - EVERY

    def take(self, layers: Layers, changed: bool) -> None:
        now = self._clock()
        if not changed and now - self._told_at < EVERY:
            return
        self._told_at = now
        self.last = replace(
            self.last,
            detail=layers.words,
            layers=layers.each(),
            done=layers.done,
            total=layers.total,
            rate=layers.rate,
        )
        self._tell(self.last)
