"""A terminal's line discipline: what is typed is shown, may be taken back, and arrives line by line. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

_INTERRUPT, _END, _ERASE, _KILL = 3, 4, (8, 127), 21
_LONGEST = 4096


class Reader(Protocol):
    """Who reads what is typed."""

    def input(self, data: bytes | None) -> None: ...

    def interrupt(self) -> None: ...


class Terminal:
    """Args: show: writes to the screen. reader: the program."""

    def __init__(self, show: Callable[[bytes], None], reader: Reader) -> None:
        self._show = show
        self._reader = reader
        self._line = bytearray()

    def typed(self, data: bytes) -> None:
        for byte in data:
            self._key(byte)

    def _key(self, byte: int) -> None:
        if byte == _INTERRUPT:
            self._line.clear()
            self._show(b"^C\r\n")
            self._reader.interrupt()
        elif byte == _END and not self._line:
            self._reader.input(None)
        elif byte in (10, 13):
            self._show(b"\r\n")
            line = bytes(self._line) + b"\n"
            self._line.clear()
            self._reader.input(line)
        elif byte in _ERASE:
            if self._line:
                # A character of UTF-8 goes as a whole.
                while len(self._line) > 1 and self._line[-1] & 0xC0 == 0x80:
                    self._line.pop()
                self._line.pop()
                self._show(b"\b \b")
        elif byte == _KILL:
            self._show(b"\b \b" * len(self._line))
            self._line.clear()
        elif byte >= 32 and len(self._line) < _LONGEST:
            self._line.append(byte)
            self._show(bytes((byte,)))
