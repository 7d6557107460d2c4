"""One thread at a time works on what its host has told, however many hosts tell at once.

Python runs no more than one anyway. A hundred that all have something to do pass it round: that costs a third of the
time, and the thread of the screen waits behind them for seconds. To wait for a host is no work: who waits has no turn.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")

AT_ONCE: Final = 1
LONGEST: Final = 0.25
"""Seconds after which a turn is over, whatever its thread is doing: nothing that hangs can hold up the others."""


class Turns:
    """``with turns.turn():`` for work, and within it ``turns.receive`` for what may have to be waited for."""

    def __init__(self, at_once: int = AT_ONCE, longest: float = LONGEST) -> None:
        self._at_once = at_once
        self._longest = longest
        self._free = threading.Condition()
        self._began: dict[int, float] = {}
        self._mine = threading.local()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until fewer than ``at_once`` threads have one."""
        self._take()
        try:
            yield
        finally:
            self._leave()

    def receive(self, sock: socket.socket, receive: Callable[[], T]) -> T:
        """What ``receive`` takes off a socket. While there is nothing, somebody else may have this thread's turn."""
        if not getattr(self._mine, "turn", False) or _is_ready(sock):
            return receive()
        self._leave()
        try:
            return receive()
        finally:
            self._take()

    def _take(self) -> None:
        with self._free:
            while len(self._began) >= self._at_once:
                thread, began = min(self._began.items(), key=lambda item: item[1])
                left = began + self._longest - time.monotonic()
                if left <= 0:
                    del self._began[thread]
                else:
                    self._free.wait(left)
            self._began[threading.get_ident()] = time.monotonic()
        self._mine.turn = True

    def _leave(self) -> None:
        self._mine.turn = False
        with self._free:
            if self._began.pop(threading.get_ident(), None) is not None:
                self._free.notify()


def _is_ready(sock: socket.socket) -> bool:
    poll = select.poll()
    try:
        poll.register(sock, select.POLLIN)
    except ValueError:
        return True  # it was closed meanwhile, as whoever takes from it will hear
    return bool(poll.poll(0))


reading = Turns()
"""For what is read of a whole host. One a process, as there is one Python."""
