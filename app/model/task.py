"""A task as the fleet knows it: put together from its containers and its records, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.model.container import Container, PortBinding
from app.model.instance import InstanceKey
from app.model.names import PAUSE, Dependence
from app.model.record import LEASE_TERM, StopCode
from app.model.resources import Resources
from app.model.safe_text import SafeText

LastStatus = Literal["PENDING", "RUNNING", "STOPPING", "STOPPED"]
DesiredStatus = Literal["RUNNING", "STOPPED"]
Health = Literal["HEALTHY", "UNHEALTHY", "UNKNOWN"]


@dataclass(frozen=True, slots=True)
class TaskContainer:
    """One of the task's containers. ``runtime`` is None while it is not made yet, or once it is gone.

    ``restarting``: it has ended, and its restartPolicy is about to start it again; to ECS it is RUNNING meanwhile.
    ``failed``: it will never start, or not again. ``started_at`` is its first start, in UTC.
    """

    name: str
    runtime: Container | None
    last_status: Literal["PENDING", "RUNNING", "STOPPED"]
    health: Health
    essential: bool
    exit_code: int | None = None
    reason: SafeText = SafeText("")
    depends_on: tuple[tuple[str, Dependence], ...] = ()
    stop_timeout: int = 30
    start_timeout: int | None = None
    health_checked: bool = False
    restarting: bool = False
    restart_count: int = 0
    failed: bool = False
    started_at: datetime | None = None

    @property
    def ran(self) -> bool:
        """Was its process ever started, as far as the container that is there can tell?"""
        return self.runtime is not None and self.runtime.ever_started

    @property
    def awaits(self) -> tuple[tuple[str, Dependence], ...]:
        """What it waits for in the definition's other containers."""
        return tuple(pair for pair in self.depends_on if pair[0] != PAUSE)


@dataclass(frozen=True, slots=True)
class Task:
    """A task on one instance (design: ECS semantics 1.4). Times are the host's, in UTC.

    ``containers`` are the definition's; ``pause`` holds the namespaces that they share, where they share any.
    ``execution_stopped_at``: when the first essential container ended. ``stop_marked_at``: when ``stopped_by`` said
    that it stops. ``client_token`` and ``request`` tell two calls of run-task apart; all of tags and these are known
    from the task's record alone.
    """

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
    execution_stopped_at: datetime | None = None
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    stopped_by: str = ""
    stop_marked_at: datetime | None = None
    pause: TaskContainer | None = None
    launch_type: str = "EXTERNAL"
    tags: tuple[tuple[SafeText, SafeText], ...] = ()
    client_token: str = ""
    request: str = ""
    lease_at: datetime | None = None
    lease_number: int = 0
    manifest: str = ""

    @property
    def definition(self) -> str:
        return f"{self.family}:{self.revision}"

    @property
    def parts(self) -> tuple[TaskContainer, ...]:
        """Every container on the host that belongs to the task: the pause container first."""
        return (self.pause, *self.containers) if self.pause else self.containers

    @property
    def ports(self) -> tuple[PortBinding, ...]:
        return tuple(port for part in self.parts if part.runtime for port in part.runtime.ports)

    @property
    def failed(self) -> bool:
        """STOPPED for another reason than that somebody asked for it or that it ended well."""
        if self.last_status != "STOPPED" or self.stop_code == "UserInitiated":
            return False
        codes = [container.exit_code for container in self.containers if container.essential]
        return self.stop_code == "TaskFailedToStart" or any(code != 0 for code in codes if code is not None)

    @property
    def settled(self) -> bool:
        """It simply runs: nothing is due on it, and time alone changes nothing about that."""
        return (
            self.last_status == "RUNNING"
            and self.desired_status == "RUNNING"
            and not any(part.restarting for part in self.containers)
        )

    @property
    def may_give_way(self) -> bool:
        """Its launch does not hold its place yet: one that was first may send it elsewhere, or have it refused."""
        launching = self.last_status == "PENDING" and self.desired_status == "RUNNING"
        return launching and self.pull_started_at is None and not any(part.ran for part in self.parts)

    def launch_cut_off(self, now: datetime, term: timedelta = LEASE_TERM) -> bool:
        """Nobody is at work on this launch any more: its lease has run out before it was over."""
        return (
            self.last_status == "PENDING"
            and self.desired_status == "RUNNING"
            and now - (self.lease_at or self.created_at) > term
        )
