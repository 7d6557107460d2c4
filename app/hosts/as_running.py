"""A container of a task beside what its definition asks for: what is different in effect. Pure.

Both are read the same way, so that nothing differs but what somebody has changed: what the engine says of the
container, and what it would say of one that has just been created.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.hosts.as_created import as_created
from app.hosts.as_definition import Surroundings, as_definition
from app.hosts.engine import Json
from app.hosts.reading import readable
from app.hosts.replacing import bindings_of
from app.hosts.translate import TaskPlan, create_body
from app.hosts.volumes import volume_source
from app.model.container import PortBinding
from app.model.container_definition import ContainerDefinition
from app.model.task_definition import TaskDefinition

_SHARED = ("NetworkMode", "PidMode", "IpcMode")
_NOT_TOLD = frozenset({"name", "restartPolicy"})
"""Docker's restart policy is never a task's: a finding tells it."""
_OF_THE_ENGINE = ("ShmSize", "CgroupnsMode")
"""What an engine fills in by its own configuration."""
_NO_PORT = 1
"""Stands for a port that should be published and is not."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """What of a container is not as its definition has it. A value of None: the member is not there.

    ``task``: members of the task definition that it would need. ``volumes``: those that it mounts, and the definition
    does not have. ``notes``: what no member can say.
    """

    container: Mapping[str, Any]
    task: Mapping[str, Any]
    volumes: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


def volume_names(definition: TaskDefinition, task_id: str) -> dict[str, str]:
    """What the task's volumes are called, by what its binds begin with."""
    return {volume_source(volume, task_id): volume.name for volume in definition.volumes}


@readable
def deviation(
    plan: TaskPlan, container: ContainerDefinition, base: Mapping[str, Any], detail: Json, around: Surroundings
) -> Deviation:
    """Compare a container with its definition.

    Args:
        plan: with the definition as the task was launched with it, overrides in place.
        base: the members of the container in the definition without the overrides, into which changes are to go.
        detail: the engine's answer. What a definition leaves to the engine does not count, nor do values that come
            from outside of it: secrets, and environment files.

    Raises HostError when the answer cannot be read.
    """
    expected_detail = _created(plan, container, detail, around)
    expected = as_definition(expected_detail, around)
    found = as_definition(_settled(plan, container, detail, expected_detail), around)
    changes: dict[str, Any] = {}
    for member in sorted({*expected.container, *found.container} - _NOT_TOLD):
        before, after = expected.container.get(member), found.container.get(member)
        if before != after and not _left_open(member, container):
            changes[member] = _merged(member, base.get(member), before, after, container)
    known = set(expected.findings)
    of_task = {
        member: found.task.get(member)
        for member in sorted({*expected.task, *found.task})
        if expected.task.get(member) != found.task.get(member)
    }
    notes = tuple(str(finding) for finding in found.findings if finding not in known)
    return Deviation(changes, of_task, tuple(found.volumes), notes)


def _created(plan: TaskPlan, container: ContainerDefinition, detail: Json, around: Surroundings) -> Json:
    ports = tuple(_expected_ports(container, bindings_of(detail)))
    body = create_body(replace(plan, ports={container.name: ports}), container)
    created = as_created(str(detail.get("Name", "")), body, around.image.get("Config") or {})
    created["Image"] = ""
    created["HostConfig"] = {**created["HostConfig"], **_shared_modes(created["HostConfig"])}
    if plan.network:
        created["HostConfig"]["NetworkMode"] = plan.network
        created["NetworkSettings"] = {"Networks": {plan.network: {}}}
    return created


def _expected_ports(container: ContainerDefinition, found: Iterable[PortBinding]) -> Iterable[PortBinding]:
    """Where the definition leaves the host's port open, the one that was chosen is the one that was asked for."""
    published = list(found)
    for mapping in container.port_mappings:
        for port in mapping.container_ports:
            chosen = [
                binding.host_port
                for binding in published
                if (binding.container_port, binding.protocol) == (port, mapping.protocol)
            ]
            yield PortBinding(port, mapping.host_port or (chosen[0] if chosen else _NO_PORT), mapping.protocol)


