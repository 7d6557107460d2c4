"""Many questions to an engine at once over one connection that is kept; the answers come in the same order.

With docker-py a question takes a millisecond of our own time, most of it in objects and in waiting for a turn among the
threads: a fleet of ten thousand tasks, or a thousand events a second, leaves a tenth of that.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final

from app.hosts import turns
from app.hosts.errors import HostError
from app.hosts.ledger import Ledger
from app.hosts.wire import MOST_BYTES, Answer, natural, read_head, unchunked

MOST_AT_ONCE: Final = 16
"""Questions under way: few enough for the engine to have them in its buffers while it answers the first."""
_READ_SIZE: Final = 1 << 18
_NO_TIME: Final = 0.001
_END_OF_HEAD: Final = b"\r\n\r\n"


class Pipeline:
    """``connection`` is of ``http.client``, connected; used by one thread. After a HostError it is of no use."""

    def __init__(self, connection: Any, timeout: float, ledger: Ledger) -> None:
        self._connection = connection
        self._socket = connection.sock
        self._timeout = timeout
        self._ledger = ledger
        self._came = bytearray()
        self.last = False
        """The engine takes no more questions on this connection."""

    def ask(self, paths: Sequence[str]) -> Iterator[Answer]:
        """The answers, one for each path. ``last`` may become true before all have come: then there are fewer.

        Raises HostError.
        """
        waiting = deque(paths)
        began: deque[float] = deque()
        while waiting or began:
            if waiting and not began:
                portion = [waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(waiting)))]
                began += [self._ledger.asked() for _ in portion]
                self._send(b"".join(map(_question, portion)))
            answer = self._next()
            self._ledger.answered(began.popleft(), len(answer.body))
            if answer.status >= 500:
                self._ledger.failed()
            yield answer
            if self.last:
                return

    def close(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            self._connection.close()

    def _send(self, questions: bytes) -> None:
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(questions)
        except (OSError, EOFError) as error:
            self._ledger.failed()
            raise HostError("the engine went away", "timeout") from error

    def _next(self) -> Answer:
        until = time.monotonic() + self._timeout  # for the whole answer: one that drips has no right to more
        while (answer := self._taken()) is None:
            try:
                self._socket.settimeout(max(until - time.monotonic(), _NO_TIME))
                data = turns.reading.receive(self._socket, lambda: self._socket.recv(_READ_SIZE))
            except (OSError, EOFError) as error:
                self._ledger.failed()
                raise HostError("no answer in time", "timeout") from error
            if not data:
                self._ledger.failed()
                raise HostError("the engine went away", "timeout")
            self._came += data
        return answer

    def _taken(self) -> Answer | None:
        """The first answer of what has come, taken off it; None: not all of it is there."""
        end = self._came.find(_END_OF_HEAD)
        if end < 0:
            self._check(len(self._came))
            return None
        status, headers = read_head(bytes(self._came[:end]))
        start = end + len(_END_OF_HEAD)
        if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
            found = unchunked(self._came, start)
            if found is None:
                self._check(len(self._came) - start)
                return None
            body, over = found
        else:
            over = start + natural(headers.get(b"content-length", b""), 10)
            if len(self._came) < over:
                return None
            body = bytes(self._came[start:over])
        del self._came[:over]
        self.last = b"close" in headers.get(b"connection", b"").lower()
        return Answer(status, body)

    @staticmethod
    def _check(size: int) -> None:
        if size > MOST_BYTES:
            raise HostError(f"an answer has more than {MOST_BYTES:,} bytes", "failed")


def _question(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: docker\r\nAccept-Encoding: identity\r\n\r\n".encode("ascii")
