"""What a container sees of the host's files: Binds, Mounts of every type, volumes and their drivers. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from app.hosts.policy.reading import (
    Check,
    Risk,
    Told,
    entries_of,
    harmless,
    read_members,
    says_something,
    shown,
    unknown,
    words_of,
)

_VOLUME_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_OUR_CONTAINER = re.compile(r"/?moorage-[A-Za-z0-9][A-Za-z0-9_-]*-[0-9]+-[A-Za-z0-9_.-]+-[0-9a-f]{12}")
_PROC_ROOT = re.compile(r"/proc/[^/]+(?:/task/[^/]+)?/(?:root|cwd)(?=/|$)")
_ENGINES = (
    "/run/docker.sock", "/var/run/docker.sock", "/run/docker", "/run/containerd", "/run/podman", "/run/crio",
    "/run/user", "/run/snap.docker", "/var/lib/docker", "/var/lib/containerd", "/var/lib/containers",
    "/var/snap/docker",
)  # fmt: skip
"""Where engines have their sockets and their data: whoever has one of these is root on the host."""
_SHARED = frozenset({"shared", "rshared"})


def is_ours(container: str) -> bool:
    """Is that the name of a container of a task (``app.hosts.labels.container_name``)?"""
    return _OUR_CONTAINER.fullmatch(container) is not None


def plain_path(path: str) -> str:
    """A path of the host without what hides where it leads: ``..``, ``//``, ``/proc/1/root``, ``/var/run``."""
    before, now = "", posixpath.normpath("/" + path.lstrip("/"))
    while now != before:
        before = now
        now = posixpath.normpath("/" + _PROC_ROOT.sub("", now, count=1).lstrip("/"))
        if now == "/var/run" or now.startswith("/var/run/"):
            now = now.removeprefix("/var")
    return now


def reaches_engine(path: str) -> bool:
    """Is the socket or the data of an engine there, or below?"""
    plain = plain_path(path)
    within = "/" if plain == "/" else f"{plain}/"
    return plain.endswith(".sock") or any(
        plain == known or known.startswith(within) or plain.startswith(f"{known}/") for known in _ENGINES
    )


def risk_of_path(member: str, path: str, *, read_only: bool) -> Risk:
    """What a folder or a file of the host gives."""
    verb = "reads" if read_only else "reads and writes"
    gives = f"{verb} {shown(path)} of the host"
    return Risk(member, f"{gives}, and with it the engine: whoever has that is root" if reaches_engine(path) else gives)


# --- HostConfig.Binds, VolumesFrom, Tmpfs ---------------------------------------------------------------------------


def binds(member: str, value: Any) -> Told:
    """``/SOURCE:/TARGET[:OPTIONS]`` or ``VOLUME:/TARGET[:OPTIONS]``; a target alone is a volume without a name."""
    texts, bad = words_of(member, value)
    yield from bad
    for text in texts:
        source, *rest = text.split(":")
        if not rest and source.startswith("/"):
            continue
        if not 1 <= len(rest) <= 2:
            yield unknown(member, f"{shown(text)} cannot be read")
            continue
        options = set(rest[1].split(",")) if len(rest) == 2 else set()
        if source.startswith("/"):
            yield risk_of_path(member, source, read_only="ro" in options)
        elif _VOLUME_NAME.fullmatch(source) is None:
            yield unknown(member, f"{shown(source)} is neither a path nor the name of a volume")
        if options & _SHARED:
            yield Risk(member, f"what is mounted at {shown(rest[0])} inside is mounted on the host, too")


def volumes_from(member: str, value: Any) -> Told:
    texts, bad = words_of(member, value)
    yield from bad
    for text in texts:
        name = text.partition(":")[0]
        if not is_ours(name):
            yield Risk(member, f"has the files of another container, {shown(name)}")


def tmpfs(member: str, value: Any) -> Told:
    """Memory is harmless. A bind that calls itself one is none."""
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield unknown(member, "is no object")
        return
    for target, options in value.items():
        if {"bind", "rbind"} & set(str(options or "").split(",")):
            yield Risk(member, f"binds a folder to {shown(target)}")


