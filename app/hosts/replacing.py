"""A container that was made and can't be started as it is: the same again, with what has to be different.

Everything is read from the container itself, so that whoever finishes a launch can do it, without the order that the
launch was begun with.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from app.hosts.crashpoint import crashpoint
from app.hosts.engine import Engine, Json
from app.hosts.policy.verdict import judge
from app.hosts.reading import inspect_or_none
from app.hosts.task_objects import write_record
from app.model.container import PortBinding
from app.model.gates import creation_order
from app.model.record import ReplaceMark, record_name
from app.model.task import Task

_CONFIG = (
    "Image",
    "Cmd",
    "Entrypoint",
    "Env",
    "User",
    "WorkingDir",
    "Domainname",
    "Labels",
    "ExposedPorts",
    "Healthcheck",
    "StopTimeout",
    "StopSignal",
    "NetworkDisabled",
    "OpenStdin",
    "Tty",
)
_FILLED_IN = frozenset({"CgroupnsMode", "MaskedPaths", "ReadonlyPaths", "Runtime"})
"""What the engine decides for every container of ours, and decides again."""
_SHARED_MODES = ("NetworkMode", "PidMode", "IpcMode")
_BUILT_IN_NETWORKS = frozenset({"", "default", "bridge", "host", "none"})


def bindings_of(detail: Json) -> tuple[PortBinding, ...]:
    """The host ports that a container was made with, whether it has been started or not."""
    found = ((detail.get("HostConfig") or {}).get("PortBindings") or {}).items()
    return tuple(
        PortBinding(int(key.partition("/")[0]), int(binding["HostPort"]), key.partition("/")[2] or "tcp")
        for key, bindings in found
        for binding in bindings or ()
        if str(binding.get("HostPort", "")).isdigit()
    )


def port_bindings(bindings: Iterable[PortBinding]) -> dict[str, list[dict[str, str]]]:
    """As HostConfig.PortBindings has them."""
    found: dict[str, list[dict[str, str]]] = {}
    for binding in bindings:
        key = f"{binding.container_port}/{binding.protocol}"
        found.setdefault(key, []).append({"HostPort": str(binding.host_port)})
    return found


def replace_part(
    engine: Engine, task: Task, name: str, detail: Json, ports: Iterable[PortBinding] | None = None
) -> None:
    """Make one of a task's containers again, and after it those that are bound to the one that was. Raises HostError.

    None of them has ever run. ``ports``: its host ports, where they are to be others.
    """
    new = {str(detail["Id"]): _replace_marked(engine, task.id, name, detail, ports=ports)}
    again = {name: str(detail.get("Name", "")).removeprefix("/")}
    parts = {part.name: part for part in task.parts}
    for other in creation_order({name: dict(part.depends_on) for name, part in parts.items()}) or ():
        runtime = parts[other].runtime
        found = inspect_or_none(engine, runtime.id) if runtime and other not in again else None
        if found is not None and not parts[other].ran and _bound(found, new, again.values()):
            crashpoint("between-replacements")
            new[str(found["Id"])] = _replace_marked(engine, task.id, other, found, owners=new)
            again[other] = str(found.get("Name", "")).removeprefix("/")


def rebind(engine: Engine, task: Task, name: str, detail: Json) -> bool:
    """Make a container again that is bound to a pause container which has been replaced; False when it is not."""
    pause = task.pause.runtime if task.pause else None
    owners = {mode.partition(":")[2] for mode in _modes(detail) if mode.startswith("container:")}
    if pause is None or owners <= {pause.id}:
        return False
    _replace_marked(engine, task.id, name, detail, owners=dict.fromkeys(owners, str(pause.id)))
    return True


def _modes(detail: Json) -> list[str]:
    host = detail.get("HostConfig") or {}
    return [str(host.get(mode, "")) for mode in _SHARED_MODES]


def _bound(detail: Json, ids: Container[str], names: Container[str]) -> bool:
    """Does it share a namespace with one of these, or a volume without a name, which is bound at the create as well?"""
    sources = [str(source).partition(":")[0] for source in (detail.get("HostConfig") or {}).get("VolumesFrom") or ()]
    return any(mode.partition(":")[2] in ids for mode in _modes(detail)) or any(name in names for name in sources)


def _replace_marked(engine: Engine, task_id: str, name: str, detail: Json, **changes: Any) -> str:
    """As ``replace_container``; whoever looks meanwhile does not take the container for one that somebody removed."""
    mark = ReplaceMark(task_id, name, engine.now())
    write_record(engine, mark)
    new = replace_container(engine, detail, **changes)
    engine.remove_volume(record_name(mark))
    return new


def replace_container(
    engine: Engine,
    detail: Json,
    *,
    ports: Iterable[PortBinding] | None = None,
    owners: Mapping[str, str] | None = None,
) -> str:
    """Remove a container that never ran and make it again under its name; returns the new id. Raises HostError.

    ``owners``: new ids by old ones of those whose namespaces it shares; Docker binds these to the id at the create.
    """
    body = body_from(detail)
    host = body["HostConfig"]
    if ports is not None:
        host["PortBindings"] = port_bindings(ports)
    for old, new in (owners or {}).items():
        host.update({mode: f"container:{new}" for mode in _SHARED_MODES if host.get(mode) == f"container:{old}"})
    _name_owners(engine, host)
    engine.check(judge(body), accepted=True)
    engine.remove_container(str(detail["Id"]))
    crashpoint("between-remove-and-create")
    return engine.create_container(str(detail.get("Name", "")).removeprefix("/"), body, accepted=True)


def check_again(engine: Engine, detail: Json) -> None:
    """Return if a container that is there may be started or made again; raises PolicyError.

    Whoever launched it was asked. What its cluster denies by now is not begun once more.
    """
    body = body_from(detail)
    _name_owners(engine, body["HostConfig"])
    engine.check(judge(body), accepted=True)


def _name_owners(engine: Engine, host: dict[str, Any]) -> None:
    """Say by their names whose namespaces are shared: of an id nobody can tell whether it is one of the task's."""
    for mode in _SHARED_MODES:
        kind, _, owner = str(host.get(mode, "")).partition(":")
        found = inspect_or_none(engine, owner) if kind == "container" else None
        if found is not None:
            host[mode] = f"container:{str(found.get('Name', '')).removeprefix('/')}"


