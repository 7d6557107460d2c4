"""Does a reservation fit into what is left of an instance, and if not, what is short."""

from __future__ import annotations

from dataclasses import dataclass

from app.model.resources import Resources


@dataclass(frozen=True, slots=True)
class Shortfall:
    """``reason`` in ECS's terms (RESOURCE:MEMORY), ``words`` for a person (MEMORY 512 MiB short)."""

    reason: str
    words: str


def shortfalls(wanted: Resources, registered: Resources, reserved: Resources) -> list[Shortfall]:
    """Everything that keeps ``wanted`` from fitting beside ``reserved`` into ``registered``; empty when it fits."""
    found = []
    cpu = wanted.cpu - (registered.cpu - reserved.cpu)
    if wanted.cpu and cpu > 0:
        found.append(Shortfall("RESOURCE:CPU", f"CPU {cpu} units short"))
    memory = wanted.memory - (registered.memory - reserved.memory)
    if wanted.memory and memory > 0:
        found.append(Shortfall("RESOURCE:MEMORY", f"MEMORY {memory} MiB short"))
    for protocol, mine, taken in (
        ("tcp", wanted.ports, reserved.ports),
        ("udp", wanted.ports_udp, reserved.ports_udp),
    ):
        clash = sorted(mine & taken)
        if clash:
            ports = ", ".join(str(port) for port in clash)
            found.append(Shortfall("RESOURCE:PORTS", f"{protocol} port {ports} taken"))
    gpus = wanted.gpus - (registered.gpus - reserved.gpus)
    if wanted.gpus and gpus > 0:
        found.append(Shortfall("RESOURCE:GPU", f"{gpus} {'GPU' if gpus == 1 else 'GPUs'} short"))
    return found
