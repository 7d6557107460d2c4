"""Calls about images that are there: lists, inspect, names, removal, disk use."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase
from typing import Any

from app.demo.engine.answers import told
from app.demo.engine.connection import Answer, Channel
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.filters import Filters, any_matches, labels_match, read_filters
from app.demo.engine.http import Request
from app.demo.engine.image_removal import delete_image, remove_image, unused
from app.demo.engine.images import Image, canonical, repository
from app.demo.engine.machine import Machine
from app.demo.engine.refused import Refused
from app.demo.engine.times import SECOND, written
from app.model.errors import MoorageError
from app.model.image_reference import parse_reference

Json = dict[str, Any]

_FILTERS = ("before", "dangling", "label", "reference", "since", "until")
_YES = ("true", "1")
_NO_TAG = ["<none>:<none>"]


# --- lists ------------------------------------------------------------------------------------------------------------


def list_(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    filters, machine = read_filters(request.last("filters"), _FILTERS), engine.machine
    shown = machine.images.all() if request.flag("all") else machine.images.shown()
    found = [
        _entry(machine, image, filters)
        for image in sorted(shown, key=lambda image: -image.created)
        if any_matches(filters, "dangling", lambda word, found=image: (word in _YES) == _dangles(machine, found))  # type: ignore[misc]
        and labels_match(filters, image.labels)
    ]
    return told([entry for entry in found if "reference" not in filters or entry["RepoTags"] != _NO_TAG])


def _matching(names: list[str], filters: Filters) -> list[str]:
    """Those that are asked for; Docker tells of no others."""
    wanted = filters.get("reference", ("*",))
    return [
        name
        for name in names
        if any(fnmatchcase(name, pattern) or fnmatchcase(repository(name), pattern) for pattern in wanted)
    ]


def _dangles(machine: Machine, image: Image) -> bool:
    return not machine.images.names(image)


def _entry(machine: Machine, image: Image, filters: Filters) -> Json:
    names = _matching(machine.images.names(image), filters)
    digests = _matching(machine.images.digests(image), filters)
    nameless = not names and not digests
    return {
        "Containers": -1,
        "Created": image.created,
        "Id": image.id,
        "Labels": dict(image.labels) or None,
        "ParentId": _parent_id(machine, image),
        "RepoDigests": ["<none>@<none>"] if nameless else digests or None,
        "RepoTags": _NO_TAG if nameless else names or None,
        "SharedSize": -1,
        "Size": image.size,
        "VirtualSize": image.size,
    }


def _parent_id(machine: Machine, image: Image) -> str:
    parent = machine.images.parent(image)
    return parent.id if parent is not None else ""


def disk_use(machine: Machine) -> Json:
    """Of images, as ``system df`` has it: each layer counts once."""
    images = list(machine.images.all())
    sizes = {layer.diff_id: layer.size for image in images for layer in image.layers}
    holders = Counter(layer for image in images for layer in {layer.diff_id for layer in image.layers})
    users = Counter(container.image.id for container in machine.containers.values())
    return {
        "LayersSize": sum(sizes.values()),
        "Images": [
            _entry(machine, image, {})
            | {
                "Containers": users[image.id],
                "SharedSize": sum(layer.size for layer in image.layers if holders[layer.diff_id] > 1),
            }
            for image in machine.images.shown()
        ],
    }


# --- one image --------------------------------------------------------------------------------------------------------


def inspect(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    images = engine.machine.images
    image = found_image(engine, name)
    system, _, architecture = image.platform.partition("/")
    return told(
        {
            "Id": image.id,
            "RepoTags": images.names(image),
            "RepoDigests": images.digests(image),
            "Parent": _parent_id(engine.machine, image),
            "Comment": "",
            "Created": written(image.created * SECOND),
            "DockerVersion": "",
            "Author": "",
            "Config": image.config(),
            "Architecture": architecture,
            "Os": system,
            "Size": image.size,
            "VirtualSize": image.size,
            "GraphDriver": {"Data": None, "Name": "overlay2"},
            "RootFS": {"Type": "layers", "Layers": [layer.diff_id for layer in image.layers]},
            "Metadata": {"LastTagTime": written(image.created * SECOND)},
        }
    )


def found_image(engine: SimulatedEngine, name: str) -> Image:
    """Raises Refused."""
    image = engine.machine.images.find(name)
    if image is None:
        raise Refused(404, f"No such image: {canonical(name)}")
    return image


def tag(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    image = found_image(engine, name)
    asked, word = request.last("repo"), request.last("tag")
    give_name(engine, image, f"{asked}:{word}" if word else asked)
    return Answer(201)


def give_name(engine: SimulatedEngine, image: Image, name: str) -> None:
    """Raises Refused when it is no name."""
    check_name(name)
    engine.machine.images.name(image, name)
    engine.machine.events.add(engine.now(), "image", "tag", image.id, {"name": name})


def check_name(name: str) -> None:
    """Raises Refused."""
    try:
        parse_reference(name)
    except MoorageError:
        upper = repository(name) != repository(name).lower()
        why = "repository name must be lowercase" if upper else ""
        raise Refused(400, f"invalid reference format{f': {why}' if why else ''}") from None
    if "@" in name:
        raise Refused(400, "refusing to create a tag with a digest reference")


def remove(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    return told(remove_image(engine.machine, name, force=request.flag("force"), prune=not request.flag("noprune")))


def prune(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    """What no container uses, of those without a tag; with ``dangling=false`` of all."""
    machine = engine.machine
    filters = read_filters(request.last("filters"), ("dangling", "label", "label!", "until"))
    everything = any(value not in _YES for value in filters.get("dangling", ()))
    before = disk_use(machine)["LayersSize"]
    gone: list[dict[str, str]] = []
    for image in tuple(machine.images.all()):
        kept = machine.images.has_children(image) or not unused(machine, image)
        if not kept and (everything or _dangles(machine, image)) and labels_match(filters, image.labels):
            gone += delete_image(machine, image)
    return told({"ImagesDeleted": gone or None, "SpaceReclaimed": before - disk_use(machine)["LayersSize"]})


def prune_builds(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    caches, engine.machine.build_caches = engine.machine.build_caches, []
    gone = [cache["ID"] for cache in caches]
    return told({"CachesDeleted": gone or None, "SpaceReclaimed": sum(cache["Size"] for cache in caches)})
