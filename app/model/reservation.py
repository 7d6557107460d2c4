"""What a task definition reserves (design: ECS semantics 5.1)."""

from __future__ import annotations

from collections.abc import Iterable

from app.model.container_members import PortMapping, ResourceRequirement
from app.model.resources import Resources
from app.model.task_definition import TaskDefinition


def reservation(definition: TaskDefinition) -> Resources:
    """The task's own cpu and memory if given, else the sum over its containers; its static host ports; its GPUs.

    In host mode a port without a host port is the same on the host. In awsvpc mode none is reserved: the task has its
    ports to itself, and those on the host are chosen at the launch.
    """
    containers = definition.container_definitions
    cpu, memory = definition.cpu_units, definition.memory_mib
    static = [
        (mapping.protocol, port)
        for container in containers
        for mapping in container.port_mappings
        for port in _host_ports(mapping, definition.network_mode)
    ]
    return Resources(
        sum(container.cpu for container in containers) if cpu is None else cpu,
        sum(container.memory_reservation or container.memory or 0 for container in containers)
        if memory is None
        else memory,
        frozenset(port for protocol, port in static if protocol == "tcp"),
        frozenset(port for protocol, port in static if protocol == "udp"),
        sum(_gpus(need) for container in containers for need in container.resource_requirements if need.type == "GPU"),
    )


def _gpus(requirement: ResourceRequirement) -> int:
    """How many: a number, or as many as are named. A share of one is a whole one here."""
    value = requirement.value or "1"
    return int(value) if value.isdecimal() else len(value.split(","))


def _host_ports(mapping: PortMapping, mode: str | None) -> Iterable[int]:
    if mode == "awsvpc":
        return ()
    if mapping.host_port:
        return (mapping.host_port,)
    return mapping.container_ports if mode == "host" else ()
