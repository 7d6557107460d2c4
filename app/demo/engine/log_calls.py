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
    tty, process = container.tty, container.process
    script = process if isinstance(process, Script) else None
    terminal = Terminal(channel.write, script) if tty and script is not None else None

    def typed(data: bytes | None) -> None:
        if script is None or not request.flag("stdin") or not container.config.get("OpenStdin"):
            return
        if terminal is not None and data is not None:
            terminal.typed(data)
        else:
            script.input(data)

    view = View(stdout=request.flag("stdout"), stderr=request.flag("stderr"))

    def hear(line: Line | None) -> None:
        if line is None:
            channel.close()
        elif view.shows(line):
            text = view.told(line, tty=tty)
            channel.write(text.replace(b"\n", b"\r\n") if tty else text)

    channel.take_over(_RAW if tty else _FRAMED, typed)
    if not container.up:
        channel.close()
        return
    channel.at_end(container.log.follow(hear))
