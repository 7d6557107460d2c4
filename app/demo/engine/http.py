"""HTTP/1.1 as a server speaks it: requests from bytes, answers to bytes. Pure.

Only as much as a Docker client needs; whatever else comes is answered by a ``BadRequest``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

LONGEST_HEAD = 1 << 16
LONGEST_BODY = 256 << 20
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
    """``path`` without the query, decoded. Of a parameter that is given several times ``last`` is the last value."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool

    def last(self, name: str, default: str = "") -> str:
        values = self.query.get(name)
        return values[-1] if values else default

    def flag(self, name: str) -> bool:
        """As Docker reads one."""
        return self.last(name).lower() not in ("", "0", "no", "false", "none")


class Parser:
    """Bytes as they come → whole requests."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        self._data += data

    def rest(self) -> bytes:
        """What came behind the last request: after an upgrade it is no HTTP."""
        rest = bytes(self._data)
        self._data.clear()
        return rest

    def next(self) -> Request | None:
        """The next request that has come as a whole. Raises BadRequest."""
        end = self._data.find(_END_OF_HEAD)
        if end < 0:
            if len(self._data) > LONGEST_HEAD:
                raise BadRequest(431, "the headers are too long")
            return None
        if end > LONGEST_HEAD:
            raise BadRequest(431, "the headers are too long")
        method, target, version, headers = _head(bytes(self._data[:end]))
        start = end + len(_END_OF_HEAD)
        if "chunked" in headers.get("transfer-encoding", "").lower():
            found = _unchunked(self._data, start)
            if found is None:
                return None
            body, stop = found
        else:
            length = _natural(headers.get("content-length") or "0", 10)
            stop = start + length
            if len(self._data) < stop:
                return None
            body = bytes(self._data[start:stop])
        del self._data[:stop]
        path, _, query = target.partition("?")
        connection = headers.get("connection", "").lower()
        keep_alive = "close" not in connection if version == "HTTP/1.1" else "keep-alive" in connection
        try:
            asked = parse_qs(query, keep_blank_values=True, max_num_fields=100) if query else {}
        except ValueError:
            raise BadRequest(400, "the query cannot be read") from None
        return Request(method, unquote(path) if "%" in path else path, asked, headers, body, keep_alive)


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


def _natural(text: str, base: int) -> int:
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if number < 0:
        raise BadRequest(400, "a length cannot be read")
    if number > LONGEST_BODY:
        raise BadRequest(413, "the body is too long")
    return number


def _unchunked(data: bytearray, place: int) -> tuple[bytes, int] | None:
    """The body, and where it ends; None: not all of it has come."""
    pieces: list[bytes] = []
    whole = 0
    while True:
        end = data.find(b"\r\n", place)
        if end < 0:
            if len(data) - place > 1024:
                raise BadRequest(400, "a chunk has no size")
            return None
        size = _natural(data[place:end].partition(b";")[0].decode("latin-1").strip(), 16)
        whole += size
        if whole > LONGEST_BODY:
            raise BadRequest(413, "the body is too long")
        place = end + 2
        if not size:
            last = data.find(b"\r\n", place)
            return None if last < 0 else (b"".join(pieces), last + 2)
        if len(data) < place + size + 2:
            return None
        pieces.append(bytes(data[place : place + size]))
        place += size + 2


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
