"""What happened on a host, to a task or to an instance, and what was done from here: one line of the list of events."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from app.model.safe_text import SafeText

ContainerWhat = Literal[
    "created", "started", "died", "oom", "healthy", "unhealthy", "killed", "paused", "unpaused", "renamed", "removed"
]
TaskWhat = Literal["launch", "stop", "failed"]
"""A task was launched, told to stop; a container of it will not start: all of these are records on its host."""
InstanceWhat = Literal["connected", "silent", "back", "gap", "draining", "active", "lost"]
"""gap: nobody watched for a time. lost: so many events were not kept, as they came faster than they could be."""
What = ContainerWhat | TaskWhat | InstanceWhat | Literal["call"]
"""call: a verb was called from this home; ``command`` repeats it."""
Source = Literal["event", "list", "record", "watch", "here"]
"""event: the engine told it. list: seen by what is there since, at a time that the engine tells. record: read from a
record on the host. watch: what a watcher of ours noticed. here: what was done from this home."""
Kind = Literal["container", "task", "instance", "call"]

CONTAINER_WHATS: tuple[str, ...] = get_args(ContainerWhat)
TASK_WHATS: tuple[str, ...] = get_args(TaskWhat)
INSTANCE_WHATS: tuple[str, ...] = get_args(InstanceWhat)
WHATS: tuple[str, ...] = (*CONTAINER_WHATS, *TASK_WHATS, *INSTANCE_WHATS, "call")
SOURCES: tuple[str, ...] = get_args(Source)
SAME_WITHIN = timedelta(seconds=5)
"""What a list tells and what an event tells are the same thing when no more than this lies between their times."""


@dataclass(frozen=True, slots=True)
class Event:
    """``key`` is made of what it is about, so that two watchers of one host give it the same one.

    ``at`` is by this machine's clock, so that events of several hosts can be put in order; ``host_at`` is what the
    host's own clock said. ``container`` is its name in the task, or Docker's for one that Moorage did not start.
    ``count``: how many there were within a second, when there were too many of one kind to keep each. ``id`` and
    ``version`` are the store's: the row, and when it was changed last.
    """

    key: str
    at: datetime
    what: str
    source: str
    cluster: SafeText
    instance: SafeText = SafeText("")
    task_id: str = ""
    family: SafeText = SafeText("")
    revision: int = 0
    container: SafeText = SafeText("")
    container_id: str = ""
    exit_code: int | None = None
    detail: SafeText = SafeText("")
    by: SafeText = SafeText("")
    command: SafeText = SafeText("")
    count: int = 1
    host_at: datetime | None = None
    watcher: SafeText = SafeText("")
    id: int = 0
    version: int = 0

    @property
    def kind(self) -> Kind:
        if self.what in CONTAINER_WHATS:
            return "container"
        if self.what in TASK_WHATS:
            return "task"
        return "call" if self.what == "call" else "instance"

    @property
    def definition(self) -> str:
        return f"{self.family}:{self.revision}" if self.family else ""

    @property
    def bad(self) -> bool:
        """Is it one that somebody should look at?"""
        if self.what == "died":
            return self.exit_code not in (0, None)
        return self.what in ("oom", "unhealthy", "silent", "failed", "lost")


def when_stopped(events: Iterable[Event]) -> dict[str, datetime]:
    """When each task was told to stop, by its id: what ends after that ends as it should, whatever its exit code."""
    found: dict[str, datetime] = {}
    for event in events:
        if event.what == "stop":
            found[event.task_id] = min(found.get(event.task_id, event.at), event.at)
    return found


def is_bad(event: Event, stopped: Mapping[str, datetime]) -> bool:
    """As ``bad``, with what is known of the tasks that were told to stop."""
    asked = stopped.get(event.task_id) if event.what == "died" else None
    return event.bad and (asked is None or event.at < asked)


def event_key(*parts: object) -> str:
    """A digest of what an event is about, the same wherever it is made."""
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def from_nano(nano: int) -> datetime:
    """An engine's time, to the microsecond."""
    return datetime.fromtimestamp(nano // 1_000_000_000, UTC) + timedelta(microseconds=nano % 1_000_000_000 // 1000)


def span_words(length: timedelta) -> str:
    """``4 s``, ``3 min 5 s``, ``2 h 4 min``, ``3 d 2 h``."""
    seconds = max(int(length.total_seconds()), 0)
    for size, unit, smaller, small_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {unit}" + (f" {rest} {small_unit}" if rest else "")
    return f"{seconds} s"


def length_words(length: timedelta) -> str:
    """``35ms``, ``1.2s``, ``3m05s``, ``2h04m``, ``3d02h``."""
    seconds = max(length.total_seconds(), 0.0)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}h"
