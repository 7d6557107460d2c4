"""``ports`` → portMappings (design: ECS semantics 6)."""

from __future__ import annotations

import re
from typing import Any

from app.interop.compose import values
from app.interop.compose.notes import Notes
from app.model.locations import Location

MAX_PORTS = 100
"""Port mappings of one service; also what ECS allows on an instance."""

_LONG = ("name", "mode", "host_ip", "target", "published", "protocol", "app_protocol")
_PORTS = r"[0-9]{1,5}(?:-[0-9]{1,5})?"
_SHORT = re.compile(
    rf"(?:(?P<ip>\[[^\]]*\]|[^:\[\]]*):)?(?:(?P<host>{_PORTS})?:)?(?P<target>{_PORTS})(?:/(?P<protocol>[a-zA-Z]+))?"
)
_TWO = re.compile(rf"(?P<host>{_PORTS}):(?P<target>{_PORTS})(?:/(?P<protocol>[a-zA-Z]+))?")
_PORT_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]{0,63}")
_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
_HIGHEST = 65535
"""The last port."""


def port_mappings(value: Any, at: Location, notes: Notes) -> list[dict[str, Any]]:
    """Every port with its own mapping; without ``hostPort`` where the host's port is left open."""
    found: list[dict[str, Any]] = []
    for index, item in enumerate(values.items(value, at, notes)):
        here = (*at, index)
        found += _long(item, here, notes) if isinstance(item, dict) else _short(item, here, notes)
        if len(found) > MAX_PORTS:
            notes.error(at, f"maps more than {MAX_PORTS} ports", "map fewer")
            return []
    return found


def _short(item: Any, at: Location, notes: Notes) -> list[dict[str, Any]]:
    written = values.as_text(item)
    match = (_TWO.fullmatch(written) or _SHORT.fullmatch(written)) if written is not None else None
    if match is None:
        notes.error(at, "is no port", 'write "8080:80", "80" or "53:53/udp"')
        return []
    given = match.groupdict()
    return _mappings(given["target"], given["host"] or "", given["protocol"] or "tcp", given.get("ip") or "", at, notes)


def _long(item: Any, at: Location, notes: Notes) -> list[dict[str, Any]]:
    given = notes.fields(item, at, _LONG)
    told = {key: values.as_text(value) or "" for key, value in given.items()}
    if "mode" in told:
        notes.lose((*at, "mode"), "modes are Swarm's", "the port is published on the task's instance")
    if not re.fullmatch(_PORTS, told.get("target", "")) or not re.fullmatch(
        rf"(?:{_PORTS})?", told.get("published", "")
    ):
        notes.error(at, "is no port", "write target: 80, and published: 8080 if the host's port matters")
        return []
    protocol, address = told.get("protocol") or "tcp", told.get("host_ip", "")
    found = _mappings(told["target"], told.get("published", ""), protocol, address, at, notes)
    for mapping in found:
        mapping.update(_service_connect(told, at, notes))
    return found


def _service_connect(told: dict[str, str], at: Location, notes: Notes) -> dict[str, str]:
    found = {}
    if "name" in told:
        if _PORT_NAME.fullmatch(told["name"]):
            found["name"] = told["name"]
        else:
            notes.lose((*at, "name"), "is no name that ECS takes for a port", "use a-z, 0-9, _ and -")
    if "app_protocol" in told:
        if told["app_protocol"] in ("http", "http2", "grpc"):
            found["appProtocol"] = told["app_protocol"]
        else:
            notes.lose((*at, "app_protocol"), "ECS knows http, http2 and grpc", "write one of them")
    return found


def _mappings(target: str, host: str, protocol: str, ip: str, at: Location, notes: Notes) -> list[dict[str, Any]]:
    protocol = protocol.lower()
    if protocol not in ("tcp", "udp"):
        notes.error(at, "ECS has the protocols tcp and udp alone", "remove the port, or change its protocol")
        return []
    if ip.strip("[]") not in _EVERYWHERE:
        remedy = "the port is published on every address of the instance: guard it by a firewall, or remove it"
        notes.lose(at, "ECS cannot publish on one address of the host", remedy)
    targets, hosts = _range(target), _range(host) if host and host != "0" else range(0)
    if targets is None or hosts is None:
        notes.error(at, "is no port or range of ports", f"write 1 to {_HIGHEST}, the lower one first")
        return []
    if len(hosts) > 1 and len(targets) == 1:
        notes.lose(at, "ECS chooses no host port from a range", "one of dynamic_host_ports is chosen")
        hosts = range(0)
    if hosts and len(hosts) != len(targets):
        notes.error(at, "its two ranges are not of one length", "make them so")
        return []
    if len(targets) > MAX_PORTS:
        notes.error(at, f"maps more than {MAX_PORTS} ports", "map fewer")
        return []
    kind = {} if protocol == "tcp" else {"protocol": protocol}
    if not hosts:
        return [{"containerPort": port, **kind} for port in targets]
    return [{"containerPort": port, "hostPort": outer, **kind} for port, outer in zip(targets, hosts, strict=True)]


def _range(ports: str) -> range | None:
    first, _, last = ports.partition("-")
    low, high = int(first), int(last or first)
    return range(low, high + 1) if 1 <= low <= high <= _HIGHEST else None