def _settled(plan: TaskPlan, container: ContainerDefinition, detail: Json, expected: Json) -> Json:
    """The answer without what cannot be compared."""
    config, host = dict(detail.get("Config") or {}), dict(detail.get("HostConfig") or {})
    config["Env"] = _comparable(container, config.get("Env") or (), expected["Config"]["Env"])
    host.update(_shared_modes(host))
    if plan.network in ((detail.get("NetworkSettings") or {}).get("Networks") or ()):
        host["NetworkMode"] = plan.network  # it was given by its id
    asked = expected["HostConfig"]
    if container.log_configuration is not None:
        given = (asked.get("LogConfig") or {}).get("Config") or {}
        logging = host.get("LogConfig") or {}
        # An engine adds options of its own, and the values of secrets come from elsewhere.
        host["LogConfig"] = {**logging, "Config": _known(logging.get("Config") or {}, given)}
    for member in _OF_THE_ENGINE:
        if not asked.get(member):
            host.pop(member, None)
    named = {limit.name for limit in container.ulimits}
    # An engine adds the limits that it gives to every container.
    host["Ulimits"] = [limit for limit in host.get("Ulimits") or () if limit.get("Name") in named]
    return {**detail, "Config": config, "HostConfig": host, "Mounts": None}


def _comparable(container: ContainerDefinition, found: Iterable[Any], expected: Iterable[str]) -> list[str]:
    """Variables but those of secrets; with environment files, of which nobody here knows, only those that are known."""
    secret = {reference.name for reference in container.secrets} - {pair.name for pair in container.environment}
    known = {pair.partition("=")[0] for pair in expected}
    return [
        str(pair)
        for pair in found
        if (name := str(pair).partition("=")[0]) not in secret and (name in known or not container.environment_files)
    ]


def _known(options: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name in given}


def _shared_modes(host: Mapping[str, Any]) -> dict[str, str]:
    """Whose namespace it is does not matter: names become ids, and a pause container may have been made again."""
    found = {mode: str(host.get(mode) or "") for mode in _SHARED}
    return {mode: "container:pause" for mode, value in found.items() if value.startswith("container:")}


def _left_open(member: str, container: ContainerDefinition) -> bool:
    """What a definition does not say is the engine's own choice, and may be anything."""
    return member == "logConfiguration" and container.log_configuration is None


def _merged(member: str, base: Any, before: Any, after: Any, container: ContainerDefinition) -> Any:
    """The new value, in which what did not change stays as somebody wrote it."""
    match member:
        case "environment":
            return _environment(base, before, after)
        case "dockerLabels" | "linuxParameters":
            old, new = before or {}, after or {}
            gone = {key for key in old if key not in new}
            changed = {key: value for key, value in new.items() if old.get(key) != value}
            return {**{key: value for key, value in (base or {}).items() if key not in gone}, **changed} or None
        case "portMappings":
            chosen: set[tuple[int, str]] = {
                (port, mapping.protocol)
                for mapping in container.port_mappings
                for port in mapping.container_ports
                if not mapping.host_port
            }
            return [_opened(mapping, chosen) for mapping in after or ()] or None
    return after


def _environment(base: Any, before: Any, after: Any) -> Any:
    old = {pair["name"]: pair["value"] for pair in before or ()}
    new = {pair["name"]: pair["value"] for pair in after or ()}
    written = {str(pair.get("name")): pair for pair in base or ()}
    kept = [
        {**pair, "value": new[name]} if name in new and new[name] != old.get(name) else pair
        for name, pair in written.items()
        if name in new or name not in old
    ]
    added = [
        {"name": name, "value": value} for name, value in new.items() if name not in written and old.get(name) != value
    ]
    return [*kept, *added] or None


def _opened(mapping: Mapping[str, Any], chosen: set[tuple[int, str]]) -> dict[str, Any]:
    """Without the host's port where the definition leaves it open."""
    is_open = (mapping["containerPort"], mapping.get("protocol", "tcp")) in chosen
    return {name: value for name, value in mapping.items() if not (is_open and name == "hostPort")}
