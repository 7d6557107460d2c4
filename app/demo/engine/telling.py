"""What a simulated engine says of itself: info and version. Pure."""

from __future__ import annotations

from typing import Any, Final

from app.demo.engine.machine import Machine
from app.demo.engine.times import written

Json = dict[str, Any]
API_VERSION: Final = "1.45"
OLDEST_API: Final = "1.24"
ENGINE_VERSION: Final = "26.1.5-simulated"
_KERNEL: Final = "6.1.0-simulated"
_BUILT: Final = "2025-06-01T00:00:00.000000000+00:00"


def version() -> Json:
    return {
        "Platform": {"Name": "Moorage's simulated engine"},
        "Components": [
            {
                "Name": "Engine",
                "Version": ENGINE_VERSION,
                "Details": {
                    "ApiVersion": API_VERSION,
                    "Arch": "amd64",
                    "BuildTime": _BUILT,
                    "Experimental": "false",
                    "GitCommit": "",
                    "GoVersion": "",
                    "KernelVersion": _KERNEL,
                    "MinAPIVersion": OLDEST_API,
                    "Os": "linux",
                },
            }
        ],
        "Version": ENGINE_VERSION,
        "ApiVersion": API_VERSION,
        "MinAPIVersion": OLDEST_API,
        "GitCommit": "",
        "GoVersion": "",
        "Os": "linux",
        "Arch": "amd64",
        "KernelVersion": _KERNEL,
        "BuildTime": _BUILT,
    }


def info(machine: Machine) -> Json:
    states = [container.state for container in machine.containers.values()]
    running, paused = states.count("running") + states.count("restarting"), states.count("paused")
    return {
        "ID": machine.id,
        "Containers": len(states),
        "ContainersRunning": running,
        "ContainersPaused": paused,
        "ContainersStopped": len(states) - running - paused,
        "Images": len(machine.images),
        "Driver": "overlay2",
        "DriverStatus": [["Backing Filesystem", "simulated"]],
        "Plugins": {
            "Volume": ["local"],
            "Network": ["bridge", "host", "ipvlan", "macvlan", "null", "overlay"],
            "Authorization": None,
            "Log": ["awslogs", "fluentd", "gelf", "journald", "json-file", "local", "splunk", "syslog"],
        },
        "MemoryLimit": True,
        "SwapLimit": True,
        "CpuCfsPeriod": True,
        "CpuCfsQuota": True,
        "CPUShares": True,
        "CPUSet": True,
        "PidsLimit": True,
        "IPv4Forwarding": True,
        "BridgeNfIptables": True,
        "BridgeNfIp6tables": True,
        "Debug": False,
        "NFd": 30,
        "OomKillDisable": False,
        "NGoroutines": 40,
        "SystemTime": written(machine.clock()),
        "LoggingDriver": "json-file",
        "CgroupDriver": "systemd",
        "CgroupVersion": "2",
        "NEventsListener": machine.events.listeners,
        "KernelVersion": _KERNEL,
        "OperatingSystem": "Simulated by Moorage",
        "OSVersion": "1",
        "OSType": "linux",
        "Architecture": "x86_64",
        "IndexServerAddress": "",
        "RegistryConfig": {"InsecureRegistryCIDRs": ["127.0.0.0/8"], "IndexConfigs": {}, "Mirrors": []},
        "NCPU": machine.cpus,
        "MemTotal": machine.memory,
        "GenericResources": None,
        "DockerRootDir": "/var/lib/docker",
        "HttpProxy": "",
        "HttpsProxy": "",
        "NoProxy": "",
        "Name": machine.name,
        "Labels": [f"{key}={value}" for key, value in machine.labels.items()],
        "ExperimentalBuild": False,
        "ServerVersion": ENGINE_VERSION,
        "Runtimes": {"runc": {"path": "runc"}},
        "DefaultRuntime": "runc",
        "Swarm": {
            "NodeID": "",
            "NodeAddr": "",
            "LocalNodeState": "inactive",
            "ControlAvailable": False,
            "Error": "",
            "RemoteManagers": None,
        },
        "LiveRestoreEnabled": False,
        "Isolation": "",
        "InitBinary": "docker-init",
        "SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"],
        "Warnings": None,
    }
