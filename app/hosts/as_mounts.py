"""What an inspected container mounts → mountPoints and volumes of a task definition. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.hosts.as_told import Told
from app.hosts.labels import without_ours
from app.hosts.reading import readable
from app.model.names import CONTAINER_NAME
from app.model.safe_text import safe_line

_OURS = "moorage-"
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
_LONGEST_NAME = 64
_READ_ONLY = frozenset({"ro", "readonly"})
_PLAIN = frozenset({"rw", "rprivate", ""})


@dataclass(frozen=True, slots=True)
class _Mount:
    """``source``: a folder of the host, a volume's name, or "" for a volume that nobody named."""

    where: str
    source: str
    target: str
    read_only: bool = False


@readable
def source_names(detail: Mapping[str, Any]) -> list[str]:
    """The names of the volumes that it mounts by name. Raises HostError when the answer cannot be read."""
    found = (mount.source for mount in _mounts(detail, {}, Told()))
    return list(dict.fromkeys(source for source in found if source and not source.startswith("/")))


def mounts_of(
    detail: Mapping[str, Any],
    image: Mapping[str, Any],
    known: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
    told: Told,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """mountPoints of the container, and the volumes of the task that they need.

    Args:
        known: the engine's answers for volumes, by name.
        names: what a volume is called in the definition, by its source, where that is settled; those are not made.
    """
    volumes: dict[str, dict[str, Any]] = {}
    by_source, points = dict(names), []
    for mount in _mounts(detail, image, told):
        name = by_source.get(mount.source) if mount.source else None
        if name is None:
            name = _free(_name_of(mount), {*volumes, *names.values()})
            volumes[name] = _volume(name, mount, known, told)
            if mount.source:
                by_source[mount.source] = name
        points.append(
            {"sourceVolume": name, "containerPath": mount.target, **({"readOnly": True} if mount.read_only else {})}
        )
    return points, list(volumes.values())


def _mounts(detail: Mapping[str, Any], image: Mapping[str, Any], told: Told) -> Iterator[_Mount]:
    """Each place in the container once; a volume that the image declares is made for any container of it."""
    host: Mapping[str, Any] = detail.get("HostConfig") or {}
    taken = {*(image.get("Volumes") or {})}
    for mount in (*_binds(host, told), *_typed(host, told)):
        taken.add(mount.target)
        yield mount
    for target in sorted((detail.get("Config") or {}).get("Volumes") or {}):
        if target not in taken:
            taken.add(target)
            yield _Mount("Config.Volumes", "", str(target))
    if host.get("VolumesFrom"):
        told.warn("HostConfig.VolumesFrom", "it has the mounts of another container", "they are taken for its own")
        for mount in detail.get("Mounts") or ():
            if mount.get("Destination") not in taken and mount.get("Type") in ("bind", "volume"):
                source = str(mount.get("Name" if mount["Type"] == "volume" else "Source") or "")
                yield _Mount("Mounts", source, str(mount.get("Destination")), mount.get("RW") is False)


def _binds(host: Mapping[str, Any], told: Told) -> Iterator[_Mount]:
    for bind in host.get("Binds") or ():
        source, _, rest = str(bind).partition(":")
        target, _, options = rest.partition(":")
        words = set(options.split(","))
        if words - _PLAIN - _READ_ONLY:
            _tell_options("HostConfig.Binds", told)
        yield _Mount("HostConfig.Binds", source, target or source, bool(words & _READ_ONLY))


def _typed(host: Mapping[str, Any], told: Told) -> Iterator[_Mount]:
    where = "HostConfig.Mounts"
    for mount in host.get("Mounts") or ():
        kind, bind, volume = mount.get("Type"), mount.get("BindOptions") or {}, mount.get("VolumeOptions") or {}
        if kind == "tmpfs":
            continue
        if kind not in ("bind", "volume"):
            told.warn(where, f"ECS has no mounts of type {safe_line(str(kind)[:16])!r}", "it is left out")
            continue
        plain = bind.get("Propagation") in (None, *_PLAIN) and not bind.get("NonRecursive")
        if not plain or volume.get("NoCopy") or volume.get("Subpath"):
            _tell_options(where, told)
        yield _Mount(where, str(mount.get("Source") or ""), str(mount.get("Target")), mount.get("ReadOnly") is True)


def _tell_options(where: str, told: Told) -> None:
    told.warn(
        where, "ECS knows a mount as read-only or not: no SELinux label, propagation, nocopy or subpath", "left out"
    )


def _name_of(mount: _Mount) -> str:
    text = mount.source if mount.source and not _ANONYMOUS.fullmatch(mount.source) else mount.target
    if not text.startswith("/") and CONTAINER_NAME.fullmatch(text) and not text.startswith(_OURS):
        return text[:255]
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-").removeprefix(_OURS)[:_LONGEST_NAME] or "root"


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name[:240]}-{number}"
    return found


def _volume(name: str, mount: _Mount, known: Mapping[str, Mapping[str, Any]], told: Told) -> dict[str, Any]:
    if mount.source.startswith("/"):
        return {"name": name, "host": {"sourcePath": mount.source}}
    if not mount.source or _ANONYMOUS.fullmatch(mount.source):
        problem = f"{safe_line(mount.target[:64])} is a volume without a name"
        told.warn(mount.where, problem, "the task gets an empty one of its own")
        return {"name": name}
    if name != mount.source:
        problem = f"the volume {safe_line(mount.source[:64])!r} can have no such name in ECS"
        told.warn(mount.where, problem, f"the task gets an empty one of its own, {name!r}")
        return {"name": name}
    found = known.get(mount.source, {})
    driver = str(found.get("Driver") or "")
    configuration = {
        "scope": "shared",
        "autoprovision": True,
        **({"driver": driver} if driver not in ("", "local") else {}),
        **(
            {"driverOpts": {str(key): str(value) for key, value in found["Options"].items()}}
            if found.get("Options")
            else {}
        ),
        **({"labels": labels} if (labels := _labels(found)) else {}),
    }
    return {"name": name, "dockerVolumeConfiguration": configuration}


def _labels(volume: Mapping[str, Any]) -> dict[str, str]:
    """Docker Compose's own would make it take the volume for its own."""
    found = without_ours(volume.get("Labels") or {})
    return {key: str(value) for key, value in found.items() if not key.startswith("com.docker.compose.")}
