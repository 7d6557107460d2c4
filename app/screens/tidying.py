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
CALM: Final = 1.0
"""Seconds without a key, after which a tenth of a second is not noticed."""
LONG_CALM: Final = 10.0
"""Seconds without a key, after which half a second is not noticed."""
LONGEST_RUSH: Final = 5.0
"""Seconds of typing without such a calm, after which what is there is set aside as it is, and looked through in a calm.

Python would look through it by itself, with everything that came together meanwhile, in a second.
"""
MOST_SET_ASIDE: Final = 4
"""How often what is there is set aside before what was left of it is looked for without a long calm, too.

With 20, who went through screens for minutes beside a busy host had up to five MiB more of screens that were left; to
look through everything once takes a fifteenth of a second.
"""
_YOUNG: Final = 1


def collect() -> None:
    """Let go of everything that nobody can reach, and of what Textual still remembers of screens that were left."""
    _forget()
    gc.collect()


def collect_young() -> None:
    """As ``collect``, of what is young: of screens that were looked at shortly. Takes a few milliseconds."""
    _forget()
    gc.collect(_YOUNG)


def _forget() -> None:
    # A cache of 1,024 calls of a method holds on to whom they were made for: each to all painted lines of a widget.
    StylesCache.get_inner_outer.cache_clear()


class Tidier:
    """Call ``tick`` about once a second, ``screen_left`` when a screen was left, and ``typed`` at each key.

    What is there when it was tidied up is set aside (frozen), and not looked through again each time: that takes as
    long as there is much of it, thousands of lines of a log too. A screen that is left after it was set aside waits for
    a long calm.

    All on the screen's thread.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        collect: Callable[[], object] = collect,
        collect_young: Callable[[], object] = collect_young,
        freeze: Callable[[], object] = gc.freeze,
        unfreeze: Callable[[], object] = gc.unfreeze,
    ) -> None:
        self._clock = clock
        self._collect = collect
        self._collect_young = collect_young
        self._freeze = freeze
        self._unfreeze = unfreeze
        self._next = clock() + SETTLED_AFTER
        self._typed_at = clock() - CALM
        self._left = self._left_young = True
        self._set_aside = 0
        self._set_aside_at = clock()
        self._left_of_those = False

    def screen_left(self) -> None:
        self._left = self._left_young = True
        self._left_of_those = self._set_aside > 0

    def typed(self) -> None:
        self._typed_at = self._clock()

    def tick(self) -> None:
        now = self._clock()
        if now < self._next:
            return
        calm = now - self._typed_at
        if self._left_of_those and calm >= (CALM if self._set_aside >= MOST_SET_ASIDE else LONG_CALM):
            self._unfreeze()
            self._set_aside, self._left_of_those = 0, False
            self._tidy()
        elif self._left and calm >= CALM:
            self._tidy()
        elif self._left and now - self._set_aside_at >= LONGEST_RUSH:
            self._left_young, self._left_of_those = False, True
            self._collect_young()
            self._put_aside()
        elif self._left_young:
            self._left_young = False
            self._collect_young()
        else:
            return
        self._next = self._clock() + EVERY

    def _tidy(self) -> None:
        self._left = self._left_young = False
        self._collect()
        self._put_aside()

    def _put_aside(self) -> None:
        self._freeze()
        self._set_aside += 1
        self._set_aside_at = self._clock()
