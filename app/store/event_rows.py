"""The tables of the events, and events as their rows. What is read is foreign text: a file may say anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from sys import intern
from typing import TYPE_CHECKING, Any

from app.model.event import SOURCES, WHATS, Event
from app.model.safe_text import SafeText, safe_line, shared
from app.store import row_values

if TYPE_CHECKING:
    from sqlite3 import Connection

APPLICATION = 0x4D6F4576
"""SQLite's application_id of our files: MoEv."""
VERSION = 1
"""The user_version of these tables."""
LONGEST_TEXT = 500
LONGEST_COMMAND = 4000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)

SCHEMA = f"""
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL,
    host_at INTEGER, what TEXT NOT NULL, source TEXT NOT NULL, cluster TEXT NOT NULL, instance TEXT NOT NULL,
    task_id TEXT NOT NULL, family TEXT NOT NULL, revision INTEGER NOT NULL, container TEXT NOT NULL,
    container_id TEXT NOT NULL, exit_code INTEGER, detail TEXT NOT NULL, by_whom TEXT NOT NULL, command TEXT NOT NULL,
    count INTEGER NOT NULL, watcher TEXT NOT NULL, UNIQUE (key, cluster)
);
CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX event_by_time ON event (at);
CREATE INDEX event_by_task ON event (task_id) WHERE task_id <> '';
CREATE INDEX event_by_version ON event (version);
CREATE INDEX event_by_container ON event (container_id, what) WHERE container_id <> '';
CREATE INDEX event_of_instance ON event (cluster, instance, at) WHERE source = 'watch';
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""
COLUMNS = (
    "id, version, key, at, host_at, what, source, cluster, instance, task_id, family, revision, container,"
    " container_id, exit_code, detail, by_whom, command, count, watcher"
)
INSERT = f"INSERT OR IGNORE INTO event ({COLUMNS}) VALUES (NULL, {', '.join('?' * 19)})"  # noqa: S608 - SQL of ours


def micros(moment: datetime) -> int:
    """Whole microseconds since 1970, exact."""
    return (moment - _EPOCH) // _MICRO


def moment(number: int) -> datetime:
    """The other way. Raises OverflowError for a number that is no time."""
    return _EPOCH + timedelta(microseconds=number)


def row_of(event: Event, version: int) -> tuple[object, ...]:
    """The values of ``INSERT``."""
    return (
        version,
        event.key,
        micros(event.at),
        None if event.host_at is None else micros(event.host_at),
        event.what,
        event.source,
        *map(_cut, (event.cluster, event.instance, event.task_id, event.family)),
        event.revision,
        *map(_cut, (event.container, event.container_id)),
        event.exit_code,
        *map(_cut, (event.detail, event.by)),
        safe_line(event.command)[:LONGEST_COMMAND],
        event.count,
        _cut(event.watcher),
    )


def _cut(text: str) -> SafeText:
    line = safe_line(text)
    return line if len(line) <= LONGEST_TEXT else SafeText(f"{line[: LONGEST_TEXT - 1]}…")


def read_events(connection: Connection, query: str, values: Sequence[object]) -> Iterator[Event | None]:
    """The events of a query for COLUMNS; None for a row that cannot be understood."""
    for row in connection.execute(query, values).fetchall():
        try:
            yield _event(row)
        except (ValueError, TypeError, OverflowError):
            yield None


def _event(row: Sequence[Any]) -> Event:
    id_, version, key, at, host_at, what, source, cluster, instance, task_id, family, revision, *rest = row
    container, container_id, exit_code, detail, by, command, count, watcher = rest
    if what not in WHATS or source not in SOURCES:
        raise ValueError("no event of ours")
    when = moment(row_values.number(at))
    return Event(
        key=row_values.text(key),
        at=when,
        what=intern(what),
        source=intern(source),
        cluster=_shared(cluster),
        instance=_shared(instance),
        task_id=_shared(task_id),
        family=_shared(family),
        revision=row_values.number(revision),
        container=_shared(container),
        container_id=_shared(container_id),
        exit_code=None if exit_code is None else row_values.number(exit_code),
        detail=_shared(detail),
        by=_shared(by),
        command=row_values.text(command),
        count=row_values.number(count),
        # Where both clocks agree it is the same moment.
        host_at=when if host_at == at else None if host_at is None else moment(row_values.number(host_at)),
        watcher=_shared(watcher),
        id=row_values.number(id_),
        version=row_values.number(version),
    )


def _shared(value: object) -> SafeText:
    """What thousands of events that are kept have in common is in memory once."""
    return shared(row_values.text(value))
