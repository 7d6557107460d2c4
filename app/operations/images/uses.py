"""What containers and tasks use of their hosts' images, as a fleet knows it: made once, read by any thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.fleet.fleet import Fleet, InstanceState, belongs
from app.model.errors import MoorageError
from app.model.image_reference import parse_reference
from app.model.instance import InstanceKey
from app.model.manifest import read_manifest
from app.model.safe_text import SafeText, safe_line
from app.model.task import Task

_SILENT = frozenset({"stale", "unreachable"})


@dataclass(frozen=True, slots=True)
class TaskImage:
    """What one container of a task is made of.

    Attributes:
        name: as its definition names it, with the tag that it has in full; "" where nobody knows.
        id: the image that it was made of; "" while there is no container.
        ended: its task has STOPPED.
    """

    task_id: str
    instance: InstanceKey
    name: str
    id: str
    ended: bool = False


@dataclass(frozen=True, slots=True)
class ImageUses:
    """What is used on each instance.

    Attributes:
        of_tasks: by instance, of the cluster's tasks.
        of_containers: by instance, ids of all containers by image.
        silent: instances that do not answer, and why: nobody need wait for them again.
    """

    of_tasks: Mapping[InstanceKey, tuple[TaskImage, ...]] = field(default_factory=dict)
    of_containers: Mapping[InstanceKey, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    silent: Mapping[InstanceKey, SafeText] = field(default_factory=dict)

    def users(self, instance: InstanceKey) -> Mapping[str, Sequence[str]]:
        """Ids of all containers of an instance, by the id of the image that they are made of."""
        return self.of_containers.get(instance, {})

    def of_image(self, instance: InstanceKey, id_: str) -> list[TaskImage]:
        return [use for use in self.of_tasks.get(instance, ()) if use.id == id_]

    def of_name(self, instance: InstanceKey, name: str) -> list[TaskImage]:
        return [use for use in self.of_tasks.get(instance, ()) if use.name == name]


def image_uses(fleet: Fleet, cluster: str) -> ImageUses:
    """Of the containers and tasks of a cluster's instances. No I/O; to be called on the thread that the fleet is on."""
    states = fleet.of_cluster(cluster)
    return ImageUses(
        {state.instance.key: tuple(_of_tasks(state)) for state in states},
        {state.instance.key: _of_containers(state) for state in states},
        {state.instance.key: state.freshness.reason for state in states if state.freshness.reach in _SILENT},
    )


def _of_containers(state: InstanceState) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for container in state.containers.values():
        if container.image_id:
            found.setdefault(container.image_id, []).append(container.id)
    return {image: tuple(ids) for image, ids in found.items()}


def _of_tasks(state: InstanceState) -> list[TaskImage]:
    key = state.instance.key
    manifests: dict[str, Mapping[str, str]] = {}
    found = []
    for task in state.tasks.values():
        if not belongs(task, state):
            continue
        # Tasks of one revision have the same manifest, as one text.
        if task.manifest not in manifests:
            manifests[task.manifest] = image_names(task)
        names = manifests[task.manifest]
        ended = task.last_status == "STOPPED"
        for part in task.containers:
            id_ = part.runtime.image_id if part.runtime else ""
            name = names.get(part.name, "")
            if id_ or name:
                found.append(TaskImage(task.id, key, name, id_, ended))
    return found


def image_names(task: Task) -> Mapping[str, str]:
    """By container, the image as its definition names it, with the tag that is meant."""
    found = {}
    for part in read_manifest(task.manifest).containers:
        name, image = part.get("name"), part.get("image")
        if isinstance(name, str) and isinstance(image, str):
            found[name] = full_name(image)
    return found


def full_name(image: str) -> str:
    """``nginx`` → ``nginx:latest``; what is no name stays as it is."""
    try:
        return str(parse_reference(image))
    except MoorageError:
        return safe_line(image)
