"""Breaking off what an engine is at: its connection is cut from another thread, and it gives up what it had begun."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

from app.model.errors import MoorageError

Cut = Callable[[], object]


class BrokenOffError(MoorageError):
    """A person has ended it."""

    def __init__(self, message: str = "broken off") -> None:
        super().__init__(message)


class Break:
    """Cuts every connection that is under way once ``now`` is called, and any that begins later. Safe between threads."""

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
    def cutting(self, cut: Cut) -> Iterator[None]:
        """What is done in the block ends by ``cut``, called in another thread; then the block raises BrokenOffError."""
        with self._lock:
            if not self._broken:
                self._cuts.append(cut)
        self.check()
        try:
            yield
        except Exception as error:
            if self._broken:
                raise BrokenOffError from error
            raise
        finally:
            with self._lock, contextlib.suppress(ValueError):
                self._cuts.remove(cut)
        self.check()


def cut_socket(sock: Any) -> None:
    """End a connection from any thread: whoever reads or writes on it comes to an end."""
    # Shut down, not closed: its number may be somebody else's by the time that the reader looks again.
    with contextlib.suppress(OSError, AttributeError):
        shutdown = getattr(sock, "shutdown", None)
        if shutdown is not None:
            shutdown(socket.SHUT_RDWR)
