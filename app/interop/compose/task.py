"""What the services of a task are to each other: dependsOn, links, volumesFrom (design: ECS semantics 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.interop.compose import values
from app.interop.compose.mounts import VolumeBook
from app.interop.compose.notes import Notes, listed
from app.interop.compose.project import MAX_SERVICES, Project
from app.model.locations import Location, short

_CONDITIONS = {
    "service_started": "START",
    "service_healthy": "HEALTHY",
    "service_completed_successfully": "SUCCESS",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """``condition`` in ECS's word, whether the service must be there, and where it is said."""

    condition: str
    required: bool
    at: Location


@dataclass(frozen=True, slots=True)
class Task:
    """What the containers of one definition share. ``names``: of services → of containers, only of this definition."""

    project: Project
    names: Mapping[str, str]
    mode: str | None
    ipc: str | None
    book: VolumeBook


def dependencies(service: Mapping[str, Any], at: Location, notes: Notes) -> dict[str, Wait]:
    """What a service waits for, by service. Mistakes go into ``notes``."""
    value, where = service.get("depends_on"), (*at, "depends_on")
    if isinstance(value, list | dict) and len(value) > MAX_SERVICES:
        notes.error(where, f"names more than {MAX_SERVICES} services", "name fewer")
        return {}
    if value is None or isinstance(value, list):
        names = values.texts(value, where, notes)
        return {name: Wait("START", True, (*where, index)) for index, name in enumerate(names)}
    found = {}
    for name, item in value.items() if isinstance(value, dict) else ():
        here = (*where, name)
        given = notes.fields(item, here, ("condition", "required", "restart"))
        condition = _CONDITIONS.get(str(given.get("condition")))
        if condition is None:
            notes.error((*here, "condition"), "is no condition", f"write one of {', '.join(_CONDITIONS)}")
            continue
        if given.get("restart") not in (None, False):
            notes.lose((*here, "restart"), "ECS does not restart what depends", "a task stops and starts as a whole")
        required = values.boolean(given.get("required", True), (*here, "required"), notes)
        found[name] = Wait(condition, required is not False, here)
    if not isinstance(value, dict):
        notes.error(where, "is neither a list nor a mapping", "write the names of services")
    return found


def links(task: Task, name: str, notes: Notes) -> list[str]:
    """Those of ``links``, and one for each service that is waited for: only along links is it found by its name."""
    service, at = task.project.services[name], ("services", name)
    where = (*at, "links")
    found: dict[str, str] = {}
    for index, link in enumerate(values.texts(service.get("links"), where, notes)):
        target, _, alias = link.partition(":")
        if is_here(task, target, (*where, index), notes):
            found[alias or target] = target
    if found and task.mode not in (None, "bridge"):
        notes.lose(where, "links need a bridge", "services of this task reach each other at localhost")
    if task.mode not in (None, "bridge"):
        return []
    waits = dependencies(service, at, Notes(notes.source))
    for target, wait in waits.items():
        if target in task.names and wait.condition != "SUCCESS" and target not in found.values():
            found.setdefault(target, target)
    return [
        task.names[target] if alias == task.names[target] else f"{task.names[target]}:{alias}"
        for alias, target in found.items()
    ]


def is_here(task: Task, target: str, at: Location, notes: Notes) -> bool:
    """Is the service in this definition? If not, that is told: as a loss with --split, else as an error."""
    if target in task.names:
        return True
    if target in task.project.services:
        notes.lose(at, "is about a service of another definition", "start them together, in their order")
    elif target in task.project.inactive:
        notes.error(at, "is about a service whose profile is not asked for", "choose it with --profile")
    else:
        notes.error(at, "is about a service that is not there", listed(task.project.services))
    return False


def depends_on(task: Task, name: str, notes: Notes) -> list[dict[str, str]]:
    """``dependsOn`` of the service\'s container."""
    at: Location = ("services", name)
    found = []
    for target, wait in dependencies(task.project.services[name], at, notes).items():
        here = wait.at
        if not wait.required:
            problem = "ECS knows no dependency that may fail"
            notes.lose((*here, "required"), problem, "it is waited for when it is there")
            if target not in task.project.services:
                continue
        if not is_here(task, target, here, notes):
            continue
        check = task.project.services[target].get("healthcheck")
        if wait.condition == "HEALTHY" and not (isinstance(check, dict) and check.get("test")):
            remedy = f"write one for {short(target)}: that of an image does not count in ECS"
            notes.error(here, "waits for a service that has no healthcheck in the file", remedy)
        found.append({"containerName": task.names[target], "condition": wait.condition})
    return found


def volumes_from(task: Task, service: Mapping[str, Any], at: Location, notes: Notes) -> list[dict[str, Any]]:
    """``volumesFrom`` of the service\'s container."""
    found, where = [], (*at, "volumes_from")
    for index, line in enumerate(values.texts(service.get("volumes_from"), where, notes)):
        source, _, mode = line.partition(":")
        if source == "container":
            notes.lose((*where, index), "ECS mounts those of containers of the task alone", "it is left out")
        elif mode not in ("", "ro", "rw"):
            notes.error((*where, index), "is no service with ro or rw", "write NAME or NAME:ro")
        elif is_here(task, source, (*where, index), notes):
            found.append({"sourceContainer": task.names[source], **({"readOnly": True} if mode == "ro" else {})})
    return found
