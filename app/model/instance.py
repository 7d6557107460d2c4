"""A container instance: what its engine says of itself, and how fresh our knowledge of it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from app.model.endpoint import Endpoint, TlsFiles
from app.model.resources import Resources
from app.model.safe_text import SafeText

Reach = Literal["connecting", "live", "stale", "unreachable"]


class InstanceKey(NamedTuple):
    """An instance is known by its cluster and its name in it."""

    cluster: str
    name: str


@dataclass(frozen=True, slots=True)
class Freshness:
    """How good our knowledge is.

    stale: there was an answer, and it no longer comes; what is shown is as of ``since``.
    unreachable: there has been no answer at all since ``since``.
    ``next_try`` is when the engine is tried again.
    """

    reach: Reach
    since: datetime
    reason: SafeText = SafeText("")
    next_try: datetime | None = None


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What the engine says of itself. ``registered`` is what tasks can use at most: cores x 1024, MiB, GPUs.

    ``security``: which of apparmor, selinux, seccomp and the like it has. ``swarm_node``: its id in a Docker Swarm, ""
    when it is in none; ``swarm_manager``: whether it can be asked about that swarm. ``system``: the host's
    distribution; ``cgroup``: 1 or 2; ``images``: how many there are.
    """

    engine_id: str
    hostname: SafeText
    version: SafeText
    api_version: str
    os_type: str
    architecture: str
    registered: Resources
    labels: tuple[tuple[SafeText, SafeText], ...] = ()
    warnings: tuple[SafeText, ...] = ()
    log_drivers: tuple[SafeText, ...] = ()
    volume_drivers: tuple[SafeText, ...] = ()
    security: tuple[SafeText, ...] = ()
    swarm_node: str = ""
    swarm_manager: bool = False
    system: SafeText = SafeText("")
    kernel: SafeText = SafeText("")
    cgroup: SafeText = SafeText("")
    storage: SafeText = SafeText("")
    images: int = 0


@dataclass(frozen=True, slots=True)
class Instance:
    """A registered container instance, as its cluster's file says: whether it drains, its state on the host tells.

    ``drain_recorded``: the engine holds the record of its draining, or did when this was written. ``reserved_ports``:
    tcp and udp ports that no task may have. ``tls``, ``insecure``: as ``Endpoint`` has them.
    """

    key: InstanceKey
    id: str
    endpoint: str
    status: Literal["ACTIVE", "DRAINING"]
    registered_at: datetime
    attributes: tuple[tuple[str, str], ...] = ()
    reserved_memory: int = 0
    drain_recorded: bool = False
    drain_reason: SafeText = SafeText("")
    reserved_ports: frozenset[int] = frozenset()
    reserved_ports_udp: frozenset[int] = frozenset()
    tls: TlsFiles | None = None
    insecure: bool = False

    @property
    def reached_by(self) -> Endpoint:
        """What its engine is known by here: two ways to the same address are two engines."""
        return Endpoint(self.endpoint, self.tls, self.insecure)
