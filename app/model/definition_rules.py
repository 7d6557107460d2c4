"""ECS's rules across the members of a task definition, each broken one with its place and a remedy.

The words follow those that ECS itself uses where they are known (design: ECS semantics 7.4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from app.model.errors import Finding
from app.model.task_definition import ContainerDefinition, TaskDefinition, linked


def broken_rules(definition: TaskDefinition) -> Iterator[Finding]:
    yield from _names(definition)
    yield from _memory(definition)
    yield from _ports(definition)
    yield from _volumes(definition)
    for index, container in enumerate(definition.container_definitions):
        yield from _links(definition, index, container)
        yield from _depends_on(definition, index, container)
    yield from _cycles(definition)


def _path(index: int, member: str) -> str:
    return f"containerDefinitions[{index}].{member}"


def _names(definition: TaskDefinition) -> Iterator[Finding]:
    counts = Counter(container.name for container in definition.container_definitions)
    for index, container in enumerate(definition.container_definitions):
        if counts[container.name] > 1:
            yield Finding(_path(index, "name"), f"{container.name!r} is used twice", "give each container its own name")
        repeated = [name for name, n in Counter(pair.name for pair in container.environment).items() if n > 1]
        for name in repeated:
            yield Finding(_path(index, "environment"), f"{name!r} is set twice", "keep one of them")
    if not any(container.essential for container in definition.container_definitions):
        yield Finding("containerDefinitions", "no container is essential", "at least one must be")


def _memory(definition: TaskDefinition) -> Iterator[Finding]:
    for index, container in enumerate(definition.container_definitions):
        hard, soft = container.memory, container.memory_reservation
        if hard is None and soft is None and definition.memory is None:
            yield Finding(
                _path(index, "memory"),
                f"Invalid setting for container '{container.name}'. "
                "At least one of 'memory' or 'memoryReservation' must be specified.",
                "add memory in MiB",
            )
        if hard is not None and soft is not None and soft > hard:
            yield Finding(_path(index, "memoryReservation"), f"{soft} is more than memory ({hard})", "lower it")
        if hard is not None and definition.memory is not None and hard > int(definition.memory):
            yield Finding(_path(index, "memory"), f"{hard} is more than the task's ({definition.memory})", "lower it")
    reserved = sum(
        container.memory_reservation or container.memory or 0 for container in definition.container_definitions
    )
    if definition.memory is not None and reserved > int(definition.memory):
        problem = f"the containers' memory adds up to {reserved}, more than {definition.memory}"
        yield Finding("memory", problem, "raise it, or lower theirs")
    cpu = sum(container.cpu for container in definition.container_definitions)
    if definition.cpu is not None and cpu > int(definition.cpu):
        yield Finding("cpu", f"the containers' cpu adds up to {cpu}, more than {definition.cpu}", "raise it")


def _ports(definition: TaskDefinition) -> Iterator[Finding]:
    seen: set[tuple[str, int]] = set()
    for index, container in enumerate(definition.container_definitions):
        if container.port_mappings and definition.network_mode == "none":
            yield Finding(_path(index, "portMappings"), "networkMode none has no ports", "remove them")
        for number, mapping in enumerate(container.port_mappings):
            path = _path(index, f"portMappings[{number}].hostPort")
            if definition.network_mode in ("host", "awsvpc") and mapping.host_port not in (
                None,
                0,
                mapping.container_port,
            ):
                yield Finding(
                    path,
                    f"When networkMode={definition.network_mode}, the host ports and container ports in port mappings "
                    "must match.",
                    f"use {mapping.container_port}",
                )
            host_port = mapping.host_port or (mapping.container_port if definition.network_mode == "host" else 0)
            if not host_port:
                continue
            if (mapping.protocol, host_port) in seen:
                protocol = mapping.protocol.upper()
                yield Finding(
                    path, f"{protocol} host port '{host_port}' is mapped multiple times in task.", "change one"
                )
            seen.add((mapping.protocol, host_port))


def _volumes(definition: TaskDefinition) -> Iterator[Finding]:
    names = [volume.name for volume in definition.volumes]
    for name, count in Counter(names).items():
        if count > 1:
            yield Finding("volumes", f"{name!r} is defined twice", "give each volume its own name")
    for index, container in enumerate(definition.container_definitions):
        for number, mount in enumerate(container.mount_points):
            if mount.source_volume not in names:
                path = _path(index, f"mountPoints[{number}].sourceVolume")
                yield Finding(path, f"Unknown volume '{mount.source_volume}'.", "add it to volumes")


def _links(definition: TaskDefinition, index: int, container: ContainerDefinition) -> Iterator[Finding]:
    names = {other.name for other in definition.container_definitions}
    if container.links and definition.network_mode not in (None, "bridge"):
        yield Finding(_path(index, "links"), "links need networkMode bridge", "remove them or change networkMode")
    for number, link in enumerate(container.links):
        target, alias = linked(link)
        path = _path(index, f"links[{number}]")
        if ":" in alias:
            yield Finding(path, f"{link!r} has more than one colon", 'write "name" or "name:alias"')
        elif target not in names:
            yield Finding(path, f"links to {target!r}, which does not exist", f"there are: {', '.join(sorted(names))}")


def _depends_on(definition: TaskDefinition, index: int, container: ContainerDefinition) -> Iterator[Finding]:
    by_name = {other.name: other for other in definition.container_definitions}
    for number, dependency in enumerate(container.depends_on):
        path = _path(index, f"dependsOn[{number}]")
        target = by_name.get(dependency.container_name)
        if target is None:
            problem = f"Cannot depend on container + '{dependency.container_name}' because it does not exist"
            yield Finding(path, problem, f"there are: {', '.join(sorted(by_name))}")
        elif dependency.condition in ("SUCCESS", "COMPLETE") and target.essential:
            yield Finding(
                path,
                "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
                f"set essential to false on {target.name!r}",
            )
        elif dependency.condition == "HEALTHY" and target.health_check is None:
            yield Finding(
                path,
                "A dependency container with HEALTHY condition must have health check configured",
                f"add a healthCheck to {target.name!r}",
            )


def _cycles(definition: TaskDefinition) -> Iterator[Finding]:
    links = {
        container.name: {linked(link)[0] for link in container.links} for container in definition.container_definitions
    }
    if (cycle := find_cycle(links)) is not None:
        yield Finding("containerDefinitions", "Container links should not have a cycle", " → ".join(cycle))
        return
    waits = {
        container.name: links[container.name] | {dependency.container_name for dependency in container.depends_on}
        for container in definition.container_definitions
    }
    if (cycle := find_cycle(waits)) is not None:
        yield Finding("containerDefinitions", "Container dependencies should not have a cycle", " → ".join(cycle))


def find_cycle(graph: Mapping[str, set[str]]) -> list[str] | None:
    """A path of names that ends where it began, or None. Names without an entry have no dependencies."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str] | None:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return None
        for target in sorted(graph.get(name, ())):
            if (cycle := visit(target, [*path, name])) is not None:
                return cycle
        done.add(name)
        return None

    for start in sorted(graph):
        if (cycle := visit(start, [])) is not None:
            return cycle
    return None
