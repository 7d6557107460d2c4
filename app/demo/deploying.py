"""A task of the demo fleet put on its simulated engine, with the records and labels that a launch would have left."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.images import Image
from app.demo.plan import Host, PlannedTask, definition_of, reserved_by
from app.hosts.labels import TASK, container_name
from app.hosts.ports import Port, PortChooser, published_ports
from app.hosts.records import record_labels
from app.hosts.settings import HostSettings
from app.hosts.translate import TaskPlan, create_body
from app.hosts.volumes import volume_source
from app.model.container import PortBinding, TaskTag
from app.model.gates import creation_order
from app.model.manifest import write_manifest
from app.model.record import Record, StartMark, StopMark, TaskRecord, record_name
from app.model.safe_text import safe_line
from app.model.task_definition import ContainerDefinition, dependencies


@dataclass(slots=True)
class Ground:
    """A host with its engine, what it can pull, and the ports that are taken there."""

    host: Host
    engine: SimulatedEngine
    images: Mapping[str, Image]
    ports: set[Port] = field(default_factory=set)


class Deployment:
    """One task on one host. ``at``: when its launch began, in UTC; the steps after it are by the caller's clock."""

    def __init__(self, ground: Ground, task: PlannedTask, at: datetime) -> None:
        self._ground = ground
        self._task = task
        self._at = at
        self._definition = definition_of(task.family, task.revision)
        waits = {
            container.name: dependencies(self._definition, container)
            for container in self._definition.container_definitions
        }
        self._order = creation_order(waits) or list(waits)
        digits = hashlib.sha256(task.id.encode()).hexdigest()[:8]
        self._launcher = f"{task.started_by}-{digits}"
        self._plan = TaskPlan(self._definition, self._tag(), ports=self._ports())

    def _tag(self) -> TaskTag:
        task = self._task
        return TaskTag(
            task_id=task.id,
            cluster=self._ground.host.cluster,
            family=task.family,
            revision=task.revision,
            container="",
            containers=len(self._definition.container_definitions),
            group=f"family:{task.family}",
            started_by=task.started_by,
            created_at=self._at,
            reservation=reserved_by(task.family, task.revision),
        )

    def _ports(self) -> dict[str, tuple[PortBinding, ...]]:
        chooser = PortChooser(HostSettings().host_ports, self._ground.ports, self._task.id)
        found = {
            container.name: published_ports(self._definition, container, chooser)
            for container in self._definition.container_definitions
        }
        self._ground.ports |= {(port.protocol, port.host_port) for ports in found.values() for port in ports}
        return found

    @property
    def containers(self) -> Iterator[tuple[ContainerDefinition, str]]:
        """Each with its name on the host, in the order in which they are made and started."""
        for name in self._order:
            container = self._definition.container(name)
            yield container, container_name(replace(self._plan.task, container=name))

    @staticmethod
    def name_of(task: PlannedTask, container: str) -> str:
        """What a container of a task is called on its host."""
        return f"moorage-{task.family}-{task.revision}-{container}-{task.id[:12]}"

    def announce(self) -> None:
        """The task's record: from now on everybody sees it, PENDING."""
        task, tag = self._task, self._plan.task
        self._write(
            TaskRecord(
                task_id=task.id,
                cluster=tag.cluster,
                family=tag.family,
                revision=tag.revision,
                group=tag.group,
                started_by=tag.started_by,
                created_at=tag.created_at,
                reservation=tag.reservation,
                launcher=self._launcher,
                containers=tuple(container.name for container in self._definition.container_definitions),
                manifest=write_manifest(task.document, {}),
            )
        )

    def pull(self) -> None:
        """What it needs is on the host now."""
        for container in self._definition.container_definitions:
            self._ground.engine.add_image(self._ground.images[container.image], pulled=True)

    def create(self, at: datetime) -> None:
        """All its containers, and the mark that they are about to be started; ``at``: now, in UTC.

        Raises Refused where Docker would.
        """
        for volume in self._definition.volumes:
            docker = volume.docker_volume_configuration
            labels = {} if docker is not None and docker.scope == "shared" else {TASK: self._task.id}
            self._ground.engine.create_volume(volume_source(volume, self._task.id), labels)
        for container, name in self.containers:
            self._ground.engine.create(create_body(self._plan, container), name)
        self._write(StartMark(self._task.id, at, self._at, at))

    def start(self) -> None:
        """Start its containers. Raises Refused where Docker would."""
        for _, name in self.containers:
            self._ground.engine.start(name)

    def mark_stopped(self, at: datetime, reason: str, by: str) -> None:
        """Somebody asks for its end; the supervisor of whoever watches does the rest, or ``stop``."""
        self._write(StopMark(self._task.id, "UserInitiated", safe_line(reason), safe_line(by), at))

    def mark_failed(self, at: datetime, reason: str) -> None:
        """It could not be launched."""
        self._write(StopMark(self._task.id, "TaskFailedToStart", safe_line(reason), safe_line(self._launcher), at))

    def stop(self) -> None:
        """Its containers end in the opposite order; the ports are free again."""
        for _, name in reversed(list(self.containers)):
            self._ground.engine.stop(name)
        self._ground.ports -= {(port.protocol, port.host_port) for ports in self._plan.ports.values() for port in ports}

    def _write(self, record: Record) -> None:
        self._ground.engine.create_volume(record_name(record), record_labels(record))


def nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000) * 1_000_000


def moment_of(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1e9, UTC)
