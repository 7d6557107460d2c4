"""Everything on a host that belongs to one task: reading it together, and taking it away again."""

from __future__ import annotations

from collections.abc import Callable

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.labels import TASK, network_name, volume_name
from app.hosts.reading import container_from_inspect, inspect_or_none, records_from
from app.hosts.records import record_labels
from app.model.container import Container
from app.model.instance import InstanceKey
from app.model.lifecycle import derive_task
from app.model.names import PAUSE
from app.model.record import Lease, Record, StopMark, TaskRecord, record_name
from app.model.task import Task


def write_record(engine: Engine, record: Record) -> Record | None:
    """Write a record, or get the one that was there first. None when what is there cannot be read."""
    volume = engine.create_volume(record_name(record), record_labels(record))
    found = records_from([volume])
    return found[0] if found else None


def task_containers(engine: Engine, task_id: str) -> list[Container]:
    """The task's containers, each believed only if its labels hold together."""
    details = (inspect_or_none(engine, str(entry.get("Id"))) for entry in engine.containers(f"{TASK}={task_id}"))
    found = [container_from_inspect(detail) for detail in details if detail is not None]
    return [container for container in found if container.tag is not None and container.tag.task_id == task_id]


def stop_asked(engine: Engine, task_id: str) -> bool:
    """Has somebody marked the task as to be stopped?"""
    return any(isinstance(record, StopMark) for record in task_records(engine, task_id))


def task_records(engine: Engine, task_id: str) -> list[Record]:
    return [record for record in records_from(engine.volumes(f"{TASK}={task_id}")) if record.task_id == task_id]


def read_task(engine: Engine, instance: InstanceKey, task_id: str) -> Task | None:
    """The task as its host shows it now; None when nothing of it is there."""
    task = derive_task(instance, task_containers(engine, task_id), task_records(engine, task_id))
    if task is not None and any(part.runtime is None for part in task.parts):
        # Listing and inspecting are no single moment: what was made in between would look as if it had been removed.
        task = derive_task(instance, task_containers(engine, task_id), task_records(engine, task_id))
    return task


def remove_containers(engine: Engine, task_id: str, *, only_never_started: bool = False) -> None:
    # podman lets nothing go in whose namespaces others are.
    for container in sorted(task_containers(engine, task_id), key=_holds_namespaces):
        if not (only_never_started and container.ever_started):
            engine.remove_container(container.id)


def _holds_namespaces(container: Container) -> bool:
    return container.tag is not None and container.tag.container == PAUSE


def remove_belongings(engine: Engine, task_id: str) -> None:
    """The task's network and volumes, when its containers are gone; never its records.

    Label and name have to agree: anybody may have put our label on something of theirs. A volume without any label was
    made by Docker, for a container that came after its volumes had been taken away.
    """
    remove_network(engine, task_id)
    first = volume_name(task_id, "")
    for volume in engine.volumes(name=first):
        ours = (volume.get("Labels") or {TASK: task_id}).get(TASK) == task_id
        if ours and str(volume.get("Name")).startswith(first):
            _remove(engine.remove_volume, str(volume.get("Name")))


def remove_network(engine: Engine, task_id: str) -> None:
    """The task's network, when none of its containers is up; a container that has ended needs it no more."""
    for network in engine.networks(f"{TASK}={task_id}"):
        if network.get("Name") == network_name(task_id):
            _remove(engine.remove_network, str(network.get("Id")))


def forget_task(engine: Engine, task_id: str) -> None:
    """Take away all of a task: containers, belongings, and its records last.

    Its stop mark stays until there is nothing left to stop: nobody who looks in between takes it for a launch.
    """
    remove_containers(engine, task_id)
    remove_belongings(engine, task_id)
    last = {TaskRecord: 1, StopMark: 2}
    for record in sorted(task_records(engine, task_id), key=lambda record: last.get(type(record), 0)):
        engine.remove_volume(record_name(record))


def release_leases(engine: Engine, task_id: str) -> None:
    for record in task_records(engine, task_id):
        if isinstance(record, Lease):
            engine.remove_volume(record_name(record))


def _remove(remove: Callable[[str], None], name: str) -> None:
    try:
        remove(name)
    except HostError as error:
        if error.kind not in ("conflict", "refused"):  # still in use by a foreign container: theirs to let go of
            raise
