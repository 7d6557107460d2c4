"""Asks one engine for what its containers use: each when it is due, in one thread, and only while somebody wants it.

An engine of today answers in a few milliseconds, Docker 20.10 after up to a second: so a few wires carry one question
after the other, and where answers take long there are more of them, up to a limit. There is also a limit of questions
a second. A question that is not answered costs its own wire alone, and its container is left in peace for a while.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Final

from app.hosts.sampler_round import Asked, SamplerRound, Told
from app.hosts.threads import aside, start_soon
from app.model.safe_text import SafeText

_MOST_TOLD: Final = 4096


@dataclass(slots=True)
class _Want:
    """Until when somebody wants a container, how often, and when it is due. ``asking``: its question is on its way."""

    every: float
    until: float
    due: float
    asking: bool = False


class Sampler:
    """``want`` and ``take`` from any thread. The thread ends when nobody wants anything, and begins again."""

    def __init__(self, engine: Asked, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.engine = engine
        self._name = name
        self.clock = clock
        self._lock = threading.Lock()
        self._wants: dict[str, _Want] = {}
        self._told: deque[Told] = deque(maxlen=_MOST_TOLD)
        self._running = False
        self._stopped = False
        self._waker: socket.socket | None = None
        self.asked = 0
        """Questions so far."""
        self.wires = 0
        """Connections that are open."""

    def want(self, containers: Collection[str], every: float, lasting: float) -> None:
        """Ask for these, each so often, for so many seconds from now on. What is asked often stays so meanwhile."""
        now = self.clock()
        with self._lock:
            sooner = False
            for id_ in containers:
                known = self._wants.get(id_)
                if known is None:
                    self._wants[id_] = _Want(every, now + lasting, now)
                    sooner = True
                elif every <= known.every or known.until < now:
                    sooner |= every < known.every and known.due > now + every
                    known.due = min(known.due, now + every)
                    known.every, known.until = every, now + lasting
            if self._stopped or not self._wants:
                return
            if not self._running:
                self._running = True
                start_soon(threading.Thread(target=self._run, name=f"stats-{self._name}", daemon=True))
            elif sooner and self._waker is not None:
                aside(partial(_wake, self._waker))

    def take(self) -> list[Told]:
        """What was told since the last time; of very much the oldest is lost."""
        taken: list[Told] = []
        while True:
            try:
                taken.append(self._told.popleft())
            except IndexError:
                return taken

    def stop(self) -> None:
        """For good; does not wait for the thread."""
        with self._lock:
            self._stopped = True
            self._wants.clear()
            if self._waker is not None:
                aside(partial(_wake, self._waker))

    # --- in the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        try:
            with ours, theirs, selectors.DefaultSelector() as selector:
                selector.register(ours, selectors.EVENT_READ)
                with self._lock:
                    self._waker = theirs
                SamplerRound(self, selector, ours).go()
        finally:
            with self._lock:
                if self._waker is theirs:  # it ended by a fault
                    self._running, self._waker = False, None

    def due(self, now: float) -> tuple[list[str], float] | None:
        """Whom to ask now, those first that are asked most often, and when the next is due. None: nobody wants any.

        A want that is over is forgotten.
        """
        with self._lock:
            for id_ in [id_ for id_, want in self._wants.items() if want.until < now and not want.asking]:
                del self._wants[id_]
            if not self._wants:
                self._running, self._waker = False, None
                return None
            waiting = [(want.every, want.due, id_) for id_, want in self._wants.items() if not want.asking]
            due = sorted(entry for entry in waiting if entry[1] <= now)
            later = min((entry[1] for entry in waiting if entry[1] > now), default=now + 1)
            return [id_ for _, _, id_ in due], later

    def sent(self, container: str) -> None:
        self.asked += 1
        with self._lock:
            if (want := self._wants.get(container)) is not None:
                want.asking = True

    def tell(self, told: Told, sent: float, peace: float = 0.0, *, again: bool = False) -> None:
        with self._lock:
            want = self._wants.get(told.container)
            if want is not None:
                # Every so often from question to question; at once only where a wire had died of old age.
                want.asking, want.due = False, sent + (0.0 if again else max(want.every, peace))
                told = told._replace(every=max(want.every, peace))
        if not again:
            self._told.append(told)

    def tell_of_engine(self, problem: SafeText) -> None:
        """It does not answer at all."""
        self._told.append(Told("", None, problem))


def _wake(waker: socket.socket) -> None:
    with contextlib.suppress(OSError):
        waker.send(b"w")
