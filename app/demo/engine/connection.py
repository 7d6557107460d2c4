"""One connection to a simulated engine: requests come in, answers and streams go out, in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import NamedTuple, Protocol

from app.demo.engine.http import LAST_CHUNK, BadRequest, Parser, Request, chunk, head, upgraded
from app.demo.engine.incoming import Incoming
from app.demo.engine.refused import Refused

_JSON = "application/json"
_FULL = 16 << 20
"""Bytes that may wait for a client who does not read; it is let go of then."""


class Answer(NamedTuple):
    """A whole answer. ``type`` "" for one without a body."""

    status: int
    body: bytes = b""
    type: str = _JSON


class House(Protocol):
    """Where connections belong to."""

    server_headers: bytes
    frozen: bool

    def answer(self, channel: Channel, request: Request) -> Answer | Coroutine[None, None, Answer | None]:
        """A coroutine that returns None has answered by its channel."""

    def streams(self, method: str, path: str) -> bool:
        """Is a body read while it comes? Then it is the channel's ``body``, and not the request's."""

    def came(self, connection: Connection) -> None: ...

    def went(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """Requests are answered one after the other; while one is, the next wait."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._parser = Parser(house.streams)
        self._body: Incoming | None = None
        self._transport: asyncio.Transport | None = None
        self._busy = self._within = False
        self._held: list[bytes] = []
        self._held_size = 0
        self._raw: Callable[[bytes | None], None] | None = None
        self._channel: Channel | None = None
        self._task: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._room.set()

    # --- what asyncio calls ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._house.came(self)
        if self._house.frozen:
            transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        if self._raw is not None:
            self._raw(data)
        else:
            self._parser.feed(data)
            self._take_body()
            self._next()

    def eof_received(self) -> bool:
        if self._raw is not None:
            self._raw(None)
            return True
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._house.went(self)
        self._room.set()
        if self._channel is not None:
            self._channel.lost()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    # --- bodies that are read while they come ------------------------------------------------------------------------

    def _take_body(self) -> None:
        try:
            while self._body is not None and (piece := self._parser.piece()) != b"":
                if piece is None:
                    self._body.end()
                    self._body = None
                else:
                    self._body.put(piece)
        except BadRequest:
            self.abort()  # of an answer that may have begun there is no way back
        self._read_as_fits()

    def _read_as_fits(self) -> None:
        """The sender waits as long as nobody reads what came."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._house.frozen or (self._body is not None and self._body.full):
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    # --- answering -------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        if self._within:
            return  # below us: an answer that came at once; the loop goes on with the next
        self._within = True
        try:
            self._answer_what_came()
        finally:
            self._within = False

    def _answer_what_came(self) -> None:
        while not self._busy and self._raw is None and self._transport is not None and not self._transport.is_closing():
            try:
                request = self._parser.next()
            except BadRequest as error:
                self._send(Answer(error.status, _message(error.message)), keep_alive=False)
                return
            if request is None:
                return
            self._busy = True
            self._handle(request)

    def _handle(self, request: Request) -> None:
        body = Incoming(self._read_as_fits)
        self._channel = channel = Channel(self, request, body)
        if request.streamed:
            self._body = body
            self._take_body()
        else:
            body.end()
        try:
            answer = self._house.answer(channel, request)
        except Exception as error:  # noqa: BLE001 - whatever a request does, the engine goes on
            self._finish(_failure(error), request)
            return
        if isinstance(answer, Answer):
            self._finish(answer, request)
        else:
            self._task = asyncio.get_running_loop().create_task(self._wait_for(answer, request))

    async def _wait_for(self, work: Coroutine[None, None, Answer | None], request: Request) -> None:
        channel = self._channel
        assert channel is not None
        try:
            answer = await work
        except Exception as error:  # noqa: BLE001 - as above
            if channel.begun:
                self.close()
                return
            answer = _failure(error)
        self._task = None
        if answer is not None:
            self._finish(answer, request)
        elif self._raw is None:
            channel.end()
            self._done(request.keep_alive)

    def _finish(self, answer: Answer, request: Request) -> None:
        self._send(answer, keep_alive=request.keep_alive, no_body=request.method == "HEAD")
        self._done(request.keep_alive)

    def _done(self, keep_alive: bool) -> None:
        self._channel, self._busy = None, False
        if self._body is not None:
            self._body.drop()  # the answer needed no more of it
        if not keep_alive:
            self.close()
        else:
            self._next()

    def _send(self, answer: Answer, *, keep_alive: bool, no_body: bool = False) -> None:
        length = None if answer.status in (204, 304) else len(answer.body)
        first = head(
            answer.status,
            self._house.server_headers,
            content_type=answer.type if length is not None else "",
            length=length or 0,
            keep_alive=keep_alive,
        )
        self.write(first if no_body or length is None else first + answer.body)
        if not keep_alive:
            self.close()

    # --- bytes -----------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self._house.frozen:
            self._held.append(data)
            self._held_size += len(data)
            if self._held_size > _FULL:
                self.abort()
        elif self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
            if self._transport.get_write_buffer_size() > _FULL:
                self._transport.abort()

    async def room(self) -> None:
        """Wait until what was written has mostly been read."""
        await self._room.wait()

    def close(self) -> None:
        """After what was written has been sent."""
        if self._transport is not None and not self._house.frozen:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def take_over(self, raw: Callable[[bytes | None], None]) -> None:
        """From now on what comes is no HTTP; None: nothing more comes."""
        self._raw = raw
        if rest := self._parser.rest():
            raw(rest)

    @property
    def server_headers(self) -> bytes:
        return self._house.server_headers

    def freeze(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def thaw(self) -> None:
        held, self._held, self._held_size = self._held, [], 0
        for data in held:
            self.write(data)
        self._read_as_fits()


class Channel:
    """How a handler answers bit by bit, or takes the connection over. ``body``: what is streamed in, to be read."""

    def __init__(self, connection: Connection, request: Request, body: Incoming) -> None:
        self._connection = connection
        self.body = body
        self._request = request
        self._gone: asyncio.Event | None = None
        self._at_end: list[Callable[[], None]] = []
        self._lost = False
        self.begun = False

    def begin(self, content_type: str = _JSON, status: int = 200) -> None:
        self.begun = True
        first = head(
            status,
            self._connection.server_headers,
            content_type=content_type,
            length=None,
            keep_alive=self._request.keep_alive,
        )
        self._connection.write(first)

    def send(self, data: bytes) -> None:
        if data:
            self._connection.write(chunk(data))

    def end(self) -> None:
        self._connection.write(LAST_CHUNK)

    async def room(self) -> None:
        await self._connection.room()

    def at_end(self, tell: Callable[[], None]) -> None:
        """Have it called when the client has gone."""
        self._at_end.append(tell)

    async def gone(self) -> None:
        """Wait until the client has gone."""
        if self._gone is None:
            self._gone = asyncio.Event()
        if not self._lost:
            await self._gone.wait()

    def lost(self) -> None:
        self._lost = True
        if self._gone is not None:
            self._gone.set()
        for tell in self._at_end:
            tell()

    def take_over(self, content_type: str, raw: Callable[[bytes | None], None]) -> None:
        """Hand the connection to a process; ``write`` and ``close`` are for it from now on."""
        self.begun = True
        headers = self._connection.server_headers
        if self._request.headers.get("upgrade"):
            self._connection.write(upgraded(headers, content_type))
        else:
            told = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nConnection: close\r\n".encode()
            self._connection.write(told + headers + b"\r\n")
        self._connection.take_over(raw)

    def write(self, data: bytes) -> None:
        self._connection.write(data)

    def close(self) -> None:
        self._connection.close()


def _message(text: str) -> bytes:
    return json.dumps({"message": text}, separators=(",", ":")).encode() + b"\n"


def refusal(status: int, message: str) -> Answer:
    """A failure in Docker's shape."""
    return Answer(status) if status in (204, 304) else Answer(status, _message(message))


def _failure(error: Exception) -> Answer:
    if isinstance(error, Refused):
        return refusal(error.status, error.message)
    if isinstance(error, KeyError | TypeError | ValueError | AttributeError):
        return refusal(400, f"the request cannot be read ({type(error).__name__})")
    return refusal(500, f"the simulated engine failed: {type(error).__name__}")
