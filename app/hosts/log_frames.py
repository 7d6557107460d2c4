"""From the bytes of an engine's answer to lines: HTTP chunks, in them frames of Docker, in them pieces of lines. Pure.

A frame has 8 bytes of header (stream and length). Nearly every one is a whole line in a chunk of its own: such lines
are only found and counted, all of a read at once. The others, and what has no frames (a container with a TTY), are
taken apart one by one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from datetime import datetime
from typing import NoReturn, Protocol

from app.hosts.errors import HostError
from app.hosts.log_lines import LogEntry, RawLines, RawPattern, StreamName, safe_bytes
from app.model.safe_text import SafeText, safe_log_line

FRAME_LIMIT = 1 << 20
"""Bytes; a frame that says it is longer is no frame. Docker's own have 16 KiB at most."""
LINE_LIMIT = 1 << 16
"""Bytes of a line that are kept; Docker cuts lines into pieces of 16 KiB, which are joined up to here."""
_CHUNK_HEADER_LIMIT = 1024
_LONGEST_TIMESTAMP = 40
_WAITED_FOR = 1 << 15
"""Bytes; a chunk of up to this is waited for before it is looked at."""

_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,8}")
_from_iso = datetime.fromisoformat
_FRAMES = RawPattern(b"", b"\n")
_CHUNKED_FRAMES = RawPattern(rb"[0-9a-fA-F]{1,6}+\r\n", b"\n\r\n")

Lines = list[LogEntry] | RawLines
"""Of one container, in their order: a list, or what is read only when it is iterated."""


class Parser(Protocol):
    """``over``: the answer has come to its end."""

    @property
    def over(self) -> bool: ...

    @property
    def between(self) -> bool:
        """Is nothing half read?"""

    def feed(self, data: bytes) -> list[Lines]:
        """More of the answer → the lines that are whole by now. Raises HostError."""

    def end(self) -> list[Lines]: ...


def parser_of(*, chunked: bool, tty: bool, timestamps: bool) -> Parser:
    """For an answer with these properties."""
    parser: Parser = Plain(timestamps) if tty else Framed(timestamps)
    return Chunked(parser, quick=timestamps and not tty) if chunked else parser


def _protocol_error(why: str) -> NoReturn:
    raise HostError(f"the log cannot be read: {why}", "failed")


class Chunked:
    """HTTP's chunked coding, undone. ``quick``: chunks are likely to be frames with times, one each."""

    def __init__(self, inner: Parser, *, quick: bool) -> None:
        self.over = False
        self._inner = inner
        self._quick = quick
        self._rest = b""
        self._left = 0
        self._line_end_due = False

    @property
    def between(self) -> bool:
        return not self._rest and not self._left and not self._line_end_due and self._inner.between

    def feed(self, data: bytes) -> list[Lines]:
        data = self._rest + data if self._rest else data
        out: list[Lines] = []
        parts: list[bytes] = []
        position = 0
        while position < len(data) and not self.over:
            if self._left:
                part = data[position : position + self._left]
                parts.append(part)
                self._left -= len(part)
                position += len(part)
                self._line_end_due = not self._left
                continue
            if self._line_end_due:
                if len(data) - position < 2:
                    break
                self._line_end_due, position = False, position + 2
                continue
            if self._quick:
                if parts:
                    self._hand_on(parts, out)
                if self._inner.between:
                    lines, position = _CHUNKED_FRAMES.take(data, position)
                    if lines is not None:
                        out.append(lines)
                        continue
            end = data.find(b"\r\n", position)
            if end < 0:
                if len(data) - position > _CHUNK_HEADER_LIMIT:
                    _protocol_error("a chunk has no size")
                break
            size = self._size(data[position:end])
            if self._quick and 0 < size <= _WAITED_FOR and len(data) - end < size + 4:
                break
            self._left, self.over, position = size, not size, end + 2
        self._hand_on(parts, out)
        self._rest = data[position:]
        return out

    def end(self) -> list[Lines]:
        return self._inner.end()

    def _hand_on(self, parts: list[bytes], out: list[Lines]) -> None:
        if parts:
            out += self._inner.feed(b"".join(parts))
            parts.clear()

    @staticmethod
    def _size(line: bytes) -> int:
        digits = line.partition(b";")[0].strip()
        if not _CHUNK_SIZE.fullmatch(digits):
            _protocol_error(f"{line[:20]!r} is no chunk size")
        return int(digits, 16)


