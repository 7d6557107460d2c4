"""Every member of a create body that is known, with what it gives. Pure.

A member that is ``harmless`` limits, names or publishes; it leads nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.hosts.policy.mounts import binds, is_ours, mounts, tmpfs, volumes_from
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
    unless,
    when_set,
    words_of,
)

_DOCKERS_OWN = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip
"""Capabilities that a container has anyway."""
_OWN_SYSCTLS = ("net.", "fs.mqueue.", "kernel.msg", "kernel.sem", "kernel.shm")
"""Of the container's own namespaces."""
_GPU = frozenset({"gpu", "nvidia", "compute", "utility", "graphics", "video", "display", "ngx", "compat32"})
_LOG_DRIVERS = frozenset({
    "", "none", "local", "json-file", "journald", "syslog", "gelf", "fluentd", "awslogs", "splunk", "etwlogs",
    "gcplogs", "logentries",
})  # fmt: skip
_MASKED = frozenset({
    "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug",
    "/proc/scsi", "/sys/firmware",
})  # fmt: skip
_READ_ONLY = frozenset({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"})
_BUILT_IN_NETWORKS = frozenset({"", "default", "bridge", "none"})
_OUR_NETWORK = re.compile(r"moorage-[0-9a-f]{12}|[0-9a-f]{64}")
"""By its name, or by the id that making it has given."""


def _privileged(member: str, value: Any) -> Told:
    if value:
        yield Risk(member, "is root on the host in all but name")


def _capabilities(member: str, value: Any) -> Told:
    texts, bad = words_of(member, value)
    yield from bad
    for text in texts:
        name = text.upper().removeprefix("CAP_")
        if name not in _DOCKERS_OWN:
            yield Risk(member, f"has the capability {shown(name)}")


def _security_options(member: str, value: Any) -> Told:
    texts, bad = words_of(member, value)
    yield from bad
    for text in texts:
        if text not in ("no-new-privileges", "no-new-privileges=true", "no-new-privileges:true",
                        "apparmor=docker-default", "seccomp=builtin"):  # fmt: skip
            yield Risk(member, f"{shown(text)} takes another guard than Docker's own")


def _devices(member: str, value: Any) -> Told:
    found, bad = entries_of(member, value)
    yield from bad
    for device in found:
        yield Risk(member, f"has the device {shown(device.get('PathOnHost'))} of the host")


def _device_requests(member: str, value: Any) -> Told:
    found, bad = entries_of(member, value)
    yield from bad
    for request in found:
        yield from read_members(request, f"{member}.", _DEVICE_REQUEST)
        kinds = request.get("Capabilities") or []
        flat = {str(one) for group in kinds if isinstance(group, list) for one in group} if kinds else set()
        plain = request.get("Driver") in (None, "", "nvidia") and flat <= _GPU
        if not plain or says_something(request.get("Options")):
            words = ", ".join(sorted(flat)) or shown(request.get("Driver") or "nothing")
            yield Risk(member, f"has devices of the host: {shown(words)}")


def _network(member: str, value: Any) -> Told:
    if value is None:
        return
    name = str(value)
    if name == "host":
        yield Risk(member, "has the host's network, with what listens on localhost there")
    elif name.startswith("container:"):
        if not is_ours(name.removeprefix("container:")):
            yield Risk(member, f"has the network of another container, {shown(name.removeprefix('container:'))}")
    elif name not in _BUILT_IN_NETWORKS and _OUR_NETWORK.fullmatch(name) is None:
        yield Risk(member, f"is in the network {shown(name)}")


def _namespace(what: str, *own: str) -> Check:
    """``what``: of the host, of another container."""

    def check(member: str, value: Any) -> Told:
        name = "" if value is None else str(value)
        if name in ("", *own):
            return
        kind, _, other = name.partition(":")
        if kind == "container" and is_ours(other):
            return
        whose = "the host" if name == "host" else f"another container, {shown(other or name)}"
        yield Risk(member, f"has the {what} of {whose}")

    return check


def _sysctls(member: str, value: Any) -> Told:
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield unknown(member, "is no object")
        return
    for name in value:
        if not str(name).replace("/", ".").startswith(_OWN_SYSCTLS):
            yield Risk(member, f"sets {shown(name)} of the host's kernel")


def _paths(kept: frozenset[str], gives: str) -> Check:
    """None is Docker's own list. An empty one takes the guard away."""

    def check(member: str, value: Any) -> Told:
        if value is None:
            return
        texts, bad = words_of(member, value)
        yield from bad
        for path in sorted(kept - set(texts)):
            yield Risk(member, f"{gives} {path}")

    return check


def _log_config(member: str, value: Any) -> Told:
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield unknown(member, "is no object")
        return
    yield from read_members(value, f"{member}.", {"Type": harmless, "Config": harmless})
    if value.get("Type") not in (None, *_LOG_DRIVERS):
        yield Risk(member, f"its output goes through the plug-in {shown(value.get('Type'))}")
    options = value.get("Config") or {}
    for name, text in options.items() if isinstance(options, Mapping) else ():
        if str(text).startswith(("unix", "/")):
            yield Risk(member, f"{shown(name)} leads to {shown(text)} of the host")


def _out_of_memory(member: str, value: Any) -> Told:
    if isinstance(value, int | float) and value < 0:
        yield Risk(member, "others are killed before it when the host is out of memory")


def _networking(member: str, value: Any) -> Told:
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield unknown(member, "is no object")
        return
    yield from read_members(value, f"{member}.", {"EndpointsConfig": _endpoints})


def _endpoints(member: str, value: Any) -> Told:
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield unknown(member, "is no object")
        return
    for network, endpoint in value.items():
        yield from _network(member, network)
        if isinstance(endpoint, Mapping) and says_something(endpoint.get("DriverOpts")):
            yield Risk(member, "has options for the network's driver")


_DEVICE_REQUEST: Mapping[str, Check] = dict.fromkeys(
    ("Driver", "Count", "DeviceIDs", "Capabilities", "Options"), harmless
)

CONFIG: Mapping[str, Check] = {
    **dict.fromkeys(
        (
            "ArgsEscaped", "AttachStderr", "AttachStdin", "AttachStdout", "Cmd", "Domainname", "Entrypoint", "Env",
            "ExposedPorts", "Healthcheck", "HostConfig", "Hostname", "Image", "Labels", "MacAddress",
            "NetworkDisabled", "OnBuild", "OpenStdin", "Shell", "StdinOnce", "StopSignal", "StopTimeout", "Tty",
            "User", "Volumes", "WorkingDir",
        ),
        harmless,
    ),
    "NetworkingConfig": _networking,
}  # fmt: skip
"""``HostConfig`` is read by itself."""

HOST_CONFIG: Mapping[str, Check] = {
    **dict.fromkeys(
        (
            "AutoRemove", "BlkioDeviceReadBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteBps", "BlkioDeviceWriteIOps",
            "BlkioWeight", "BlkioWeightDevice", "CapDrop", "ConsoleSize", "ContainerIDFile", "CpuCount", "CpuPercent",
            "CpuPeriod", "CpuQuota", "CpuShares", "CpusetCpus", "CpusetMems", "Dns", "DnsOptions", "DnsSearch",
            "ExtraHosts", "IOMaximumBandwidth", "IOMaximumIOps", "Init", "KernelMemory", "KernelMemoryTCP", "Memory",
            "MemoryReservation", "MemorySwap", "MemorySwappiness", "NanoCpus", "PidsLimit", "PortBindings",
            "PublishAllPorts", "ReadonlyRootfs", "RestartPolicy", "ShmSize", "StorageOpt", "Ulimits",
        ),
        harmless,
    ),
    "Annotations": when_set("tells the runtime what to do besides"),
    "Binds": binds,
    "CapAdd": _capabilities,
    "Capabilities": _capabilities,
    "Cgroup": _namespace("cgroup"),
    "CgroupParent": when_set("its cgroup is below one of somebody's choice"),
    "CgroupnsMode": _namespace("cgroups", "private"),
    "CpuRealtimePeriod": when_set("has real time of the CPU"),
    "CpuRealtimeRuntime": when_set("has real time of the CPU"),
    "DeviceCgroupRules": when_set("may make devices of the host"),
    "DeviceRequests": _device_requests,
    "Devices": _devices,
    "GroupAdd": when_set("its user is in more groups"),
    "IpcMode": _namespace("shared memory", "none", "private", "shareable"),
    "Isolation": unless(frozenset({"", "default"}), "has the isolation {}"),
    "Links": when_set("has the environment of other containers"),
    "LogConfig": _log_config,
    "MaskedPaths": _paths(_MASKED, "sees"),
    "Mounts": mounts,
    "NetworkMode": _network,
    "OomKillDisable": when_set("is not killed when it is out of memory"),
    "OomScoreAdj": _out_of_memory,
    "PidMode": _namespace("processes"),
    "Privileged": _privileged,
    "ReadonlyPaths": _paths(_READ_ONLY, "writes"),
    "Runtime": unless(frozenset({"", "runc", "io.containerd.runc.v2"}), "has the runtime {}"),
    "SecurityOpt": _security_options,
    "Sysctls": _sysctls,
    "Tmpfs": tmpfs,
    "UTSMode": _namespace("names"),
    "UsernsMode": _namespace("users"),
    "VolumeDriver": unless(frozenset({"", "local"}), "has files of the volume driver {}"),
    "VolumesFrom": volumes_from,
}  # fmt: skip
