"""The volumes of a task: what they are called on its host, and making them (design: ECS semantics 2.5)."""

from __future__ import annotations

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.labels import TASK, volume_name, without_ours
from app.hosts.reading import own_labels
from app.model.task_definition import TaskDefinition
from app.model.volumes import DockerVolumeConfiguration, Volume

_OURS = "moorage-"


def volume_source(volume: Volume, task_id: str) -> str:
    """What a bind begins with: a folder of the host, a shared volume's own name, or the name of one of the task's."""
    if volume.host is not None and volume.host.source_path:
        return volume.host.source_path
    return volume.name if _shared(volume) else volume_name(task_id, volume.name)


def make_volumes(engine: Engine, definition: TaskDefinition, task_id: str, *, accepted: bool = False) -> None:
    """Make the volumes that go with the task, and the shared ones that may be made; look for the other shared ones.

    ``accepted``: as for a container. Raises HostError, which names the volume. Each step may be repeated.
    """
    for volume in definition.volumes:
        if volume.host is not None and volume.host.source_path:
            continue
        try:
            if _shared(volume):
                _find_or_make(engine, volume, accepted=accepted)
            else:
                _make(engine, volume, task_id, accepted=accepted)
        except HostError as error:
            if error.unanswered:
                raise
            raise HostError(f"volume {volume.name!r}: {error.message}", error.kind) from error


def _shared(volume: Volume) -> bool:
    docker = volume.docker_volume_configuration
    return docker is not None and docker.scope == "shared"


def _make(engine: Engine, volume: Volume, task_id: str, *, accepted: bool) -> None:
    docker = volume.docker_volume_configuration or DockerVolumeConfiguration()
    labels = {**without_ours(docker.labels), TASK: task_id}
    name = volume_name(task_id, volume.name)
    made = engine.create_volume(name, labels, docker.driver or "", docker.driver_opts, accepted=accepted)
    if own_labels(made).get(TASK) != task_id:
        raise HostError(f"{name} is on the host already, and is not this task's; remove it there", "conflict")


def _find_or_make(engine: Engine, volume: Volume, *, accepted: bool) -> None:
    """A shared volume has no label of ours: nothing that clears up after a task may take it for the task's.

    One that is there is taken as it is, whatever its options are: whoever made it has the engine anyway.
    """
    docker = volume.docker_volume_configuration or DockerVolumeConfiguration()
    if volume.name.startswith(_OURS):
        raise HostError(f"shared volumes can't be named {_OURS}…: Moorage's own are; choose another name", "refused")
    try:
        engine.volume(volume.name)
    except HostError as error:
        if error.kind != "not-found":
            raise
        if not docker.autoprovision:
            remedy = f"make it (docker volume create {volume.name}), or set autoprovision"
            raise HostError(f"it is shared and not on the host; {remedy}", "not-found") from error
        labels = without_ours(docker.labels)
        engine.create_volume(volume.name, labels, docker.driver or "", docker.driver_opts, accepted=accepted)