class Framed:
    """Docker's frames → lines."""

    over = False

    def __init__(self, timestamps: bool) -> None:
        self._timestamps = timestamps
        self._rest = b""
        self._out, self._err = _Joiner("stdout"), _Joiner("stderr")
        self._lines = {1: self._out, 2: self._err}

    @property
    def between(self) -> bool:
        return not (self._rest or self._out.within or self._err.within)

    def feed(self, data: bytes) -> list[Lines]:
        data = self._rest + data if self._rest else data
        out: list[Lines] = []
        entries: list[LogEntry] = []
        position, size = 0, len(data)
        while size - position >= 8:
            if self._timestamps and not (self._out.within or self._err.within):
                lines, position = _FRAMES.take(data, position)
                if lines is not None:
                    if entries:
                        out.append(entries)
                        entries = []
                    out.append(lines)
                    continue
            kind = data[position]
            if kind > 3 or data[position + 1 : position + 4] != b"\0\0\0":
                _protocol_error(f"{data[position : position + 8]!r} begins no frame")
            length = int.from_bytes(data[position + 4 : position + 8], "big")
            if length > FRAME_LIMIT:
                _protocol_error(f"a frame of {length:,} bytes was announced; the limit is {FRAME_LIMIT:,}")
            end = position + 8 + length
            if end > size:
                break
            self._frame(kind, data[position + 8 : end], entries.append)
            position = end
        self._rest = data[position:]
        if entries:
            out.append(entries)
        return out

    def end(self) -> list[Lines]:
        out: list[LogEntry] = []
        for lines in self._lines.values():
            lines.end(out.append)
        return [out] if out else []

    def _frame(self, kind: int, body: bytes, give: Callable[[LogEntry], None]) -> None:
        if kind == 3:
            raise HostError(body.decode("utf-8", "replace").strip() or "the engine could not read the log", "failed")
        lines = self._lines.get(kind)
        if lines is not None:
            time, body = _timed(body) if self._timestamps else (None, body)
            lines.add(body, time, give)


class Plain:
    """The log of a container with a TTY: bytes as they are, in pieces as small as one byte."""

    over = False

    def __init__(self, timestamps: bool) -> None:
        self._timestamps = timestamps
        self._rest = b""
        self._lines = _Joiner("stdout")

    @property
    def between(self) -> bool:
        return not (self._rest or self._lines.within)

    def feed(self, data: bytes) -> list[Lines]:
        out: list[LogEntry] = []
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._add(line + b"\n", out.append)
        if len(self._rest) > LINE_LIMIT + _LONGEST_TIMESTAMP:
            # Kept: enough for the joiner to cut the line; the rest of it is skipped there.
            self._add(self._rest, out.append)
            self._rest = b""
        return [out] if out else []

    def end(self) -> list[Lines]:
        out: list[LogEntry] = []
        if self._rest:
            self._add(self._rest, out.append)
        self._lines.end(out.append)
        return [out] if out else []

    def _add(self, line: bytes, give: Callable[[LogEntry], None]) -> None:
        timed = self._timestamps and not self._lines.within
        time, body = _timed(line) if timed else (None, line)
        self._lines.add(body, time, give)


class _Joiner:
    """Pieces of one stream's lines → whole lines, cut with … at LINE_LIMIT. Bytes are joined before they are decoded:

    a character that was split between two pieces is whole again.
    """

    def __init__(self, stream: StreamName) -> None:
        self.stream: StreamName = stream
        self._part = b""
        self._time: datetime | None = None
        self._skipping = False

    @property
    def within(self) -> bool:
        """In the middle of a line."""
        return bool(self._part) or self._skipping

    def add(self, body: bytes, time: datetime | None, give: Callable[[LogEntry], None]) -> None:
        if body.count(b"\n") <= 1:
            self._add_piece(body, time, give)
            return
        *whole, rest = body.split(b"\n")
        for line in whole:
            self._add_piece(line + b"\n", time, give)
        if rest:
            self._add_piece(rest, time, give)

    def end(self, give: Callable[[LogEntry], None]) -> None:
        if self._part:
            self._add_piece(b"\n", self._time, give)

    def _add_piece(self, piece: bytes, time: datetime | None, give: Callable[[LogEntry], None]) -> None:
        ends = piece.endswith(b"\n")
        if self._skipping:
            self._skipping = not ends
            return
        if self._part:
            piece, time = self._part + piece, self._time
        if len(piece) > LINE_LIMIT:
            self._part, self._skipping = b"", not ends
            # Not final: a character that the cut went through is left out.
            text = codecs.getincrementaldecoder("utf-8")("replace").decode(piece[:LINE_LIMIT])
            give(LogEntry(self.stream, SafeText(safe_log_line(text) + "…"), time))
        elif ends:
            self._part = b""
            give(LogEntry(self.stream, safe_bytes(piece[:-1]), time))
        else:
            self._part, self._time = piece, time


def _timed(line: bytes) -> tuple[datetime | None, bytes]:
    """A line that begins with Docker's time (RFC 3339, nine digits of a second) → time and the rest."""
    end = line.find(b" ", 0, _LONGEST_TIMESTAMP)
    try:
        return _from_iso(line[:end].decode("ascii")), line[end + 1 :]
    except ValueError:
        return None, line
