"""HostConfig as Docker fills it in, and what it refuses in one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.demo.engine.refused import Refused

Json = dict[str, Any]

LEAST_MEMORY: Final = 6 << 20
HOST_DEFAULTS: Final[Mapping[str, Any]] = {
    "Binds": None,
    "ContainerIDFile": "",
    "LogConfig": {"Type": "json-file", "Config": {}},
    "NetworkMode": "default",
    "PortBindings": {},
    "RestartPolicy": {"Name": "", "MaximumRetryCount": 0},
    "AutoRemove": False,
    "VolumeDriver": "",
    "VolumesFrom": None,
    "CapAdd": None,
    "CapDrop": None,
    "CgroupnsMode": "private",
    "Dns": None,
    "DnsOptions": None,
    "DnsSearch": None,
    "ExtraHosts": None,
    "GroupAdd": None,
    "IpcMode": "private",
    "Cgroup": "",
    "Links": None,
    "OomScoreAdj": 0,
    "PidMode": "",
    "Privileged": False,
    "PublishAllPorts": False,
    "ReadonlyRootfs": False,
    "SecurityOpt": None,
    "UTSMode": "",
    "UsernsMode": "",
    "ShmSize": 64 << 20,
    "Runtime": "runc",
    "ConsoleSize": [0, 0],
    "Isolation": "",
    "CpuShares": 0,
    "Memory": 0,
    "NanoCpus": 0,
    "CgroupParent": "",
    "BlkioWeight": 0,
    "BlkioWeightDevice": None,
    "BlkioDeviceReadBps": None,
    "BlkioDeviceWriteBps": None,
    "BlkioDeviceReadIOps": None,
    "BlkioDeviceWriteIOps": None,
    "CpuPeriod": 0,
    "CpuQuota": 0,
    "CpuRealtimePeriod": 0,
    "CpuRealtimeRuntime": 0,
    "CpusetCpus": "",
    "CpusetMems": "",
    "Devices": None,
    "DeviceCgroupRules": None,
    "DeviceRequests": None,
    "MemoryReservation": 0,
    "MemorySwap": 0,
    "MemorySwappiness": None,
    "OomKillDisable": None,
    "PidsLimit": None,
    "Ulimits": None,
    "CpuCount": 0,
    "CpuPercent": 0,
    "IOMaximumIOps": 0,
    "IOMaximumBandwidth": 0,
    "MaskedPaths": ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
    "ReadonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
}


def host_config(given: Mapping[str, Any], cpus: int) -> Json:
    """What differs from the defaults. Raises Refused."""
    memory, nanos = int(given.get("Memory") or 0), int(given.get("NanoCpus") or 0)
    if 0 < memory < LEAST_MEMORY:
        raise Refused(400, "Minimum memory limit allowed is 6MB")
    if nanos > cpus * 10**9:
        raise Refused(400, f"Range of CPUs is from 0.01 to {cpus}.00, as there are only {cpus} CPUs available")
    host = {name: value for name, value in given.items() if value is not None and value != HOST_DEFAULTS.get(name)}
    host["NetworkMode"] = str(given.get("NetworkMode") or "default")
    if memory and not given.get("MemorySwap"):
        host["MemorySwap"] = 2 * memory
    if given.get("LogConfig"):
        config = given["LogConfig"]
        host["LogConfig"] = {"Type": config.get("Type") or "json-file", "Config": config.get("Config") or {}}
    bindings = given.get("PortBindings")
    if bindings:
        host["PortBindings"] = {
            key: [
                {"HostIp": one.get("HostIp") or "", "HostPort": str(one.get("HostPort") or "")} for one in wanted or ()
            ]
            for key, wanted in bindings.items()
        }
    return host
