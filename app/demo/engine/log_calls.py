"""Calls that read what containers write: their log, and attaching to their main process."""

from __future__ import annotations

from collections.abc import Coroutine

from app.demo.engine.connection import Answer, Channel
from app.demo.engine.container import Container
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.http import Request
from app.demo.engine.log_book import Line, View
from app.demo.engine.once import Once
from app.demo.engine.process import Script
from app.demo.engine.refused import Refused
from app.demo.engine.terminal import Terminal
from app.demo.engine.times import read

_FRAMED = "application/vnd.docker.multiplexed-stream"
_RAW = "application/vnd.docker.raw-stream"
_BATCH = 1 << 16
_UNREADABLE = frozenset({"none", "syslog", "awslogs", "fluentd", "gelf", "splunk"})


def logs(
    engine: SimulatedEngine, name: str, request: Request, channel: Channel
) -> Coroutine[None, None, Answer | None]:
    container = engine.find(name)
    view = _view(request)
    if not (view.stdout or view.stderr):
        raise Refused(400, "Bad parameters: you must choose at least one stream")
    if (container.host.get("LogConfig") or {}).get("Type") in _UNREADABLE:
        raise Refused(501, "configured logging driver does not support reading")
    return _logs(container, view, channel, follow=request.flag("follow"))


def _view(request: Request) -> View:
    tail = request.last("tail")
    return View(
        stdout=request.flag("stdout"),
        stderr=request.flag("stderr"),
        timestamps=request.flag("timestamps"),
        since=read(request.last("since")) or 0,
        until=read(request.last("until")) or 1 << 63,
        tail=int(tail) if tail.isdigit() else None,
    )


async def _logs(container: Container, view: View, channel: Channel, *, follow: bool) -> None:
    channel.begin(_RAW if container.tty else _FRAMED)
    follower = _Follower(container, view, channel) if follow and container.up else None
    batch = bytearray()
    for line in container.log.read(view):
        batch += view.told(line, tty=container.tty)
        if len(batch) > _BATCH:
            channel.send(bytes(batch))
            batch.clear()
            await channel.room()
    channel.send(bytes(batch))
    if follower is not None:
        await follower.until_end()


class _Follower:
    """Hands on what is written, as it is. What is there when it begins is for others to send."""

    def __init__(self, container: Container, view: View, channel: Channel) -> None:
        self._tty = container.tty
        self._view = view
        self._channel = channel
        self._waiting: list[bytes] | None = []
        self._over = Once()
        self._stop = container.log.follow(self._hear)
        channel.at_end(self._stop)

    def _hear(self, line: Line | None) -> None:
        if line is None:
            self._over.happen()
        elif self._view.shows(line):
            data = self._view.told(line, tty=self._tty)
            if self._waiting is None:
                self._channel.send(data)
            else:
                self._waiting.append(data)

    async def until_end(self) -> None:
        # Lines that came while older ones were sent, which waited for room.
        waiting, self._waiting = self._waiting or [], None
        self._channel.send(b"".join(waiting))
        await self._over.wait()


def attach(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Coroutine[None, None, None]:
    container = engine.find(name)
    if container.state == "paused":
        raise Refused(409, f"Container {container.id} is paused, unpause the container before attach.")
    return _attach(container, request, channel)


async def _attach(container: Container, request: Request, channel: Channel) -> None:
    """What it writes from now on; one that has not been started yet is waited for."""
    tty = container.tty
    view = View(stdout=request.flag("stdout"), stderr=request.flag("stderr"))
    reads = request.flag("stdin") and bool(container.config.get("OpenStdin"))
    typing = _Typing(container, channel)

    def hear(line: Line | None) -> None:
        if line is None:
            channel.close()
        elif view.shows(line):
            text = view.told(line, tty=tty)
            channel.write(text.replace(b"\n", b"\r\n") if tty else text)

    channel.take_over(_RAW if tty else _FRAMED, typing.typed if reads else lambda _: None)
    if not (container.up or container.state == "created"):
        channel.close()
        return
    channel.at_end(container.log.follow(hear))


class _Typing:
    """What somebody types, to the main process of a container, as it is then."""

    def __init__(self, container: Container, channel: Channel) -> None:
        self._container = container
        self._channel = channel
        self._terminal: Terminal | None = None
        self._script: Script | None = None

    def typed(self, data: bytes | None) -> None:
        script = self._container.process
        if not isinstance(script, Script):
            return
        if script is not self._script:
            self._script = script
            self._terminal = Terminal(self._channel.write, script) if self._container.tty else None
        if self._terminal is not None and data is not None:
            self._terminal.typed(data)
        else:
            script.input(data)
