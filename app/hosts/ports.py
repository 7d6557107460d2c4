"""Host ports for mappings that name none: chosen here, so that they stay the same when a container is restarted.

Left to Docker, each start takes another one (design: ECS semantics 4.5). What is taken on the host by something that
Docker does not know shows at the start: then others are chosen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from app.hosts.errors import HostError
from app.model.container import Container, PortBinding
from app.model.task_definition import ContainerDefinition, PortMapping, TaskDefinition

Port = tuple[str, int]
"""Protocol and number."""


class PortChooser:
    """Scans upward from a place of the task's own, wraps once. ``taken`` grows with what was chosen."""

    def __init__(self, span: tuple[int, int], taken: Iterable[Port], seed: str) -> None:
        self._first, self._last = span
        self._taken = set(taken)
        width = self._last - self._first + 1
        # Launches that run at the same time begin at different places: what one chose shows only once it runs.
        self._next = self._first + int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") % width

    def bar(self, ports: Iterable[Port]) -> None:
        """Choose none of these."""
        self._taken |= set(ports)

    def block(self, protocol: str, count: int = 1) -> int:
        """The first of ``count`` free ports in a row. Raises HostError when there is no such row."""
        width = self._last - self._first + 1
        for step in range(width):
            first = self._first + (self._next - self._first + step) % width
            row = {(protocol, first + offset) for offset in range(count)}
            if first + count - 1 <= self._last and not row & self._taken:
                self._taken |= row
                self._next = first + count if first + count <= self._last else self._first
                return first
        wanted = f"free {protocol} host port" if count == 1 else f"{count} free {protocol} host ports in a row"
        raise HostError(f"no {wanted} from {self._first} to {self._last}", "failed")


def ports_in_use(containers: Iterable[Container]) -> set[Port]:
    """What the host's containers have published, and what its tasks have reserved."""
    taken: set[Port] = set()
    for container in containers:
        taken |= {(port.protocol, port.host_port) for port in container.ports}
        if container.tag is not None:
            taken |= {("tcp", port) for port in container.tag.reservation.ports}
            taken |= {("udp", port) for port in container.tag.reservation.ports_udp}
    return taken


def published_ports(
    definition: TaskDefinition, container: ContainerDefinition, chooser: PortChooser
) -> tuple[PortBinding, ...]:
    """The host ports of a container's mappings: in bridge mode the given ones, elsewhere none.

    awsvpc: none is given in fact, as a task has an address of its own there; here all of them are chosen.
    """
    if definition.network_mode in ("host", "none"):
        return ()
    shared = definition.network_mode == "awsvpc"
    bindings: list[PortBinding] = []
    for mapping in container.port_mappings or ():
        first, count = container_ports(mapping)
        given = 0 if shared else mapping.host_port or 0
        host = given or chooser.block(mapping.protocol, count)
        bindings += [PortBinding(first + offset, host + offset, mapping.protocol) for offset in range(count)]
    return tuple(bindings)


def container_ports(mapping: PortMapping) -> tuple[int, int]:
    """The first container port of a mapping, and how many there are."""
    if mapping.container_port_range:
        first, _, last = mapping.container_port_range.partition("-")
        return int(first), int(last) - int(first) + 1
    assert mapping.container_port is not None
    return mapping.container_port, 1


def moved(
    bindings: Iterable[PortBinding], static: Iterable[Port], refused: Iterable[Port], chooser: PortChooser
) -> tuple[PortBinding, ...]:
    """The bindings with other host ports for those that were ``refused``; rows of ports stay rows.

    ``static``: those that the definition gives. Raises HostError when there are none to move to.
    """
    fixed, rejected = set(static), set(refused)
    rows: list[list[PortBinding]] = []
    for binding in sorted(bindings, key=lambda binding: (binding.protocol, binding.container_port, binding.host_port)):
        if rows and binding == _after(rows[-1][-1]) and not fixed & {_port(binding), _port(rows[-1][-1])}:
            rows[-1].append(binding)
        else:
            rows.append([binding])
    moving = [row for row in rows if rejected & {_port(binding) for binding in row}]
    kept = [binding for row in rows if row not in moving for binding in row]
    chooser.bar([*rejected, *map(_port, kept)])
    result = kept
    for row in moving:
        host = chooser.block(row[0].protocol, len(row))
        result += [
            PortBinding(binding.container_port, host + offset, binding.protocol) for offset, binding in enumerate(row)
        ]
    return tuple(result)


def _port(binding: PortBinding) -> Port:
    return binding.protocol, binding.host_port


def _after(binding: PortBinding) -> PortBinding:
    """The next one in a row."""
    return PortBinding(binding.container_port + 1, binding.host_port + 1, binding.protocol)
