"""A terminal program in a pty of 160x50 or so, known only by its screen, its keys and /proc.

While a thing is timed the screen is only recorded; it is emulated (pyte) afterwards, so pyte is in no figure.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

from bench.pty_reader import FRAME
from tests.engine_bed import processes

ROWS, COLUMNS = 50, 160
_READER = Path(__file__).with_name("pty_reader.py")
_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031
# pyte draws what it does not know: queries and modes with private marks, and device control strings.
_UNKNOWN = re.compile(r"\x1b\[[<>=?][0-9;:]*\$?[pu]|\x1b\[[<>=][0-9;:]*[ -/]*[@-~]|\x1b[P_^X][^\x1b]*\x1b\\")

_SEQUENCE = re.compile(r"\x1b\[[0-9;:<=>?]*[ -/]*[@-~]")
_WRITTEN = 1 << 18
"""Bytes of what was written and not seen that are kept."""


class PtyApp:
    """Starts ``argv``; ``began`` is the moment right before. Use as a context manager: it ends the program."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str] | None = None, rows: int = ROWS) -> None:
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, COLUMNS, 0, 0))
        self._pipe, out = os.pipe()
        fcntl.fcntl(out, _F_SETPIPE_SZ, _PIPE_BYTES)
        reader = [sys.executable, "-S", "-E", str(_READER), str(master), str(out)]
        self._reader = subprocess.Popen(reader, pass_fds=(master, out))
        os.close(out)
        self._master = master
        self._buffer = b""
        self._frames: deque[tuple[float, bytes]] = deque()
        self._written = b""
        self.received = 0
        """Bytes that the program has written to its terminal so far."""
        self._screen = pyte.Screen(COLUMNS, rows)
        self._stream = pyte.ByteStream(self._screen)
        while not self._frames:  # the reader says that it reads
            self._take(10)
        self._frames.clear()
        full = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        }
        for name in ("NO_COLOR", "LINES", "COLUMNS", "DOCKER_HOST", "MOORAGE_HOME"):
            full.pop(name, None)
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**full, **(environment or {})},
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> PtyApp:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._reader.kill()
        self._reader.wait(5)
        os.close(self._master)
        os.close(self._pipe)

    # --- bytes -----------------------------------------------------------------------------------------------------

    def _take(self, within: float) -> bool:
        """Take in what the reader has passed on; waits at most ``within`` seconds for it."""
        if not select.select([self._pipe], [], [], max(within, 0))[0]:
            return False
        data = os.read(self._pipe, _PIPE_BYTES)
        if not data:
            raise RuntimeError(f"the program ended; its screen:\n{self.text()}")
        self._buffer += data
        while len(self._buffer) >= FRAME.size:
            moment, length = FRAME.unpack_from(self._buffer)
            if len(self._buffer) < FRAME.size + length:
                break
            self._frames.append((moment, self._buffer[FRAME.size : FRAME.size + length]))
            self.received += length
            self._buffer = self._buffer[FRAME.size + length :]
        return True

    def record(self, seconds: float) -> None:
        """Only collect; nothing is emulated."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._take(left)

    def _replay(self, check: Callable[[str], object]) -> float | None:
        """Emulate what was collected; the moment of the first piece after which ``check`` holds."""
        while self._frames:
            moment, data = self._frames.popleft()
            self._stream.feed(
                _UNKNOWN.sub("", data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
            )
            if check(self.text()):
                return moment
        return None

    @property
    def process_id(self) -> int:
        return self._process.pid

    # --- what a person sees and does -------------------------------------------------------------------------------

    @property
    def pids(self) -> set[int]:
        return processes.tree(self._process.pid)

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    def press(self, keys: str) -> float:
        """Type; returns the moment."""
        moment = time.monotonic()
        os.write(self._master, keys.encode())
        return moment

    def until(self, check: Callable[[str], object], within: float = 20, window: float = 0.05) -> float:
        """The moment from which a person could have seen it. Raises TimeoutError with the screen as it is then."""
        self._replay(lambda _: False)
        if check(self.text()):
            return time.monotonic()
        end = time.monotonic() + within
        while time.monotonic() < end:
            self.record(window)
            if (moment := self._replay(check)) is not None:
                return moment
        raise TimeoutError(f"not seen in {within:g} s; the screen:\n{self.text()}")

    def until_shown(self, pattern: str, within: float = 20, window: float = 0.05) -> float:
        expression = re.compile(pattern, re.MULTILINE)
        return self.until(expression.search, within, window)

    def until_ended(self, within: float = 20) -> float:
        """The moment at which the program has ended by itself. Raises TimeoutError."""
        end = time.monotonic() + within
        while self._process.poll() is None:
            if time.monotonic() > end:
                raise TimeoutError(f"it has not ended in {within:g} s; the screen:\n{self.text()}")
            with contextlib.suppress(RuntimeError):  # its terminal may be closed before it has ended
                self._take(0.002)
        return time.monotonic()

    # --- what was written, as long as nobody has to see it ---------------------------------------------------------

    def record_unseen(self, seconds: float) -> None:
        """Collect, and keep only the end of what was written: to emulate a flood would cost more than it is."""
        self.record(seconds)
        self._keep_written()

    def until_written(self, text: bytes, within: float = 20) -> float:
        """The moment at which this was written, in one piece and in one style; the screen is not known after that."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            self.record(0.02)
            if (moment := self._keep_written(text)) is not None:
                return moment
        raise TimeoutError(f"{text!r} was not written in {within:g} s; the end of what was:\n{self.written}")

    def _keep_written(self, text: bytes = b"") -> float | None:
        """Let go of what was collected; the moment of the first piece that has the text."""
        found: float | None = None
        while self._frames:
            moment, data = self._frames.popleft()
            if text and found is None and text in data:
                found = moment
            self._written = (self._written + data)[-_WRITTEN:]
        return found

    @property
    def written(self) -> str:
        """The end of what was written and not seen, without sequences."""
        return _SEQUENCE.sub("", self._written.decode("utf-8", "replace"))

    def settle(self, seconds: float = 0.5) -> None:
        """Let what is under way come to its end, and forget it."""
        self.record(seconds)
        self._replay(lambda _: False)
