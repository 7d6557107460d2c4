"""The log of a simulated container, and how Docker hands it out. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from app.demo.engine.times import written

KEPT = 2000
_NUMBERS = {"stdout": 1, "stderr": 2}
_PIECE = 16384


class Line(NamedTuple):
    """``text`` with its line end, where it has one."""

    nano: int
    stream: str
    text: bytes


class View(NamedTuple):
    """What somebody asks for. ``since`` and ``until``: moments, both included; ``tail`` None: all of it."""

    stdout: bool = True
    stderr: bool = True
    timestamps: bool = False
    since: int = 0
    until: int = 1 << 63
    tail: int | None = None

    def shows(self, line: Line) -> bool:
        wanted = self.stdout if line.stream == "stdout" else self.stderr
        return wanted and self.since <= line.nano <= self.until

    def told(self, line: Line, *, tty: bool) -> bytes:
        """In a frame, unless there is a terminal, which has none."""
        body = f"{written(line.nano)} ".encode() + line.text if self.timestamps else line.text
        if tty:
            return body
        return bytes((_NUMBERS[line.stream], 0, 0, 0)) + len(body).to_bytes(4, "big") + body


Reader = Callable[[Line | None], None]
"""Called with each new line; with None when the container has ended."""


class LogBook:
    """The last lines that were written, and those who follow."""

    __slots__ = ("_kept", "_last", "_readers")

    def __init__(self) -> None:
        self._kept: deque[Line] | None = None
        self._readers: list[Reader] | None = None
        self._last = 0

    def write(self, nano: int, stream: str, data: bytes) -> None:
        """Lines of any number; each is kept in pieces of 16 KiB, as Docker does."""
        if self._kept is None:
            self._kept = deque(maxlen=KEPT)
        for whole in _lines(data):
            for at in range(0, len(whole), _PIECE):
                self._last = nano = max(nano, self._last + 1)
                line = Line(nano, stream, whole[at : at + _PIECE])
                self._kept.append(line)
                for reader in tuple(self._readers or ()):
                    reader(line)

    def read(self, view: View) -> Iterator[Line]:
        """What is there of it by now."""
        if self._kept is None:
            return
        if view.tail is None:
            yield from (line for line in tuple(self._kept) if view.shows(line))
            return
        found: list[Line] = []
        for line in reversed(self._kept):
            if len(found) >= view.tail:
                break
            if view.shows(line):
                found.append(line)
        yield from reversed(found)

    def follow(self, reader: Reader) -> Callable[[], None]:
        """Returns what ends it."""
        if self._readers is None:
            self._readers = []
        readers = self._readers
        readers.append(reader)
        return lambda: readers.remove(reader) if reader in readers else None

    def end(self) -> None:
        """The container has ended: nobody waits for more."""
        readers, self._readers = self._readers or (), None
        for reader in readers:
            reader(None)


def _lines(data: bytes) -> list[bytes]:
    """With their ends; nothing but a line feed ends one."""
    if b"\n" not in data[:-1]:
        return [data]
    *whole, rest = data.split(b"\n")
    return [*(line + b"\n" for line in whole), *([rest] if rest else [])]