def body_from(detail: Json) -> dict[str, Any]:
    """What to send to get the container that ``detail``, an answer of inspect, describes."""
    config: Mapping[str, Any] = detail.get("Config") or {}
    told: Mapping[str, Any] = detail.get("HostConfig") or {}
    host = {name: value for name, value in told.items() if name not in _FILLED_IN}
    body: dict[str, Any] = {name: config[name] for name in _CONFIG if config.get(name) is not None}
    mode = str(host.get("NetworkMode", ""))
    if mode.startswith("container:"):
        # It has the name and the ports of the container whose network it shares; asking for its own is refused.
        body.pop("ExposedPorts", None)
    elif config.get("Hostname") and config["Hostname"] != str(detail.get("Id", ""))[:12]:
        body["Hostname"] = config["Hostname"]
    networks: Mapping[str, Any] = (detail.get("NetworkSettings") or {}).get("Networks") or {}
    if networks and mode not in _BUILT_IN_NETWORKS:
        body["NetworkingConfig"] = {"EndpointsConfig": {mode: _endpoint(next(iter(networks.values())) or {}, detail)}}
    body["HostConfig"] = host
    return body


def _endpoint(network: Mapping[str, Any], detail: Json) -> dict[str, Any]:
    short = str(detail.get("Id", ""))[:12]
    aliases = [alias for alias in network.get("Aliases") or () if alias != short]
    return {"Links": network.get("Links"), "Aliases": aliases or None, "IPAMConfig": network.get("IPAMConfig")}
