"""Container definition + placement → the exact body of a Docker create call (design: ECS semantics 2.2 and 2.3).

Pure. What plain Docker cannot honour is told at registration; here it is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.hosts.health_check import health_check
from app.hosts.labels import container_name, labels_of, without_ours
from app.hosts.limits import limits
from app.hosts.linux_options import linux_options, shared_options
from app.hosts.log_driver import log_config
from app.hosts.replacing import port_bindings
from app.hosts.volumes import volume_source
from app.model.container import PortBinding, RestartPolicy, TaskTag
from app.model.environment import ContainerEnvironment
from app.model.ids import task_arn
from app.model.names import PAUSE, Dependence
from app.model.task_definition import (
    DEFAULT_STOP_TIMEOUT,
    ContainerDefinition,
    MountPoint,
    TaskDefinition,
    dependencies,
    linked,
)

_ECS = "com.amazonaws.ecs."
_ECS_PAUSE = "~internal~ecs~pause"
"""What the ECS agent calls its own pause container: what reads its labels knows to leave this one out."""
_PAUSE_STOP_TIMEOUT = 2
_OWN_NETWORKS = (None, "bridge")
_EXPOSING_NETWORKS = (*_OWN_NETWORKS, "host")


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """What the create bodies of one task share.

    ``definition``: overrides merged in. ``task``: what all its tags share. ``network``: the task's own bridge network,
    "" when it needs none. ``environments`` and ``ports`` (those of the host) by container name; a container without an
    entry in ``environments`` gets what its definition says.
    """

    definition: TaskDefinition
    task: TaskTag
    network: str = ""
    environments: Mapping[str, ContainerEnvironment] = field(default_factory=dict)
    ports: Mapping[str, tuple[PortBinding, ...]] = field(default_factory=dict)


def needs_pause(definition: TaskDefinition) -> bool:
    """Containers that share a namespace share that of a pause container, which outlives each of them."""
    return definition.network_mode == "awsvpc" or "task" in (definition.pid_mode, definition.ipc_mode)


def needs_network(definition: TaskDefinition) -> bool:
    """Containers that name each other by link need a bridge network of their own.

    Docker's legacy links copy the target's whole environment, passwords included, and are on their way out.
    """
    linking = any(container.links for container in definition.container_definitions)
    return linking and definition.network_mode in _OWN_NETWORKS


def tag_for(plan: TaskPlan, container: ContainerDefinition) -> TaskTag:
    """What the container's labels say; it waits for the pause container too, where there is one."""
    waits: dict[str, Dependence] = dependencies(plan.definition, container)
    if needs_pause(plan.definition):
        waits[PAUSE] = "START"
    return replace(
        plan.task,
        container=container.name,
        containers=_containers(plan.definition),
        essential=container.essential,
        depends_on=tuple(sorted(waits.items())),
        stop_timeout=DEFAULT_STOP_TIMEOUT if container.stop_timeout is None else container.stop_timeout,
        start_timeout=container.start_timeout,
        health_checked=container.health_checked,
        restart=_restarts(container),
    )


def pause_tag(plan: TaskPlan) -> TaskTag:
    """What the pause container's labels say: it waits for nobody, and the task does not outlive it."""
    return replace(
        plan.task,
        container=PAUSE,
        containers=_containers(plan.definition),
        essential=True,
        depends_on=(),
        stop_timeout=_PAUSE_STOP_TIMEOUT,
        start_timeout=None,
        health_checked=False,
        restart=None,
    )


def create_body(plan: TaskPlan, container: ContainerDefinition) -> dict[str, Any]:
    """The body of POST /containers/create for a container of the definition."""
    tag = tag_for(plan, container)
    environment = _environment(plan, container)
    body = {
        "Image": container.image,
        # An empty list is an absent one to ECS; to Docker it would take the image's entry point away.
        "Cmd": container.command or None,
        "Entrypoint": container.entry_point or None,
        "Env": [f"{name}={value}" for name, value in environment.variables],
        "User": container.user,
        "WorkingDir": container.working_directory,
        "NetworkDisabled": container.disable_networking or None,
        "OpenStdin": container.interactive or None,
        "Tty": container.pseudo_terminal or None,
        "Labels": {**without_ours(container.docker_labels), **_ecs_labels(tag, container.name), **labels_of(tag)},
        "Healthcheck": health_check(container.health_check),
        "StopTimeout": tag.stop_timeout,
        **_addresses(plan, container),
        "HostConfig": _host_config(plan, container, environment.log_options),
    }
    return _given(body)


def pause_body(plan: TaskPlan, image: str) -> dict[str, Any]:
    """The body of POST /containers/create for the pause container: it has the namespaces that the others share."""
    tag, definition = pause_tag(plan), plan.definition
    networked = definition.network_mode == "awsvpc"
    bindings = [binding for ports in plan.ports.values() for binding in ports]
    return _given(
        {
            "Image": image,
            "Labels": {**_ecs_labels(tag, _ECS_PAUSE), **labels_of(tag)},
            "ExposedPorts": _exposed_ports(definition.container_definitions) if networked else None,
            "StopTimeout": tag.stop_timeout,
            "HostConfig": _given(
                {
                    "NetworkMode": "default" if networked else "none",
                    "IpcMode": "shareable" if definition.ipc_mode == "task" else None,
                    "PortBindings": port_bindings(bindings) if networked else None,
                    **shared_options(definition),
                    "RestartPolicy": {"Name": "no"},
                }
            ),
        }
    )


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    """Without members that say nothing: what is absent is the image's or the engine's own."""
    return {name: value for name, value in members.items() if value is not None and value not in ([], {})}


