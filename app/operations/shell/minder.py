"""Minds a process at the other end: is its engine there, has it ended, what size is the terminal."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from app.hosts.errors import HostError
from app.hosts.exec.process import ProcessState, RemoteProcess, Size

LOOK_EVERY = 2.0
GIVE_UP_AFTER = 30.0
"""Seconds of silence after which an engine is given up."""
_RESIZES = 5


class Minder:
    """A daemon thread of its own. What it finds is read by the loop's thread, which ``wake`` wakes.

    Args:
        name: the instance, for the notes.
    """

    def __init__(self, process: RemoteProcess, name: str, wake: Callable[[], None]) -> None:
        self._process = process
        self._name = name
        self._wake = wake
        self._news = threading.Event()
        self._closed = False
        self._size: Size | None = None
        self._note = ""
        self._silent_since: float | None = None
        self.over: ProcessState | None = None
        self.lost = False
        self.signalled = 0
        self.stopped = False
        self._thread = threading.Thread(target=self._run, name=f"mind-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    # --- from the loop's thread, and from signal handlers ----------------------------------------------------------

    def resize(self, size: Size | None) -> None:
        self._size = size
        self._news.set()

    def signal(self, number: int) -> None:
        self.signalled = number
        self._wake()

    def stop(self) -> None:
        """Have the loop end; from any thread."""
        self.stopped = True
        self._wake()

    @property
    def silent(self) -> bool:
        return self._silent_since is not None

    def take_note(self) -> str:
        note, self._note = self._note, ""
        return note

    def close(self) -> None:
        self._closed = True
        self._news.set()

    # --- in the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._resize()
        while not self._closed and self.over is None:
            self._news.wait(LOOK_EVERY)
            self._news.clear()
            if not self._closed:
                self._resize()
                self._look()

    def _resize(self) -> None:
        for _ in range(_RESIZES):
            size, self._size = self._size, None
            if size is None:
                return
            # It has ended, or the engine does not answer: both are found out elsewhere.
            with contextlib.suppress(HostError):
                self._process.resize(size.columns, size.rows)

    def _look(self) -> None:
        try:
            state = self._process.state()
        except HostError as error:
            if error.unanswered:
                self._unheard()
                return
            # The engine is there and does not know it any more.
            state = ProcessState(False, None)
        if self._silent_since is not None:
            self._silent_since = None
            self._tell(f"{self._name} answers again")
        if not state.running:
            self.over = state
            self._wake()

    def _unheard(self) -> None:
        now = time.monotonic()
        if self._silent_since is None:
            self._silent_since = now
            self._tell(f"{self._name} does not answer; ctrl-c leaves")
        elif now - self._silent_since > GIVE_UP_AFTER:
            self.lost = True
            self._wake()

    def _tell(self, note: str) -> None:
        self._note = f"moorage: {note}"
        self._wake()
