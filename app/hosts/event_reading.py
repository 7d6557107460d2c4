"""An engine's events → what happened to its containers. Cheap: it is called for each event on the thread that reads
them, and never raises."""

from __future__ import annotations

import signal
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.hosts.engine import Json
from app.hosts.labels import TASK, DamagedLabels, read_tag
from app.model.container import TaskTag
from app.model.safe_text import SafeText, safe_line

_WHAT = {
    "create": "created",
    "start": "started",
    "die": "died",
    "oom": "oom",
    "kill": "killed",
    "pause": "paused",
    "unpause": "unpaused",
    "rename": "renamed",
    "destroy": "removed",
    "remove": "removed",
    "health_status: healthy": "healthy",
    "health_status: unhealthy": "unhealthy",
}
"""``remove`` is podman's. stop and restart are left out: a die and a start tell them; an update changes nothing that is
shown."""
_KNOWN_TAGS = 4096
_LONGEST_NAME = 255
_NANO_RANGE = range(9_000_000_000 * 1_000_000_000)


@dataclass(frozen=True, slots=True)
class HostEvent:
    """One event of a container. ``tag`` is None for one that Moorage did not start, or whose labels are damaged."""

    what: str
    nano: int
    container_id: str
    name: SafeText
    tag: TaskTag | None
    exit_code: int | None = None
    detail: SafeText = SafeText("")


class EventReader:
    """Reads the events of one engine, on one thread. Remembers which container is whose, until it is removed."""

    def __init__(self) -> None:
        self._tags: OrderedDict[str, TaskTag | None] = OrderedDict()

    def read(self, raw: Json) -> HostEvent | None:
        """None for an event that is not kept, or says nothing that can be understood."""
        what = _WHAT.get(str(raw.get("Action", "")))
        actor = raw.get("Actor")
        if what is None or raw.get("Type") != "container" or not isinstance(actor, dict):
            return None
        attributes, container_id = actor.get("Attributes"), actor.get("ID")
        nano = raw.get("timeNano") or (int(raw["time"]) * 10**9 if isinstance(raw.get("time"), int) else None)
        if not isinstance(container_id, str) or type(nano) is not int or nano not in _NANO_RANGE:
            return None
        told: Mapping[str, Any] = attributes if isinstance(attributes, dict) else {}
        tag = self._tag(container_id, told)
        if what == "removed":
            self._tags.pop(container_id, None)
        return HostEvent(
            what,
            nano,
            safe_line(container_id[:64]),
            safe_line(str(told.get("name", ""))[:_LONGEST_NAME]),
            tag,
            _number(told.get("exitCode")) if what == "died" else None,
            _detail(what, told),
        )

    def _tag(self, container_id: str, labels: Mapping[str, Any]) -> TaskTag | None:
        """Whose container it is: by labels that are believed as everywhere. Each container is looked at once."""
        if TASK not in labels:
            return None
        if container_id in self._tags:
            self._tags.move_to_end(container_id)
            return self._tags[container_id]
        try:
            ours = {key: value for key, value in labels.items() if isinstance(value, str)}
            tag = read_tag(str(labels.get("name", "")), ours)
        except DamagedLabels:
            tag = None
        self._tags[container_id] = tag
        if len(self._tags) > _KNOWN_TAGS:
            self._tags.popitem(last=False)
        return tag


def _detail(what: str, told: Mapping[str, Any]) -> SafeText:
    if what == "killed":
        return safe_line(signal_name(str(told.get("signal", ""))))
    if what == "renamed":
        return safe_line(f"was {str(told.get('oldName', '')).removeprefix('/')[:_LONGEST_NAME]}")
    return safe_line(str(told.get("image", ""))[:_LONGEST_NAME]) if what == "created" else SafeText("")


def signal_name(text: str) -> str:
    """``15`` and ``SIGTERM`` → SIGTERM; what is no signal stays as it is."""
    try:
        return signal.Signals(int(text)).name
    except ValueError:
        return text[:20]


def _number(text: object) -> int | None:
    try:
        number = int(str(text))
    except ValueError:
        return None
    return number if -(2**31) <= number < 2**32 else None
