"""A registry that has refused somebody is not asked again in a rush: ten tasks of one launch ask it once a host.

Docker itself asks several times for each pull, and many registries lock out who is refused too often.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Final

from app.hosts.errors import HostError
from app.hosts.images.registry_trouble import cause_of

HOLDS: Final = 10.0
"""Seconds for which a refusal counts. Who shows another credential is asked for anew at once."""
_LONGEST_TURN: Final = 20.0
"""Seconds that others wait for the one who asks: a registry may be silent, and then each has a silence of its own."""


@dataclass(slots=True)
class _Asking:
    """The first one's question. ``refusal``: what came of it, if it was refused; ``until``: monotonic seconds."""

    over: threading.Event = field(default_factory=threading.Event)
    refusal: HostError | None = None
    until: float = 0.0


class Refusals:
    """Of one engine. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: dict[Hashable, _Asking] = {}

    @contextlib.contextmanager
    def asking(self, key: Hashable) -> Iterator[None]:
        """Around a question whose answer says whether who asks is let in; the first one asks, others wait for that.

        Args:
            key: what is asked for, and who is said to ask.

        Raises HostError: what the first one was refused with, of late. Anything else that becomes of it is its own.
        """
        mine = _Asking()
        with self._lock:
            self._forget_old()
            first = self._asked.setdefault(key, mine)
        if first is not mine:
            first.over.wait(_LONGEST_TURN)
            if first.refusal is not None:
                raise HostError(first.refusal.message, first.refusal.kind)
            yield
            return
        try:
            yield
        except HostError as error:
            if cause_of(error.message) == "login":
                mine.until = self._clock() + HOLDS
                mine.refusal = HostError(error.message, error.kind)
            raise
        finally:
            if mine.refusal is None:
                with self._lock:
                    self._asked.pop(key, None)
            mine.over.set()

    def _forget_old(self) -> None:
        now = self._clock()
        for key in [key for key, one in self._asked.items() if one.refusal is not None and one.until <= now]:
            del self._asked[key]
