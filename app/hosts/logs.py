"""Reading a container's log: our own reader of frames, because docker-py's is slow and drops the stream's name.

An answer is HTTP chunks, in them frames of Docker (8 bytes of header: stream and length), in them pieces of lines. A
container with a TTY has no frames. Lists of entries come out, one a read from the socket, so that a flood costs little.
"""

from __future__ import annotations

import codecs
import contextlib
import socket
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple, NoReturn

from app.hosts.engine import Engine
from app.hosts.errors import HostError, translated
from app.hosts.ledger import Ledger
from app.model.safe_text import SafeText, safe_log_line

StreamName = Literal["stdout", "stderr"]

FRAME_LIMIT = 1 << 20
"""Bytes; a frame that says it is longer is no frame. Docker's own have 16 KiB at most."""
LINE_LIMIT = 1 << 16
"""Bytes of a line that are kept; Docker cuts lines into pieces of 16 KiB, which are joined up to here."""
_READ_SIZE = 1 << 18
_CHUNK_HEADER_LIMIT = 1024
_LONGEST_TIMESTAMP = 40
_ANSWER_WITHIN = 15.0
"""Seconds; an engine may look for the end of a long log before it answers."""


class LogEntry(NamedTuple):
    """One line. ``text`` may hold SGR colours and tabs. ``time`` is the engine's, None when it was not asked for."""

    stream: StreamName
    text: SafeText
    time: datetime | None


_entry = LogEntry._make
_from_iso = datetime.fromisoformat


class LogStream:
    """Lists of entries, as they come, until the log or the connection ends. One thread reads.

    Iterating raises HostError; a stream that ends is an end. ``close`` may be called from any thread, ends the reader
    at once, and may be called again.
    """

    def __init__(self, response: Any, *, tty: bool, timestamps: bool, ledger: Ledger | None = None) -> None:
        self._response = response
        self._ledger = ledger or Ledger()
        self._closed = False
        answer = response.raw._fp
        # http.client has let go of its file when the answer is empty.
        self._file: Any = answer.fp
        self._left: int | None = answer.length
        self._unchunk = _Unchunker() if answer.chunked else None
        self._parser: _Framed | _Plain = _Plain(timestamps) if tty else _Framed(timestamps)

    def __iter__(self) -> Iterator[list[LogEntry]]:
        try:
            with translated("reading logs"):
                while data := self._read():
                    if entries := self._parser.feed(data):
                        yield entries
        except HostError:
            if not self._closed:
                raise
        finally:
            self.close()
        if rest := self._parser.end():
            yield rest

    def close(self) -> None:
        self._closed = True
        with contextlib.suppress(OSError, ValueError, AttributeError):
            # Closing alone would not wake a thread that is waiting in recv.
            self._file.raw._sock.shutdown(socket.SHUT_RDWR)
        self._response.close()

    def _read(self) -> bytes:
        """What has come: at least one byte of the body; empty at its end."""
        while self._file is not None and not self._closed and not (self._unchunk and self._unchunk.over):
            wanted = _READ_SIZE if self._left is None else min(_READ_SIZE, self._left)
            data: bytes = self._file.read1(wanted) if wanted else b""
            if not data:
                break
            self._ledger.received(len(data))
            if self._left is not None:
                self._left -= len(data)
            if self._unchunk is None:
                return data
            if body := self._unchunk.feed(data):
                return body
        return b""


def read_logs(
    engine: Engine,
    container: str,
    *,
    follow: bool,
    tail: int | None,
    since: datetime | None,
    timestamps: bool,
    until: datetime | None = None,
    stream: StreamName | None = None,
) -> LogStream:
    """Open the log of a container. ``since`` and ``until`` in the host's time; ``tail`` None: all. Raises HostError.

    Args:
        stream: only this one; None: both.
    """
    tty = bool(engine.inspect(container)["Config"]["Tty"])
    params: dict[str, Any] = {
        "stdout": int(stream != "stderr"),
        "stderr": int(stream != "stdout"),
        "follow": int(follow),
        "timestamps": int(timestamps),
        "tail": "all" if tail is None else str(tail),
    }
    # Microseconds are exact in a float of today; a digit more would not be, and leave out the line that is asked for.
    params |= {name: f"{time.timestamp():.6f}" for name, time in (("since", since), ("until", until)) if time}
    with translated("reading logs"):
        api = engine.api()
        # A deadline for the answer and, where nothing is waited for, for each read; what is followed may be silent.
        response = api._get(
            api._url("/containers/{0}/logs", container), params=params, stream=True, timeout=_ANSWER_WITHIN
        )
        api._raise_for_status(response)
        if follow and response.raw._fp.fp is not None:  # http.client has let go of it when the answer is empty
            api._disable_socket_timeout(api._get_raw_response_socket(response))
        return LogStream(response, tty=tty, timestamps=timestamps, ledger=engine.ledger)


