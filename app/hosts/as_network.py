"""Network, ports and names of an inspected container → members of a task definition. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.hosts.as_told import Told
from app.model.safe_text import safe_line

_BRIDGE = frozenset({"", "default", "bridge"})
_EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - read, not bound
_PROTOCOLS = frozenset({"tcp", "udp"})
_HOST_ENTRY = re.compile(r"([^:=]+)[:=](.+)")
_SEARCH_DOMAIN = re.compile(r"[a-zA-Z0-9.-]{0,253}[a-zA-Z0-9]")


def network_of(
    detail: Mapping[str, Any], image: Mapping[str, Any], info: Mapping[str, Any], told: Told
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Members of the container definition, and of the task definition."""
    config: Mapping[str, Any] = detail.get("Config") or {}
    host: Mapping[str, Any] = detail.get("HostConfig") or {}
    raw = str(host.get("NetworkMode") or "")
    mode = raw if raw in ("host", "none") else "bridge"
    of_others = raw.startswith("container:")
    if of_others:
        told.warn("HostConfig.NetworkMode", "it is in the network of another container", "the task gets the bridge")
    elif mode == "bridge":
        _tell_networks(raw, detail, told)
    members = {
        "portMappings": [] if of_others else list(_ports(mode, config, host, image, told)),
        "hostname": None if of_others else _hostname(mode, detail, config, info),
        "disableNetworking": config.get("NetworkDisabled") is True,
        "dnsServers": [str(address) for address in host.get("Dns") or ()],
        "dnsSearchDomains": list(_domains(host, told)),
        "extraHosts": list(_extra_hosts(host, told)),
    }
    return members, {} if mode == "bridge" else {"networkMode": mode}


def _tell_networks(raw: str, detail: Mapping[str, Any], told: Told) -> None:
    networks: Mapping[str, Any] = (detail.get("NetworkSettings") or {}).get("Networks") or {}
    ids = {str((network or {}).get("NetworkID")) for network in networks.values()}
    for name in dict.fromkeys([*([] if raw in ids else [raw]), *networks]):
        if name not in _BRIDGE:
            shown = safe_line(str(name)[:64])
            problem = f"it is in the network {shown!r}, by which other containers find it"
            told.warn("NetworkSettings.Networks", problem, "a task has the bridge; put such containers into one task")


def _hostname(mode: str, detail: Mapping[str, Any], config: Mapping[str, Any], info: Mapping[str, Any]) -> str | None:
    """Docker's own choice is the container's id, and in the host's network the host's name."""
    name = str(config.get("Hostname") or "")
    own = str(info.get("Name") or "") if mode == "host" else str(detail.get("Id") or "")[:12]
    return None if name == own else name


def _ports(
    mode: str, config: Mapping[str, Any], host: Mapping[str, Any], image: Mapping[str, Any], told: Told
) -> Iterator[dict[str, Any]]:
    bindings: Mapping[str, Any] = host.get("PortBindings") or {}
    exposed = sorted((str(key) for key in config.get("ExposedPorts") or {}), key=_port_order)
    of_image = image.get("ExposedPorts") or {}
    if mode == "none":
        return
    if mode == "host":
        yield from (mapping for key in exposed if key not in of_image for mapping in _mapping(key, told))
        return
    for key in sorted(map(str, bindings), key=_port_order):
        for binding in bindings[key] or [{}]:
            yield from ({**mapping, **_host_port(binding, told)} for mapping in _mapping(key, told))
    for key in exposed:
        if key in bindings:
            continue
        if host.get("PublishAllPorts"):
            yield from _mapping(key, told)
        elif key not in of_image:
            problem = f"{safe_line(key[:16])} is exposed and not published; ECS publishes each port that it knows"
            told.warn("Config.ExposedPorts", problem, "it is left out")


def _port_order(key: str) -> tuple[int, str]:
    number, _, protocol = key.partition("/")
    return int(number) if number.isdigit() else 0, protocol


def _mapping(key: str, told: Told) -> Iterator[dict[str, Any]]:
    number, _, protocol = key.partition("/")
    protocol = protocol or "tcp"
    if protocol not in _PROTOCOLS or not number.isdigit():
        told.warn("HostConfig.PortBindings", f"ECS has no {safe_line(protocol[:16])} ports", "it is left out")
        return
    yield {"containerPort": int(number), **({"protocol": "udp"} if protocol == "udp" else {})}


def _host_port(binding: Mapping[str, Any], told: Told) -> dict[str, int]:
    address, port = str(binding.get("HostIp") or ""), str(binding.get("HostPort") or "")
    if address not in _EVERY_ADDRESS:
        problem = f"it is published on {safe_line(address[:64])} alone; ECS publishes on every address"
        told.warn("HostConfig.PortBindings", problem, "mind who may reach it then")
    if "-" in port:
        told.warn("HostConfig.PortBindings", "its host port is any of a range", "ECS takes one of its own choice")
        return {}
    return {"hostPort": int(port)} if port.isdigit() and int(port) else {}


def _domains(host: Mapping[str, Any], told: Told) -> Iterator[str]:
    for domain in host.get("DnsSearch") or ():
        if _SEARCH_DOMAIN.fullmatch(str(domain)):
            yield str(domain)
        else:
            told.warn("HostConfig.DnsSearch", f"{safe_line(str(domain)[:64])!r} is no domain to ECS", "it is left out")


def _extra_hosts(host: Mapping[str, Any], told: Told) -> Iterator[dict[str, str]]:
    for entry in host.get("ExtraHosts") or ():
        match = _HOST_ENTRY.fullmatch(str(entry))
        if match:
            yield {"hostname": match[1], "ipAddress": match[2]}
        else:
            told.warn("HostConfig.ExtraHosts", "an entry without a name or an address is left out")
