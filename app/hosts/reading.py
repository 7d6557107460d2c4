"""Docker's JSON → the model's frozen records. All foreign text becomes SafeText here."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from app.hosts.errors import HostError
from app.hosts.labels import PREFIX, DamagedLabels, is_placeholder, parse_time, read_tag
from app.hosts.records import read_drain, read_record
from app.model.container import Container, DockerHealth, DockerState, PortBinding, TaskTag
from app.model.drain import DrainMark
from app.model.instance import EngineInfo
from app.model.record import Record
from app.model.resources import Resources
from app.model.safe_text import SafeText, safe_line, shared

if TYPE_CHECKING:
    # Nothing of it is used to read: the first look at an engine goes on without it.
    from app.hosts.engine import Engine, Json

P = ParamSpec("P")
T = TypeVar("T")

_STATES: frozenset[DockerState] = frozenset(
    ("created", "running", "paused", "restarting", "exited", "removing", "dead")
)
_UP: frozenset[DockerState] = frozenset(("running", "paused", "restarting"))
_HEALTHS: frozenset[DockerHealth] = frozenset(("starting", "healthy", "unhealthy"))
_LARGEST, _MOST_CORES, _LAST_PORT = 1 << 63, 1 << 20, 65535
_LONGEST_TEXT, _MOST_ENTRIES = 2048, 1024
_EXIT_CODE = re.compile(r"\AExited \((\d+)\)")
_ARCHITECTURES = {"aarch64": "arm64", "amd64": "x86_64"}
_CDI_GPU = re.compile(r"nvidia\.com/gpu=[0-9]+")


def readable(read: Callable[P, T]) -> Callable[P, T]:
    """Whatever an engine's JSON holds, reading it raises nothing but HostError."""

    @functools.wraps(read)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError, ArithmeticError, OSError) as error:
            raise HostError(f"the answer cannot be read ({read.__name__}: {error!r:.80})", "failed") from error

    return guarded


def inspect_or_none(engine: Engine, container: str) -> Json | None:
    """Inspect; None when it has gone in the meantime."""
    try:
        return engine.inspect(container)
    except HostError as error:
        if error.kind == "not-found":
            return None
        raise


@readable
def records_from(volumes: Iterable[Json]) -> list[Record]:
    found = (read_record(str(volume.get("Name")), volume.get("Labels")) for volume in volumes)
    return [record for record in found if record is not None]


@readable
def drains_from(volumes: Iterable[Json]) -> list[DrainMark]:
    found = (read_drain(str(volume.get("Name")), volume.get("Labels")) for volume in volumes)
    return [mark for mark in found if mark is not None]


@readable
def engine_info(info: Json, version: Json) -> EngineInfo:
    """Capacity as the ECS agent counts it: cores x 1024, and whole MiB of memory (design: ECS semantics 1.2)."""
    machine = str(info.get("Architecture", ""))
    memory, plugins = _whole(info.get("MemTotal"), _LARGEST) >> 20, info.get("Plugins") or {}
    swarm = info.get("Swarm") or {}
    return EngineInfo(
        engine_id=_line(info.get("ID", "")),
        hostname=_line(info.get("Name", "")),
        version=_line(info.get("ServerVersion", "")),
        api_version=_line(version.get("ApiVersion", "")),
        os_type=_line(info.get("OSType", "")),
        architecture=_line(_ARCHITECTURES.get(machine, machine)),
        registered=Resources(_whole(info.get("NCPU"), _MOST_CORES) * 1024, memory, gpus=_gpus(info)),
        labels=tuple(_label(text) for text in _some(info.get("Labels"))),
        warnings=tuple(_line(text) for text in _some(info.get("Warnings"))),
        log_drivers=tuple(_line(name) for name in _some(plugins.get("Log"))),
        volume_drivers=tuple(_line(name) for name in _some(plugins.get("Volume"))),
        security=tuple(_security(option) for option in _some(info.get("SecurityOptions"))),
        swarm_node=_line(swarm.get("NodeID") or ""),
        swarm_manager=swarm.get("ControlAvailable") is True,
        system=_line(info.get("OperatingSystem") or ""),
        kernel=_line(info.get("KernelVersion") or ""),
        cgroup=_line(info.get("CgroupVersion") or ""),
        storage=_line(info.get("Driver") or ""),
        images=_whole(info.get("Images"), _LARGEST),
    )


