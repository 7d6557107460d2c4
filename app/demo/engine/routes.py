"""Which call a request is: its method and path → who answers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Final

from app.demo.engine import (
    archive_calls,
    build_calls,
    container_calls,
    exec_calls,
    host_calls,
    image_calls,
    log_calls,
    shelf_calls,
    stats_calls,
    transfer_calls,
)
from app.demo.engine.connection import Answer, Channel
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.http import Request
from app.demo.engine.refused import Refused
from app.demo.engine.telling import API_VERSION, OLDEST_API

Call = Callable[[SimulatedEngine, str, Request, Channel], Answer | Coroutine[None, None, Answer | None]]

_VERSIONED = re.compile(r"/v(\d{1,3})\.(\d{1,3})(/.*)")
_CALLS: Final[dict[tuple[str, ...], Call]] = {
    ("GET", "_ping"): host_calls.ping,
    ("HEAD", "_ping"): host_calls.ping,
    ("GET", "version"): host_calls.version,
    ("GET", "info"): host_calls.info,
    ("GET", "events"): host_calls.events,
    ("GET", "system", "df"): host_calls.disk_usage,
    ("GET", "containers", "json"): container_calls.list_,
    ("POST", "containers", "create"): container_calls.create,
    ("POST", "containers", "prune"): container_calls.prune,
    ("DELETE", "containers", "*"): container_calls.remove,
    ("GET", "containers", "*", "json"): container_calls.inspect,
    ("GET", "containers", "*", "stats"): stats_calls.stats,
    ("GET", "containers", "*", "logs"): log_calls.logs,
    ("GET", "containers", "*", "top"): container_calls.top,
    ("POST", "containers", "*", "start"): container_calls.start,
    ("POST", "containers", "*", "stop"): container_calls.stop,
    ("POST", "containers", "*", "restart"): container_calls.restart,
    ("POST", "containers", "*", "kill"): container_calls.kill,
    ("POST", "containers", "*", "pause"): container_calls.pause,
    ("POST", "containers", "*", "unpause"): container_calls.unpause,
    ("POST", "containers", "*", "rename"): container_calls.rename,
    ("POST", "containers", "*", "update"): container_calls.update,
    ("POST", "containers", "*", "resize"): exec_calls.resize_container,
    ("POST", "containers", "*", "wait"): container_calls.wait,
    ("POST", "containers", "*", "attach"): log_calls.attach,
    ("POST", "containers", "*", "exec"): exec_calls.create,
    ("POST", "exec", "*", "start"): exec_calls.start,
    ("POST", "exec", "*", "resize"): exec_calls.resize,
    ("GET", "exec", "*", "json"): exec_calls.inspect,
    ("GET", "images", "json"): image_calls.list_,
    ("GET", "images", "*", "json"): image_calls.inspect,
    ("GET", "images", "get"): archive_calls.save,
    ("GET", "images", "*", "get"): archive_calls.save,
    ("POST", "images", "load"): archive_calls.load,
    ("POST", "images", "create"): transfer_calls.create,
    ("POST", "images", "*", "push"): transfer_calls.push,
    ("POST", "images", "*", "tag"): image_calls.tag,
    ("POST", "images", "prune"): image_calls.prune,
    ("POST", "auth"): transfer_calls.login,
    ("POST", "build"): build_calls.build,
    ("POST", "build", "prune"): image_calls.prune_builds,
    ("DELETE", "images", "*"): image_calls.remove,
    ("GET", "volumes"): shelf_calls.list_volumes,
    ("POST", "volumes", "create"): shelf_calls.create_volume,
    ("POST", "volumes", "prune"): shelf_calls.prune_volumes,
    ("GET", "volumes", "*"): shelf_calls.inspect_volume,
    ("DELETE", "volumes", "*"): shelf_calls.remove_volume,
    ("GET", "networks"): shelf_calls.list_networks,
    ("POST", "networks", "create"): shelf_calls.create_network,
    ("GET", "networks", "*"): shelf_calls.inspect_network,
    ("DELETE", "networks", "*"): shelf_calls.remove_network,
}
_STREAMED = re.compile(r"(/v[\d.]{1,10})?/(images/load|images/create|build)")
_SWARM = frozenset({"swarm", "nodes", "services", "tasks", "secrets", "configs"})
_NO_SWARM = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm '
    "and try again."
)


def answer(
    engine: SimulatedEngine, request: Request, channel: Channel
) -> Answer | Coroutine[None, None, Answer | None]:
    """Raises Refused."""
    path = request.path
    if match := _VERSIONED.fullmatch(path):
        _check_version(int(match[1]), int(match[2]))
        path = match[3]
    parts = path.strip("/").split("/")
    method, first = request.method, parts[0]
    call = _CALLS.get((method, *parts))
    name = ""
    if call is None and len(parts) > 2:
        call, name = _CALLS.get((method, first, "*", parts[-1])), "/".join(parts[1:-1])
    if call is None and len(parts) > 1:
        call, name = _CALLS.get((method, first, "*")), "/".join(parts[1:])
    if call is not None:
        return call(engine, name, request, channel)
    if first in _SWARM:
        raise Refused(503, _NO_SWARM)
    raise Refused(404, "page not found")


def streams(method: str, path: str) -> bool:
    """Does the body come as a stream: a build's context, an archive?"""
    return method == "POST" and _STREAMED.fullmatch(path) is not None


def _check_version(major: int, minor: int) -> None:
    asked = (major, minor)
    if asked > _pair(API_VERSION):
        raise Refused(400, f"client version {major}.{minor} is too new. Maximum supported API version is {API_VERSION}")
    if asked < _pair(OLDEST_API):
        raise Refused(
            400,
            f"client version {major}.{minor} is too old. Minimum supported API version is {OLDEST_API}, please upgrade "
            "your client to a newer version",
        )


def _pair(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)
