"""A project → task definitions: one with a container for each service, or one for each service."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.interop.compose import values
from app.interop.compose.limits import Limits
from app.interop.compose.mounts import VolumeBook
from app.interop.compose.notes import Notes
from app.interop.compose.project import ComposeOptions, Project
from app.interop.compose.service import container
from app.interop.compose.task import Task, dependencies
from app.model.locations import Location
from app.model.names import CONTAINER_NAME, RESOURCE_NAME
from app.model.task_definition import MOST_CONTAINERS

_ARCHITECTURES = {"amd64": "X86_64", "x86_64": "X86_64", "arm64": "ARM64", "aarch64": "ARM64"}


@dataclass(frozen=True, slots=True)
class Built:
    """``members`` of RegisterTaskDefinition; ``replicas``: how many tasks the file wants."""

    family: str
    members: dict[str, Any]
    replicas: int


def definitions_of(project: Project, options: ComposeOptions, folder: str, notes: Notes) -> list[Built]:
    """What is wrong, and what is lost, goes into ``notes``."""
    family = options.family or project.name
    if options.family and not RESOURCE_NAME.fullmatch(family):
        notes.error((), "the family has characters that ECS does not take", "give another with --family")
    names = _container_names(list(project.services), notes)
    if len(names) > MOST_CONTAINERS and not options.split:
        problem = f"there are {len(names)}, and a definition has at most {MOST_CONTAINERS} containers"
        notes.error(("services",), problem, "make a definition of each with --split, or choose by profiles")
    if not options.split:
        return [_definition(project, names, family, folder, notes)] if names else []
    return [_definition(project, {service: name}, f"{family}-{name}", folder, notes) for service, name in names.items()]


def _container_names(services: Sequence[str], notes: Notes) -> dict[str, str]:
    """A name that ECS takes for each service, no two alike."""
    found: dict[str, str] = {}
    taken = {name for name in services if CONTAINER_NAME.fullmatch(name)}
    for service in services:
        name = service
        if not CONTAINER_NAME.fullmatch(service):
            stem = re.sub(r"[^A-Za-z0-9_-]", "-", service)[:200] or "service"
            name, number = stem, 2
            while name in taken:
                name, number = f"{stem}-{number}", number + 1
            notes.lose(("services", service), "ECS takes letters, digits, _ and - alone", f"the container is {name}")
        taken.add(name)
        found[service] = name
    return found


def _definition(project: Project, names: Mapping[str, str], family: str, folder: str, notes: Notes) -> Built:
    mode = _network_mode(project, names, notes)
    book = VolumeBook(project.name, project.volumes, folder, project.environment.get("HOME", ""), notes)
    ipc = _shared(project, names, "ipc", notes)
    task = Task(project, names, mode, ipc, book)
    containers = [container(task, service, notes) for service in names]
    completed = _completed(project, names, notes)
    for service, made in zip(names, containers, strict=True):
        if service in completed:
            made["essential"] = False
    if len(names) > 1 and mode in (None, "bridge") and not any(made.get("links") for made in containers):
        remedy = "write links or depends_on where one calls another"
        notes.lose(("services",), "services find each other's names along links alone", remedy)
    members = {
        "family": family,
        "containerDefinitions": containers,
        "networkMode": mode,
        "volumes": book.members(),
        "pidMode": _shared(project, names, "pid", notes),
        "ipcMode": ipc,
        "runtimePlatform": _platform(project, names, notes),
    }
    kept = {key: value for key, value in members.items() if value not in (None, [])}
    return Built(family, kept, _replicas(project, names, notes))


def _completed(project: Project, names: Mapping[str, str], notes: Notes) -> set[str]:
    """Services that others wait for until they are done: a task must not end with them."""
    silent = Notes(notes.source)
    return {
        target
        for service in names
        for target, wait in dependencies(project.services[service], (), silent).items()
        if wait.condition == "SUCCESS"
    }


def _network_mode(project: Project, names: Mapping[str, str], notes: Notes) -> str | None:
    """One for the whole task. ``service:`` means a network that the services share, as awsvpc has it."""
    found: dict[str | None, Location] = {}
    for service in names:
        at: Location = ("services", service, "network_mode")
        value = values.as_text(project.services[service].get("network_mode"))
        if value in (None, "", "default", "bridge", "host", "none"):
            found.setdefault(None if value in ("", "default") else value, at)
        elif value.startswith("service:"):
            target = value.removeprefix("service:")
            if target in names:
                found.setdefault("awsvpc", at)
            elif target in project.services:
                notes.lose(at, "is about a service of another definition", "do without --split")
            else:
                notes.error(at, "is about a service that is not there", "name another")
        else:
            notes.error(at, "ECS has bridge, host and none", "write one of them, or service:NAME")
    modes = {mode for mode in found if mode is not None}
    plain = None in found
    if "bridge" in modes and plain:
        plain = False
    if len(modes) > 1 or (plain and not modes.isdisjoint({"host", "none"})):
        remedy = "write it at every service, or make a definition of each with --split"
        notes.error(found[next(iter(modes - {"bridge"}))], "a task has one network mode, and services differ", remedy)
    if modes == {"awsvpc"} and len(names) > 1:
        at = found["awsvpc"]
        notes.lose(at, "in ECS all containers of the task share the network", "they reach each other at localhost")
    return next(iter(sorted(modes)), None)


def _shared(project: Project, names: Mapping[str, str], key: str, notes: Notes) -> str | None:
    """``pidMode`` or ``ipcMode``: what one service asks for, all get."""
    ways = {"host": "host"} if key == "pid" else {"host": "host", "shareable": "task", "none": "none"}
    found: dict[str, Location] = {}
    for service in names:
        at: Location = ("services", service, key)
        value = values.as_text(project.services[service].get(key))
        if not value or (key == "ipc" and value == "private"):
            continue
        mode = "task" if value.startswith("service:") else ways.get(value)
        if mode is None:
            notes.lose(at, "ECS has host, and what the containers of a task share", "it is left out")
        else:
            found.setdefault(mode, at)
    if not found:
        return None
    mode, at = next(iter(found.items()))
    asking = sum(project.services[service].get(key) is not None for service in names)
    if len(found) > 1 or asking < len(names):
        notes.lose(at, f"in ECS it is for the whole task: {mode}", "make a definition of each with --split")
    return mode


def _platform(project: Project, names: Mapping[str, str], notes: Notes) -> dict[str, str] | None:
    found: dict[str, Location] = {}
    for service in names:
        at: Location = ("services", service, "platform")
        value = values.as_text(project.services[service].get("platform"))
        if value is None:
            continue
        system, _, rest = value.lower().partition("/")
        architecture = _ARCHITECTURES.get((rest or system).partition("/")[0])
        if architecture is None or (rest and system != "linux"):
            notes.lose(at, "ECS has linux/amd64 and linux/arm64", "it is left out")
        else:
            found.setdefault(architecture, at)
    if len(found) > 1:
        notes.error(list(found.values())[1], "a task has one platform, and services differ", "use --split")
    return {"cpuArchitecture": next(iter(found)), "operatingSystemFamily": "LINUX"} if found else None


def _replicas(project: Project, names: Mapping[str, str], notes: Notes) -> int:
    silent = Notes(notes.source)
    counts = {name: Limits(project.services[name], ("services", name), silent).replicas() for name in names}
    distinct = set(counts.values())
    if distinct == {1}:
        return 1
    wanted = next(name for name, count in counts.items() if count != 1)
    at: Location = ("services", wanted, "deploy", "replicas")
    if "scale" in project.services[wanted]:
        at = ("services", wanted, "scale")
    if len(distinct) > 1 or distinct == {0}:
        notes.lose(at, "a task has each service once", "make a definition of each with --split, and run as many")
        return 1
    notes.lose(at, "a definition has no number of tasks", f"moorage up runs {counts[wanted]}; run-task has --count")
    return counts[wanted]
