"""HostConfig of an inspected container → sizes, linuxParameters and the like: ``limits`` and ``linux_options``, back.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from app.hosts.as_told import MIB, Told
from app.model.container_definition import MOST_UNITS
from app.model.container_members import Ulimit
from app.model.linux_rules import MOUNT_OPTIONS, in_a_container
from app.model.safe_text import safe_line

_FEWEST_SHARES = 2
_FEWEST_TASK_UNITS, _MOST_TASK_UNITS = 128, 196608
_NANOCPUS_OF_A_CORE = 10**9
_PERIOD = 100_000
_DEFAULT_SHM = 64 * MIB
ASSUMED_TMPFS = 64
"""MiB of a file system in memory that has no size: ECS wants one."""
_PERMISSIONS = {"r": "read", "w": "write", "m": "mknod"}
_ULIMITS = frozenset(get_args(Ulimit.model_fields["name"].annotation))
_SIZES = {"": 1, "k": 1024, "m": MIB, "g": 1024 * MIB}
_OPTION = re.compile(r"([^:=]*)([:=]?)(.*)", re.DOTALL)
_SIZE = re.compile(r"size=(\d{1,18})([kmg]?)b?", re.IGNORECASE)


def limits_of(
    host: Mapping[str, Any], told: Told, *, swap_limited: bool = True
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Members of the container definition, among them ``swap`` for ``linux_of``, and of the task definition.

    ``swap_limited``: whether the host's kernel can limit swap at all; without, every container's is unlimited.
    """
    shares, memory = _number(host, "CpuShares"), _number(host, "Memory")
    hard = told.mebibytes("HostConfig.Memory", memory) if memory else None
    soft = _number(host, "MemoryReservation")
    units = _cores(host, told)
    cpu = min(shares, MOST_UNITS) if shares > _FEWEST_SHARES else None
    if cpu and units and cpu > units:
        problem = f"{shares} shares of the CPU are more than its limit, {units} units"
        told.warn("HostConfig.CpuShares", problem, f"{units} are written")
        cpu = units
    own = {
        "cpu": cpu,
        "memory": hard,
        "memoryReservation": told.mebibytes("HostConfig.MemoryReservation", soft) if soft else None,
        "swap": _swap(host, memory, hard, told if swap_limited else Told()),
    }
    return own, {"cpu": str(units)} if units else {}


