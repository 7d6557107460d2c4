"""A task definition → a Compose file: all that Compose can say, and the definition itself under ``x-ecs``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.interop.compose.export_parts import deploy, devices, health_check, logging, named, ports, restart, tmpfs
from app.interop.yaml_text import render_yaml
from app.model.task_definition import TaskDefinition

EXTENSION = "x-ecs"
_STOP_TIMEOUT = 30
"""ECS's default; Compose's own is 10, so it is always written."""
_CONDITIONS = {
    "START": "service_started",
    "HEALTHY": "service_healthy",
    "SUCCESS": "service_completed_successfully",
    "COMPLETE": "service_completed_successfully",
}
_PLATFORMS = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}
_FEWEST_SHARES, _MOST_SHARES = 2, 262144

Members = Mapping[str, Any]


def render_compose(members: Members) -> str:
    """The file as YAML. Every ``$`` is doubled: Compose takes a single one for a variable."""
    return render_yaml(_escaped(to_compose(members)))


def to_compose(members: Members) -> dict[str, Any]:
    """The file's value before ``$`` is doubled. ``members``: of RegisterTaskDefinition, without nulls.

    Service names are the containers'. A volume of the task's own becomes one of the project.
    """
    services = {container["name"]: _service(members, container) for container in members["containerDefinitions"]}
    volumes = {volume["name"]: _volume(volume) for volume in members.get("volumes", []) if not _source(volume)}
    document = {"name": _project(str(members.get("family", ""))), "services": services}
    return {**document, **({"volumes": volumes} if volumes else {}), EXTENSION: dict(members)}


def _escaped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def _project(family: str) -> str:
    return family.lower().lstrip("_-")[:200] or "task"


def _service(members: Members, container: Members) -> dict[str, Any]:
    found = {**_what_runs(members, container), **_how_it_is_confined(members, container)}
    return {key: value for key, value in found.items() if value not in (None, False, "", [], {})}


def _what_runs(members: Members, container: Members) -> dict[str, Any]:
    mode = members.get("networkMode")
    return {
        "image": container["image"],
        "platform": _platform(members),
        "entrypoint": container.get("entryPoint"),
        "command": container.get("command"),
        "environment": _environment(container),
        "ports": ports(container.get("portMappings", []), mode),
        "links": _distinct(container.get("links", [])),
        "depends_on": _depends_on(container),
        "healthcheck": health_check(container.get("healthCheck")),
        "volumes": _mounts(members, container),
        "volumes_from": _distinct(
            f"{source['sourceContainer']}{':ro' if source.get('readOnly') else ''}"
            for source in container.get("volumesFrom", [])
        ),
        "network_mode": mode if mode != "awsvpc" else None,
        "hostname": container.get("hostname"),
        "dns": _distinct(container.get("dnsServers", [])),
        "dns_search": _distinct(container.get("dnsSearchDomains", [])),
        "extra_hosts": _extra_hosts(container.get("extraHosts", [])),
        "logging": logging(container.get("logConfiguration")),
        "labels": named(container.get("dockerLabels", {}).items()),
        "stop_grace_period": f"{container.get('stopTimeout', _STOP_TIMEOUT)}s",
        "restart": restart(container.get("restartPolicy")),
    }


def _how_it_is_confined(members: Members, container: Members) -> dict[str, Any]:
    linux = container.get("linuxParameters", {})
    capabilities = linux.get("capabilities", {})
    return {
        "pid": members.get("pidMode") if members.get("pidMode") != "task" else None,
        "ipc": {"task": "shareable"}.get(str(members.get("ipcMode")), members.get("ipcMode")),
        "user": container.get("user"),
        "working_dir": container.get("workingDirectory"),
        "privileged": container.get("privileged"),
        "read_only": container.get("readonlyRootFilesystem"),
        "stdin_open": container.get("interactive"),
        "tty": container.get("pseudoTerminal"),
        "init": linux.get("initProcessEnabled"),
        "cap_add": _distinct(capabilities.get("add", [])),
        "cap_drop": _distinct(capabilities.get("drop", [])),
        "devices": devices(linux.get("devices", [])),
        "shm_size": _mebibytes(linux.get("sharedMemorySize")),
        "security_opt": _distinct(_security_option(option) for option in container.get("dockerSecurityOptions", [])),
        "sysctls": named((control["namespace"], control["value"]) for control in container.get("systemControls", [])),
        "ulimits": {
            limit["name"]: {"soft": limit["softLimit"], "hard": limit["hardLimit"]}
            for limit in container.get("ulimits", [])
        },
        **_size(members, container, linux),
        "deploy": deploy(container.get("resourceRequirements", [])),
        "tmpfs": tmpfs(linux.get("tmpfs", [])),
    }


def _size(members: Members, container: Members, linux: Members) -> dict[str, Any]:
    whole = TaskDefinition.model_construct(
        family="", container_definitions=[], cpu=members.get("cpu"), memory=members.get("memory")
    )
    memory, swap, cpu = container.get("memory") or whole.memory_mib, linux.get("maxSwap"), container.get("cpu")
    return {
        # The task's size limits each container, as far as Docker can.
        "cpus": None if whole.cpu_units is None else f"{whole.cpu_units / 1024:g}",
        "cpu_shares": None if cpu is None else min(max(cpu, _FEWEST_SHARES), _MOST_SHARES),
        "mem_limit": _mebibytes(memory),
        "mem_reservation": _mebibytes(container.get("memoryReservation")),
        "memswap_limit": None if memory is None or swap is None else _mebibytes(memory + swap),
        # A text, as 0 means something and absent means something else.
        "mem_swappiness": None if memory is None or swap is None else _text(linux.get("swappiness")),
    }


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _mebibytes(value: int | None) -> str | None:
    return f"{value}m" if value else None


def _distinct(items: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(items))


def _environment(container: Members) -> dict[str, str | None]:
    """A secret is a name without a value: Compose takes it from whoever runs it."""
    secrets = dict.fromkeys(secret["name"] for secret in container.get("secrets", []))
    pairs = ((pair["name"], pair.get("value", "")) for pair in container.get("environment", []))
    return named({**secrets, **dict(pairs)}.items())


def _depends_on(container: Members) -> dict[str, Any]:
    return {
        wait["containerName"]: {"condition": _CONDITIONS[wait["condition"]]} for wait in container.get("dependsOn", [])
    }


def _platform(members: Members) -> str | None:
    platform = members.get("runtimePlatform", {})
    if platform.get("operatingSystemFamily", "LINUX") != "LINUX":
        return None
    return _PLATFORMS.get(str(platform.get("cpuArchitecture")))


def _extra_hosts(entries: Iterable[Members]) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for entry in entries:
        found.setdefault(entry["hostname"], []).append(entry["ipAddress"])
    return named((name, ips[0] if len(ips) == 1 else ips) for name, ips in found.items())


def _security_option(option: str) -> str:
    return f"{option}:true" if option == "no-new-privileges" else option


def _source(volume: Members) -> str | None:
    source: str | None = volume.get("host", {}).get("sourcePath")
    return source


def _mounts(members: Members, container: Members) -> list[Any]:
    sources = {volume["name"]: _source(volume) for volume in members.get("volumes", [])}
    found: list[Any] = []
    for mount in container.get("mountPoints", []):
        name, target, read_only = mount["sourceVolume"], mount["containerPath"], mount.get("readOnly", False)
        source = sources.get(name) or name
        if len(source) > 1 or source == "/":
            found.append(f"{source}:{target}{':ro' if read_only else ''}")
        else:  # one letter and a colon are a drive of Windows
            found.append({"type": "volume", "source": source, "target": target, "read_only": read_only})
    return found


def _volume(volume: Members) -> dict[str, Any]:
    docker = volume.get("dockerVolumeConfiguration", {})
    shared = docker.get("scope") == "shared"
    if shared and not docker.get("autoprovision"):
        return {"name": volume["name"], "external": True}
    found = {
        "name": volume["name"] if shared else None,
        "driver": docker.get("driver"),
        "driver_opts": named(docker.get("driverOpts", {}).items()),
        "labels": named(docker.get("labels", {}).items()),
    }
    return {key: value for key, value in found.items() if value}
