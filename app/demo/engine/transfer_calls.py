"""Calls that move images between an engine and a registry: pull, push, login."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

from app.demo.engine import import_calls
from app.demo.engine.answers import body_of, told
from app.demo.engine.connection import Answer, Channel
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.http import Request
from app.demo.engine.images import Image, canonical, host_of, path_of, repository, tag_of
from app.demo.engine.refused import Refused
from app.demo.engine.transfer_frames import Paced, pull_frames, push_frames

Json = dict[str, Any]
Waiting = Coroutine[None, None, Answer | None]

_AUTHORIZATION = "x-registry-auth"
_MANIFEST_BYTES, _BYTES_A_LAYER = 280, 130


def create(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Waiting:
    """A pull, or with ``fromSrc`` an import of what the body holds."""
    if request.last("fromSrc"):
        return import_calls.import_(engine, request, channel)
    reference, tag = request.last("fromImage"), request.last("tag")
    if tag:
        reference = f"{reference}@{tag}" if ":" in tag else f"{reference}:{tag}"
    return _pull(engine, reference, image_to_pull(engine, reference, request.headers.get(_AUTHORIZATION, "")), channel)


def image_to_pull(engine: SimulatedEngine, reference: str, authorization: str) -> Image:
    """``authorization``: as of the header X-Registry-Auth. Raises Refused."""
    found = engine.registry.pulled(reference, authorization)
    if found is None:
        raise Refused(
            404,
            f"pull access denied for {repository(reference)}, repository does not exist or may require 'docker login': "
            "denied: requested access to the resource is denied",
        )
    return found


async def _pull(engine: SimulatedEngine, reference: str, image: Image, channel: Channel) -> None:
    digest = canonical(reference).partition("@")[2]
    asked = f"{host_of(reference)}/{path_of(reference)}@{digest}" if digest else tag_of(reference)
    channel.begin()
    say(channel, {"status": f"Pulling from {path_of(reference)}", "id": asked})
    fresh = is_fresh(engine, reference, image)
    if not fresh:
        await play(channel, pull_frames(image.layers, engine.machine.images.has_layer, engine.pull_rate))
    keep_pulled(engine, reference, image)
    say(channel, *pull_summary(reference, image, fresh=fresh))


def pull_summary(reference: str, image: Image, *, fresh: bool) -> tuple[Json, Json]:
    """The last frames of a pull."""
    words = "Image is up to date for" if fresh else "Downloaded newer image for"
    return (
        {"status": f"Digest: {image.manifest_digest}"},
        {"status": f"Status: {words} {canonical(reference)}"},
    )


def is_fresh(engine: SimulatedEngine, reference: str, image: Image) -> bool:
    held = engine.machine.images.find(reference)
    return held is not None and held.id == image.id


def keep_pulled(engine: SimulatedEngine, reference: str, image: Image) -> None:
    """It is there now, under the name that was asked for and under its digest."""
    engine.machine.images.add(image, (reference, f"{repository(reference)}@{image.manifest_digest}"))
    engine.machine.events.add(engine.now(), "image", "pull", canonical(reference), {"name": repository(reference)})


# --- push -------------------------------------------------------------------------------------------------------------


def push(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Waiting:
    """Of one tag, or without one of all that the repository has here."""
    if _AUTHORIZATION not in request.headers and not request.body.strip():
        raise Refused(400, "Bad parameters and missing X-Registry-Auth: EOF")
    return _push(engine, name, request.last("tag"), request.headers.get(_AUTHORIZATION, ""), channel)


async def _push(engine: SimulatedEngine, name: str, tag: str, authorization: str, channel: Channel) -> None:
    images, whole = engine.machine.images, repository(name)
    tagged = [(each, image) for image in images.all() for each in images.names(image) if repository(each) == whole]
    wanted = [(each, image) for each, image in tagged if not tag or tag_of(each) == tag]
    channel.begin()
    host = host_of(name)
    say(channel, {"status": f"The push refers to repository [{host}/{path_of(name)}]"})
    if not wanted:
        missing = f"with the tag: {whole}" if tag else f"with: {whole}"
        fail(channel, f"An image does not exist locally {missing}")
        return
    refusal = engine.registry.push_refused(name, authorization)
    for each, image in wanted:
        if refusal:
            say(
                channel, *(({"status": "Preparing", "progressDetail": {}, "id": layer.short}) for layer in image.layers)
            )
            fail(channel, refusal)
            return
        frames = push_frames(image.layers, lambda layer: engine.registry.has_layer(host, layer), engine.pull_rate)
        await play(channel, frames)
        engine.registry.put(each, image)
        images.name(image, f"{whole}@{image.manifest_digest}")
        size = _MANIFEST_BYTES + _BYTES_A_LAYER * len(image.layers)
        say(
            channel,
            {"status": f"{tag_of(each)}: digest: {image.manifest_digest} size: {size}"},
            {"progressDetail": {}, "aux": {"Tag": tag_of(each), "Digest": image.manifest_digest, "Size": size}},
        )
        engine.machine.events.add(engine.now(), "image", "push", each, {"name": whole})


def login(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    body = body_of(request)
    server, user = str(body.get("serveraddress") or ""), str(body.get("username") or "")
    engine.registry.login(server, user, str(body.get("password") or ""))
    return told({"IdentityToken": "", "Status": "Login Succeeded"})


# --- streams of frames ------------------------------------------------------------------------------------------------


async def play(channel: Channel, paced: Paced) -> None:
    """Tell it, at its pace."""
    for frames, seconds in paced:
        if frames:
            say(channel, *frames)
            await channel.room()
        if seconds:
            await asyncio.sleep(seconds)


def say(channel: Channel, *frames: Json) -> None:
    channel.send(b"".join(json.dumps(frame).encode() + b"\r\n" for frame in frames))


def fail(channel: Channel, message: str, code: int | None = None) -> None:
    """The last frame of what was begun well."""
    detail: Json = {"message": message} if code is None else {"code": code, "message": message}
    say(channel, {"errorDetail": detail, "error": message})
