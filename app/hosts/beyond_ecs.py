"""What a container is set to and a task definition has no words for: told, each one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.hosts.as_told import Told

_NOT_TAKEN = "it is not taken over"

_HOST_CONFIG: dict[str, tuple[str, tuple[Any, ...]]] = {
    "AutoRemove": ("it is removed when it ends (--rm)", ()),
    "Annotations": ("it has annotations", ()),
    "BlkioWeight": ("it has a weight for block devices", ()),
    "BlkioWeightDevice": ("it has weights of block devices", ()),
    "BlkioDeviceReadBps": ("its reading of block devices is limited", ()),
    "BlkioDeviceWriteBps": ("its writing to block devices is limited", ()),
    "BlkioDeviceReadIOps": ("its reads of block devices are limited", ()),
    "BlkioDeviceWriteIOps": ("its writes to block devices are limited", ()),
    "CgroupParent": ("its cgroup has a parent of somebody's choice", ()),
    "CpuRealtimePeriod": ("it has a real-time period of the CPU", ()),
    "CpuRealtimeRuntime": ("it has a real-time share of the CPU", ()),
    "CpusetCpus": ("it is bound to some CPUs", ()),
    "CpusetMems": ("it is bound to some memory nodes", ()),
    "DeviceCgroupRules": ("it has rules for devices", ()),
    "DnsOptions": ("it has options for the resolver", ()),
    "GroupAdd": ("its user is in more groups", ()),
    "KernelMemory": ("its kernel memory is limited", ()),
    "KernelMemoryTCP": ("its TCP buffers are limited", ()),
    "Links": ("it has legacy links", ()),
    "OomKillDisable": ("it is not killed when it is out of memory", ()),
    "OomScoreAdj": ("it has an OOM score of its own", ()),
    "PidsLimit": ("its number of processes is limited", (-1,)),
    "StorageOpt": ("its own layer has storage options", ()),
    "UTSMode": ("it has the host's name space for names", ()),
    "UsernsMode": ("it has a user namespace of its own choice", ()),
    "VolumeDriver": ("it has a driver for volumes without a name", ("local",)),
}
"""What is said of a member that is set, and which values besides zero and empty ones say nothing."""


def tell_what_ecs_cannot_say(
    detail: Mapping[str, Any], image: Mapping[str, Any], info: Mapping[str, Any], told: Told
) -> None:
    config: Mapping[str, Any] = detail.get("Config") or {}
    host: Mapping[str, Any] = detail.get("HostConfig") or {}
    for member, (words, neutral) in _HOST_CONFIG.items():
        value = host.get(member)
        if value and value not in neutral:
            told.warn(f"HostConfig.{member}", words, _remedy(member))
    runtime = host.get("Runtime")
    if runtime and runtime != (info.get("DefaultRuntime") or "runc"):
        told.warn("HostConfig.Runtime", "it has a runtime of its own choice", _NOT_TAKEN)
    namespace = host.get("CgroupnsMode")
    if namespace and namespace != ("private" if str(info.get("CgroupVersion")) == "2" else "host"):
        told.warn("HostConfig.CgroupnsMode", "its cgroup namespace is not the engine's default", _NOT_TAKEN)
    if not host.get("Privileged") and _unmasked(host):
        told.warn("HostConfig.MaskedPaths", "system paths are open to it", _NOT_TAKEN)
    if config.get("Domainname"):
        told.warn("Config.Domainname", "it has a domain name", "hostname may hold one")
    if config.get("MacAddress"):
        told.warn("Config.MacAddress", "it has a MAC address of somebody's choice", _NOT_TAKEN)
    signal = config.get("StopSignal")
    if signal and signal != (image.get("StopSignal") or "SIGTERM"):
        told.warn("Config.StopSignal", "it is stopped by a signal of its own", "ECS takes the image's STOPSIGNAL")


def _remedy(member: str) -> str:
    return "put both containers into one task, with links" if member == "Links" else _NOT_TAKEN


def _unmasked(host: Mapping[str, Any]) -> bool:
    return any(host.get(member) == [] for member in ("MaskedPaths", "ReadonlyPaths"))
