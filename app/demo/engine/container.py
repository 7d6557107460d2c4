"""One simulated container: what it was made with, how it is now, and its JSON in lists and inspect. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.demo.engine.host_config import HOST_DEFAULTS
from app.demo.engine.images import Image
from app.demo.engine.load import Load, Usage, Wave
from app.demo.engine.log_book import LogBook
from app.demo.engine.networks import Endpoint
from app.demo.engine.times import SECOND, ago, written

Json = dict[str, Any]

_NO_ENDPOINT: Json = {
    "SandboxID": "",
    "HairpinMode": False,
    "LinkLocalIPv6Address": "",
    "LinkLocalIPv6PrefixLen": 0,
    "SecondaryIPAddresses": None,
    "SecondaryIPv6Addresses": None,
    "GlobalIPv6Address": "",
    "GlobalIPv6PrefixLen": 0,
    "IPv6Gateway": "",
}


class Running(Protocol):
    """The main process of a container that is up."""

    def signal(self, number: int) -> None: ...

    def input(self, data: bytes | None) -> None: ...

    def abandon(self) -> None: ...


@dataclass(slots=True)
class Health:
    """``checks``: the last five, as inspect has them. ``forced``: what a scenario says its checks find."""

    status: str = "starting"
    streak: int = 0
    checks: list[Json] = field(default_factory=list)
    forced: bool | None = None
    output: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    """``name``: of a volume, "" for a folder of the host. ``anonymous``: made for this container alone."""

    name: str
    source: str
    destination: str
    writable: bool = True
    anonymous: bool = False

    def told(self) -> Json:
        if not self.name:
            return {
                "Type": "bind",
                "Source": self.source,
                "Destination": self.destination,
                "Mode": "" if self.writable else "ro",
                "RW": self.writable,
                "Propagation": "rprivate",
            }
        return {
            "Type": "volume",
            "Name": self.name,
            "Source": self.source,
            "Destination": self.destination,
            "Driver": "local",
            "Mode": "z",
            "RW": self.writable,
            "Propagation": "",
        }


@dataclass(eq=False, slots=True)
class Container:
    """``config``: with what its image brings along. Moments in nanoseconds since 1970; ``code`` is its last exit code.

    ``run`` counts its starts; ``held`` waits for the end of a pause. What changes it calls ``touch``: its JSON is kept
    until then.
    """

    id: str
    name: str
    created: int
    image: Image
    config: Json
    host: Json
    endpoints: dict[str, Endpoint]
    mounts: tuple[Mount, ...]
    load: Load | Wave
    state: str = "created"
    started: int | None = None
    finished: int | None = None
    code: int = 0
    error: str = ""
    oom_killed: bool = False
    restarts: int = 0
    failures: int = 0
    run: int = 0
    pid: int = 0
    stopped_by_hand: bool = False
    image_moved: bool = False
    """The name that it was made with means another image now."""
    removing: bool = False
    health: Health | None = None
    ports: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    process: Running | None = None
    usage: Usage | None = None
    log: LogBook = field(default_factory=LogBook)
    exec_ids: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    held: list[Callable[[], None]] = field(default_factory=list)
    at_end: list[Callable[[], None]] = field(default_factory=list)
    at_removal: list[Callable[[], None]] = field(default_factory=list)
    _attributes: dict[str, str] | None = None
    _inspected: bytes | None = None
    _listed: tuple[bytes, bytes] | None = None

    @property
    def up(self) -> bool:
        return self.state in ("running", "paused")

    @property
    def labels(self) -> Mapping[str, str]:
        return self.config.get("Labels") or {}

    @property
    def image_given(self) -> str:
        return str(self.config.get("Image") or "")

    @property
    def tty(self) -> bool:
        return bool(self.config.get("Tty"))

    def touch(self) -> None:
        self._inspected = self._listed = None

    def renamed(self, name: str) -> None:
        self.name = name
        self._attributes = None
        self.touch()

    @property
    def attributes(self) -> dict[str, str]:
        """Of its events."""
        if self._attributes is None:
            self._attributes = {**self.labels, "image": self.image_given, "name": self.name}
        return self._attributes

    @property
    def argv(self) -> list[str]:
        return [*(self.config.get("Entrypoint") or ()), *(self.config.get("Cmd") or ())]

    # --- as JSON ---------------------------------------------------------------------------------------------------

    def listed(self, now: int) -> bytes:
        """As an entry of the container list. Only its status changes by itself."""
        if self._listed is None:
            entry = {**self._entry(), "Status": "\0"}
            before, _, after = json.dumps(entry, separators=(",", ":")).encode().partition(b'"\\u0000"')
            self._listed = before, after
        before, after = self._listed
        return b'%b"%b"%b' % (before, self.status(now).encode(), after)

    def _entry(self) -> Json:
        argv = self.argv
        ports: list[Json] = []
        for key, bindings in self.ports.items():
            number, _, protocol = key.partition("/")
            ports += [
                {"IP": address, "PrivatePort": int(number), "PublicPort": port, "Type": protocol}
                for address, port in bindings
            ] or [{"PrivatePort": int(number), "Type": protocol}]
        return {
            "Id": self.id,
            "Names": [f"/{self.name}"],
            "Image": self.image.id if self.image_moved else self.image_given,
            "ImageID": self.image.id,
            "Command": " ".join(f"'{word}'" if " " in word else word for word in argv),
            "Created": self.created // SECOND,
            "Ports": ports,
            "Labels": dict(self.labels),
            "State": self.state,
            "HostConfig": {"NetworkMode": self.host["NetworkMode"]},
            "NetworkSettings": {"Networks": self._networks()},
            "Mounts": [mount.told() for mount in self.mounts],
        }

    def status(self, now: int) -> str:
        """In words, as ``docker ps`` has it."""
        since_start, since_end = now - (self.started or 0), now - (self.finished or 0)
        match self.state:
            case "paused":
                return f"Up {ago(since_start)} (Paused)"
            case "restarting":
                return f"Restarting ({self.code}) {ago(since_end)} ago"
            case "running":
                word = self.health.status if self.health else ""
                told = f" ({'health: ' if word == 'starting' else ''}{word})" if word else ""
                return f"Up {ago(since_start)}{told}"
            case "removing":
                return "Removal In Progress"
            case "exited":
                return f"Exited ({self.code}) {ago(since_end)} ago"
        return "Created"

    def inspected(self) -> bytes:
        """As an answer of inspect."""
        if self._inspected is None:
            self._inspected = json.dumps(self.detail(), separators=(",", ":")).encode() + b"\n"
        return self._inspected

    def detail(self) -> Json:
        argv = self.argv
        folder = f"/var/lib/docker/containers/{self.id}"
        return {
            "Id": self.id,
            "Created": written(self.created),
            "Path": argv[0] if argv else "",
            "Args": argv[1:],
            "State": self._state(),
            "Image": self.image.id,
            "ResolvConfPath": f"{folder}/resolv.conf" if self.run else "",
            "HostnamePath": f"{folder}/hostname" if self.run else "",
            "HostsPath": f"{folder}/hosts" if self.run else "",
            "LogPath": f"{folder}/{self.id}-json.log" if self.run else "",
            "Name": f"/{self.name}",
            "RestartCount": self.restarts,
            "Driver": "overlay2",
            "Platform": "linux",
            "MountLabel": "",
            "ProcessLabel": "",
            "AppArmorProfile": "",
            "ExecIDs": self.exec_ids or None,
            "HostConfig": {**HOST_DEFAULTS, **self.host},
            "GraphDriver": {"Data": None, "Name": "overlay2"},
            "Mounts": [mount.told() for mount in self.mounts],
            "Config": self.config,
            "NetworkSettings": self._network_settings(),
        }

    def _state(self) -> Json:
        told: Json = {
            "Status": self.state,
            "Running": self.up or self.state == "restarting",
            "Paused": self.state == "paused",
            "Restarting": self.state == "restarting",
            "OOMKilled": self.oom_killed,
            "Dead": False,
            "Pid": self.pid,
            "ExitCode": self.code,
            "Error": self.error,
            "StartedAt": written(self.started),
            "FinishedAt": written(self.finished),
        }
        if self.health is not None and self.run:
            told["Health"] = {
                "Status": self.health.status,
                "FailingStreak": self.health.streak,
                "Log": self.health.checks,
            }
        return told

    def _networks(self) -> Json:
        return {name: endpoint.told() for name, endpoint in self.endpoints.items()}

    def _network_settings(self) -> Json:
        ports = {
            key: [{"HostIp": address, "HostPort": str(port)} for address, port in bindings] or None
            for key, bindings in self.ports.items()
        }
        bridge = self.endpoints["bridge"].told() if "bridge" in self.endpoints else {}
        own = ("EndpointID", "Gateway", "IPAddress", "IPPrefixLen", "MacAddress")
        return {
            "Bridge": "",
            **_NO_ENDPOINT,
            "SandboxKey": f"/var/run/docker/netns/{self.id[:12]}" if self.up else "",
            "Ports": ports,
            **{member: bridge.get(member, 0 if member == "IPPrefixLen" else "") for member in own},
            "Networks": self._networks(),
        }
