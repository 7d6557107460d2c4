"""What happened on a simulated engine: the last 256 events, and those who listen. Pure."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping

from app.demo.engine.filters import Filters, any_matches, labels_match
from app.demo.engine.times import SECOND

KEPT = 256
FILTERS = (
    "config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret",
    "service", "type", "volume",
)  # fmt: skip
_FUZZY = frozenset({"health_status", "exec_create", "exec_start"})


class Event:
    """``attributes``: what the actor has (a container: labels, image and name); ``extra``: what this event adds."""

    __slots__ = ("_json", "action", "actor", "attributes", "extra", "kind", "nano")

    def __init__(
        self, kind: str, action: str, actor: str, attributes: Mapping[str, str], extra: Mapping[str, str], nano: int
    ) -> None:
        self.kind = kind
        self.action = action
        self.actor = actor
        self.attributes = attributes
        self.extra = extra
        self.nano = nano
        self._json: bytes | None = None

    def json(self) -> bytes:
        """One line; made when it is first asked for: most events are heard by nobody, or by all in the same words."""
        if self._json is None:
            told: dict[str, object] = {
                "Type": self.kind,
                "Action": self.action,
                "Actor": {"ID": self.actor, "Attributes": {**self.attributes, **self.extra}},
                "scope": "local",
                "time": self.nano // SECOND,
                "timeNano": self.nano,
            }
            if self.kind == "container":
                told = {
                    "status": self.action,
                    "id": self.actor,
                    "from": self.attributes.get("image", ""),
                    **told,
                }
            self._json = json.dumps(told, separators=(",", ":")).encode() + b"\n"
        return self._json

    def matches(self, filters: Filters) -> bool:
        return not filters or (
            any_matches(filters, "type", lambda kind: kind == self.kind)
            and self._action_matches(filters)
            and labels_match(filters, self.attributes)
            and self._actor_matches(filters, "container", "name")
            and self._actor_matches(filters, "volume")
            and self._actor_matches(filters, "network", "name")
            and any_matches(filters, "image", lambda name: name in (self.actor, self.attributes.get("image")))
        )

    def _action_matches(self, filters: Filters) -> bool:
        values = filters.get("event")
        if not values:
            return True
        # With one of these among them Docker takes all of them as beginnings.
        fuzzy = not _FUZZY.isdisjoint(values)
        return any(self.action.startswith(value) if fuzzy else self.action == value for value in values)

    def _actor_matches(self, filters: Filters, kind: str, name: str = "") -> bool:
        values = filters.get(kind)
        if not values:
            return True
        if self.kind != kind:
            return False
        called = self.attributes.get(name, "")
        return any(self.actor.startswith(value) or value == called for value in values)


Listener = Callable[[Event], None]


class EventLog:
    """Keeps and hands on. Moments only go forward, so that no two events have the same."""

    def __init__(self) -> None:
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._listeners: list[Listener] = []
        self._last = 0

    def add(self, nano: int, kind: str, action: str, actor: str, attributes: Mapping[str, str], **extra: str) -> None:
        self._last = nano = max(nano, self._last + 1)
        event = Event(kind, action, actor, attributes, extra, nano)
        self._kept.append(event)
        for listener in tuple(self._listeners):
            listener(event)

    def past(self, since: int, until: int, filters: Filters) -> Iterator[Event]:
        """From a moment to another, both included."""
        return (event for event in tuple(self._kept) if since <= event.nano <= until and event.matches(filters))

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    @property
    def listeners(self) -> int:
        return len(self._listeners)
