"""A request and an answer that may both be of any length, on a connection of their own, in one thread.

docker-py sends a body without ever looking whether the engine has answered already, and over TCP gives up when the
engine takes nothing for three seconds. Here what goes out waits for its own silence alone, what the engine says
meanwhile is heard, and another thread's wish to break off is seen within a quarter of a second.
"""

from __future__ import annotations

import contextlib
import select
import ssl
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from app.hosts.bounded import ERROR_BYTES
from app.hosts.documents import document
from app.hosts.engine import Engine
from app.hosts.errors import HostError, Kind
from app.hosts.images.answer import AnswerReader
from app.model.safe_text import safe_line

_READ_SIZE: Final = 1 << 18
_SLICE: Final = 1 << 16
"""Bytes at a time: TLS tells of none of them until all are taken."""
_TURN: Final = 0.25
"""Seconds until somebody's wish to break off is seen."""
_LAST_WORDS: Final = 1.0
"""Seconds that an engine has to say why it takes no more."""
_LONGEST_REASON: Final = 2000
_KINDS: Final[dict[int, Kind]] = {404: "not-found", 409: "conflict"}
_NOT_YET = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Exchange:
    """Open it, ``send`` the body if there is one, ``read`` the answer, close it. Methods raise HostError.

    Args:
        engine: whose it is; the write gate is the business of who opens it.
        what: what is being done, for errors: ``the copy``.
        check: called again and again while something is waited for; what it raises breaks the exchange off.
        headers: more of them.
    """

    def __init__(
        self,
        engine: Engine,
        method: str,
        path: str,
        what: str,
        check: Callable[[], None],
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        from app.hosts.connection import open_connection

        self._what = what
        self._check = check
        self._ledger = engine.ledger
        api = engine.api()
        self._began = self._ledger.asked()
        try:
            self._connection = open_connection(api, engine.timeout)
        except HostError:
            self._ledger.failed()
            raise
        self._socket: Any = self._connection.sock
        self._socket.setblocking(False)
        self._answer = AnswerReader()
        self._heard = bytearray()
        self._size = 0
        self._wants_read = self._closed = False
        head = f"{method} /v{api._version}{path} HTTP/1.1\r\nHost: docker\r\nAccept-Encoding: identity\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if method != "GET":
            head += "Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n"
        try:
            self._write((head + "\r\n").encode("ascii"), engine.timeout)
        except BaseException:
            self.close()
            raise

    def send(self, data: bytes, patience: float) -> bool:
        """Send a piece of the body, b"" for its end. False: the engine has answered, and takes no more of it.

        Args:
            patience: seconds that it may take nothing and say nothing.
        """
        return self._write(b"%x\r\n%b\r\n" % (len(data), data), patience)

    def taken(self) -> bytes:
        """What the engine has said since this was asked last. Raises HostError when it said no."""
        if self._answer.status >= 300:
            self._say_no()
        heard = bytes(self._heard)
        self._heard.clear()
        return heard

    def read(self, patience: float) -> bytes:
        """Wait for more of the answer; b"" at its end."""
        until = time.monotonic() + patience
        while not self._heard and not self._answer.over:
            self._check()
            self._wait(until, write=False)
            self._hear()
        return self.taken()

    def close(self) -> None:
        """Give it up: an engine that has not got all of a body lets go of what it has."""
        if self._closed:
            return
        self._closed = True
        if self._answer.over and self._answer.status < 500:
            self._ledger.answered(self._began, self._size, timed=False)
        else:
            self._ledger.failed()
        with contextlib.suppress(OSError, EOFError):
            self._connection.close()

    def _write(self, data: bytes, patience: float) -> bool:
        left = memoryview(data)
        until = time.monotonic() + patience
        while left:
            self._check()
            if self._wait(until, write=True) and self._hear():
                until = time.monotonic() + patience
                if len(self._heard) > ERROR_BYTES:  # nobody takes it before this piece has gone
                    raise HostError(f"the engine talks without end during {self._what}", "failed")
            if self._answer.status >= 300:
                self._say_no()
            if self._answer.over:
                return False
            if count := self._sent(left[:_SLICE]):
                left = left[count:]
                until = time.monotonic() + patience
        return True

    def _sent(self, data: memoryview) -> int:
        try:
            count = int(self._socket.send(data))
        except _NOT_YET as error:
            self._wants_read = isinstance(error, ssl.SSLWantReadError)
            return 0
        except (OSError, EOFError) as error:
            self._hear_last_words()
            raise HostError(f"the engine went away during {self._what}", "timeout") from error
        self._wants_read = False
        return count

    def _wait(self, until: float, *, write: bool) -> bool:
        """Until something can be done, or a turn is over. True: there is something to read."""
        if time.monotonic() > until:
            raise HostError(f"no answer to {self._what} in time", "timeout")
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | (select.POLLOUT if write and not self._wants_read else 0))
        ready = poll.poll(_TURN * 1000)
        return any(event & ~select.POLLOUT for _, event in ready)

    def _hear(self) -> bool:
        """Take what has come, if anything has."""
        try:
            data = self._socket.recv(_READ_SIZE)
        except _NOT_YET:
            return False
        except (OSError, EOFError) as error:
            raise HostError(f"the engine went away during {self._what}", "timeout") from error
        self._size += len(data)
        self._ledger.received(len(data))
        if data:
            self._heard += self._answer.feed(data)
            return True
        try:
            self._answer.end()
        except HostError as error:
            raise HostError(f"{error.message} during {self._what}", error.kind) from error
        return True

    def _hear_last_words(self) -> None:
        """An engine that takes no more has perhaps said why. Raises HostError with that."""
        with contextlib.suppress(HostError):
            self._rest_within(_LAST_WORDS)
        if self._answer.status >= 300:
            self._say_no()

    def _say_no(self) -> None:
        with contextlib.suppress(HostError):
            self._rest_within(_LAST_WORDS)
        status = self._answer.status
        kind = _KINDS.get(status, "refused" if 400 <= status < 500 else "failed")
        raise HostError(_reason(bytes(self._heard)) or f"{self._what} failed ({status})", kind)

    def _rest_within(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._answer.over and len(self._heard) < ERROR_BYTES:
            self._wait(until, write=False)
            self._hear()


def _reason(body: bytes) -> str:
    """What an engine says that says no."""
    told = None
    with contextlib.suppress(HostError):
        told = document(body[:ERROR_BYTES])
    message = told.get("message") if isinstance(told, dict) else None
    text = message if isinstance(message, str) else body[:_LONGEST_REASON].decode("utf-8", "replace")
    return safe_line(text[:_LONGEST_REASON]).strip()
