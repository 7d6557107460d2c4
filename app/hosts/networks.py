"""A bridge network of a task's own: for containers that name each other by link."""

from __future__ import annotations

import hashlib
import ipaddress

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.labels import TASK, network_name

TASK_NETWORKS = ipaddress.IPv4Network("10.202.0.0/16")
"""Task networks are cut from here: Docker's own address pools end at about 30 networks a host."""
_PREFIX = 28
_TAKEN = ("overlap", "is already used on the host")
"""Of a subnet: Docker's word, and podman's."""


def make_network(engine: Engine, task_id: str) -> str:
    """Make the task's network; returns its id, as 20.10 lets names be given twice. Raises HostError.

    Docker refuses a subnet that overlaps another, so making one is also its lock.
    """
    count = 2 ** (_PREFIX - TASK_NETWORKS.prefixlen)
    first = int.from_bytes(hashlib.sha256(task_id.encode()).digest()[:4], "big") % count
    base = int(TASK_NETWORKS.network_address)
    size = 2 ** (32 - _PREFIX)
    for attempt in range(count):
        subnet = ipaddress.IPv4Network((base + (first + attempt) % count * size, _PREFIX))
        try:
            return engine.create_network(network_name(task_id), str(subnet), {TASK: task_id})
        except HostError as error:
            if not any(words in error.message for words in _TAKEN):
                raise
    raise HostError(f"all {count} task networks of {TASK_NETWORKS} are in use", "failed")
