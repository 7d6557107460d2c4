"""Builds: a context comes in, steps are told, an image is there."""

from __future__ import annotations

import base64
import json
from collections.abc import Coroutine, Mapping
from typing import Any

from app.demo.engine.builder import Building, StepFailed, Told
from app.demo.engine.connection import Answer, Channel
from app.demo.engine.dockerfile import Stage, read_dockerfile
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.http import Request
from app.demo.engine.image_calls import check_name, give_name
from app.demo.engine.images import canonical, host_of, path_of, tag_of
from app.demo.engine.refused import Refused
from app.demo.engine.tar_reader import BrokenArchiveError, Member, TarReader
from app.demo.engine.times import SECOND
from app.demo.engine.transfer_calls import fail, image_to_pull, is_fresh, keep_pulled, play, pull_summary, say
from app.demo.engine.transfer_frames import pull_frames

Json = dict[str, Any]


def build(
    engine: SimulatedEngine, name: str, request: Request, channel: Channel
) -> Coroutine[None, None, Answer | None]:
    """With the classic builder, whichever was asked for."""
    for each in _tags(request):
        check_name(each)
    return _build(engine, request, channel)


def _tags(request: Request) -> list[str]:
    return [name for name in request.query.get("t", ()) if name]


async def _build(engine: SimulatedEngine, request: Request, channel: Channel) -> None:
    """Raises Refused until it has begun."""
    context = await _context(channel)
    arguments = _arguments(request)
    stages = _stages(request, context, arguments)
    building = Building(
        machine=engine.machine,
        context=context,
        arguments=arguments,
        pull=lambda base: _pulled(engine, base, request),
        cache=not request.flag("nocache"),
        seconds=engine.step_seconds,
        now=engine.now() // SECOND,
        tidy=request.flag("rm"),
    )
    channel.begin()
    try:
        await play(channel, building.run(stages))
    except StepFailed as failed:
        fail(channel, failed.message, failed.code)
        return
    except Refused as refused:
        fail(channel, refused.message)
        return
    image = building.image
    say(channel, {"aux": {"ID": image.id}}, {"stream": f"Successfully built {image.short}\n"})
    for each in _tags(request):
        give_name(engine, image, each)
        say(channel, {"stream": f"Successfully tagged {canonical(each)}\n"})


async def _context(channel: Channel) -> Mapping[str, Member]:
    """What was sent, by path; folders are left out. Raises Refused."""
    reader, found = TarReader(), dict[str, Member]()
    try:
        while data := await channel.body.read():
            found |= {member.name: member for member in reader.feed(data) if not member.folder}
        reader.end()
    except BrokenArchiveError as error:
        raise Refused(500, f"Error processing tar file(exit status 1): {error}") from None
    return found


def _arguments(request: Request) -> dict[str, str]:
    try:
        told = json.loads(request.last("buildargs") or "{}")
        return {str(name): str(value) for name, value in told.items() if value is not None}
    except (ValueError, AttributeError):
        raise Refused(400, "error reading build args: the value cannot be read") from None


def _stages(request: Request, context: Mapping[str, Member], arguments: Mapping[str, str]) -> list[Stage]:
    place = request.last("dockerfile") or "Dockerfile"
    file = context.get(place)
    if file is None:
        raise Refused(500, f"Cannot locate specified Dockerfile: {place}")
    if not file.size:
        raise Refused(500, f"the Dockerfile ({place}) cannot be empty")
    return read_dockerfile(file.content.decode("utf-8", "replace"), arguments, request.last("target"))


def _pulled(engine: SimulatedEngine, base: str, request: Request) -> Told:
    """Have a base image there, from its registry if need be. Raises Refused."""
    if engine.machine.images.find(base) is not None and not request.flag("pull"):
        return
    image = image_to_pull(engine, base, _authorization(request, base))
    fresh = is_fresh(engine, base, image)
    yield [{"status": f"Pulling from {path_of(base)}", "id": tag_of(base)}], 0.0
    if not fresh:
        yield from pull_frames(image.layers, engine.machine.images.has_layer, engine.pull_rate)
    keep_pulled(engine, base, image)
    yield list(pull_summary(base, image, fresh=fresh)), 0.0


def _authorization(request: Request, base: str) -> str:
    """Of the header X-Registry-Config, which has the credentials of all registries, what the base image's is shown."""
    host = host_of(base)
    try:
        told = json.loads(base64.urlsafe_b64decode(request.headers.get("x-registry-config") or "e30="))
        found = told.get("https://index.docker.io/v1/" if host == "docker.io" else host)
    except (ValueError, AttributeError):
        return ""
    return base64.urlsafe_b64encode(json.dumps(found).encode()).decode() if found else ""
