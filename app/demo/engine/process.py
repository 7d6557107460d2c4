"""Processes in simulated containers: scripts that are run, and programs of which only the end is known."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from math import inf
from typing import Protocol

from app.demo.engine.programs import PROGRAMS
from app.demo.engine.shell import (
    Exhausted,
    Exited,
    Interrupted,
    ReadLine,
    Shell,
    Sleep,
    Steps,
    Streams,
    Surroundings,
    to_text,
)

_ENDING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP})
_INSTANT = 10_000
"""Steps without time that a script may take at once."""


class Timer(Protocol):
    """Lets something happen in a while."""

    def __call__(self, seconds: float, what: Callable[[], None]) -> None: ...


class Service:
    """A program of which only its end is told. Args: ended: called once, with its exit code."""

    def __init__(self, after: Timer, ended: Callable[[int], None], *, code: int, seconds: float) -> None:
        self._after = after
        self._ended = ended
        self._code = code
        self._seconds = seconds
        self._over = False

    def signal(self, number: int) -> None:
        if number == signal.SIGKILL:
            self._end(128 + number)
        elif number in _ENDING - {signal.SIGHUP}:  # which has servers read their settings again
            self._after(self._seconds, lambda: self._end(self._code))

    def input(self, data: bytes | None) -> None:
        return None

    def abandon(self) -> None:
        self._over = True

    def _end(self, code: int) -> None:
        if not self._over:
            self._over = True
            self._ended(code)


class Script:
    """A program of ``app.demo.engine.programs`` that runs.

    Args:
        first: whether it is the first process of its container: such a one is ended by no signal that it does not
            ask for, but SIGKILL.
    """

    def __init__(
        self,
        argv: Sequence[str],
        around: Surroundings,
        variables: dict[str, str],
        write: Callable[[str, bytes], None],
        after: Timer,
        ended: Callable[[int], None],
        *,
        first: bool = False,
    ) -> None:
        self._shell = Shell(around, PROGRAMS, variables)
        streams = Streams(lambda data: write("stdout", data), lambda data: write("stderr", data))
        self._steps: Steps = self._shell.call(argv, streams)
        self._after = after
        self._ended = ended
        self._first = first
        self._over = False
        self._turn = 0
        self._waits = self._reads = False
        self._rest = b""
        self._lines: list[str] = []
        self._closed = False
        self.exhausted = False
        """Whether it was killed for its memory."""

    def start(self) -> None:
        self._go(None)

    def signal(self, number: int) -> None:
        if self._over:
            return
        if number == signal.SIGKILL:
            self._end(128 + number)
        elif number in self._shell.traps:
            self._shell.pending.append(number)
            if self._waits:
                self._go(None)
        elif number in _ENDING and not self._first:
            self._end(128 + number)

    def resized(self, columns: int, rows: int) -> None:
        """Its terminal has another size."""
        self._shell.variables.update(COLUMNS=str(columns), LINES=str(rows))

    def interrupt(self) -> None:
        """ctrl-c."""
        if not self._over:
            self._go(None, Interrupted())

    def input(self, data: bytes | None) -> None:
        """What somebody types; None: no more will come."""
        if data is None:
            self._closed = True
            if self._rest:
                self._lines.append(to_text(self._rest))
                self._rest = b""
        else:
            *whole, self._rest = (self._rest + data).split(b"\n")
            self._lines += [f"{to_text(line)}\n" for line in whole]
        if self._reads and (self._lines or self._closed):
            self._reads = False
            self._go(self._lines.pop(0) if self._lines else None)

    def abandon(self) -> None:
        """It is over, and nobody is to hear of it."""
        self._over = True
        self._steps.close()

    def _go(self, answer: str | None, thrown: BaseException | None = None) -> None:
        self._turn += 1
        self._waits = self._reads = False
        try:
            for _ in range(_INSTANT):
                effect = self._steps.throw(thrown) if thrown else self._steps.send(answer)
                answer = thrown = None
                match effect:
                    case Sleep(seconds, waits):
                        self._waits = waits
                        if seconds < inf:
                            self._after(seconds, lambda turn=self._turn: self._wake(turn))  # type: ignore[misc]
                        return
                    case ReadLine():
                        if not (self._lines or self._closed):
                            self._reads = True
                            return
                        answer = self._lines.pop(0) if self._lines else None
            self._end(1)
        except StopIteration as end:
            self._end(int(end.value))
        except Exited as end:
            self._end(end.code)
        except Interrupted:
            self._end(130)
        except RecursionError:
            self._end(2)
        except Exhausted:
            self.exhausted = True
            self._end(137)

    def _wake(self, turn: int) -> None:
        if turn == self._turn and not self._over:
            self._go(None)

    def _end(self, code: int) -> None:
        if not self._over:
            self._over = True
            self._steps.close()
            self._ended(code)
