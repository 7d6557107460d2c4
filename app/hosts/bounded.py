"""What comes of an engine's answer is bounded, whatever the engine is: its bytes, its headers, and how long it takes.

http.client and urllib3 read as much as they are sent, and their time-outs begin anew with each byte. So the socket
itself is read through a file that counts: a byte a second, headers without end, a chunk that announces four gigabytes
and a body that would unpack to them all end there.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import urllib3
from docker.transport.unixconn import UnixHTTPConnectionPool

from app.hosts import turns
from app.hosts.errors import HostError

LIST_BYTES: Final = 64 << 20
"""Of the answer to a question for all of something: 10,000 containers are 9 MB."""
ANSWER_BYTES: Final = 16 << 20
"""Of any other answer: a container of ours is inspected in 10 kB."""
ERROR_BYTES: Final = 1 << 20
HEAD_BYTES: Final = 1 << 18
"""Of status and headers; Docker's are below 1 kB."""
SLOWEST: Final = 16 << 10
"""Bytes a second. An answer may take as long as its call, and so much longer as it needs at this speed…"""
LONGEST_BODY: Final = 60.0
"""…but never longer than so many seconds more."""
_LISTS: Final = ("/containers/json", "/volumes", "/networks", "/services", "/tasks", "/nodes", "/images/json")


@dataclass(frozen=True, slots=True)
class Limits:
    """``size``: bytes of the body. ``goes_on``: once its headers are there the answer is a stream, without an end."""

    size: int = ANSWER_BYTES
    goes_on: bool = False


class _UnderWay(threading.local):
    """http.client makes the answer's object: between it and the call is only the thread that both are in."""

    limits = Limits()
    hears: Callable[[socket.socket], object] | None = None


_under_way = _UnderWay()


def limits_of(path: str, *, goes_on: bool) -> Limits:
    """``path``: of the question's URL."""
    return Limits(LIST_BYTES if path.partition("?")[0].endswith(_LISTS) else ANSWER_BYTES, goes_on)


@contextlib.contextmanager
def answered_within(limits: Limits) -> Iterator[None]:
    """What is answered in this thread meanwhile has these limits."""
    before, _under_way.limits = _under_way.limits, limits
    try:
        yield
    finally:
        _under_way.limits = before


@contextlib.contextmanager
def hearing_of(hears: Callable[[socket.socket], object]) -> Iterator[None]:
    """``hears`` gets the socket of each answer that this thread waits for meanwhile, before any of it has come."""
    before, _under_way.hears = _under_way.hears, hears
    try:
        yield
    finally:
        _under_way.hears = before


class _CountingIO(socket.SocketIO):
    """A socket's file that ends with an error at the limit: HostError for size, TimeoutError for time."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, "rb")
        self._patience = sock.gettimeout()
        self._began = time.monotonic()
        self._came = 0
        self._most = HEAD_BYTES
        self.limit: int | None = HEAD_BYTES
        """Bytes in all; None: no limit of any kind any more."""
        self.in_head = True

    def readinto(self, buffer: Any) -> int | None:
        if self.limit is None:
            return super().readinto(buffer)
        self._wait_at_most()
        count = turns.reading.receive(self._sock, lambda: super(_CountingIO, self).readinto(buffer))  # type: ignore[attr-defined]
        if count == 0 and self.in_head and self._came:
            # http.client takes an end for that of the headers, and so a write that nobody answered for one that was.
            raise ConnectionResetError("cut off in the headers of an answer")
        self._came += count or 0
        if self._came > self.limit:
            raise HostError(f"the answer has more than the {self._most:,} bytes that are read of one", "failed")
        return count

    def _wait_at_most(self) -> None:
        if self._patience is None:
            return
        until = self._began + self._patience + min(self._came / SLOWEST, LONGEST_BODY)
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out: the answer comes too slowly")
        self._sock.settimeout(min(left, self._patience))  # type: ignore[attr-defined]

    def allow(self, size: int) -> None:
        """The headers are there; so many bytes may follow."""
        self._most = size
        self.limit = self._came + size + HEAD_BYTES  # the sizes of its chunks are not counted apart

    def let_go(self) -> None:
        self.limit = None
        self._sock.settimeout(self._patience)  # type: ignore[attr-defined]


class BoundedResponse(http.client.HTTPResponse):
    """An answer that is read within the limits of the call under way. Reading it raises HostError, or as it did."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self._limits = _under_way.limits
        self._counting = _CountingIO(sock)
        sock._io_refs += 1  # type: ignore[attr-defined]  # as makefile does: the file, too, keeps the socket open
        self.fp.close()
        self.fp = io.BufferedReader(self._counting)
        if _under_way.hears is not None:
            _under_way.hears(sock)

    def begin(self) -> None:
        super().begin()
        self._counting.in_head = False
        self._refuse_encoded()
        if self.status >= 300:
            self._counting.allow(ERROR_BYTES)
        elif self._limits.goes_on:
            self._counting.let_go()
        else:
            self._counting.allow(self._limits.size)

    def _refuse_encoded(self) -> None:
        """We ask for what is there as it is. 300 kB can unpack to as many megabytes."""
        for name, plain in (("content-encoding", "identity"), ("transfer-encoding", "chunked")):
            for value in self.headers.get_all(name) or ():
                if value.strip().lower() not in ("", plain):
                    raise HostError(f"the answer is encoded ({value:.40}), which was not asked for", "failed")


class _BoundedAnswers:
    """Goes before a pool of urllib3: its connections read their answers within limits."""

    def _new_conn(self) -> Any:
        connection = super()._new_conn()  # type: ignore[misc]
        connection.response_class = BoundedResponse
        return connection


class UnixPool(_BoundedAnswers, UnixHTTPConnectionPool):  # type: ignore[misc]
    """Connections to a unix socket."""


class _Pool(_BoundedAnswers, urllib3.HTTPConnectionPool):
    """Connections over TCP."""


class _TlsPool(_BoundedAnswers, urllib3.HTTPSConnectionPool):
    """Connections over TLS."""


POOLS: Final = {"http": _Pool, "https": _TlsPool}
"""For ``pool_classes_by_scheme`` of urllib3's PoolManager."""
