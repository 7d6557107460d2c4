"""The terminal from the first frame until the dashboard takes it. Keys typed meanwhile wait for the dashboard."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

ENTER: Final = "\x1b[?1049h\x1b[?25l"
LEAVE: Final = "\x1b[?1049l\x1b[?25h"
PATIENCE: Final = 1.0
"""Seconds for a terminal that is slow to take what is written."""
_AT_ONCE: Final = 256
"""Bytes that a terminal takes without having to wait, when it says that it takes any."""
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)
_IFLAG, _LFLAG, _CC = 0, 3, 6


class HeldTerminal:
    """A context manager: whatever happens before the dashboard has taken it, the terminal is as it was."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None
        self._handlers: dict[signal.Signals, Any] = {}
        self._output = -1
        self.taken = False

    @property
    def before(self) -> list[Any] | None:
        """The modes as they were; None: nothing has been shown."""
        return self._before

    def __enter__(self) -> HeldTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def show(self, frame: str) -> None:
        """Put a frame on the screen; no key is echoed from now on. Does nothing where that is not possible."""
        # Where Textual will write, and read.
        self._output = sys.__stderr__.fileno() if sys.__stderr__ is not None else -1
        try:
            self._before = termios.tcgetattr(0)
            self._handlers = {number: signal.signal(number, self._ended) for number in _SIGNALS}
            termios.tcsetattr(0, termios.TCSANOW, _quiet(self._before))
            self._write(f"{ENTER}{_BEGIN}{frame}{_END}")
        except (OSError, termios.error):
            self._restore()
            self._before = None

    def take(self) -> None:
        """The dashboard has it from now on, and gives it back as it was ``before``."""
        self.taken = True

    def _restore(self) -> None:
        if self._before is None:
            return
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()
        if not self.taken:
            self.taken = True
            with contextlib.suppress(OSError):
                self._write(LEAVE)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSANOW, self._before)

    def _ended(self, number: int, _frame: FrameType | None) -> None:
        """End as without a first frame, but with the terminal restored."""
        before: dict[signal.Signals, Callable[..., Any] | int | None] = dict(self._handlers)
        self._restore()
        signal.signal(number, before.get(signal.Signals(number)) or signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _write(self, text: str) -> None:
        """Raises OSError when the terminal takes no more: a frame is not worth being stuck for."""
        data, deadline = text.encode(), time.monotonic() + PATIENCE
        while data:
            left = max(deadline - time.monotonic(), 0)
            if not select.select([], [self._output], [], left)[1]:
                raise TimeoutError("the terminal takes no more")
            data = data[os.write(self._output, data[:_AT_ONCE]) :]


def _quiet(modes: list[Any]) -> list[Any]:
    """Keys as they are typed, as Textual has them; but ctrl-c still ends the program while it is being loaded."""
    quiet = [*modes[:_CC], list(modes[_CC])]
    quiet[_LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    quiet[_IFLAG] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    quiet[_CC][termios.VMIN], quiet[_CC][termios.VTIME] = 1, 0
    # Stopped or killed now, it would leave a terminal that shows nothing; the dashboard takes them as keys.
    quiet[_CC][termios.VSUSP] = quiet[_CC][termios.VQUIT] = b"\0"
    return quiet
