"""Drift: a task as it runs beside the revision that it was launched from.

Overrides are no drift: whoever launched the task asked for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from app.fleet.fleet import Fleet
from app.hosts.as_definition import read_surroundings
from app.hosts.as_running import Deviation, deviation, volume_names
from app.hosts.engine import Engine, Json
from app.hosts.labels import TASK, network_name
from app.hosts.reading import inspect_or_none, readable
from app.hosts.translate import TaskPlan, needs_network
from app.model.container import TaskTag
from app.model.definition_document import DefinitionDocument, definition_from
from app.model.dialects import recognise
from app.model.endpoint import Endpoint
from app.model.errors import MoorageError
from app.model.manifest import Manifest, read_manifest
from app.model.overrides import with_overrides
from app.model.requests import TaskOverride, parse_request
from app.model.safe_text import SafeText, safe_line
from app.model.task import Task, TaskContainer
from app.operations.definition_shape import registered_members
from app.operations.definitions import parsed
from app.operations.session import Session
from app.operations.tasks import find_task


@dataclass(frozen=True, slots=True)
class Running:
    """What a diff of a running task needs.

    ``revision``: the members of ``reference`` as they are registered here; where they are not, as the task was
    launched from them. ``members``: the same with each value that is different on the host. An untouched task has the
    same members on both sides. ``overrides`` were given when it was launched. ``notes``: what no member can say.
    """

    reference: str
    task_id: str
    instance: str
    revision: dict[str, Any] = field(repr=False)
    members: dict[str, Any] = field(repr=False)
    overrides: dict[str, Any] = field(repr=False)
    notes: tuple[str, ...]

    @property
    def drifted(self) -> bool:
        return self.members != self.revision


def running_members(session: Session, cluster: str, task_id: str) -> Running:
    """A task of a cluster, by ARN, id or the start of an id, as it runs.

    Raises MoorageError: there is none, its host does not answer, or nobody knows its definition any more.
    """
    known = session.cluster(cluster)
    fleet = session.survey(known)
    task = find_task(fleet, known.name, task_id)
    return running_on_instance(session, fleet.instances[task.instance].instance.reached_by, task)


def running_tasks_of(fleet: Fleet, family: str, revision: int | None = None, cluster: str | None = None) -> list[Task]:
    """The RUNNING tasks of a family, of one revision or all, of a cluster or all; the oldest first."""
    found = [
        task
        for task in fleet.tasks(cluster)
        if task.last_status == "RUNNING" and task.family == family and revision in (None, task.revision)
    ]
    return sorted(found, key=lambda task: (task.created_at, task.id))


def running_on_instance(session: Session, endpoint: Endpoint, task: Task) -> Running:
    """As ``running_members``, of a task that is known already. Takes a few calls for each container.

    Raises MoorageError: its host does not answer, or nobody knows its definition any more.
    """
    registered = _registered(session, task)
    manifest = read_manifest(task.manifest)
    launched, notes = _launched(task, manifest, registered)
    stored = registered[0] if registered else launched
    comparison = _Comparison(session.engine(endpoint), task, launched, manifest)
    members = comparison.run()
    return Running(
        reference=task.definition,
        task_id=task.id,
        instance=task.instance.name,
        revision=stored,
        members=members,
        overrides=manifest.overrides,
        notes=(*notes, *comparison.notes),
    )


def _registered(session: Session, task: Task) -> tuple[dict[str, Any], DefinitionDocument] | None:
    try:
        stored = session.definitions.read(task.family, task.revision)
        return registered_members(stored), parsed(stored)
    except MoorageError:
        return None


def _launched(
    task: Task, manifest: Manifest, registered: tuple[dict[str, Any], DefinitionDocument] | None
) -> tuple[dict[str, Any], list[str]]:
    """The members that the task was launched from, in the words in which they are registered if these are the same."""
    name = task.definition
    if registered is None:
        if not manifest.definition:
            raise MoorageError(
                f"nobody knows {name} any more: it is not registered here, and the task's record is gone"
            )
        return recognise(manifest.definition, name).members, [
            f"{name} is not registered here; it is told as the task was launched from it"
        ]
    members, document = registered
    if not manifest.definition:
        return members, ["the task's record is gone: overrides that it was launched with show as differences"]
    if document.definition.model_dump(by_alias=True, exclude_unset=True) == manifest.definition:
        return members, []
    launched = recognise(manifest.definition, name).members
    return launched, [f"the task was launched from another {name} than the one that is registered here"]


class _Comparison:
    """One task against the members that it was launched from."""

    def __init__(self, engine: Engine, task: Task, members: dict[str, Any], manifest: Manifest) -> None:
        self._engine, self._task, self._members = engine, task, members
        definition = definition_from(members, task.definition).definition
        if manifest.overrides:
            definition = with_overrides(definition, parse_request(TaskOverride, manifest.overrides)).definition
        self._definition = definition
        self.notes: list[str] = []

    def run(self) -> dict[str, Any]:
        """The members as it runs."""
        parts = {part.name: part for part in self._task.containers}
        containers, found = [], {}
        for base in self._members["containerDefinitions"]:
            name = str(base["name"])
            part = parts.get(name)
            different = self._compare(base, part) if part is not None and self._is_there(part) else None
            if different is None:
                self.notes.append(f"container {name}: is not there{_why(part)}")
                continue
            found[name] = different
            containers.append(_with(base, different.container))
            self.notes += [f"container {name}: {note}" for note in different.notes]
            if part is not None and part.last_status == "STOPPED":
                self.notes.append(f"container {name}: has ended{_why(part)}")
        self._tell_strangers()
        changes = {"containerDefinitions": containers, **self._of_task(found)}
        return _with(self._members, changes)

    @staticmethod
    def _is_there(part: TaskContainer) -> bool:
        return part.runtime is not None

    def _compare(self, base: dict[str, Any], part: TaskContainer) -> Deviation | None:
        runtime = part.runtime
        detail = inspect_or_none(self._engine, runtime.id) if runtime else None
        if detail is None or runtime is None or runtime.tag is None:
            return None
        names = volume_names(self._definition, self._task.id)
        around = read_surroundings(self._engine, detail, names)
        plan = self._plan(runtime.tag)
        return deviation(plan, self._definition.container(part.name), base, detail, around)

    def _plan(self, tag: TaskTag) -> TaskPlan:
        network = network_name(self._task.id) if needs_network(self._definition) else ""
        return TaskPlan(self._definition, replace(tag, container=""), network)

    def _of_task(self, found: dict[str, Deviation]) -> dict[str, Any]:
        """Members of the task that every container says otherwise; what only some do is told."""
        changes: dict[str, Any] = {}
        for member in sorted({member for different in found.values() for member in different.task}):
            values = [different.task.get(member, "as defined") for different in found.values()]
            if all(value == values[0] for value in values):
                changes[member] = values[0]
                continue
            for name, different in found.items():
                if member in different.task:
                    value = different.task[member]
                    self.notes.append(f"container {name}: {member} is {'not set' if value is None else value} for it")
        added = {volume["name"]: volume for different in found.values() for volume in different.volumes}
        if added:
            changes["volumes"] = [*(self._members.get("volumes") or ()), *added.values()]
        return changes

    def _tell_strangers(self) -> None:
        """Containers with the task's label that are none of its own."""
        known = {str(part.runtime.id) for part in self._task.parts if part.runtime}
        for entry in self._engine.containers(f"{TASK}={self._task.id}"):
            if entry.get("Id") not in known:
                self.notes.append(f"container {_name(entry)}: has the task's label, and is not in its definition")


@readable
def _name(entry: Json) -> SafeText:
    return safe_line(str((entry.get("Names") or ["?"])[0]).removeprefix("/")[:64])


def _with(members: dict[str, Any], changes: Any) -> dict[str, Any]:
    """The members in their order, with the changes; None takes one away."""
    return {name: value for name, value in {**members, **changes}.items() if value is not None or name not in changes}


def _why(part: TaskContainer | None) -> str:
    if part is None:
        return ""
    code = "" if part.exit_code is None else f" with exit code {part.exit_code}"
    return f"{code}: {part.reason}" if part.reason else code


def notes_of(running: Running) -> Iterator[str]:
    """What is to be said beside a diff: the notes, and which overrides the task was launched with."""
    yield from running.notes
    overridden = [str(item.get("name")) for item in running.overrides.get("containerOverrides") or ()]
    if overridden or running.overrides:
        where = f" for {', '.join(overridden)}" if overridden else ""
        yield f"it was launched with overrides{where}, which do not count as differences"
