"""Ending in time. A terminal that is gone blocks Textual's writer for ever, and with it the event loop."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable
from types import FrameType

GRACE = 2.0
"""Seconds for an orderly end: streams closed, terminal restored."""
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class LastResort:
    """Ends the process, whatever hangs, when an orderly end has taken longer than GRACE."""

    def __init__(self, grace: float = GRACE) -> None:
        self._grace = grace
        self._timer: threading.Timer | None = None

    def arm(self, code: int) -> None:
        if self._timer is None:
            self._timer = threading.Timer(self._grace, os._exit, (code,))
            self._timer.daemon = True
            self._timer.start()

    def disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def end_on_signals(end: Callable[[int], None], last_resort: LastResort) -> Callable[[], None]:
    """On SIGTERM, SIGHUP and SIGINT (ctrl-c is a key: it comes from elsewhere) call ``end`` with the exit code,

    and see to it that the end comes. Returns the undoing.

    Plain handlers, not the loop's own: those never run while the loop is blocked by a terminal that is gone.
    """

    def ended(number: int, _frame: FrameType | None) -> None:
        last_resort.arm(128 + number)
        end(128 + number)

    before = {number: signal.signal(number, ended) for number in _SIGNALS}

    def undo() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return undo


def end_with_terminal(terminal: int) -> None:
    """Send SIGHUP to ourselves once this terminal is gone: nobody else does where it is not our controlling one, as

    below a supervisor, and Textual would go on reading its end for ever, with all of a core.
    """
    if os.isatty(terminal):
        threading.Thread(target=_end_with, args=(terminal,), name="terminal", daemon=True).start()


def _end_with(terminal: int) -> None:
    poll = select.poll()
    poll.register(terminal, 0)  # a hang-up is told though nobody asked for it
    if any(event & select.POLLHUP for _, event in poll.poll()):
        os.kill(os.getpid(), signal.SIGHUP)
