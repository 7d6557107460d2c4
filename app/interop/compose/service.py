"""A service of a Compose file → a container definition (design: ECS semantics 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.interop.compose import linux, values
from app.interop.compose.build import image_name
from app.interop.compose.health import health_check, restart_policy
from app.interop.compose.keys import LOST, SERVICE
from app.interop.compose.limits import Limits
from app.interop.compose.mounts import Mounts
from app.interop.compose.notes import Notes
from app.interop.compose.ports import port_mappings
from app.interop.compose.project import Project
from app.interop.compose.task import Task, depends_on, links, volumes_from
from app.model.locations import Location, short

DEFAULT_STOP_TIMEOUT = 10
"""Compose's, in seconds; ECS's own is 30."""
_SHORTEST_STOP, _LONGEST_STOP = 2, 86400


def check_keys(service: Mapping[str, Any], at: Location, notes: Notes) -> None:
    """Unknown keys are errors, as with Compose; what has no way into a definition is a loss."""
    for key, value in service.items():
        if key in LOST:
            if value is not None and value is not False:
                notes.lose((*at, key), *LOST[key])
        elif key not in SERVICE and not key.startswith("x-"):
            notes.unknown((*at, key), SERVICE)


def container(task: Task, name: str, notes: Notes) -> dict[str, Any]:
    """The container of a service; ``essential`` is not decided here."""
    service, at = task.project.services[name], ("services", name)
    check_keys(service, at, notes)
    limits = Limits(service, at, notes)
    size = limits.members()
    mounts = Mounts(name, task.book, notes)
    mounts.volumes(service.get("volumes"), (*at, "volumes"))
    mounts.in_memory(service.get("tmpfs"), (*at, "tmpfs"))
    members = {
        "name": task.names[name],
        "image": _image(task.project, name, notes),
        **size,
        "links": links(task, name, notes),
        "portMappings": _ports(task, service, at, notes),
        "restartPolicy": restart_policy(service, at, notes),
        **_commands(service, at, notes),
        "environment": _environment(task.project, service, at, notes),
        "mountPoints": mounts.points,
        "volumesFrom": volumes_from(task, service, at, notes),
        "linuxParameters": _linux_parameters(service, at, notes, mounts.tmpfs, limits.swap(size.get("memory"))),
        "dependsOn": depends_on(task, name, notes),
        "stopTimeout": _stop_timeout(service, at, notes),
        **_plain(service, at, notes),
        **_addresses(task, service, at, notes),
        "dockerSecurityOptions": linux.security_options(service.get("security_opt"), (*at, "security_opt"), notes),
        "dockerLabels": {
            key: item or "" for key, item in values.pairs(service.get("labels"), (*at, "labels"), notes).items()
        },
        "ulimits": linux.ulimits(service.get("ulimits"), (*at, "ulimits"), notes),
        "logConfiguration": linux.log_configuration(service.get("logging"), (*at, "logging"), notes),
        "healthCheck": health_check(service.get("healthcheck"), (*at, "healthcheck"), notes),
        "systemControls": linux.system_controls(service.get("sysctls"), (*at, "sysctls"), notes, task.mode, task.ipc),
        "resourceRequirements": limits.gpus(),
    }
    return _given(members)


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in members.items()
        if value is not None and value not in ([], {}) and value is not False
    }


def _image(project: Project, name: str, notes: Notes) -> str:
    service, at = project.services[name], ("services", name)
    built = image_name(project, name)
    given = service.get("image")
    image = values.text(given, (*at, "image"), notes) if given is not None else None
    if service.get("build") is not None:
        named = short(built) if image is None else "the image that it names"
        if not project.builds:
            notes.lose((*at, "build"), "images are not built here", f"moorage deploy builds {named}")
        return built if image is None else image
    if not image:
        notes.error(at, "has neither image nor build", "write its image")
    return image or built


def _commands(service: Mapping[str, Any], at: Location, notes: Notes) -> dict[str, list[str] | None]:
    found = {}
    for key, member in (("entrypoint", "entryPoint"), ("command", "command")):
        words = values.words(service.get(key), (*at, key), notes)
        if words == []:
            notes.lose((*at, key), "ECS cannot take the image's own away", "it is as if nothing were written")
        found[member] = words
    return found


def _environment(project: Project, service: Mapping[str, Any], at: Location, notes: Notes) -> list[dict[str, str]]:
    found, where = [], (*at, "environment")
    for name, (value, here) in values.located_pairs(service.get("environment"), where, notes).items():
        known = project.environment.get(name) if value is None else value
        if known is None:
            notes.lose(here, "has no value, here or in the environment", "it is left out")
            continue
        if value is None:
            problem = "has no value here; that of the environment is written into the definition"
            notes.lose(here, problem, "use secrets for what nobody may read there")
        found.append({"name": name, "value": known})
    return found


def _ports(task: Task, service: Mapping[str, Any], at: Location, notes: Notes) -> list[dict[str, Any]]:
    where = (*at, "ports")
    found = port_mappings(service.get("ports"), where, notes)
    if found and task.mode == "none":
        notes.lose(where, "network_mode none has no ports", "remove them")
        return []
    if task.mode in ("host", "awsvpc"):
        for mapping in found:
            if mapping.pop("hostPort", mapping["containerPort"]) != mapping["containerPort"]:
                problem = f"networkMode {task.mode} has one port inside and outside"
                notes.lose(where, problem, "the container's port holds")
    return found


def _linux_parameters(
    service: Mapping[str, Any], at: Location, notes: Notes, tmpfs: list[dict[str, Any]], swap: dict[str, int]
) -> dict[str, Any]:
    shared = service.get("shm_size")
    size = values.mebibytes(shared, (*at, "shm_size"), notes) if shared is not None else None
    found = {
        "capabilities": linux.capabilities(service, at, notes),
        "devices": linux.devices(service.get("devices"), (*at, "devices"), notes),
        "initProcessEnabled": _flag(service, "init", at, notes),
        "sharedMemorySize": size,
        "tmpfs": tmpfs,
    }
    return {**_given(found), **swap}


def _flag(service: Mapping[str, Any], key: str, at: Location, notes: Notes) -> bool:
    return service.get(key) is not None and bool(values.boolean(service[key], (*at, key), notes))


def _stop_timeout(service: Mapping[str, Any], at: Location, notes: Notes) -> int:
    value, where = service.get("stop_grace_period"), (*at, "stop_grace_period")
    found = None if value is None else values.seconds(value, where, notes)
    return DEFAULT_STOP_TIMEOUT if found is None else values.within(found, where, notes, _SHORTEST_STOP, _LONGEST_STOP)


def _plain(service: Mapping[str, Any], at: Location, notes: Notes) -> dict[str, Any]:
    """Members that say the same in both."""
    found: dict[str, Any] = {}
    for key, member in (("user", "user"), ("working_dir", "workingDirectory")):
        if service.get(key) is not None:
            found[member] = values.text(service[key], (*at, key), notes)
    flags = {"privileged": "privileged", "read_only": "readonlyRootFilesystem", "stdin_open": "interactive",
             "tty": "pseudoTerminal"}  # fmt: skip
    return {**found, **{member: _flag(service, key, at, notes) for key, member in flags.items()}}


def _addresses(task: Task, service: Mapping[str, Any], at: Location, notes: Notes) -> dict[str, Any]:
    found = {
        "hostname": values.text(service["hostname"], (*at, "hostname"), notes) if service.get("hostname") else None,
        "dnsServers": values.texts(service.get("dns"), (*at, "dns"), notes, one=True),
        "dnsSearchDomains": values.texts(service.get("dns_search"), (*at, "dns_search"), notes, one=True),
        "extraHosts": linux.extra_hosts(service.get("extra_hosts"), (*at, "extra_hosts"), notes),
    }
    if task.mode != "awsvpc":
        return found
    keys = ("hostname", "dns", "dns_search", "extra_hosts")
    for key, member in zip(keys, found, strict=True):
        if found[member]:
            notes.lose((*at, key), "ECS has none where services share a network", "it is left out")
    return {}
