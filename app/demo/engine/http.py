"""HTTP/1.1 as a server speaks it: requests from bytes, answers to bytes. Pure.

Only as much as a Docker client needs; whatever else comes is answered by a ``BadRequest``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

LONGEST_HEAD = 1 << 16
LONGEST_BODY = 32 << 20
"""Of a request that is read as a whole: Docker takes labels of 8 MiB."""
LONGEST_STREAM = 1 << 44
_LONGEST_CHUNK_HEAD = 1024
_END_OF_HEAD = b"\r\n\r\n"
_REASONS = {
    101: "UPGRADED", 200: "OK", 201: "Created", 204: "No Content", 304: "Not Modified", 400: "Bad Request",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 413: "Request Entity Too Large",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented",
    503: "Service Unavailable",
}  # fmt: skip


class BadRequest(ValueError):
    """The connection is of no use any more, once this has been answered."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(message)


class Request(NamedTuple):
    """``path`` without the query, decoded. Of a parameter that is given several times ``last`` is the last value.

    ``streamed``: its body is not here, it is still coming.
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool
    streamed: bool = False

    def last(self, name: str, default: str = "") -> str:
        values = self.query.get(name)
        return values[-1] if values else default

    def flag(self, name: str) -> bool:
        """As Docker reads one."""
        return self.last(name).lower() not in ("", "0", "no", "false", "none")


class Parser:
    """Bytes as they come → requests. ``streams``: by method and path, whose bodies are handed on as they come."""

    def __init__(self, streams: Callable[[str, str], bool] = lambda method, path: False) -> None:
        self._data = bytearray()
        self._streams = streams
        self._request: Request | None = None
        self._body: _Body | None = None
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> None:
        self._data += data

    def rest(self) -> bytes:
        """What came behind the last request: after an upgrade it is no HTTP."""
        rest = bytes(self._data)
        self._data.clear()
        return rest

    def next(self) -> Request | None:
        """The next request that has come as a whole, or of which ``piece`` gives the body. Raises BadRequest.

        None, too, as long as the body of the one before has not been taken.
        """
        if self._body is None:
            request = self._begun()
            if request is None:
                return None
            streamed = self._streams(request.method, request.path)
            self._body = _Body(request.headers, LONGEST_STREAM if streamed else LONGEST_BODY)
            if streamed:
                return request._replace(streamed=True)
            self._request = request
        if self._request is None:
            return None
        self._pieces.append(self._body.take(self._data))
        if not self._body.over:
            return None
        request, body = self._request, b"".join(self._pieces)
        self._request = self._body = None
        self._pieces = []
        return request._replace(body=body)

    def piece(self) -> bytes | None:
        """More of the body that is streamed, as far as it has come; None after its end. Raises BadRequest."""
        if self._body is None:
            return None
        piece = self._body.take(self._data)
        if piece or not self._body.over:
            return piece
        self._body = None
        return None

    def _begun(self) -> Request | None:
        end = self._data.find(_END_OF_HEAD)
        if end < 0:
            if len(self._data) > LONGEST_HEAD:
                raise BadRequest(431, "the headers are too long")
            return None
        if end > LONGEST_HEAD:
            raise BadRequest(431, "the headers are too long")
        method, target, version, headers = _head(bytes(self._data[:end]))
        del self._data[: end + len(_END_OF_HEAD)]
        path, _, query = target.partition("?")
        connection = headers.get("connection", "").lower()
        keep_alive = "close" not in connection if version == "HTTP/1.1" else "keep-alive" in connection
        try:
            asked = parse_qs(query, keep_blank_values=True, max_num_fields=100) if query else {}
        except ValueError:
            raise BadRequest(400, "the query cannot be read") from None
        return Request(method, unquote(path) if "%" in path else path, asked, headers, b"", keep_alive)


class _Body:
    """The body of one request: so many bytes, or chunks. ``over``: it has come to its end."""

    def __init__(self, headers: Mapping[str, str], longest: int) -> None:
        self._chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        self._room = longest
        self._left = 0 if self._chunked else _natural(headers.get("content-length") or "0", 10, longest)
        self._ends_chunk = self._last = False
        self.over = not self._chunked and not self._left

    def take(self, data: bytearray) -> bytes:
        """As much of it as is there; takes it away from ``data``. Raises BadRequest."""
        if not self._chunked:
            piece = self._cut(data)
            self.over = not self._left
            return piece
        pieces = []
        while not self.over:
            if self._left:
                if not data:
                    break
                pieces.append(self._cut(data))
            elif self._ends_chunk:
                if len(data) < 2:
                    break
                del data[:2]
                self._ends_chunk, self.over = False, self._last
            elif not self._next_chunk(data):
                break
        return b"".join(pieces)

    def _cut(self, data: bytearray) -> bytes:
        piece = bytes(data[: self._left])
        del data[: len(piece)]
        self._left -= len(piece)
        return piece

    def _next_chunk(self, data: bytearray) -> bool:
        end = data.find(b"\r\n", 0, _LONGEST_CHUNK_HEAD)
        if end < 0:
            if len(data) > _LONGEST_CHUNK_HEAD:
                raise BadRequest(400, "a chunk has no size")
            return False
        self._left = _natural(data[:end].partition(b";")[0].decode("latin-1").strip(), 16, self._room)
        self._room -= self._left
        del data[: end + 2]
        self._ends_chunk, self._last = True, not self._left
        return True


def _head(head: bytes) -> tuple[str, str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
        raise BadRequest(400, "this is no HTTP/1.1 request")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest(400, "a header cannot be read")
        headers[name.lower()] = value.strip()
    return words[0], words[1], words[2], headers


def _natural(text: str, base: int, most: int) -> int:
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if number < 0:
        raise BadRequest(400, "a length cannot be read")
    if number > most:
        raise BadRequest(413, "the body is too long")
    return number


def head(status: int, server: bytes, *, content_type: str, length: int | None, keep_alive: bool) -> bytes:
    """The head of an answer; ``length`` None: it is sent in chunks. ``server``: headers that all answers have."""
    reason = _REASONS.get(status, "Unknown")
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    close = "" if keep_alive else "Connection: close\r\n"
    return f"HTTP/1.1 {status} {reason}\r\n{kind}{close}{size}\r\n".encode("latin-1") + server + b"\r\n"


def upgraded(server: bytes, content_type: str) -> bytes:
    """The head of an answer after which the connection is the process's."""
    told = f"HTTP/1.1 101 UPGRADED\r\nContent-Type: {content_type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
    return told.encode("latin-1") + server + b"\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