def linux_of(
    host: Mapping[str, Any], network_mode: str, swap: Mapping[str, Any], told: Told
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Members of the container definition, and of the task definition."""
    modes = dict(_modes(host, told))
    privileged = host.get("Privileged") is True
    shm = _number(host, "ShmSize")
    parameters = {
        "capabilities": _given({"add": _capabilities(host, "CapAdd"), "drop": _capabilities(host, "CapDrop")}),
        "devices": [_device(device) for device in host.get("Devices") or ()],
        "initProcessEnabled": host.get("Init") is True,
        "sharedMemorySize": told.mebibytes("HostConfig.ShmSize", shm) if shm not in (0, _DEFAULT_SHM) else None,
        "tmpfs": [*_tmpfs(host, told), *_tmpfs_mounts(host, told)],
    }
    unlabelled = privileged or "host" in modes.values()
    members = {
        "privileged": privileged,
        "readonlyRootFilesystem": host.get("ReadonlyRootfs") is True,
        "dockerSecurityOptions": list(_security_options(host, told, unlabelled=unlabelled)),
        "linuxParameters": {**_given(parameters), **swap},
        "ulimits": list(_ulimits(host, told)),
        "systemControls": list(_system_controls(host, network_mode, modes, told)),
        "resourceRequirements": list(_gpus(host, told)),
    }
    return members, modes


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, [], {}, False)}


def _number(host: Mapping[str, Any], name: str) -> int:
    return max(int(host.get(name) or 0), 0)


def _cores(host: Mapping[str, Any], told: Told) -> int | None:
    """A cap of the CPU is the task's to ECS: a container's own cpu is a share."""
    nano = _number(host, "NanoCpus")
    if not nano and (quota := _number(host, "CpuQuota")):
        nano = quota * _NANOCPUS_OF_A_CORE // (_number(host, "CpuPeriod") or _PERIOD)
    if not nano:
        return None
    return told.within(
        "HostConfig.NanoCpus", -(-nano * 1024 // _NANOCPUS_OF_A_CORE), _FEWEST_TASK_UNITS, _MOST_TASK_UNITS
    )


def _swap(host: Mapping[str, Any], memory: int, hard: int | None, told: Told) -> dict[str, int]:
    """Docker counts memory and swap together, and gives as much swap as memory where nobody says."""
    both, readiness = int(host.get("MemorySwap") or 0), host.get("MemorySwappiness")
    if not memory or hard is None:
        return {}
    if both < 0:
        told.warn("HostConfig.MemorySwap", "its swap has no limit; ECS cannot say so", "it gets as much swap as memory")
    swap = told.mebibytes("HostConfig.MemorySwap", both - memory) if both > 0 and both != 2 * memory else None
    if readiness is None or readiness < 0:
        return {} if swap is None else {"maxSwap": swap}
    return {"maxSwap": hard if swap is None else swap, "swappiness": int(readiness)}


def _modes(host: Mapping[str, Any], told: Told) -> Iterator[tuple[str, str]]:
    pid, ipc = str(host.get("PidMode") or ""), str(host.get("IpcMode") or "")
    if pid == "host":
        yield "pidMode", pid
    elif pid:
        told.warn("HostConfig.PidMode", "it sees another container's processes", "pidMode task does so within a task")
    if ipc in ("host", "none"):
        yield "ipcMode", ipc
    elif ipc.startswith("container:"):
        told.warn("HostConfig.IpcMode", "it shares memory with another container", "ipcMode task does so within a task")


def _capabilities(host: Mapping[str, Any], member: str) -> list[str]:
    return list(dict.fromkeys(str(name).upper().removeprefix("CAP_") for name in host.get(member) or ()))


def _device(device: Mapping[str, Any]) -> dict[str, Any]:
    source, target = str(device.get("PathOnHost") or ""), str(device.get("PathInContainer") or "")
    permissions = str(device.get("CgroupPermissions") or "")
    return {
        "hostPath": source,
        **({"containerPath": target} if target not in ("", source) else {}),
        **(
            {"permissions": [_PERMISSIONS[letter] for letter in permissions if letter in _PERMISSIONS]}
            if permissions and set(permissions) != set(_PERMISSIONS)
            else {}
        ),
    }


def _tmpfs(host: Mapping[str, Any], told: Told) -> Iterator[dict[str, Any]]:
    for path, text in sorted((host.get("Tmpfs") or {}).items()):
        words = [word for word in str(text).split(",") if word]
        sizes = [match for word in words if (match := _SIZE.fullmatch(word))]
        options = [word for word in words if not word.lower().startswith("size=")]
        size = int(sizes[-1][1]) * _SIZES[sizes[-1][2].lower()] if sizes else None
        yield _memory_file_system(str(path), size, options, "HostConfig.Tmpfs", told)


def _tmpfs_mounts(host: Mapping[str, Any], told: Told) -> Iterator[dict[str, Any]]:
    for mount in host.get("Mounts") or ():
        if mount.get("Type") == "tmpfs":
            options = mount.get("TmpfsOptions") or {}
            mode = [f"mode={int(options['Mode']):o}"] if options.get("Mode") else []
            read_only = ["ro"] if mount.get("ReadOnly") else []
            yield _memory_file_system(
                str(mount.get("Target")), options.get("SizeBytes"), [*mode, *read_only], "HostConfig.Mounts", told
            )


def _memory_file_system(path: str, size: int | None, options: list[str], where: str, told: Told) -> dict[str, Any]:
    kept = [option for option in options if option.partition("=")[0] in MOUNT_OPTIONS]
    if len(kept) < len(options):
        told.warn(where, "some options of a file system in memory are not ECS's", "they are left out")
    if not size:
        told.warn(
            where, "a file system in memory has no size in bytes, and ECS wants one", f"{ASSUMED_TMPFS} MiB are written"
        )
    mebibytes = told.mebibytes(where, int(size)) if size else ASSUMED_TMPFS
    return {"containerPath": path, "size": mebibytes, **({"mountOptions": kept} if kept else {})}


def _security_options(host: Mapping[str, Any], told: Told, *, unlabelled: bool) -> Iterator[str]:
    """``unlabelled``: Docker itself takes the SELinux label away then, and says so where nobody has given one."""
    options = [_OPTION.match(str(option)) for option in host.get("SecurityOpt") or ()]
    labels = sum(match is not None and match[1] == "label" for match in options)
    for match in options:
        name, separator, value = match.groups() if match else ("", "", "")
        if name == "no-new-privileges":
            if value != "false":
                yield name
        elif name == "label" and value == "disable" and unlabelled and labels == 1:
            continue
        elif name in ("apparmor", "label") and separator and value:
            yield f"{name}:{value}"
        else:
            problem = f"ECS has no security option {safe_line(name[:32])!r}"
            told.warn("HostConfig.SecurityOpt", problem, "the engine's own holds")


def _ulimits(host: Mapping[str, Any], told: Told) -> Iterator[dict[str, Any]]:
    for limit in host.get("Ulimits") or ():
        if limit.get("Name") in _ULIMITS:
            yield {"name": limit["Name"], "softLimit": int(limit["Soft"]), "hardLimit": int(limit["Hard"])}
        else:
            told.warn(
                "HostConfig.Ulimits", f"ECS has no limit {safe_line(str(limit.get('Name'))[:32])!r}", "it is left out"
            )


def _system_controls(
    host: Mapping[str, Any], network_mode: str, modes: Mapping[str, str], told: Told
) -> Iterator[dict[str, str]]:
    for name, value in sorted((host.get("Sysctls") or {}).items()):
        if str(value) and in_a_container(str(name), network_mode, modes.get("ipcMode", "")):
            yield {"namespace": str(name), "value": str(value)}
        else:
            problem = f"{safe_line(str(name)[:64])!r} is no kernel parameter that ECS sets here"
            told.warn("HostConfig.Sysctls", problem, "it is left out")


def _gpus(host: Mapping[str, Any], told: Told) -> Iterator[dict[str, str]]:
    where, count = "HostConfig.DeviceRequests", 0
    for request in host.get("DeviceRequests") or ():
        if not any("gpu" in kinds for kinds in request.get("Capabilities") or ()):
            told.warn(where, "it asks for devices of a driver, which ECS cannot", "they are left out")
        elif request.get("DeviceIDs"):
            told.warn(where, "it has GPUs of its choice; ECS gives any", "their number is written")
            count += len(request["DeviceIDs"])
        elif int(request.get("Count") or 0) < 0:
            told.warn(where, "it has all GPUs of its host; ECS wants a number", "1 is written")
            count += 1
        else:
            count += int(request.get("Count") or 0)
    if count:
        yield {"type": "GPU", "value": str(count)}