def _containers(definition: TaskDefinition) -> int:
    return len(definition.container_definitions) + needs_pause(definition)


def _host_config(plan: TaskPlan, container: ContainerDefinition, log_options: Mapping[str, str]) -> dict[str, Any]:
    definition = plan.definition
    sources = [
        f"{_docker_name(plan, source.source_container)}{':ro' if source.read_only else ''}"
        for source in container.volumes_from
    ]
    return _given(
        {
            **_namespaces(plan),
            **_names_and_ports(plan, container),
            "Binds": [_bind(plan, mount) for mount in container.mount_points],
            "VolumesFrom": sources,
            **limits(definition, container),
            **linux_options(definition, container),
            "LogConfig": log_config(container.log_configuration, log_options),
            # Restarts are the supervisor's: Docker's own come back even after a stop that a host restart interrupted.
            "RestartPolicy": {"Name": "no"},
        }
    )


def _restarts(container: ContainerDefinition) -> RestartPolicy | None:
    policy = container.restart_policy
    if policy is None or not policy.enabled:
        return None
    return RestartPolicy(tuple(policy.ignored_exit_codes), policy.restart_attempt_period)


def _docker_name(plan: TaskPlan, container: str) -> str:
    return container_name(replace(plan.task, container=container))


def _environment(plan: TaskPlan, container: ContainerDefinition) -> ContainerEnvironment:
    found = plan.environments.get(container.name)
    if found is not None:
        return found
    logging = container.log_configuration
    variables = tuple((pair.name, pair.value) for pair in container.environment)
    return ContainerEnvironment(variables, logging.options if logging else {})


def _ecs_labels(tag: TaskTag, name: str) -> dict[str, str]:
    """Those that the ECS agent sets, which log shippers and the like read (design: ECS semantics 3.1)."""
    return {
        f"{_ECS}task-arn": task_arn(tag.cluster, tag.task_id),
        f"{_ECS}container-name": name,
        f"{_ECS}task-definition-family": tag.family,
        f"{_ECS}task-definition-version": str(tag.revision),
        f"{_ECS}cluster": tag.cluster,
    }


def _namespaces(plan: TaskPlan) -> dict[str, Any]:
    definition = plan.definition
    of_pause = f"container:{_docker_name(plan, PAUSE)}"
    network = of_pause if definition.network_mode == "awsvpc" else definition.network_mode or "default"
    return {
        "NetworkMode": plan.network or network,
        "PidMode": of_pause if definition.pid_mode == "task" else definition.pid_mode,
        "IpcMode": of_pause if definition.ipc_mode == "task" else definition.ipc_mode,
    }


def _addresses(plan: TaskPlan, container: ContainerDefinition) -> dict[str, Any]:
    """Members of Config that Docker refuses in another container's network."""
    if plan.definition.network_mode == "awsvpc":
        return {}
    exposing = plan.definition.network_mode in _EXPOSING_NETWORKS
    endpoint = {
        "Links": [f"{_docker_name(plan, target)}:{alias}" for target, alias in map(linked, container.links)] or None,
        "Aliases": [container.name],
    }
    return {
        "Hostname": container.hostname,
        "ExposedPorts": _exposed_ports([container]) if exposing else None,
        "NetworkingConfig": {"EndpointsConfig": {plan.network: endpoint}} if plan.network else None,
    }


def _names_and_ports(plan: TaskPlan, container: ContainerDefinition) -> dict[str, Any]:
    """Members of HostConfig that Docker refuses in another container's network."""
    if plan.definition.network_mode == "awsvpc":
        return {}
    published = plan.definition.network_mode in _OWN_NETWORKS
    return {
        "Dns": container.dns_servers,
        "DnsSearch": container.dns_search_domains,
        "ExtraHosts": [f"{entry.hostname}:{entry.ip_address}" for entry in container.extra_hosts],
        "PortBindings": port_bindings(plan.ports.get(container.name, ())) if published else None,
    }


def _exposed_ports(containers: Iterable[ContainerDefinition]) -> dict[str, dict[str, str]]:
    ports = {
        (port, mapping.protocol)
        for container in containers
        for mapping in container.port_mappings
        for port in mapping.container_ports
    }
    return {f"{port}/{protocol}": {} for port, protocol in sorted(ports)}


def _bind(plan: TaskPlan, mount: MountPoint) -> str:
    volume = next(volume for volume in plan.definition.volumes if volume.name == mount.source_volume)
    source = volume_source(volume, plan.task.task_id)
    return f"{source}:{mount.container_path}{':ro' if mount.read_only else ''}"
