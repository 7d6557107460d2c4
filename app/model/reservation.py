"""What a task definition reserves (design: ECS semantics 5.1)."""

from __future__ import annotations

from app.model.resources import Resources
from app.model.task_definition import TaskDefinition


def reservation(definition: TaskDefinition) -> Resources:
    """The task's own cpu and memory if given, else the sum over its containers; and its static host ports.

    In host mode a port without a host port is taken to be the same on the host.
    """
    containers = definition.container_definitions
    cpu = int(definition.cpu) if definition.cpu else sum(container.cpu for container in containers)
    if definition.memory:
        memory = int(definition.memory)
    else:
        memory = sum(container.memory_reservation or container.memory or 0 for container in containers)
    host_mode = definition.network_mode == "host"
    static = [
        (mapping.protocol, mapping.host_port or (mapping.container_port if host_mode else 0))
        for container in containers
        for mapping in container.port_mappings
    ]
    return Resources(
        cpu,
        memory,
        frozenset(port for protocol, port in static if port and protocol == "tcp"),
        frozenset(port for protocol, port in static if port and protocol == "udp"),
    )
