"""Simulated engines behind unix sockets, any number of them in one loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import sys
from collections.abc import Coroutine

from app.demo.engine.connection import Answer, Channel, Connection
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.http import Request
from app.demo.engine.routes import answer, streams
from app.demo.engine.telling import API_VERSION, ENGINE_VERSION
from app.demo.engine.times import SECOND

_BACKLOG = 128
_MOMENT = 0.02
_HEADERS = (
    f"Api-Version: {API_VERSION}\r\nDocker-Experimental: false\r\nOstype: linux\r\n"
    f"Server: Docker/{ENGINE_VERSION} (linux)\r\n"
).encode("latin-1")


class Served:
    """An engine that is served."""

    def __init__(self, engine: SimulatedEngine, path: str) -> None:
        self.engine = engine
        self.path = path
        self.server_headers = _HEADERS
        self.frozen = False
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._pump = _Pump(engine)

    async def open(self) -> None:
        """Raises OSError."""
        listener = _listener(self.path)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: Connection(self), sock=listener, backlog=_BACKLOG)

    def freeze(self) -> None:
        """From now on connections are taken and nothing is answered, as by a host that hangs."""
        self.frozen = True
        for connection in self._connections:
            connection.freeze()

    def thaw(self) -> None:
        """Answer again, first of all what waited."""
        self.frozen = False
        for connection in tuple(self._connections):
            connection.thaw()

    def cut(self) -> None:
        """End all connections and take no others, as a host that is down."""
        self._shut()
        for connection in tuple(self._connections):
            connection.abort()

    async def mend(self) -> None:
        """Take connections again."""
        if self._server is None:
            await self.open()

    async def close(self) -> None:
        """End, and take the socket away."""
        self.cut()
        self._pump.stop()
        await asyncio.sleep(2 * _MOMENT)

    def _shut(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(OSError):
                os.unlink(self.path)
            # Not at once: asyncio forgets a connection that it is about to take when its server is closed.
            asyncio.get_running_loop().call_later(_MOMENT, server.close)

    # --- what connections call -------------------------------------------------------------------------------------

    def answer(self, channel: Channel, request: Request) -> Answer | Coroutine[None, None, Answer | None]:
        return answer(self.engine, request, channel)

    def streams(self, method: str, path: str) -> bool:
        return streams(method, path)

    def came(self, connection: Connection) -> None:
        self._connections.add(connection)
        if self._server is None:
            connection.abort()  # it was on its way when all were ended

    def went(self, connection: Connection) -> None:
        self._connections.discard(connection)


class _Pump:
    """Lets time pass on an engine: wakes up when something is due."""

    def __init__(self, engine: SimulatedEngine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        engine.machine.timers.sooner = self._plan
        self._plan()

    def _plan(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        due = self._engine.due()
        wait = max((due - self._engine.now()) / SECOND, 0) if due is not None else None
        self._handle = None if wait is None else self._loop.call_later(wait, self._go)

    def _go(self) -> None:
        self._handle = None
        try:
            self._engine.advance()
        finally:
            self._plan()

    def stop(self) -> None:
        self._engine.machine.timers.sooner = None
        if self._handle is not None:
            self._handle.cancel()


def _listener(path: str) -> socket.socket:
    """A socket of mode 0600 there; one that nobody listens on any more gives way. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.stat(path).st_mode) and not _is_alive(path):
            os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        before = os.umask(0o177)
        try:
            listener.bind(path)
        finally:
            os.umask(before)
        os.chmod(path, 0o600)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _is_alive(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


async def serve(engine: SimulatedEngine, path: str) -> Served:
    """Speak Docker's API for an engine on a unix socket of mode 0600; many engines may be served by one loop.

    Raises OSError when the socket cannot be made there.
    """
    served = Served(engine, path)
    await served.open()
    return served


async def parent_gone() -> None:
    """Return when standard input, a pipe that the parent holds, has ended."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 10)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    while await reader.read(1 << 10):
        pass