def _protocol_error(why: str) -> NoReturn:
    raise HostError(f"the log cannot be read: {why}", "failed")


class _Unchunker:
    """HTTP's chunked coding, undone. ``over`` once the last chunk has come."""

    def __init__(self) -> None:
        self.over = False
        self._rest = b""
        self._left = 0
        self._first = True

    def feed(self, data: bytes) -> bytes:
        data = self._rest + data if self._rest else data
        parts, position = [], 0
        while position < len(data) and not self.over:
            if self._left:
                part = data[position : position + self._left]
                parts.append(part)
                self._left -= len(part)
                position += len(part)
                continue
            # The size's line, and before it the line end of the chunk before.
            start = position if self._first else position + 2
            end = data.find(b"\r\n", start)
            if end < 0:
                if len(data) - position > _CHUNK_HEADER_LIMIT:
                    _protocol_error("a chunk has no size")
                break
            self._left = self._size(data[start:end])
            self._first, position = False, end + 2
            self.over = not self._left
        self._rest = data[position:]
        return b"".join(parts)

    @staticmethod
    def _size(line: bytes) -> int:
        try:
            return int(line.partition(b";")[0], 16)
        except ValueError:
            _protocol_error(f"{line[:20]!r} is no chunk size")


class _Framed:
    """Docker's frames → entries."""

    def __init__(self, timestamps: bool) -> None:
        self._timestamps = timestamps
        self._rest = b""
        self._lines = {1: _Joiner("stdout"), 2: _Joiner("stderr")}

    def feed(self, data: bytes) -> list[LogEntry]:
        data = self._rest + data if self._rest else data
        out: list[LogEntry] = []
        position, size = 0, len(data)
        while size - position >= 8:
            kind = data[position]
            if kind > 3 or data[position + 1 : position + 4] != b"\0\0\0":
                _protocol_error(f"{data[position : position + 8]!r} begins no frame")
            length = int.from_bytes(data[position + 4 : position + 8], "big")
            if length > FRAME_LIMIT:
                _protocol_error(f"a frame of {length:,} bytes was announced; the limit is {FRAME_LIMIT:,}")
            end = position + 8 + length
            if end > size:
                break
            body = data[position + 8 : end]
            lines = self._lines.get(kind)
            if lines is not None and not lines.within and body.find(b"\n") == length - 1 and length <= LINE_LIMIT:
                # A whole line, as nearly all are: ten thousands of these may come in a second.
                time, body = _timed(body) if self._timestamps else (None, body)
                text = body[:-1].removesuffix(b"\r").decode("utf-8", "replace")
                safe = text if text.isascii() and text.isprintable() else safe_log_line(text)
                out.append(_entry((lines.stream, safe, time)))
            else:
                self._frame(kind, body, out.append)
            position = end
        self._rest = data[position:]
        return out

    def end(self) -> list[LogEntry]:
        out: list[LogEntry] = []
        for lines in self._lines.values():
            lines.end(out.append)
        return out

    def _frame(self, kind: int, body: bytes, give: Callable[[LogEntry], None]) -> None:
        if kind == 3:
            raise HostError(body.decode("utf-8", "replace").strip() or "the engine could not read the log", "failed")
        lines = self._lines.get(kind)
        if lines is not None:
            time, body = _timed(body) if self._timestamps else (None, body)
            lines.add(body, time, give)


class _Plain:
    """The log of a container with a TTY: bytes as they are, in pieces as small as one byte."""

    def __init__(self, timestamps: bool) -> None:
        self._timestamps = timestamps
        self._rest = b""
        self._lines = _Joiner("stdout")

    def feed(self, data: bytes) -> list[LogEntry]:
        out: list[LogEntry] = []
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._add(line + b"\n", out.append)
        if len(self._rest) > LINE_LIMIT + _LONGEST_TIMESTAMP:
            # Kept: enough for the joiner to cut the line; the rest of it is skipped there.
            self._add(self._rest, out.append)
            self._rest = b""
        return out

    def end(self) -> list[LogEntry]:
        out: list[LogEntry] = []
        if self._rest:
            self._add(self._rest, out.append)
        self._lines.end(out.append)
        return out

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
            text = piece[:-1].removesuffix(b"\r").decode("utf-8", "replace")
            give(LogEntry(self.stream, safe_log_line(text), time))
        else:
            self._part, self._time = piece, time


def _timed(line: bytes) -> tuple[datetime | None, bytes]:
    """A line that begins with Docker's time (RFC 3339, nine digits of a second) → time and the rest."""
    end = line.find(b" ", 0, _LONGEST_TIMESTAMP)
    try:
        return _from_iso(line[:end].decode("ascii")), line[end + 1 :]
    except ValueError:
        return None, line
