"""What a task reserves on an instance, and what an instance has (design: ECS semantics 5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resources:
    """CPU in units (1024 a core), memory in MiB, static host ports by protocol, GPUs by number."""

    cpu: int = 0
    memory: int = 0
    ports: frozenset[int] = frozenset()
    ports_udp: frozenset[int] = frozenset()
    gpus: int = 0

    def __add__(self, other: Resources) -> Resources:
        return Resources(
            self.cpu + other.cpu,
            self.memory + other.memory,
            self.ports | other.ports,
            self.ports_udp | other.ports_udp,
            self.gpus + other.gpus,
        )


def total(parts: Iterable[Resources]) -> Resources:
    cpu = memory = gpus = 0
    ports: set[int] = set()
    ports_udp: set[int] = set()
    for part in parts:
        cpu += part.cpu
        memory += part.memory
        ports |= part.ports
        ports_udp |= part.ports_udp
        gpus += part.gpus
    return Resources(cpu, memory, frozenset(ports), frozenset(ports_udp), gpus)
