"""Calls about images: lists, inspect, pull with its layers, import, load, remove."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import shlex
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import replace
from typing import Any

from app.demo.engine.answers import told
from app.demo.engine.connection import Answer, Channel
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.filters import any_matches, read_filters
from app.demo.engine.http import Request
from app.demo.engine.images import Image, canonical
from app.demo.engine.refused import Refused
from app.demo.engine.times import SECOND, written

Json = dict[str, Any]
Waiting = Coroutine[None, None, Answer | None]

_FILTERS = ("before", "dangling", "label", "reference", "since", "until")
_STEPS = 8
"""Words about each layer on its way."""


def list_(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    filters = read_filters(request.last("filters"), _FILTERS)
    images = engine.machine.images
    return told(
        [
            {
                "Containers": -1,
                "Created": image.created,
                "Id": image.id,
                "Labels": dict(image.labels) or None,
                "ParentId": "",
                "RepoDigests": None,
                "RepoTags": images.names(image) or ["<none>:<none>"],
                "SharedSize": -1,
                "Size": image.size,
            }
            for image in images.all()
            if any_matches(filters, "reference", lambda wanted, found=image: _is_called(found, wanted))  # type: ignore[misc]
        ]
    )


def _is_called(image: Image, wanted: str) -> bool:
    return canonical(image.reference) == canonical(wanted) or image.reference.partition(":")[0] == wanted


def inspect(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    images = engine.machine.images
    image = _found(engine, name)
    return told(
        {
            "Id": image.id,
            "RepoTags": images.names(image),
            "RepoDigests": [],
            "Parent": "",
            "Comment": "",
            "Created": written(image.created * SECOND),
            "DockerVersion": "",
            "Author": "",
            "Config": image.config(),
            "Architecture": "amd64",
            "Os": "linux",
            "Size": image.size,
            "GraphDriver": {"Data": None, "Name": "overlay2"},
            "RootFS": {"Type": "layers", "Layers": [f"sha256:{layer * 5}abcd" for layer in image.layer_ids()]},
            "Metadata": {"LastTagTime": written(image.created * SECOND)},
        }
    )


def remove(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    image = _found(engine, name)
    user = next((found for found in engine.machine.containers.values() if found.image == image), None)
    if user is not None and not request.flag("force"):
        short = image.id.removeprefix("sha256:")[:12]
        what = f'conflict: unable to remove repository reference "{name}" (must force)'
        raise Refused(409, f"{what} - container {user.id[:12]} is using its referenced image {short}")
    engine.machine.images.remove(image)
    return told([{"Untagged": canonical(image.reference)}, {"Deleted": image.id}])


def _found(engine: SimulatedEngine, name: str) -> Image:
    image = engine.machine.images.find(name)
    if image is None:
        raise Refused(404, f"No such image: {canonical(name)}")
    return image


# --- pull, import and load --------------------------------------------------------------------------------------------


def create(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Waiting:
    """A pull, or with ``fromSrc`` an import of what the body holds."""
    if request.last("fromSrc"):
        return _import(engine, request, channel)
    reference, tag = request.last("fromImage"), request.last("tag")
    if tag:
        reference = f"{reference}@{tag}" if ":" in tag else f"{reference}:{tag}"
    image = engine.machine.images.to_pull(reference)
    if image is None:
        known = engine.machine.images.find(reference)
        if known is None:
            repository = canonical(reference).rpartition(":")[0]
            raise Refused(
                404,
                f"pull access denied for {repository}, repository does not exist or may require 'docker login': "
                "denied: requested access to the resource is denied",
            )
        image = known
    return _pull(engine, image, channel)


async def _pull(engine: SimulatedEngine, image: Image, channel: Channel) -> None:
    fresh = engine.machine.images.find(image.reference) == image
    tag = canonical(image.reference).rpartition(":")[2]
    channel.begin()
    _say(channel, {"status": f"Pulling from {canonical(image.reference).rpartition(':')[0]}", "id": tag})
    if not fresh:
        for frame, seconds in _layer_frames(image, engine.pull_rate):
            _say(channel, frame)
            if seconds:
                await asyncio.sleep(seconds)
        engine.add_image(image)
        engine.machine.events.add(engine.now(), "image", "pull", image.reference, {"name": image.reference})
    _say(channel, {"status": f"Digest: {image.id}"})
    words = "Image is up to date for" if fresh else "Downloaded newer image for"
    _say(channel, {"status": f"Status: {words} {canonical(image.reference)}"})


def _layer_frames(image: Image, rate: float) -> Iterator[tuple[Json, float]]:
    """Frames of a pull, each with the seconds that pass after it."""
    layers = list(zip(image.layer_ids(), image.layers, strict=True))
    for layer, _ in layers:
        yield {"status": "Pulling fs layer", "progressDetail": {}, "id": layer}, 0
    for layer, size in layers:
        pause = size / rate / _STEPS if rate else 0.0
        for step in range(1, _STEPS + 1):
            done = size * step // _STEPS
            yield _progress("Downloading", layer, done, size), pause
        yield {"status": "Verifying Checksum", "progressDetail": {}, "id": layer}, 0
        yield {"status": "Download complete", "progressDetail": {}, "id": layer}, 0
    for layer, size in layers:
        yield _progress("Extracting", layer, size, size), 0.05 if rate else 0.0
        yield {"status": "Pull complete", "progressDetail": {}, "id": layer}, 0


def _progress(status: str, layer: str, done: int, size: int) -> Json:
    bar = "=" * (50 * done // max(size, 1)) + ">"
    shown = f"[{bar:<51}] {done / 1e6:.4g}MB/{size / 1e6:.4g}MB"
    return {"status": status, "progressDetail": {"current": done, "total": size}, "progress": shown, "id": layer}


def _say(channel: Channel, frame: Json) -> None:
    channel.send(json.dumps(frame).encode() + b"\r\n")


async def _import(engine: SimulatedEngine, request: Request, channel: Channel) -> None:
    # ``tag`` is stronger than one that ``repo`` has.
    before, slash, last = request.last("repo").rpartition("/")
    name, _, tag = last.partition(":")
    reference = f"{before}{slash}{name}:{request.last('tag') or tag or 'latest'}"
    image = Image(reference, environment=(), any_program=False, layers=(len(request.body),))
    image = _changed(image, request.query.get("changes", ()))
    # An id of its own, as of what is really imported.
    digest = hashlib.sha256(request.body).hexdigest()
    engine.add_image(replace(image, created=engine.now() // SECOND, content=digest))
    channel.begin()
    found = engine.machine.images.find(reference)
    _say(channel, {"status": found.id if found else ""})


def _changed(image: Image, changes: Sequence[str]) -> Image:
    """With the lines of a Dockerfile that an import may have. Raises Refused."""
    for line in changes:
        word, _, rest = line.strip().partition(" ")
        match word.upper():
            case "CMD":
                image = replace(image, command=_words(rest))
            case "ENTRYPOINT":
                image = replace(image, entrypoint=_words(rest))
            case "ENV":
                image = replace(image, environment=(*image.environment, *shlex.split(rest)))
            case "LABEL":
                pairs = (pair.partition("=")[::2] for pair in shlex.split(rest))
                image = replace(image, labels={**image.labels, **dict(pairs)})
            case "EXPOSE":
                ports = (port if "/" in port else f"{port}/tcp" for port in rest.split())
                image = replace(image, ports=(*image.ports, *ports))
            case "USER":
                image = replace(image, user=rest)
            case "WORKDIR":
                image = replace(image, working_directory=rest)
            case "VOLUME":
                image = replace(image, volumes=(*image.volumes, *_words(rest)))
            case "HEALTHCHECK":
                image = replace(image, health_check=_check(rest))
            case _:
                raise Refused(400, f"{word[:20]} is not a valid change command")
    return image


def _words(text: str) -> tuple[str, ...]:
    if text.startswith("["):
        return tuple(str(word) for word in json.loads(text))
    return ("/bin/sh", "-c", text)


def _check(text: str) -> Json:
    kind, _, rest = text.partition(" ")
    if kind != "CMD":
        return {"Test": ["NONE"]}
    return {"Test": ["CMD", *json.loads(rest)] if rest.startswith("[") else ["CMD-SHELL", rest]}


def load(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Waiting:
    return _load(engine, request, channel)


async def _load(engine: SimulatedEngine, request: Request, channel: Channel) -> None:
    """What ``docker save`` wrote. Raises Refused."""
    import tarfile

    try:
        with tarfile.open(fileobj=io.BytesIO(request.body)) as archive:
            for entry in json.loads(_member(archive, "manifest.json")):
                config = json.loads(_member(archive, str(entry["Config"])))["config"] or {}
                for reference in entry["RepoTags"] or ():
                    engine.add_image(_loaded(str(reference), config, len(request.body)))
    except (tarfile.TarError, KeyError, ValueError, TypeError) as error:
        raise Refused(500, f"the archive cannot be read: {type(error).__name__}") from None
    channel.begin()
    _say(channel, {"stream": "Loaded\n"})


def _member(archive: Any, name: str) -> bytes:
    found = archive.extractfile(name)
    if found is None:
        raise KeyError(name)
    return bytes(found.read())


def _loaded(reference: str, config: Json, size: int) -> Image:
    return Image(
        reference,
        labels=config.get("Labels") or {},
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        environment=tuple(config.get("Env") or ()),
        any_program=False,
        layers=(size,),
    )
