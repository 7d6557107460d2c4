"""Calls about containers: lists, inspect, and what makes, changes and ends them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine

from app.demo.engine.answers import NOTHING, body_of, listed, number, told
from app.demo.engine.connection import Answer, Channel
from app.demo.engine.container import Container
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.filters import read_filters
from app.demo.engine.http import Request
from app.demo.engine.lifecycle import signal_number
from app.demo.engine.machine import CONTAINER_FILTERS
from app.demo.engine.once import Once
from app.demo.engine.refused import Refused

Waiting = Coroutine[None, None, Answer | None]


def list_(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    filters = read_filters(request.last("filters"), CONTAINER_FILTERS)
    limit, now = number(request, "limit"), engine.now()
    found = engine.machine.matching(filters, all_=request.flag("all") or bool(limit and limit > 0))
    entries = [container.listed(now) for container in found]
    return listed(entries[:limit] if limit and limit > 0 else entries)


def inspect(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    return Answer(200, engine.find(name).inspected())


def create(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    made = engine.create(body_of(request), request.last("name"))
    return told({"Id": made, "Warnings": []}, 201)


def start(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer | Waiting:
    container = engine.find(name)
    if not engine.start_seconds:
        engine.lifecycle.start(container)
        return NOTHING
    return _start_later(engine, container)


async def _start_later(engine: SimulatedEngine, container: Container) -> Answer:
    await asyncio.sleep(engine.start_seconds)
    engine.lifecycle.start(engine.find(container.id))
    return NOTHING


def stop(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer | Waiting:
    container, timeout = engine.find(name), number(request, "t")
    over = Once()
    engine.lifecycle.stop(container, timeout, over.happen)
    return NOTHING if over.done else _nothing_after(over)


async def _nothing_after(over: Once) -> Answer:
    await over.wait()
    return NOTHING


def restart(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer | Waiting:
    return _restart(engine, engine.find(name), number(request, "t"))


async def _restart(engine: SimulatedEngine, container: Container, patience: int | None) -> Answer:
    if container.up:
        over = Once()
        engine.lifecycle.stop(container, patience, over.happen)
        await over.wait()
    try:
        engine.lifecycle.start(container)
    except Refused as error:
        raise Refused(500, f"Cannot restart container {container.name}: {error.message}") from None
    engine.machine.tell(container, "restart")
    return NOTHING


def kill(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer | Waiting:
    container, asked = engine.find(name), request.last("signal") or "KILL"
    wanted = signal_number(asked)
    if not wanted:
        raise Refused(400, f"Invalid signal: {asked[:40]}")
    engine.lifecycle.signal(container, wanted, name)
    return NOTHING


def pause(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    engine.lifecycle.pause(engine.find(name))
    return NOTHING


def unpause(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    engine.lifecycle.unpause(engine.find(name))
    return NOTHING


def rename(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    container, new, old = engine.find(name), request.last("name").removeprefix("/"), engine.find(name).name
    if not new:
        raise Refused(400, "Neither old nor new names may be empty")
    if new == old:
        raise Refused(400, "Renaming a container with the same name as its current name")
    try:
        engine.machine.name_is_free(new)
    except Refused as taken:
        raise Refused(409, f"Error when allocating new name: {taken.message}") from None
    engine.machine.rename(container, new)
    engine.machine.tell(container, "rename", oldName=f"/{old}")
    return NOTHING


def update(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    """What may be changed of a container; labels are no part of it."""
    container, body = engine.find(name), body_of(request)
    changeable = ("RestartPolicy", "Memory", "MemoryReservation", "MemorySwap", "NanoCpus", "CpuShares")
    container.host.update({member: body[member] for member in changeable if body.get(member)})
    container.touch()
    engine.machine.tell(container, "update")
    return told({"Warnings": None})


def remove(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    engine.lifecycle.remove(engine.find(name), force=request.flag("force"), volumes=request.flag("v"))
    return NOTHING


def top(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    container = engine.find(name)
    if not container.up:
        raise Refused(409, f"Container {container.id} is not running")
    rows = [["root", str(container.pid), "0:00", " ".join(container.argv)]]
    return told({"Titles": ["UID", "PID", "TIME", "CMD"], "Processes": rows})


def wait(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Waiting:
    condition = request.last("condition") or "not-running"
    if condition not in ("not-running", "next-exit", "removed"):
        raise Refused(400, f'invalid condition: "{condition[:40]}"')
    return _wait(engine.find(name), condition, channel)


async def _wait(container: Container, condition: str, channel: Channel) -> None:
    over = Once()
    if condition == "removed":
        container.at_removal.append(over.happen)
    elif container.up or condition == "next-exit":
        container.at_end.append(over.happen)
    else:
        over.happen()
    # Docker answers at once that it waits, and with the end when it comes.
    channel.begin()
    await over.wait()
    answer: dict[str, object] = {"StatusCode": container.code}
    if container.error:
        answer["Error"] = {"Message": container.error}
    channel.send(json.dumps(answer).encode() + b"\n")


def prune(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    filters = read_filters(request.last("filters"), ("label", "label!", "until"))
    ended = {**filters, "status": ("created", "exited", "dead")}
    gone = [container.id for container in engine.machine.matching(ended, all_=True)]
    for container in gone:
        engine.lifecycle.remove(engine.find(container), force=False, volumes=False)
    return told({"ContainersDeleted": gone or None, "SpaceReclaimed": 0})
