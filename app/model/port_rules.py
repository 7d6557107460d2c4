"""Rules of portMappings in each network mode (design: ECS semantics 2.2 and 2.4)."""

from __future__ import annotations

from collections.abc import Iterator

from app.model.container_definition import ContainerDefinition
from app.model.container_members import PortMapping
from app.model.locations import ITSELF, Broken, Location, short
from app.model.task_definition import TaskDefinition

_CONTAINERS = "containerDefinitions"
_MOST_RANGES = 100
_HIGHEST_PORT = 65535

Taken = set[tuple[str, int]]


def broken_ports(definition: TaskDefinition) -> Iterator[Broken]:
    taken: Taken = set()
    for index, container in enumerate(definition.container_definitions):
        at: Location = (_CONTAINERS, index, "portMappings")
        if container.port_mappings and definition.network_mode == "none":
            yield Broken(at, "networkMode none has no ports", "remove them", premises=((*at, ITSELF), ("networkMode",)))
        for number, mapping in enumerate(container.port_mappings):
            here = (*at, number)
            yield from _container_port(here, container, mapping)
            yield from _container_range(here, mapping, definition.network_mode)
            yield from _host_port(here, mapping, definition.network_mode, taken)
        yield from _within(at, container)


def _container_port(at: Location, container: ContainerDefinition, mapping: PortMapping) -> Iterator[Broken]:
    port, ports = (*at, "containerPort"), (*at, "containerPortRange")
    if mapping.container_port is None and mapping.container_port_range is None:
        problem = f"Invalid 'containerPort' setting for container '{short(container.name)}'."
        yield Broken(port, problem, "add containerPort", premises=(port, ports))
    if mapping.container_port is not None and mapping.container_port_range is not None:
        problem = "containerPort and containerPortRange exclude each other"
        yield Broken(ports, problem, "keep one of them", premises=(port, ports))


def _container_range(at: Location, mapping: PortMapping, mode: str | None) -> Iterator[Broken]:
    if mapping.container_port_range is None:
        return
    here, host_port = (*at, "containerPortRange"), (*at, "hostPort")
    first, last = _ends(mapping.container_port_range)
    if not 1 <= first < last <= _HIGHEST_PORT:
        yield Broken(here, "is no range of ports", f'write "first-last" with 1 ≤ first < last ≤ {_HIGHEST_PORT}')
    if mode == "host":
        problem, remedy = "ranges need networkMode bridge or awsvpc", "list the ports one by one"
        yield Broken(here, problem, remedy, premises=(here, ("networkMode",)))
    if mapping.host_port:
        yield Broken(host_port, "a range has no hostPort", "remove it", premises=(here, host_port))


def _ends(ports: str) -> tuple[int, int]:
    first, _, last = ports.partition("-")
    return int(first), int(last)


def _host_port(at: Location, mapping: PortMapping, mode: str | None, taken: Taken) -> Iterator[Broken]:
    port, here = (*at, "containerPort"), (*at, "hostPort")
    same = mode in ("host", "awsvpc")
    if same and mapping.container_port and mapping.host_port not in (None, 0, mapping.container_port):
        yield Broken(
            here,
            f"When networkMode={mode}, the host ports and container ports in port mappings must match.",
            f"use {mapping.container_port}",
            premises=(port, here, ("networkMode",)),
        )
    host_port = mapping.host_port or (mapping.container_port if same else None)
    if not host_port:
        return
    if (mapping.protocol, host_port) in taken:
        problem = f"{mapping.protocol.upper()} host port '{host_port}' is mapped multiple times in task."
        premises = ((*at, "protocol"), here, *([port] if same else []))
        yield Broken(here, problem, "change one", premises=premises)
    taken.add((mapping.protocol, host_port))


def _within(at: Location, container: ContainerDefinition) -> Iterator[Broken]:
    """Ports of one container against each other."""
    protocols: dict[int, set[str]] = {}
    ranges: list[tuple[str, int, int, int]] = []
    for number, mapping in enumerate(container.port_mappings):
        if mapping.container_port_range is not None:
            ranges.append((mapping.protocol, *_ends(mapping.container_port_range), number))
        elif mapping.container_port is not None:
            used = protocols.setdefault(mapping.container_port, set())
            if used and mapping.protocol not in used:
                problem = f"container port {mapping.container_port} is there under tcp and udp; ECS refuses that"
                yield Broken((*at, number, "protocol"), problem, "both are published here", "warning")
            used.add(mapping.protocol)
    if len(ranges) > _MOST_RANGES:
        problem = f"has {len(ranges)} ranges of ports; the limit is {_MOST_RANGES}"
        yield Broken(at, problem, "make fewer of them", premises=((*at, ITSELF),))
    single = [(protocol, port, port, -1) for port, used in protocols.items() for protocol in used]
    yield from _overlaps(at, sorted(ranges + single))


def _overlaps(at: Location, spans: list[tuple[str, int, int, int]]) -> Iterator[Broken]:
    """``spans``: protocol, first, last and number of the mapping, sorted; -1 for a single port."""
    protocol, reach, holder = "", -1, -1
    for span_protocol, first, last, number in spans:
        if span_protocol != protocol:
            protocol, reach, holder = span_protocol, -1, -1
        if first <= reach and (number >= 0 or holder >= 0):
            here = (*at, max(number, holder), "containerPortRange")
            yield Broken(here, "overlaps other ports of the container", "make them distinct")
        if last > reach:
            reach, holder = last, number
