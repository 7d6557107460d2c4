"""Images as archives, as ``docker save`` and ``docker load`` have them: streams, of which nothing large is kept.

A layer of a simulated image is a note of what it stands for; so that it takes as long as a real one, a file of zeros
makes the archive as large as the image is. A real engine loads it, and the image has the same id there.
"""

from __future__ import annotations

import asyncio
import json
import posixpath
from collections.abc import Collection, Coroutine, Iterator, Mapping, Sequence
from typing import Any

from app.demo.engine.connection import Answer, Channel
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.http import Request
from app.demo.engine.images import Image, ImageShelf, canonical, repository
from app.demo.engine.import_calls import IMPORTED
from app.demo.engine.layers import END_OF_TAR, Layer, layer_from, padding_of, tar_entry, tar_header
from app.demo.engine.refused import Refused
from app.demo.engine.tar_reader import BrokenArchiveError, Member, TarReader
from app.demo.engine.times import SECOND, read
from app.demo.engine.transfer_calls import fail, say
from app.demo.engine.transfer_frames import progress_frame

Json = dict[str, Any]
Waiting = Coroutine[None, None, Answer | None]

_PIECE = 1 << 18
_FILLING = "simulated-bytes"
_ZEROS = bytes(_PIECE)


# --- save -------------------------------------------------------------------------------------------------------------


