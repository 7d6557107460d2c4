"""cpu, memory and ulimits → HostConfig (design: ECS semantics 2.3, 2.4 and 2.6). Pure."""

from __future__ import annotations

from typing import Any

from app.model.task_definition import DOCKER_MINIMUM_MEMORY, ContainerDefinition, TaskDefinition

_MIB = 2**20
_UNITS_OF_A_CORE = 1024
_NANOCPUS_OF_A_CORE = 10**9
_FEWEST_SHARES, _MOST_SHARES = 2, 262144


def limits(definition: TaskDefinition, container: ContainerDefinition) -> dict[str, Any]:
    """Members of HostConfig; None and empty ones are not to be sent.

    A parent cgroup can't be limited through Docker: the task's size limits each container that has none of its own.
    """
    memory = _bytes(container.memory or definition.memory_mib)
    units = definition.cpu_units
    return {
        # Docker takes 0 to mean "unset" and fails at the start for 1; ECS means the smallest share by both.
        "CpuShares": min(max(container.cpu, _FEWEST_SHARES), _MOST_SHARES),
        "NanoCpus": None if units is None else units * _NANOCPUS_OF_A_CORE // _UNITS_OF_A_CORE,
        "Memory": memory,
        "MemoryReservation": _bytes(container.memory_reservation),
        **_swap(container, memory),
        "Ulimits": [
            {"Name": limit.name, "Soft": limit.soft_limit, "Hard": limit.hard_limit} for limit in container.ulimits
        ],
    }


def _bytes(mebibytes: int | None) -> int | None:
    return None if mebibytes is None else max(mebibytes, DOCKER_MINIMUM_MEMORY) * _MIB


def _swap(container: ContainerDefinition, memory: int | None) -> dict[str, int | None]:
    """Docker's limit is that of memory and swap together. swappiness counts only where maxSwap is given."""
    parameters = container.linux_parameters
    if parameters is None or parameters.max_swap is None or memory is None:
        return {}
    return {"MemorySwap": memory + parameters.max_swap * _MIB, "MemorySwappiness": parameters.swappiness}
