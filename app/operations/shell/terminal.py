"""The terminal on this side while bytes go through it as they are; and how it is made itself again afterwards."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from app.hosts.exec.process import Size

_MODES_OFF = (
    # mouse reports, focus reports, bracketed paste, synchronized output, colour scheme and resize reports
    *(9, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026, 2031, 2048),
    # cursor keys of an application, a reversed screen
    *(1, 5),
)
RESET = (
    # An unfinished sequence, or a string that would swallow all that follows, ends here; then what DECSTR resets.
    "\x18\x1b\\\x1b[!p"
    # For terminals that do not know DECSTR. Margins move the cursor, so it is kept.
    "\x1b(B\x0f\x1b>\x1b[4l\x1b[20l" + "".join(f"\x1b[?{mode}l" for mode in _MODES_OFF) + "\x1b7\x1b[?69l\x1b[r\x1b8"
    # Keys are reported as by any terminal; who does not know this may take it for colours, or for a cursor's return.
    "\x1b[>4m\x1b[0m\x1b7\x1b[=0;1u"
    # Back from the alternate screen; on the main one this goes to where the cursor has been kept: where it is.
    "\x1b7\x1b[?1049l"
    # Lines wrap, the cursor is to be seen and has its own shape; the title is that which KEEP_TITLE has kept.
    "\x1b[?7h\x1b[?25h\x1b[0 q\x1b[0m\x1b[23;0t"
)
"""Undoes what a program may have left behind, wherever it was cut off. Nothing on the screen is lost."""
KEEP_TITLE = "\x1b[22;0t"
_COLOURS = re.compile(rb"(?:\x1b\]|\x9d)(?:4|5|1[0-9]);")
_COLOURS_RESET = "\x1b]104\x1b\\\x1b]105\x1b\\" + "".join(f"\x1b]{number}\x1b\\" for number in range(110, 120))
_LONGEST_START = 8
_RESET_WITHIN = 1.0


class Traces:
    """Looks through what goes to a terminal for what ``RESET`` should not undo unless it was done: its palette."""

    def __init__(self) -> None:
        self._tail = b""
        self._coloured = False

    def see(self, data: bytes) -> None:
        if not self._coloured:
            self._coloured = _COLOURS.search(self._tail + data) is not None
            self._tail = data[-_LONGEST_START:]

    @property
    def reset(self) -> bytes:
        return (RESET + (_COLOURS_RESET if self._coloured else "")).encode()


def terminal_size(number: int) -> Size | None:
    """None when that is no terminal, or one that does not know."""
    try:
        size = os.get_terminal_size(number)
    except OSError:
        return None
    return Size(size.columns, size.lines) if size.columns and size.lines else None


class TerminalGoneError(OSError):
    """The window was closed."""


class RawTerminal:
    """A terminal that hands on every byte, both ways. Use as a context manager: it is restored however one leaves.

    ``output``: a number to write to that never waits; ``traces`` has to see what is written there.
    """

    def __init__(self, keyboard: int, screen: int) -> None:
        self.keyboard = keyboard
        self.screen = screen
        self.traces = Traces()
        self.output = screen
        self._before: list[Any] | None = None

    def __enter__(self) -> RawTerminal:
        """Raises TerminalGoneError."""
        try:
            self._before = termios.tcgetattr(self.keyboard)
            self.output = _own_way_to(self.screen)
            self.make_raw()
            os.write(self.screen, KEEP_TITLE.encode())
        except (OSError, termios.error) as error:
            self.__exit__()
            raise TerminalGoneError(*error.args) from error
        except BaseException:
            self.__exit__()
            raise
        return self

    def make_raw(self) -> None:
        """Raises termios.error."""
        tty.setraw(self.keyboard, termios.TCSANOW)

    def size(self) -> Size | None:
        return terminal_size(self.screen)

    def __exit__(self, *_: object) -> None:
        # A terminal that is gone takes nothing any more, and needs nothing; one that is stuck is not waited for.
        with contextlib.suppress(OSError, termios.error):
            termios.tcflow(self.screen, termios.TCOON)
            write_within(self.output, self.traces.reset, _RESET_WITHIN)
        if self.output != self.screen:
            os.close(self.output)
            self.output = self.screen
        if self._before is not None:
            with contextlib.suppress(termios.error):
                # What was typed ahead, and what the terminal answered to a program's questions, is nobody's command.
                termios.tcflush(self.keyboard, termios.TCIFLUSH)
                termios.tcsetattr(self.keyboard, termios.TCSANOW, self._before)
            self._before = None


def write_within(number: int, data: bytes, seconds: float) -> None:
    """Raises OSError when it is closed, or does not take all of it in time."""
    deadline = time.monotonic() + seconds
    while data:
        if not select.select([], [number], [], max(deadline - time.monotonic(), 0))[1]:
            raise TimeoutError
        with contextlib.suppress(BlockingIOError):
            data = data[os.write(number, data) :]


def _own_way_to(screen: int) -> int:
    """The same terminal opened once more, so that not waiting for it is ours alone and not our shell's too."""
    with contextlib.suppress(OSError):
        return os.open(os.ttyname(screen), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    return screen


class Wake:
    """Wakes a loop that waits in ``select``: from a thread, or from a signal's handler."""

    def __init__(self) -> None:
        self.read_end, self._write_end = os.pipe()
        # A number that was closed meanwhile may be another file's. Re-entrant: a handler may come in the middle.
        self._lock = threading.RLock()
        for number in (self.read_end, self._write_end):
            os.set_blocking(number, False)

    def __call__(self) -> None:
        with self._lock, contextlib.suppress(OSError):  # full: it is awake
            if self._write_end >= 0:
                os.write(self._write_end, b"!")

    def clear(self) -> None:
        with contextlib.suppress(OSError):
            while os.read(self.read_end, 512):
                pass

    def close(self) -> None:
        with self._lock:
            if self._write_end >= 0:
                os.close(self.read_end)
                os.close(self._write_end)
            self._write_end = -1


ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@contextlib.contextmanager
def signals_of_a_terminal(
    ended: Callable[[int], None], resized: Callable[[], None], continued: Callable[[], None]
) -> Iterator[None]:
    """While the block runs: ``ended`` with the number of a signal that asks for the end; nothing else ends it.

    On the main thread only. After the block the handlers are those from before; it is for the caller to hand on what
    came meanwhile.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        ended(number)

    def resize(_number: int, _frame: FrameType | None) -> None:
        resized()

    def go_on(_number: int, _frame: FrameType | None) -> None:
        continued()

    before: dict[int, Any] = {}
    try:
        for ending in ENDING:
            before[ending] = signal.signal(ending, end)
        before[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, resize)
        before[signal.SIGCONT] = signal.signal(signal.SIGCONT, go_on)
        # A raw terminal sends none of its own; another's would stop us with the terminal as it is.
        before[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


class Ended(BaseException):
    """A signal asked for the end, by ``number``."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def ended_by_exception() -> Iterator[None]:
    """While the block runs SIGTERM and SIGHUP raise Ended, so that what was begun can be taken back. Main thread."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Ended(number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def without_interrupts() -> Iterator[None]:
    """While the block runs ctrl-c does nothing: it was meant for a shell that has just ended. On the main thread."""
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def hand_on(number: int) -> None:
    """Do what the signal would have done, had it not been kept back."""
    os.kill(os.getpid(), number)


def is_terminal(number: int) -> bool:
    try:
        return os.isatty(number)
    except (OSError, ValueError):
        return False


def standard_terminal() -> tuple[int, int] | None:
    """The numbers of keyboard and screen, if stdin and stdout are both a terminal."""
    try:
        keyboard, screen = sys.__stdin__.fileno(), sys.__stdout__.fileno()  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):
        return None
    return (keyboard, screen) if is_terminal(keyboard) and is_terminal(screen) else None
