"""One container on an instance, as its engine tells it. Frozen and slotted: ten thousand of these change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.model.names import Dependence
from app.model.resources import Resources
from app.model.safe_text import SafeText

DockerState = Literal["created", "running", "paused", "restarting", "exited", "removing", "dead"]
DockerHealth = Literal["", "starting", "healthy", "unhealthy"]


@dataclass(frozen=True, slots=True)
class PortBinding:
    """A published port; ``host_ip`` is "" when the engine listens on every address."""

    container_port: int
    host_port: int
    protocol: str = "tcp"
    host_ip: str = ""


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Restart after an exit whose code is not ignored, if it had run for ``period`` seconds (ECS semantics 4.5)."""

    ignored_exit_codes: tuple[int, ...] = ()
    period: int = 300


@dataclass(frozen=True, slots=True)
class TaskTag:
    """What a container's labels say of the task that it belongs to: all that a supervisor needs.

    ``containers`` is how many the task has, the pause container included; ``depends_on`` pairs (container name,
    condition), links, volumesFrom and the pause container included. Timeouts in seconds.
    """

    task_id: str
    cluster: str
    family: str
    revision: int
    container: str
    containers: int
    group: str
    started_by: str
    created_at: datetime
    reservation: Resources
    essential: bool = True
    depends_on: tuple[tuple[str, Dependence], ...] = ()
    stop_timeout: int = 30
    start_timeout: int | None = None
    health_checked: bool = False
    restart: RestartPolicy | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """A container as last seen. ``tag`` is None for one that Moorage did not start, or whose labels are not believed
    (``damage`` says why). ``exit_code`` only if its process ever ran; ``health`` of one that has ended is the last
    verdict on it. ``address``: its own IPv4 address, "" when it has none. ``placeholder``: it is what Docker Swarm runs
    to keep the place of one of our tasks (``app.hosts.swarm``).
    """

    id: str
    name: SafeText
    image: SafeText
    state: DockerState
    created_at: datetime
    tag: TaskTag | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    health: DockerHealth = ""
    oom_killed: bool = False
    error: SafeText = SafeText("")
    ports: tuple[PortBinding, ...] = ()
    image_id: str = ""
    damage: SafeText = SafeText("")
    address: str = ""
    placeholder: bool = False

    @property
    def up(self) -> bool:
        return self.state in ("running", "paused", "restarting")

    @property
    def ever_started(self) -> bool:
        return self.started_at is not None or self.state in ("running", "paused", "restarting", "exited", "dead")
