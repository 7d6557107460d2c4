"""Breaking off what an engine is at: its connection is cut from another thread, and it gives up what it had begun."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from app.model.errors import MoorageError

Cut = Callable[[], object]


class BrokenOffError(MoorageError):
    """A person has ended it."""

    def __init__(self, message: str = "broken off") -> None:
        super().__init__(message)


class Break:
    """``now`` cuts every connection that is under way, and any that begins later. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cuts: list[Cut] = []
        self._broken = False

    @property
    def broken(self) -> bool:
        return self._broken

    def now(self) -> None:
        with self._lock:
            self._broken = True
            cuts, self._cuts = self._cuts, []
        for cut in cuts:
            cut()

    def check(self) -> None:
        """Raises BrokenOffError if it has been broken off."""
        if self._broken:
            raise BrokenOffError

    @contextlib.contextmanager
    def answers(self) -> Iterator[None]:
        """In the block every answer that this thread waits for or reads ends at once when it is broken off.

        Only for streams: a connection that goes back to its pool in the block may be another thread's by then.
        """
        # Here, because it imports docker.
        from app.hosts.bounded import hearing_of

        held: list[Cut] = []

        def hold(sock: Any) -> None:
            held.append(lambda: cut_socket(sock))
            self._hold(held[-1])

        with self._broken_off(), hearing_of(hold):
            try:
                yield
            finally:
                self._let_go(held)
        self.check()  # what was cut may look as if it had come to its end

    @contextlib.contextmanager
    def cutting(self, cut: Cut) -> Iterator[None]:
        """What is done in the block ends by ``cut``, which is called in another thread."""
        with self._broken_off():
            self._hold(cut)
            try:
                yield
            finally:
                self._let_go([cut])

    @contextlib.contextmanager
    def _broken_off(self) -> Iterator[None]:
        """Whatever fails in the block because it was broken off raises BrokenOffError."""
        self.check()
        try:
            yield
        except Exception as error:
            if self._broken:
                raise BrokenOffError from error
            raise

    def _hold(self, cut: Cut) -> None:
        with self._lock:
            if not self._broken:
                self._cuts.append(cut)
                return
        cut()

    def _let_go(self, cuts: Sequence[Cut]) -> None:
        with self._lock:
            self._cuts = [one for one in self._cuts if one not in cuts]


def cut_socket(sock: Any) -> None:
    """End a connection from any thread: whoever reads or writes on it comes to an end."""
    # Shut down, not closed: its number may be somebody else's by the time that the reader looks again.
    with contextlib.suppress(OSError, AttributeError):
        shutdown = getattr(sock, "shutdown", None)
        if shutdown is not None:
            shutdown(socket.SHUT_RDWR)
