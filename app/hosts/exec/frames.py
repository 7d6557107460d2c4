"""Docker's frames, undone: what a process without a terminal writes, stdout and stderr apart, whatever its size."""

from __future__ import annotations

import codecs
from typing import Literal, NamedTuple

from app.hosts.errors import HostError
from app.model.safe_text import SafeText, safe_log_line

OutputName = Literal["stdout", "stderr"]
LINE_LIMIT = 1 << 14
"""Characters of a line that is shown; what is beyond goes to the next line."""
FRAME_LIMIT = 1 << 20
"""Bytes; Docker's own frames have 32 KiB at most."""
_NAMES: dict[int, OutputName] = {0: "stdout", 1: "stdout", 2: "stderr"}


class Piece(NamedTuple):
    stream: OutputName
    data: bytes


class Demux:
    """Bytes as they come → pieces of the two streams. Keeps at most a header."""

    def __init__(self) -> None:
        self._header = b""
        self._left = 0
        self._stream: OutputName = "stdout"

    def feed(self, data: bytes) -> list[Piece]:
        """Raises HostError failed when that is no frame."""
        pieces: list[Piece] = []
        position, size = 0, len(data)
        while position < size:
            if self._left:
                part = data[position : position + self._left]
                pieces.append(Piece(self._stream, part))
                self._left -= len(part)
                position += len(part)
                continue
            wanted = 8 - len(self._header)
            self._header += data[position : position + wanted]
            position += wanted
            if len(self._header) == 8:
                self._begin(self._header)
                self._header = b""
        return pieces

    def _begin(self, header: bytes) -> None:
        name = _NAMES.get(header[0])
        if name is None or header[1:4] != b"\0\0\0":
            raise HostError(f"the output cannot be read: {header!r} begins no frame", "failed")
        length = int.from_bytes(header[4:], "big")
        if length > FRAME_LIMIT:
            raise HostError(f"the output cannot be read: a frame of {length:,} bytes was announced", "failed")
        self._stream, self._left = name, length


class OutputLine(NamedTuple):
    """``text`` may hold SGR colours and tabs."""

    stream: OutputName
    text: SafeText


class Lines:
    """Pieces of two streams → whole lines; a line that is too long becomes several."""

    def __init__(self) -> None:
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in ("stdout", "stderr")}
        self._rest = {"stdout": "", "stderr": ""}

    def feed(self, piece: Piece) -> list[OutputLine]:
        name = piece.stream
        *whole, rest = (self._rest[name] + self._decoders[name].decode(piece.data)).split("\n")
        while len(rest) > LINE_LIMIT:
            whole.append(rest[:LINE_LIMIT])
            rest = rest[LINE_LIMIT:]
        self._rest[name] = rest
        return [OutputLine(name, _shown(part)) for line in whole for part in _cut(line)]

    def end(self) -> list[OutputLine]:
        """What is left without a line end."""
        rest = ((name, self._rest[name] + self._decoders[name].decode(b"", True)) for name in _NAMES.values())
        lines = [OutputLine(name, _shown(text)) for name, text in dict(rest).items() if text]
        self._rest = {"stdout": "", "stderr": ""}
        return lines


def _cut(line: str) -> list[str]:
    return [line[at : at + LINE_LIMIT] for at in range(0, len(line), LINE_LIMIT)] or [""]


def _shown(line: str) -> SafeText:
    # A progress bar draws over itself: its last state is what a terminal would show.
    line = line.removesuffix("\r")
    return safe_log_line(line.rpartition("\r")[2] or line)
