"""A task as the fleet knows it: put together from its containers and its records, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.model.container import Container, PortBinding
from app.model.instance import InstanceKey
from app.model.names import Condition
from app.model.record import LEASE_TERM, StopCode
from app.model.resources import Resources
from app.model.safe_text import SafeText

LastStatus = Literal["PENDING", "RUNNING", "STOPPING", "STOPPED"]
DesiredStatus = Literal["RUNNING", "STOPPED"]
Health = Literal["HEALTHY", "UNHEALTHY", "UNKNOWN"]


@dataclass(frozen=True, slots=True)
class TaskContainer:
    """One of the task's containers. ``runtime`` is None while it is not made yet, or once it is gone."""

    name: str
    runtime: Container | None
    last_status: Literal["PENDING", "RUNNING", "STOPPED"]
    health: Health
    essential: bool
    exit_code: int | None = None
    reason: SafeText = SafeText("")
    depends_on: tuple[tuple[str, Condition], ...] = ()
    stop_timeout: int = 30
    start_timeout: int | None = None
    health_checked: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """A task on one instance (design: ECS semantics 1.4). Times are the host's, in UTC."""

    id: str
    cluster: str
    instance: InstanceKey
    family: str
    revision: int
    group: str
    started_by: str
    created_at: datetime
    reservation: Resources
    containers: tuple[TaskContainer, ...]
    last_status: LastStatus
    desired_status: DesiredStatus
    health: Health
    stop_code: StopCode | None = None
    stopped_reason: SafeText = SafeText("")
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    stopped_at: datetime | None = None
    lease_at: datetime | None = None
    lease_number: int = 0
    manifest: str = ""

    @property
    def definition(self) -> str:
        return f"{self.family}:{self.revision}"

    @property
    def ports(self) -> tuple[PortBinding, ...]:
        return tuple(port for container in self.containers if container.runtime for port in container.runtime.ports)

    @property
    def failed(self) -> bool:
        """STOPPED for another reason than that somebody asked for it or that it ended well."""
        if self.last_status != "STOPPED" or self.stop_code == "UserInitiated":
            return False
        codes = [container.exit_code for container in self.containers if container.essential]
        return self.stop_code == "TaskFailedToStart" or any(code != 0 for code in codes if code is not None)

    def launch_cut_off(self, now: datetime, term: timedelta = LEASE_TERM) -> bool:
        """Nobody is at work on this launch any more: its lease has run out before it was over."""
        return (
            self.last_status == "PENDING"
            and self.desired_status == "RUNNING"
            and now - (self.lease_at or self.created_at) > term
        )
