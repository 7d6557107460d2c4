"""Exec calls: processes of others in containers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from app.demo.engine.answers import body_of, number, told
from app.demo.engine.connection import Answer, Channel
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.execs import Exec
from app.demo.engine.http import Request
from app.demo.engine.refused import Refused

_FRAMED = "application/vnd.docker.multiplexed-stream"
_RAW = "application/vnd.docker.raw-stream"
_MOMENT = 0.01
_NUMBERS = {"stdout": 1, "stderr": 2}


def create(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    return told({"Id": engine.execs.create(engine.find(name), body_of(request)).id}, 201)


def inspect(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    return told(engine.execs.find(name).told())


def resize(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    found = engine.execs.find(name)
    if not found.running:
        raise Refused(409, f"Container {found.container.id} is not running")
    found.resize(number(request, "w") or 80, number(request, "h") or 24)
    return Answer(200, type="")


def resize_container(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    container = engine.find(name)
    if not container.up:
        raise Refused(409, f"Container {container.id} is not running")
    return Answer(200, type="")


def start(
    engine: SimulatedEngine, name: str, request: Request, channel: Channel
) -> Answer | Coroutine[None, None, Answer | None]:
    found, body = engine.execs.find(name), body_of(request)
    if body.get("Detach"):
        engine.execs.start(found, lambda _, __: None, lambda: None)
        return Answer(200, type="")
    if found.running or found.code is not None:
        raise Refused(409, f"Error: Exec command {found.id} has already run")
    return _talk(engine, found, channel)


async def _talk(engine: SimulatedEngine, found: Exec, channel: Channel) -> None:
    channel.take_over(_RAW if found.tty else _FRAMED, found.input)
    channel.at_end(found.end)
    # As with Docker, what a process writes comes a moment after the answer: clients take what comes together for one.
    await asyncio.sleep(_MOMENT)

    def write(stream: str, data: bytes) -> None:
        if found.tty:
            channel.write(data)
        elif data:
            channel.write(bytes((_NUMBERS[stream], 0, 0, 0)) + len(data).to_bytes(4, "big") + data)

    try:
        engine.execs.start(found, write, channel.close)
    except Refused as error:
        write("stderr", f"{error.message}\n".encode())
        channel.close()