def _gpus(info: Json) -> int:
    """GPUs that the engine offers: those of its CDI devices, or what its daemon's node-generic-resources say."""
    devices = {str(device.get("ID")) for device in info.get("DiscoveredDevices") or ()}
    told = 0
    for resource in info.get("GenericResources") or ():
        for shape, several in (("DiscreteResourceSpec", True), ("NamedResourceSpec", False)):
            found = resource.get(shape) or {}
            if "gpu" in str(found.get("Kind", "")).lower():
                told += _whole(found["Value"], _MOST_CORES) if several else 1
    return max(told, sum(_CDI_GPU.fullmatch(device) is not None for device in devices))


@readable
def own_labels(labelled: Json) -> dict[str, str]:
    """Those of ours among the ``Labels`` of a volume, or of the ``Config`` of a container or an image."""
    labels = labelled.get("Labels") or {}
    return {key: value for key, value in labels.items() if key.startswith(PREFIX)}


def _security(option: str) -> SafeText:
    """``name=seccomp,profile=default`` → seccomp."""
    return _line(str(option).partition(",")[0].removeprefix("name="))


def _label(text: str) -> tuple[SafeText, SafeText]:
    key, _, value = str(text).partition("=")
    return _line(key), _line(value)


@readable
def container_from_list(entry: Json) -> Container:
    """From an entry of the container list, which has no times but creation, and tells exit and health in words."""
    name = _bare_name((entry.get("Names") or [""])[0])
    status = str(entry.get("Status", ""))
    exit_match = _EXIT_CODE.match(status)
    health: DockerHealth = ""
    for word in ("unhealthy", "healthy", "starting"):
        if f"({word})" in status or (word == "starting" and "(health: starting)" in status):
            health = word
            break
    labels = entry.get("Labels") or {}
    tag, damage = _tag(name, labels)
    docker_state = _state(entry.get("State"))
    return Container(
        id=_line(entry["Id"]),
        name=_line(name),
        image=shared(_line(entry.get("Image", ""))),
        image_id=shared(_line(entry.get("ImageID", ""))),
        state=docker_state,
        created_at=datetime.fromtimestamp(int(entry.get("Created") or 0), UTC),
        tag=tag,
        damage=damage,
        exit_code=_exit_code(exit_match[1]) if exit_match else None,
        health=health,
        # podman tells of ports that a container would have, too.
        ports=_listed_ports(entry.get("Ports") or ()) if docker_state in _UP else (),
        placeholder=is_placeholder(labels),
    )


@readable
def container_from_inspect(detail: Json) -> Container:
    name = _bare_name(str(detail.get("Name", "")))
    config: Mapping[str, Any] = detail.get("Config") or {}
    state: Mapping[str, Any] = detail.get("State") or {}
    started = _time(state.get("StartedAt"))
    ended = _time(state.get("FinishedAt"))
    docker_state = _state(state.get("Status"))
    up = docker_state in _UP
    retries = int((config.get("Healthcheck") or {}).get("Retries") or 3)
    health = _health(state.get("Health") or {}, retries, up=up)
    network: Mapping[str, Any] = detail.get("NetworkSettings") or {}
    labels = config.get("Labels") or {}
    tag, damage = _tag(name, labels)
    return Container(
        id=_line(detail["Id"]),
        name=_line(name),
        image=shared(_line(config.get("Image", ""))),
        image_id=shared(_line(detail.get("Image", ""))),
        state=docker_state,
        created_at=_time(detail.get("Created")) or datetime.fromtimestamp(0, UTC),
        tag=tag,
        damage=damage,
        started_at=started,
        finished_at=ended if docker_state in ("exited", "dead") else None,
        exit_code=_exit_code(state.get("ExitCode")) if docker_state in ("exited", "dead") and started else None,
        health=health,
        oom_killed=state.get("OOMKilled") is True,
        error=_line(state.get("Error") or ""),
        ports=_inspected_ports(network.get("Ports") or {}) if up else (),
        address=_own_address(network.get("Networks") or {}),
        placeholder=is_placeholder(labels),
    )