# --- HostConfig.Mounts ----------------------------------------------------------------------------------------------


def mounts(member: str, value: Any) -> Told:
    found, bad = entries_of(member, value)
    yield from bad
    for mount in found:
        yield from read_members(mount, f"{member}.", _MOUNT)
        kind, source = mount.get("Type"), mount.get("Source")
        if kind == "bind":
            yield risk_of_path(member, str(source), read_only=mount.get("ReadOnly") is True)
        elif kind == "cluster":
            yield Risk(member, f"has the cluster volume {shown(source)}")
        elif kind == "image":
            yield Risk(member, f"has the files of the image {shown(source)}")
        elif kind not in ("volume", "tmpfs"):
            yield unknown(member, f"type {shown(kind)} is not known here")
        elif source and (kind == "tmpfs" or _VOLUME_NAME.fullmatch(str(source)) is None):
            yield unknown(member, f"{shown(source)} is not the name of a volume")


def _bind_options(member: str, value: Any) -> Told:
    yield from _options(member, value, _BIND_OPTIONS)
    if isinstance(value, Mapping) and value.get("Propagation") in _SHARED:
        yield Risk(member, "what is mounted inside is mounted on the host, too")


def _volume_options(member: str, value: Any) -> Told:
    return _options(member, value, _VOLUME_OPTIONS)


def _options(member: str, value: Any, known: Mapping[str, Check]) -> Told:
    if isinstance(value, Mapping):
        yield from read_members(value, f"{member}.", known)
    elif value is not None:
        yield unknown(member, "is no object")


def _driver_config(member: str, value: Any) -> Told:
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield unknown(member, "is no object")
        return
    yield from read_members(value, f"{member}.", {"Name": harmless, "Options": harmless})
    yield from risks_of_volume(member, value.get("Name") or "", value.get("Options") or {})


def risks_of_volume(member: str, driver: Any, options: Any) -> Told:
    """What a volume gives whose driver gets these options. Without any, the local driver makes an empty folder."""
    if driver not in ("", "local"):
        yield Risk(member, f"has files of the volume driver {shown(driver)}")
    if not isinstance(options, Mapping):
        yield unknown(member, "has options that are no object")
        return
    said = {str(name): str(value) for name, value in options.items() if says_something(value)}
    if driver not in ("", "local") or not said or _memory_alone(said):
        return
    device = said.get("device", "")
    if device.startswith("/"):
        yield risk_of_path(member, device, read_only="ro" in said.get("o", "").split(","))
    else:
        words = ", ".join(f"{name}={value}" for name, value in sorted(said.items()))
        yield Risk(member, f"mounts what its options say: {shown(words)}")


def _memory_alone(options: Mapping[str, str]) -> bool:
    """type=tmpfs, with nothing among its options that makes another mount of it."""
    words = {word.partition("=")[0] for word in options.get("o", "").split(",")}
    known = {"", "size", "uid", "gid", "mode", "nr_inodes", "nr_blocks", "rw", "ro", "nosuid", "nodev", "noexec"}
    return options.get("type") == "tmpfs" and options.keys() <= {"type", "device", "o"} and words <= known


_MOUNT: Mapping[str, Check] = {
    **dict.fromkeys(("Type", "Source", "Target", "ReadOnly", "Consistency", "TmpfsOptions", "ImageOptions"), harmless),
    "ClusterOptions": harmless,
    "BindOptions": _bind_options,
    "VolumeOptions": _volume_options,
}
_BIND_OPTIONS: Mapping[str, Check] = dict.fromkeys(
    ("Propagation", "NonRecursive", "CreateMountpoint", "ReadOnlyNonRecursive", "ReadOnlyForceRecursive"), harmless
)
_VOLUME_OPTIONS: Mapping[str, Check] = {
    **dict.fromkeys(("NoCopy", "Labels", "Subpath"), harmless),
    "DriverConfig": _driver_config,
}
