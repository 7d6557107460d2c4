"""Container definition + placement → the exact body of a Docker create call (design: ECS semantics 2.3).

Pure. What plain Docker cannot honour is told at registration; here it is left out.
"""

from __future__ import annotations

from typing import Any

from app.hosts.labels import container_name, labels_of, volume_name
from app.model.container import TaskTag
from app.model.task_definition import (
    DEFAULT_STOP_TIMEOUT,
    DOCKER_MINIMUM_MEMORY,
    ContainerDefinition,
    TaskDefinition,
    dependencies,
    linked,
)

_MIB = 2**20
_NANOSECONDS = 10**9
_FEWEST_SHARES, _MOST_SHARES = 2, 262144


def tag_for(task: TaskTag, definition: TaskDefinition, container: ContainerDefinition) -> TaskTag:
    """The tag of one container, from ``task``: a tag that holds what all of them share."""
    return TaskTag(
        task_id=task.task_id,
        cluster=task.cluster,
        family=task.family,
        revision=task.revision,
        container=container.name,
        containers=len(definition.container_definitions),
        group=task.group,
        started_by=task.started_by,
        created_at=task.created_at,
        reservation=task.reservation,
        essential=container.essential,
        depends_on=tuple(sorted(dependencies(definition, container).items())),
        stop_timeout=DEFAULT_STOP_TIMEOUT if container.stop_timeout is None else container.stop_timeout,
        start_timeout=container.start_timeout,
        health_checked=container.health_check is not None,
    )


def create_body(
    definition: TaskDefinition, container: ContainerDefinition, tag: TaskTag, network: str
) -> dict[str, Any]:
    """The body of POST /containers/create. ``network``: the task's own network, "" when it needs none."""
    ports = {f"{mapping.container_port}/{mapping.protocol}" for mapping in container.port_mappings}
    body: dict[str, Any] = {
        "Image": container.image,
        "Cmd": container.command,
        "Entrypoint": container.entry_point,
        "Env": [f"{pair.name}={pair.value}" for pair in container.environment],
        "User": container.user,
        "WorkingDir": container.working_directory,
        "Hostname": container.hostname,
        "Labels": labels_of(tag),
        "ExposedPorts": {port: {} for port in sorted(ports)},
        "Healthcheck": _health_check(container),
        "StopTimeout": tag.stop_timeout,
        "HostConfig": _host_config(definition, container, tag, network),
    }
    if network:
        links = [_docker_link(tag, link) for link in container.links]
        body["NetworkingConfig"] = {"EndpointsConfig": {network: {"Links": links or None}}}
    return {key: value for key, value in body.items() if value is not None}


def _host_config(
    definition: TaskDefinition, container: ContainerDefinition, tag: TaskTag, network: str
) -> dict[str, Any]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for mapping in container.port_mappings:
        key = f"{mapping.container_port}/{mapping.protocol}"
        bindings.setdefault(key, []).append({"HostPort": str(mapping.host_port or "")})
    config: dict[str, Any] = {
        "NetworkMode": network or definition.network_mode or "default",
        "PortBindings": bindings if definition.network_mode in (None, "bridge") else {},
        "Binds": [
            _bind(definition, tag, mount.source_volume, mount.container_path, read_only=mount.read_only)
            for mount in container.mount_points
        ],
        # Docker takes 0 to mean "unset" and fails at the start for 1; ECS means the smallest share by both.
        "CpuShares": min(max(container.cpu, _FEWEST_SHARES), _MOST_SHARES),
        # Restarts are the supervisor's: Docker's own come back even after a stop that a host restart interrupted.
        "RestartPolicy": {"Name": "no"},
    }
    memory = container.memory or (int(definition.memory) if definition.memory else None)
    if memory is not None:
        config["Memory"] = max(memory, DOCKER_MINIMUM_MEMORY) * _MIB
    if container.memory_reservation is not None:
        config["MemoryReservation"] = max(container.memory_reservation, DOCKER_MINIMUM_MEMORY) * _MIB
    return config


def _health_check(container: ContainerDefinition) -> dict[str, Any] | None:
    check = container.health_check
    if check is None:
        return None
    command = check.command if check.command[0] in ("CMD", "CMD-SHELL", "NONE") else ["CMD", *check.command]
    return {
        "Test": command,
        "Interval": check.interval * _NANOSECONDS,
        "Timeout": check.timeout * _NANOSECONDS,
        "Retries": check.retries,
        "StartPeriod": check.start_period * _NANOSECONDS,
    }


def _bind(definition: TaskDefinition, tag: TaskTag, name: str, target: str, *, read_only: bool) -> str:
    volume = next(volume for volume in definition.volumes if volume.name == name)
    host_path = volume.host.source_path if volume.host else None
    source = host_path or volume_name(tag.task_id, name)
    return f"{source}:{target}{':ro' if read_only else ''}"


def task_volumes(definition: TaskDefinition) -> list[str]:
    """Names of the volumes that live and go with the task."""
    return [volume.name for volume in definition.volumes if not (volume.host and volume.host.source_path)]


def needs_network(definition: TaskDefinition) -> bool:
    """Containers that name each other by link need a bridge network of their own.

    Docker's legacy links copy the target's whole environment, passwords included, and are on their way out.
    """
    return any(container.links for container in definition.container_definitions)


def _docker_link(tag: TaskTag, link: str) -> str:
    target, alias = linked(link)
    other = container_name(
        TaskTag(tag.task_id, tag.cluster, tag.family, tag.revision, target, 1, "", "", tag.created_at, tag.reservation)
    )
    return f"{other}:{alias}"
