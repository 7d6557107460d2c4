"""The monkey: types into a dashboard in a terminal of its own, and writes down how it answers."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.monkey.hands import Hands, Stroke

HANG = 0.25
"""Seconds from which the loop or a key hangs."""
DEADLINE = 60.0
"""Seconds for a key to be answered, after which the dashboard is thought to be dead. Machines of a CI are busy."""
_ROOT = Path(__file__).resolve().parents[2]
_HANDED_FOR = 1.0


@dataclass
class Tally:
    """``answers``: (seconds, key, screen). ``stalls``: what the dashboard told. Both only from 0.1 s on."""

    keys: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    answers: list[tuple[float, str, str]] = field(default_factory=list)
    stalls: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    starts: int = 0
    handed: int = 0
    leaves: list[float] = field(default_factory=list)
    """Seconds from the end of the program's work to that of its process."""
    costs: list[tuple[float, int, int, int]] = field(default_factory=list)
    """(seconds since the start, threads, file descriptors, resident KiB) of the dashboard that runs."""

    @property
    def hangs(self) -> list[dict[str, Any]]:
        return [stall for stall in self.stalls if stall["own"] >= HANG]


class DeadError(AssertionError):
    """The dashboard ended in error, or does not answer any more; with what was typed before."""


class Monkey:
    """A context manager: ``play`` for some seconds, then look at ``tally``."""

    def __init__(self, home: Path, environment: Mapping[str, str], seed: int, tally: Tally | None = None) -> None:
        """``tally``: of one that has ended in error, to be gone on with."""
        self.tally = tally or Tally()
        self._home, self._environment = home, dict(environment)
        self._hands = Hands(seed)
        self._began = time.monotonic()
        self._typed: deque[str] = deque(maxlen=60)
        self._leader, self._follower = os.openpty()
        self._size = (120, 36)
        self._screen, self._keys = "", []  # type: str, list[str]
        self._handed_since: float | None = None
        self._leaving_since: float | None = None
        self._told = b""
        self._output = b""
        self._answers = 0
        self._errors_before = len(self.tally.errors)
        self._start()

    def __enter__(self) -> Monkey:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(10)
        for fd in (self._reports, self._leader, self._follower):
            os.close(fd)

    # --- the dashboard ---------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._resize(*self._size)
        self._reports, told = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.monkey.watched", str(self._home), str(told)],
            stdin=self._follower,
            stdout=self._follower,
            stderr=self._follower,
            cwd=self._home.parent,
            env={**self._environment, "PYTHONPATH": str(_ROOT)},
            pass_fds=[told],
            start_new_session=True,
            # Its controlling terminal: a shell in a container is told of resizes, and ctrl-z has whom to stop.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one ioctl, no lock
        )
        os.close(told)
        self.tally.starts += 1
        self._screen, self._keys, self._handed_since, self._leaving_since = "", [], None, None
        self._until_answered(Stroke("g", b"g", answered=True))

    def _resize(self, columns: int, rows: int) -> None:
        self._size = (columns, rows)
        fcntl.ioctl(self._leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _listen(self, within: float) -> None:
        """Take in what is painted and what is told; waits at most so long for it."""
        ready, _, _ = select.select([self._leader, self._reports], [], [], max(within, 0))
        if self._leader in ready:
            self._output = (self._output + os.read(self._leader, 1 << 16))[-20_000:]
        if self._reports in ready:
            data = os.read(self._reports, 1 << 16)
            if not data:
                self._ended()
            *lines, self._told = (self._told + data).split(b"\n")
            for line in lines:
                self._hear(json.loads(line))

    def _hear(self, told: dict[str, Any]) -> None:
        if "key" in told:
            self._answers += 1
            self._screen, self._keys = told["screen"], told["keys"]
        elif "stall" in told:
            self.tally.stalls.append({**told, "typed": list(self._typed)[-4:]})
        elif "handed" in told:
            self._handed_since = time.monotonic() if told["handed"] else None
            self.tally.handed += told["handed"]
        elif "leaving" in told:
            self._leaving_since = time.monotonic()
        else:
            self.tally.errors.append(f"{told['error']}\ntyped: {' '.join(self._typed)}")

    def _ended(self) -> None:
        """It may be told to quit; anything else is an error."""
        if self._leaving_since is not None:
            self.tally.leaves.append(time.monotonic() - self._leaving_since)
        while select.select([self._leader], [], [], 0.2)[0]:
            self._output = (self._output + os.read(self._leader, 1 << 16))[-20_000:]
        code = self._process.wait(DEADLINE)
        if code or len(self.tally.errors) > self._errors_before:
            raise DeadError(f"it ended with {code}\n{self._why()}")
        os.close(self._reports)
        self._start()

    def _stacks(self) -> str:
        """What each thread of a dashboard that does not answer is at, and what the loop has tasks for."""
        found = ""
        for number, name in ((signal.SIGUSR1, "stacks"), (signal.SIGUSR2, "tasks")):
            with suppress(OSError):
                for _ in range(3):  # does it stand still, or go round?
                    os.kill(self._process.pid, number)
                    time.sleep(0.5)
                found += Path(f"{self._home}.{name}").read_text("utf-8", "replace")
        return found

    def _why(self) -> str:
        errors = "\n".join(self.tally.errors)
        return f"{errors}\ntyped: {' '.join(self._typed)}\nlast bytes: {self._output[-3000:]!r}"

    # --- typing ----------------------------------------------------------------------------------------------------

    def play(self, seconds: float, cost_every: float = 10.0) -> None:
        end, cost_due = time.monotonic() + seconds, 0.0
        while time.monotonic() < end:
            if time.monotonic() >= cost_due:
                cost_due = time.monotonic() + cost_every
                self.measure()
            if self._handed_since is not None:
                self._leave_shell()
                continue
            stroke = self._hands.next(self._screen, self._keys)
            if stroke.size:
                self._resize(*stroke.size)
                self.tally.others["resize"] += 1
                self._typed.append(f"resize {stroke.size}")
                self._listen(0.05)
            elif stroke.answered:
                self._until_answered(stroke)
            else:
                self._type(stroke)
                self.tally.others[stroke.what.split(" ")[0]] += 1
                self._settle()

    def _type(self, stroke: Stroke) -> None:
        self._typed.append(stroke.what)
        data = stroke.data
        while data:
            _, writable, _ = select.select([], [self._leader], [], 0.2)
            if writable:
                data = data[os.write(self._leader, data[:512]) :]
            self._listen(0)

    def _settle(self) -> None:
        """Until nothing is told for a moment."""
        before = -1
        while before != self._answers:
            before = self._answers
            self._listen(0.05)

    def _until_answered(self, stroke: Stroke) -> None:
        screen, before, starts = self._screen or "start", self._answers, self.tally.starts
        pressed = time.monotonic()
        self._type(stroke)
        while self._answers == before and self.tally.starts == starts and self._handed_since is None:
            self._listen(0.2)
            self._go_on_when_stopped()
            if time.monotonic() - pressed > DEADLINE:
                raise DeadError(f"{stroke.what} on {screen} is not answered\n{self._stacks()}\n{self._why()}")
        if screen == "start" or self.tally.starts != starts:
            return
        took = time.monotonic() - pressed
        self.tally.keys[screen] += 1
        self.tally.seconds.append(took)
        if took >= 0.1 and self._handed_since is None:
            self.tally.answers.append((took, stroke.what, screen))

    def _leave_shell(self) -> None:
        """A shell or a stand-in for an editor has the terminal: type a little, then end it."""
        assert self._handed_since is not None
        long = time.monotonic() - self._handed_since
        if long > DEADLINE:
            raise DeadError(f"a shell does not end\n{self._stacks()}\n{self._why()}")
        self._type(Stroke("shell", b"ls\r" if long < _HANDED_FOR else b"\x03\rexit\r\x04"))
        self._listen(0.3)

    def _go_on_when_stopped(self) -> None:
        with suppress(OSError, IndexError):
            stat = Path(f"/proc/{self._process.pid}/stat").read_text("ascii", "replace")
            if stat.rpartition(")")[2].split()[0] == "T":
                os.kill(self._process.pid, signal.SIGCONT)

    # --- what it costs ---------------------------------------------------------------------------------------------

    def measure(self) -> None:
        with suppress(OSError, KeyError):
            pid = self._process.pid
            lines = Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines()
            status = dict(line.split(":", 1) for line in lines)
            threads, resident = int(status["Threads"]), int(status["VmRSS"].split()[0])
            fds = len(os.listdir(f"/proc/{pid}/fd"))
            self.tally.costs.append((time.monotonic() - self._began, threads, fds, resident))
