"""The answer to a request, of any length, as its bytes come: status and body, read as HTTP/1.1 has them. Pure."""

from __future__ import annotations

from typing import Final

from app.hosts.errors import HostError
from app.hosts.wire import read_head

_END_OF_HEAD: Final = b"\r\n\r\n"
_HEAD_LIMIT: Final = 1 << 14
_LONGEST_LINE: Final = 1 << 12
"""Bytes of the line that tells how long a piece is; Docker's has five."""
_LONGEST: Final = 1 << 50


class AnswerReader:
    """Bytes in, bytes of the body out; keeps nothing but what is not a whole line yet.

    ``status``: 0 until the headers are there. ``over``: the whole answer has come. Methods raise HostError.
    """

    def __init__(self) -> None:
        self.status = 0
        self.over = False
        self._rest = b""
        self._chunked = False
        self._left: int | None = None
        """Bytes until the end of the piece, or of a body of known length; None: until the connection's end."""
        self._in_piece = False
        self._trailing = False

    def feed(self, data: bytes) -> bytes:
        """What of the body is in it."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        while not self.status:
            end = data.find(_END_OF_HEAD)
            if end < 0:
                if len(data) > _HEAD_LIMIT:
                    raise HostError("an answer has no end of its headers", "failed")
                self._rest = data
                return b""
            self._head(data[:end])
            data = data[end + len(_END_OF_HEAD) :]
        if self.over:
            return b""
        return self._pieces(data) if self._chunked else self._plain(data)

    def end(self) -> None:
        """The connection has ended. Raises HostError where that cuts the answer off."""
        if not self.over and (not self.status or self._chunked or self._left is not None):
            raise HostError("the engine went away", "timeout")
        self.over = True

    def _head(self, head: bytes) -> None:
        status, headers = read_head(head)
        if status < 200:  # nothing but a word before the answer
            return
        self.status = status
        self._chunked = b"chunked" in headers.get(b"transfer-encoding", b"").lower()
        if self._chunked:
            self._left = 0
        elif b"content-length" in headers:
            self._left = _number(headers[b"content-length"], 10)
            self.over = self._left == 0
        if status in (204, 304):
            self.over = True

    def _plain(self, data: bytes) -> bytes:
        if self._left is None:
            return data
        body = data[: self._left]
        self._left -= len(body)
        self.over = self._left == 0
        return body

    def _pieces(self, data: bytes) -> bytes:
        found: list[bytes] = []
        place = 0
        while place < len(data) and not self.over:
            if self._left:
                piece = data[place : place + self._left]
                found.append(piece)
                place += len(piece)
                self._left -= len(piece)
                continue
            end = data.find(b"\r\n", place)
            if end < 0:
                self._rest = data[place:]
                if len(self._rest) > _LONGEST_LINE:
                    raise HostError("the answer's length cannot be read", "failed")
                break
            self._line(data[place:end])
            place = end + 2
        return b"".join(found)

    def _line(self, line: bytes) -> None:
        """One that stands between pieces: the end of one, the length of the next, or what follows the last."""
        if self._in_piece:
            if line:
                raise HostError("the answer's length cannot be read", "failed")
            self._in_piece = False
        elif self._trailing:
            self.over = not line
        else:
            self._left = _number(line.partition(b";")[0], 16)
            self._trailing = not self._left
            self._in_piece = not self._trailing


def _number(text: bytes, base: int) -> int:
    try:
        number = int(text.strip(), base)
    except ValueError:
        number = -1
    if not 0 <= number <= _LONGEST:
        raise HostError("the answer's length cannot be read", "failed")
    return number
