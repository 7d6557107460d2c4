"""Calls about the engine itself, and its events."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from app.demo.engine.answers import told
from app.demo.engine.connection import Answer, Channel
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.event_log import FILTERS, Event
from app.demo.engine.filters import Filters, read_filters
from app.demo.engine.http import Request
from app.demo.engine.image_calls import disk_use
from app.demo.engine.telling import info as engine_info
from app.demo.engine.telling import version as engine_version
from app.demo.engine.times import SECOND, read


def ping(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    return Answer(200, b"OK", "text/plain; charset=utf-8")


def version(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    return told(engine_version())


def info(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    return told(engine_info(engine.machine))


def disk_usage(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    machine = engine.machine
    return told(
        {
            **disk_use(machine),
            "Containers": [],
            "Volumes": [volume.told() for volume in machine.volumes.matching({})],
            "BuildCache": machine.build_caches,
            "BuilderSize": sum(cache["Size"] for cache in machine.build_caches),
        }
    )


def events(
    engine: SimulatedEngine, name: str, request: Request, channel: Channel
) -> Coroutine[None, None, Answer | None]:
    filters = read_filters(request.last("filters"), FILTERS)
    return _events(engine, filters, read(request.last("since")), read(request.last("until")), channel)


async def _events(
    engine: SimulatedEngine, filters: Filters, since: int | None, until: int | None, channel: Channel
) -> None:
    log = engine.machine.events
    channel.begin()
    if since is not None or until is not None:
        channel.send(b"".join(event.json() for event in log.past(since or 0, until or 1 << 63, filters)))

    def hear(event: Event) -> None:
        if event.matches(filters) and (until is None or event.nano <= until):
            channel.send(event.json())

    stop = log.listen(hear)
    try:
        if until is None:
            await channel.gone()
        elif until > engine.now():
            await asyncio.wait({asyncio.ensure_future(channel.gone())}, timeout=(until - engine.now()) / SECOND)
    finally:
        stop()
