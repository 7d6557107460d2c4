"""A connection to an engine on which a question waits for its answer while other work goes on.

Docker 20.10 takes a second for one container's stats: with a thread, or docker-py's several Python objects, for each
of them a screen of containers would cost more than everything else. One thread asks on many wires and reads what comes.
"""

from __future__ import annotations

import contextlib
from typing import Any, Final, NamedTuple

from app.hosts.errors import HostError
from app.hosts.ledger import Ledger

MOST_BYTES: Final = 1 << 20
"""Of an answer; Docker's stats have 2 kB."""
_HEAD_LIMIT: Final = 1 << 14
_READ_SIZE: Final = 1 << 16
_MOST_CHUNKS: Final = 4096
"""Of an answer. Go writes 2 kB or more at a time; a chunk for each byte would cost us more than the engine."""
_END_OF_HEAD: Final = b"\r\n\r\n"
_PLAIN: Final = {b"content-encoding": b"identity", b"transfer-encoding": b"chunked"}
_NOT_YET = (BlockingIOError, InterruptedError, TimeoutError)
"""What a read that would have to wait raises: sockets, and the channels of SSH."""
_NOT_YET_OF_TLS = frozenset({"SSLWantReadError", "SSLWantWriteError"})
"""The same of TLS, by name: to import it takes longer than a start may."""


class Answer(NamedTuple):
    status: int
    body: bytes


class Wire:
    """One question at a time, over and over. ``connection`` is of ``http.client``, connected; used by one thread.

    Methods raise HostError; after that the wire is of no use any more. What is asked is counted in ``ledger``.
    """

    def __init__(self, connection: Any, timeout: float, ledger: Ledger | None = None) -> None:
        self._connection = connection
        self._socket = connection.sock
        self._timeout = timeout
        self._came = bytearray()
        self._last = False
        self._ledger = ledger or Ledger()
        self._asked_at: float | None = None

    def fileno(self) -> int:
        return int(self._socket.fileno())

    @property
    def reusable(self) -> bool:
        """Whether another question may follow the answer that was read last."""
        return not self._last

    def ask(self, path: str) -> None:
        """Send a question; its answer is to be read before the next."""
        self._came.clear()
        self._asked_at = self._ledger.asked("stats")
        question = f"GET {path} HTTP/1.1\r\nHost: docker\r\nAccept-Encoding: identity\r\n\r\n".encode("ascii")
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(question)
            self._socket.settimeout(0)
        except (OSError, EOFError) as error:
            raise HostError("the engine went away", "timeout") from error

    def read(self) -> Answer | None:
        """What has come of the answer by now; None: not all of it."""
        over = False
        while True:
            try:
                data = self._socket.recv(_READ_SIZE)
            except _NOT_YET:
                break
            except (OSError, EOFError) as error:
                if type(error).__name__ in _NOT_YET_OF_TLS:
                    break
                raise HostError("the engine went away", "timeout") from error
            if not data:
                over = self._last = True
                break
            self._came += data
            if len(self._came) > MOST_BYTES:
                raise HostError(f"an answer has more than {MOST_BYTES:,} bytes", "failed")
        answer = self._answer(over)
        if answer is not None and self._asked_at is not None:
            self._ledger.answered(self._asked_at, len(self._came), "stats")
            self._asked_at = None
            if answer.status >= 500:
                self._ledger.failed()
        return answer

    def close(self) -> None:
        """Give it up; with it the question that has no answer yet."""
        if self._asked_at is not None:
            self._ledger.failed()
            self._asked_at = None
        with contextlib.suppress(OSError, EOFError):
            self._connection.close()

    def _answer(self, over: bool) -> Answer | None:
        end = self._came.find(_END_OF_HEAD)
        if end < 0:
            if over:
                raise HostError("the engine went away", "timeout")
            if len(self._came) > _HEAD_LIMIT:
                raise HostError("an answer has no end of its headers", "failed")
            return None
        status, headers = read_head(bytes(self._came[:end]))
        rest = bytes(self._came[end + len(_END_OF_HEAD) :])
        self._last = over or b"close" in headers.get(b"connection", b"").lower()
        if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
            found = unchunked(rest)
            body = found[0] if found else None
        elif b"content-length" in headers:
            length = natural(headers[b"content-length"], 10)
            body = rest[:length] if len(rest) >= length else None
        else:
            body = rest if over else None
        if body is None and over:
            raise HostError("the engine went away", "timeout")
        return None if body is None else Answer(status, body)


def read_head(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    """Status, and headers by their names in lower case. Raises HostError; also when the body is encoded."""
    if len(head) > _HEAD_LIMIT:
        raise HostError("an answer has no end of its headers", "failed")
    first, *lines = head.split(b"\r\n")
    words = first.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1."):
        raise HostError("the answer is not HTTP", "failed")
    headers: dict[bytes, bytes] = {}
    for line in lines:
        before, _, after = line.partition(b":")
        name, value = before.strip().lower(), after.strip()
        if name in _PLAIN and value.lower() not in (b"", _PLAIN[name]):
            raise HostError("the answer is encoded, which was not asked for", "failed")
        headers[name] = value
    return natural(words[1], 10), headers


def unchunked(data: bytes | bytearray, place: int = 0) -> tuple[bytes, int] | None:
    """The body that begins at ``place``, and where what follows it begins, once its last chunk has come."""
    pieces: list[bytes] = []
    while True:
        end = data.find(b"\r\n", place)
        if end < 0:
            return None
        size = natural(bytes(data[place:end]).partition(b";")[0].strip(), 16)
        if size == 0:
            over = data.find(b"\r\n", end + 2)
            return (b"".join(pieces), over + 2) if over >= 0 else None
        piece = bytes(data[end + 2 : end + 2 + size])
        if len(piece) < size:
            return None
        pieces.append(piece)
        if len(pieces) > _MOST_CHUNKS:
            raise HostError("the answer comes in too many pieces", "failed")
        place = end + 2 + size + 2


def natural(text: bytes, base: int) -> int:
    """A length or a status. Raises HostError when it is none."""
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if not 0 <= number <= MOST_BYTES:
        raise HostError("the answer's length cannot be read", "failed")
    return number
