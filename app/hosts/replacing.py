"""A container that was made and can't be started as it is: the same again, with what has to be different.

Everything is read from the container itself, so that whoever finishes a launch can do it, without the order that the
launch was begun with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.hosts.engine import Engine, Json
from app.model.container import PortBinding

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


def replace_container(
    engine: Engine,
    detail: Json,
    *,
    ports: Iterable[PortBinding] | None = None,
    owner: tuple[str, str] | None = None,
) -> str:
    """Remove a container that never ran and make it again under its name; returns the new id. Raises HostError.

    ``owner``: old and new id of the container whose namespaces it shares; Docker binds these to the id at the create.
    """
    body = body_from(detail)
    host = body["HostConfig"]
    if ports is not None:
        host["PortBindings"] = port_bindings(ports)
    if owner is not None:
        old, new = (f"container:{name}" for name in owner)
        host.update({mode: new for mode in _SHARED_MODES if host.get(mode) == old})
    engine.remove_container(str(detail["Id"]))
    return engine.create_container(str(detail.get("Name", "")).removeprefix("/"), body)


def body_from(detail: Json) -> dict[str, Any]:
    """What to send to get the container that ``detail``, an answer of inspect, describes."""
    config: Mapping[str, Any] = detail.get("Config") or {}
    host = dict(detail.get("HostConfig") or {})
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
