"""A program in a terminal of its own: what it writes, what is typed to it, how it leaves the terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from fcntl import ioctl
from types import TracebackType
from typing import Any

ROWS, COLUMNS = 24, 80
# The emulator draws what it does not know: queries and modes with private marks, and device control strings.
_UNKNOWN = re.compile(
    rb"\x1b\[[<>=?][0-9;:]*\$?[pu]|\x1b\[[<>=][0-9;:]*[ -/]*[@-~]|\x1b\[!p|\x1b[P_^X][^\x1b]*\x1b\\\\"
)


class TerminalProgram:
    """A context manager. ``seen`` is all that was written, as bytes."""

    def __init__(self, argv: Sequence[str], *, rows: int = ROWS, columns: int = COLUMNS, **environment: str) -> None:
        self._leader, self._follower = pty.openpty()
        self.resize(columns, rows)
        self.modes_before = self.modes()
        self.seen = b""
        self.process = subprocess.Popen(
            argv,
            stdin=self._follower,
            stdout=self._follower,
            stderr=self._follower,
            env={**os.environ, "TERM": "xterm-256color", **environment},
            start_new_session=True,
            # Its controlling terminal, so that it is hung up when we close our end.
            preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one ioctl, no lock
        )

    def __enter__(self) -> TerminalProgram:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait(10)
        for number in (self._leader, self._follower):
            with contextlib.suppress(OSError):
                os.close(number)

    # --- the terminal ----------------------------------------------------------------------------------------------

    def modes(self) -> list[Any]:
        """The terminal's modes as the next program would find them."""
        return termios.tcgetattr(self._follower)

    def resize(self, columns: int, rows: int) -> None:
        ioctl(self._follower, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self._follower)
        os.close(self._leader)

    # --- keys and what is seen -------------------------------------------------------------------------------------

    def press(self, keys: bytes, within: float = 30) -> None:
        """Type; what is written meanwhile is taken in, so that neither side waits for the other."""
        deadline = time.monotonic() + within
        while keys:
            assert time.monotonic() < deadline, f"{len(keys)} bytes could not be typed"
            readable, writable, _ = select.select([self._leader], [self._leader], [], 0.2)
            if readable:
                self._take()
            if writable:
                keys = keys[os.write(self._leader, keys[:512]) :]

    def _take(self) -> bool:
        try:
            data = os.read(self._leader, 1 << 16)
        except OSError:
            return False
        self.seen += data
        return bool(data)

    def until(self, pattern: bytes, within: float = 30) -> re.Match[bytes]:
        """Wait until what was written matches; what comes up to there is forgotten for the next time."""
        deadline = time.monotonic() + within
        while (match := re.search(pattern, self.seen, re.DOTALL)) is None:
            assert time.monotonic() < deadline, f"not seen within {within:g} s: {pattern!r}\n{self.seen[-3000:]!r}"
            if select.select([self._leader], [], [], 0.2)[0] and not self._take():
                break
        assert match is not None, f"it ended before {pattern!r} was seen:\n{self.seen[-3000:]!r}"
        return match

    def forget(self) -> None:
        self.seen = b""

    def read_for(self, seconds: float) -> None:
        """Take in what is written for so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._leader], [], [], left)[0]:
                self._take()

    def screen(self) -> str:
        """What a person sees: all that was written, drawn by a terminal emulator of the size it has now."""
        import pyte

        rows, columns = struct.unpack("HHHH", ioctl(self._follower, termios.TIOCGWINSZ, b"\0" * 8))[:2]
        screen = pyte.Screen(columns, rows)
        pyte.ByteStream(screen).feed(_UNKNOWN.sub(b"", self.seen))
        return "\n".join(line.rstrip() for line in screen.display)

    def until_shown(self, pattern: str, within: float = 30) -> re.Match[str]:
        """Wait until the screen matches."""
        deadline = time.monotonic() + within
        while (match := re.search(pattern, self.screen(), re.MULTILINE)) is None:
            assert time.monotonic() < deadline, f"not seen within {within:g} s: {pattern}\n{self.screen()}"
            self.read_for(0.1)
        return match

    def until_gone(self, pattern: str, within: float = 30) -> None:
        deadline = time.monotonic() + within
        while re.search(pattern, self.screen(), re.MULTILINE):
            assert time.monotonic() < deadline, f"still seen after {within:g} s: {pattern}\n{self.screen()}"
            self.read_for(0.1)

    def end(self, within: float = 30) -> int:
        """Wait for its end; the exit code."""
        deadline = time.monotonic() + within
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it goes on after {within:g} s:\n{self.seen[-3000:]!r}"
            if select.select([self._leader], [], [], 0.05)[0]:
                self._take()
        while select.select([self._leader], [], [], 0)[0] and self._take():
            pass
        return self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
