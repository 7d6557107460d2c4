"""What an engine says of a container → members of a task definition: the way of ``translate``, back.

What came from the image is left out; what ECS has no words for is told, never dropped silently. Pure, but for
``read_surroundings``. The paths of findings are members of ``docker inspect``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.hosts.as_linux import limits_of, linux_of
from app.hosts.as_mounts import mounts_of, source_names
from app.hosts.as_network import network_of
from app.hosts.as_settings import settings_of
from app.hosts.as_told import Told
from app.hosts.beyond_ecs import tell_what_ecs_cannot_say
from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError
from app.hosts.reading import readable
from app.model.errors import Finding
from app.model.task_definition import DOCKER_MINIMUM_MEMORY

ASSUMED_RESERVATION = 128
"""MiB that are reserved for a container without any limit of memory: ECS wants to be told something."""

IMAGE = "Image"
"""The path of findings about the image that a container was made from."""

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_NAME = 255
_IMAGE_ID = re.compile(r"(?:sha256:)?[0-9a-f]{12,64}")
_ORDER = (
    "name", "image", "cpu", "memory", "memoryReservation", "portMappings", "essential", "restartPolicy", "entryPoint",
    "command", "environment", "mountPoints", "linuxParameters", "stopTimeout", "hostname", "user", "workingDirectory",
    "disableNetworking", "privileged", "readonlyRootFilesystem", "dnsServers", "dnsSearchDomains", "extraHosts",
    "dockerSecurityOptions", "interactive", "pseudoTerminal", "dockerLabels", "ulimits", "logConfiguration",
    "healthCheck", "systemControls", "resourceRequirements",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of a container's settings is not its own.

    ``image``: the answer of its image's inspect, {} when it is gone. ``named_now``: the id of the image that has the
    name of its image now, "" when none has. ``info``: the answer of the engine's info. ``volumes``: those of the named
    volumes that it mounts. ``names``: what volumes are called in the definition, by what a bind begins with, where
    that is known already.
    """

    image: Json = field(default_factory=dict)
    named_now: str = ""
    info: Json = field(default_factory=dict)
    volumes: Mapping[str, Json] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AsDefinition:
    """One container in ECS's members: what it says itself, and what it makes the task say."""

    container: dict[str, Any]
    task: dict[str, Any]
    volumes: list[dict[str, Any]]
    findings: tuple[Finding, ...]


@readable
def as_definition(detail: Json, around: Surroundings) -> AsDefinition:
    """The members that ``detail``, an answer of inspect, amounts to. Absent: what Docker or the image does anyway.

    Raises HostError when the answer cannot be read.
    """
    told = Told()
    image = (around.image.get("Config") or {}) if around.image else {}
    if not around.image:
        told.warn(IMAGE, "the image is gone from the host", "what came from it is taken for the container's own")
    host: Mapping[str, Any] = detail.get("HostConfig") or {}
    own, of_task = limits_of(host, told, swap_limited=around.info.get("SwapLimit") is not False)
    network, network_task = network_of(detail, image, around.info, told)
    mounts, volumes = mounts_of(detail, image, around.volumes, around.names, told)
    linux, linux_task = linux_of(host, str(network_task.get("networkMode", "")), own.pop("swap", None) or {}, told)
    members = {
        "name": valid_name(str(detail.get("Name", ""))),
        "image": _image(detail, around, told),
        **own,
        **network,
        **settings_of(detail, image, around.info, told),
        "mountPoints": mounts,
        **linux,
    }
    tell_what_ecs_cannot_say(detail, image, around.info, told)
    container = {name: members[name] for name in _ORDER if members.get(name) not in (None, [], {}, "", False)}
    return AsDefinition(container, {**network_task, **linux_task, **of_task}, volumes, told.findings)


def with_some_memory(container: dict[str, Any]) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """The container with a reservation of memory where it has no limit at all, which ECS refuses."""
    if "memory" in container or "memoryReservation" in container:
        return container, ()
    problem = f"it has no limit of memory, and ECS wants one: memoryReservation is {ASSUMED_RESERVATION} MiB"
    finding = Finding("HostConfig.Memory", problem, "write what it needs", "warning")
    filled = {**container, "memoryReservation": max(ASSUMED_RESERVATION, DOCKER_MINIMUM_MEMORY)}
    return {name: filled[name] for name in _ORDER if name in filled}, (finding,)


def valid_name(name: str) -> str:
    """Docker's name of a container as ECS takes it, for a container and for a family."""
    found = _NOT_IN_NAMES.sub("-", name.removeprefix("/")).lstrip("-_")[:_LONGEST_NAME]
    return found or "container"


def read_surroundings(engine: Engine, detail: Json, names: Mapping[str, str] | None = None) -> Surroundings:
    """Ask the engine for what ``as_definition`` needs beside the container. Raises HostError."""
    volumes = {name: _found(engine.volume, name) for name in source_names(detail) if name not in (names or {})}
    return Surroundings(
        image=_found(engine.image, str(detail.get("Image") or "")),
        named_now=str(_found(engine.image, _image_given(detail)).get("Id") or ""),
        info=engine.info(),
        volumes={name: volume for name, volume in volumes.items() if volume},
        names=names or {},
    )


def _found(ask: Callable[[str], Json], name: str) -> Json:
    if not name:
        return {}
    try:
        return dict(ask(name))
    except HostError as error:
        if error.kind not in ("not-found", "refused"):
            raise
        return {}


def _image(detail: Json, around: Surroundings, told: Told) -> str:
    """The name by which it was made; of one that was made by an id, a name that the image has."""
    given = _image_given(detail)
    names = [*_texts(around.image.get("RepoTags")), *_texts(around.image.get("RepoDigests"))]
    if _IMAGE_ID.fullmatch(given) and given not in names:
        if names:
            return names[0]
        told.warn("Config.Image", "it was made from an image without a name", "give the image one that can be pulled")
    elif around.named_now and detail.get("Image") and around.named_now != detail["Image"]:
        told.warn(IMAGE, f"{given} names another image on its host now", "a new container gets that one")
    return given


@readable
def _image_given(detail: Json) -> str:
    return str((detail.get("Config") or {}).get("Image") or "")


def _texts(value: Any) -> Iterable[str]:
    return (str(text) for text in value or () if "<none>" not in str(text))