def save(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Waiting:
    """One image or several: by name with that name, by repository with all its names, by id with none."""
    wanted: dict[str, tuple[Image, list[str]]] = {}
    for each in [name] if name else request.query.get("names", []):
        for image, names in _asked_for(engine.machine.images, each):
            wanted.setdefault(image.id, (image, []))[1].extend(names)
    return _save(engine, list(wanted.values()), channel)


def _asked_for(images: ImageShelf, wanted: str) -> list[tuple[Image, list[str]]]:
    """Images, each with the names that it is saved under. Raises Refused."""
    by_id = images.by_id(wanted)
    if by_id is not None:
        return [(by_id, [])]
    of_repository = ":" not in wanted.rpartition("/")[2]
    found = [
        (image, [name])
        for image in images.all()
        for name in images.names(image)
        if name == canonical(wanted) or (of_repository and repository(name) == repository(wanted))
    ]
    if not found:
        raise Refused(404, "reference does not exist")
    return found


async def _save(engine: SimulatedEngine, wanted: Sequence[tuple[Image, Sequence[str]]], channel: Channel) -> None:
    channel.begin("application/x-tar")
    for piece in archive_of(wanted):
        channel.send(piece)
        await channel.room()
        if engine.pull_rate:
            await asyncio.sleep(len(piece) / engine.pull_rate)


def archive_of(wanted: Sequence[tuple[Image, Sequence[str]]]) -> Iterator[bytes]:
    """In pieces of 256 KiB at most. Each image with the names that it is saved under."""
    manifest, layers = [], {layer.diff_id: layer for image, _ in wanted for layer in image.layers}
    entries = bytearray()
    for image, names in wanted:
        document = f"{image.id.removeprefix('sha256:')}.json"
        entries += tar_entry(document, image.document)
        manifest.append(
            {"Config": document, "RepoTags": list(names) or None, "Layers": [_place(layer) for layer in image.layers]}
        )
    for layer in layers.values():
        entries += tar_entry(_place(layer), layer.archive())
    entries += tar_entry("manifest.json", json.dumps(manifest).encode())
    for at in range(0, len(entries), _PIECE):
        yield bytes(entries[at : at + _PIECE])
    filling = max(sum(layer.size for layer in layers.values()) - len(entries), 0)
    if filling:
        yield tar_header(_FILLING, filling)
        for at in range(0, filling, _PIECE):
            yield _ZEROS[: min(_PIECE, filling - at)]
        yield padding_of(filling)
    yield END_OF_TAR


def _place(layer: Layer) -> str:
    return f"{layer.diff_id.removeprefix('sha256:')}/layer.tar"


# --- load -------------------------------------------------------------------------------------------------------------


def load(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Waiting:
    return _load(engine, channel, quiet=request.flag("quiet"))


async def _load(engine: SimulatedEngine, channel: Channel, *, quiet: bool) -> None:
    """What ``docker save`` wrote. Docker tells what is wrong with it in its stream, too."""
    reader, members = TarReader(_FILLING), dict[str, Member]()
    try:
        while data := await channel.body.read():
            members |= {member.name: member for member in reader.feed(data)}
        reader.end()
        loaded = read_archive(members)
    except BrokenArchiveError as error:
        channel.begin()
        fail(channel, str(error))
        return
    channel.begin()
    for image, names in loaded:
        if not quiet:
            new = [layer for layer in image.layers if not engine.machine.images.has_layer(layer)]
            say(channel, *(progress_frame("Loading layer", layer, layer.size) for layer in new))
        kept = engine.machine.images.add(image, names)
        engine.machine.events.add(engine.now(), "image", "load", kept.id, {"name": kept.id})
        for name in names:
            say(channel, {"stream": f"Loaded image: {canonical(name)}\n"})
        if not names:
            say(channel, {"stream": f"Loaded image ID: {kept.id}\n"})


def read_archive(members: Mapping[str, Member]) -> list[tuple[Image, Collection[str]]]:
    """The images with their names. Raises BrokenArchiveError."""
    manifest = _document(members, "manifest.json")
    try:
        return [
            (_image(members, str(entry["Config"]), entry["Layers"] or ()), tuple(entry["RepoTags"] or ()))
            for entry in manifest
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, BrokenArchiveError):
            raise
        raise BrokenArchiveError(f"invalid manifest ({type(error).__name__})") from None


def _document(members: Mapping[str, Member], name: str) -> Any:
    content = _member(members, name).content
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise BrokenArchiveError(f"{name}: invalid character looking for beginning of value") from None


def _member(members: Mapping[str, Member], name: str) -> Member:
    for _ in range(8):
        found = members.get(name)
        if found is None:
            break
        if not found.link:
            return found
        name = posixpath.normpath(posixpath.join(posixpath.dirname(name), found.link))
    raise BrokenArchiveError(f"open {name}: no such file or directory")


def _image(members: Mapping[str, Member], place: str, places: Sequence[str]) -> Image:
    document = _document(members, place)
    config, diff_ids = document.get("config") or {}, document["rootfs"].get("diff_ids") or ()
    if len(diff_ids) != len(places):
        raise BrokenArchiveError(
            f"invalid manifest, layers length mismatch: expected {len(diff_ids)}, got {len(places)}"
        )
    layers = []
    for number, (diff_id, where) in enumerate(zip(diff_ids, places, strict=True)):
        found = _member(members, where)
        layer = layer_from(found.content, found.size, f"sha256:{found.digest}")
        # A note may stand for a layer whose bytes are on a real engine; it says so itself.
        if diff_id not in (f"sha256:{found.digest}", layer.digest):
            got = f"sha256:{found.digest}"
            raise BrokenArchiveError(f'invalid diffID for layer {number}: expected "{diff_id}", got "{got}"')
        layers.append(layer)
    return Image(
        place,
        labels=config.get("Labels") or {},
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        environment=tuple(config.get("Env") or ()),
        ports=tuple(config.get("ExposedPorts") or ()),
        user=str(config.get("User") or ""),
        working_directory=str(config.get("WorkingDir") or ""),
        health_check=config.get("Healthcheck"),
        volumes=tuple(config.get("Volumes") or ()),
        any_program=all(layer.seed and not layer.seed.startswith(IMPORTED) for layer in layers),
        layers=tuple(layers),
        created=(read(str(document.get("created") or "")) or 0) // SECOND,
        platform=f"{document.get('os') or 'linux'}/{document.get('architecture') or 'amd64'}",
        original=_member(members, place).content,
    )
