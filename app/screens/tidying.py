"""What screens leave behind is taken away at once.

They hold on to each other in circles, which Python looks for only when very much else was made. A few minutes of visits
to screens would take as much memory as all that is shown, and to take it all away together would hold up the keys for
half a second.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Final

from textual._styles_cache import StylesCache

EVERY: Final = 2.0
"""Seconds between two times at least."""
SETTLED_AFTER: Final = 3.0
"""Seconds after the start, when modules, the style sheet and the first screens are there."""


def collect() -> None:
    """Let go of everything that nobody can reach, and of what Textual still remembers of screens that were left."""
    # A cache of 1,024 calls of a method holds on to whom they were made for: each to all painted lines of a widget.
    StylesCache.get_inner_outer.cache_clear()
    gc.collect()


class Tidier:
    """Call ``tick`` about once a second, and ``screen_left`` when a screen was left; both on the screen's thread."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        collect: Callable[[], object] = collect,
        freeze: Callable[[], object] = gc.freeze,
    ) -> None:
        self._clock = clock
        self._collect = collect
        self._freeze = freeze
        self._next = clock() + SETTLED_AFTER
        self._left = True
        self._settled = False

    def screen_left(self) -> None:
        self._left = True

    def tick(self) -> None:
        if not self._left or self._clock() < self._next:
            return
        self._left = False
        self._collect()
        if not self._settled:
            # What is there by now stays, so it is not looked through again each time.
            self._settled = True
            self._freeze()
        self._next = self._clock() + EVERY