def _health(health: Mapping[str, Any], retries: int, *, up: bool) -> DockerHealth:
    """Docker calls a container that has ended unhealthy, whatever it was: its last checks tell what it was."""
    status = health.get("Status", "")
    if up:
        return status if status in _HEALTHS else ""
    if int(health.get("FailingStreak") or 0) >= retries:
        return "unhealthy"
    if any(check.get("ExitCode") == 0 for check in health.get("Log") or ()):
        return "healthy"
    return "starting" if status else ""


def _own_address(networks: Mapping[str, Any]) -> str:
    found = (str((network or {}).get("IPAddress") or "") for network in networks.values())
    return _line(next((address for address in found if address), ""))


def _line(text: object) -> SafeText:
    """As ``safe_line``, of a length that a screen can draw: Docker's names have 255 characters at most."""
    return safe_line(text if isinstance(text, str) and len(text) <= _LONGEST_TEXT else str(text)[:_LONGEST_TEXT])


def _some(entries: Any) -> Iterable[Any]:
    """A list, none, or the beginning of one that is too long to be meant."""
    return itertools.islice(entries or (), _MOST_ENTRIES)


def _whole(value: Any, most: int) -> int:
    """A number of something; none is 0. Raises ValueError for what no engine has: it would end somebody's division."""
    number = int(value or 0)
    if not 0 <= number <= most:
        raise ValueError("a number that cannot be")
    return number


def _exit_code(value: Any) -> int:
    number = int(value or 0)
    if abs(number) > 1 << 32:
        raise ValueError("an exit code that cannot be")
    return number


def _bare_name(name: str) -> str:
    return name.removeprefix("/")


def _tag(name: str, labels: Mapping[str, str]) -> tuple[TaskTag | None, SafeText]:
    if not any(key.startswith(PREFIX) for key in labels):
        return None, SafeText("")
    try:
        return read_tag(name, labels), SafeText("")
    except DamagedLabels as error:
        return None, safe_line(error)


def _state(text: object) -> DockerState:
    return text if text in _STATES else "dead"


def _time(text: object) -> datetime | None:
    """Docker's time; its zero time (year 1) means never."""
    if not isinstance(text, str) or text.startswith("0001-"):
        return None
    try:
        return parse_time(text)
    except ValueError:
        return None


def _listed_ports(ports: Iterable[Json]) -> tuple[PortBinding, ...]:
    """Published ports, each once: an engine lists those on every address twice, for IPv4 and IPv6."""
    found = {
        PortBinding(
            _whole(port["PrivatePort"], _LAST_PORT),
            _whole(port["PublicPort"], _LAST_PORT),
            safe_line(port.get("Type", "tcp")),
            _address(str(port.get("IP") or "")),
        )
        for port in ports
        if port.get("PublicPort")
    }
    return tuple(sorted(found, key=_port_order))


def _inspected_ports(ports: Mapping[str, Any]) -> tuple[PortBinding, ...]:
    found = set()
    for key, bindings in ports.items():
        number, _, protocol = key.partition("/")
        for binding in bindings or ():
            if number.isdigit() and str(binding.get("HostPort", "")).isdigit():
                address = _address(str(binding.get("HostIp") or ""))
                ports_of = _whole(number, _LAST_PORT), _whole(binding["HostPort"], _LAST_PORT)
                found.add(PortBinding(*ports_of, safe_line(protocol or "tcp"), address))
    return tuple(sorted(found, key=_port_order))


def _address(address: str) -> str:
    return "" if address in ("", "0.0.0.0", "::") else safe_line(address)  # noqa: S104 - read, not bound


def _port_order(port: PortBinding) -> tuple[int, int, str, str]:
    return port.host_port, port.container_port, port.protocol, port.host_ip
