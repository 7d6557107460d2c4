"""The events: what happened on hosts and what was done from here. Losing them loses no running task.

An embedded SQLite database, ``events.sqlite3``, beside the history, in the state folder. Any number of processes write
to it at once; an event that several of them see is kept once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.model.event import SAME_WITHIN, Event
from app.model.safe_text import safe_line
from app.store import event_rows as rows
from app.store.database import Database

if TYPE_CHECKING:
    # Only when events are used: the start of the program need not wait for it.
    import sqlite3

FILE_NAME = "events.sqlite3"
MOST_EVENTS = 100_000
"""More than these are not kept: some 40 MB."""
SAME_OUTAGE = timedelta(seconds=15)
"""Two processes notice one silence of a host within this time: an engine is asked every 3 s and has 5 s to answer."""
_ONCE = ("created", "removed")
_REACH = "cluster = ? AND instance = ? AND source = 'watch' AND what IN ('connected', 'silent', 'back')"


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events. "" and None: any. ``task``: its id, or the start of it. Newest first, at most ``limit``."""

    clusters: tuple[str, ...] = ()
    task: str = ""
    since: datetime | None = None
    until: datetime | None = None
    after_version: int | None = None
    limit: int = 1000


class EventStore(Database):
    """The events of a home folder; see ``Database`` for what becomes of a file that cannot be used."""

    FILE_NAME = FILE_NAME
    CALLED = "list of events"
    SCHEMA = rows.SCHEMA
    APPLICATION = rows.APPLICATION
    VERSION = rows.VERSION

    def add(self, events: Iterable[Event]) -> int:
        """Keep events, each once; how many were new or changed. Makes the file."""

        def write(connection: sqlite3.Connection) -> int:
            connection.execute("BEGIN IMMEDIATE")
            version = _next_version(connection)
            count = sum(_add(connection, event, version) for event in events)
            if count:
                _write_marks(connection, {"version": version})
            connection.execute("COMMIT")
            return count

        return self._run(write, 0, make=True)

    def find(self, query: EventQuery) -> list[Event]:
        """Newest first by ``at``; with ``after_version`` those that were changed after it, the oldest first."""
        terms, values = _terms(query)
        order = "at DESC, id DESC" if query.after_version is None else "version, id"
        sql = f"SELECT {rows.COLUMNS} FROM event WHERE {terms} ORDER BY {order} LIMIT ?"  # noqa: S608 - SQL of ours
        none: list[Event | None] = []
        found = self._run(lambda connection: list(rows.read_events(connection, sql, [*values, query.limit])), none)
        if damaged := found.count(None):
            self._warn(f"{damaged} events in {self._path} cannot be read and are left out")
        return [event for event in found if event is not None]

    def count(self, query: EventQuery) -> int:
        """How many events there are, coalesced ones with their counts."""
        terms, values = _terms(query)
        sql = f"SELECT COALESCE(SUM(count), 0) FROM event WHERE {terms}"  # noqa: S608 - SQL of ours
        return int(self._run(lambda connection: connection.execute(sql, values).fetchone()[0], 0))

    def version(self) -> int:
        """Higher after each change."""
        return self.marks().get("version", 0)

    def marks(self) -> dict[str, int]:
        """Small numbers by name, times as microseconds since 1970 among them."""
        none: dict[str, int] = {}
        read = "SELECT name, value FROM mark"
        return self._run(
            lambda connection: {str(name): value for name, value in connection.execute(read) if isinstance(value, int)},
            none,
        )

    def write_marks(self, marks: Mapping[str, int]) -> None:
        """Write numbers by name; one that is lower than what is there is left out."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            _write_marks(connection, marks)
            connection.execute("COMMIT")

        self._run(write, None, make=True)

    def prune(self, before: datetime, most: int = MOST_EVENTS) -> int:
        """Forget the events before a moment, and the oldest beyond so many; returns how many there were."""

        def delete(connection: sqlite3.Connection) -> int:
            connection.execute("BEGIN IMMEDIATE")
            gone = connection.execute("DELETE FROM event WHERE at < ?", [rows.micros(before)]).rowcount
            oldest = connection.execute("SELECT at FROM event ORDER BY at DESC LIMIT 1 OFFSET ?", [most]).fetchone()
            if oldest is not None:
                gone += connection.execute("DELETE FROM event WHERE at <= ?", oldest).rowcount
            connection.execute("DELETE FROM mark WHERE name LIKE 'watched %' AND value < ?", [rows.micros(before)])
            connection.execute("COMMIT")
            return gone

        return self._run(delete, 0)


def _terms(query: EventQuery) -> tuple[str, list[object]]:
    terms, values = ["TRUE"], list[object]()
    if query.clusters:
        terms.append(f"cluster IN ({', '.join('?' * len(query.clusters))})")
        values += [safe_line(cluster) for cluster in query.clusters]
    if query.task:
        terms.append("task_id <> '' AND task_id >= ? AND task_id < ?")
        values += [safe_line(query.task), f"{safe_line(query.task)}\U0010ffff"]
    for moment, term in ((query.since, "at >= ?"), (query.until, "at < ?")):
        if moment is not None:
            terms.append(term)
            values.append(rows.micros(moment))
    if query.after_version is not None:
        terms.append("version > ?")
        values.append(query.after_version)
    return " AND ".join(terms), values


def _next_version(connection: sqlite3.Connection) -> int:
    found = connection.execute("SELECT value FROM mark WHERE name = 'version'").fetchone()
    return 1 + (found[0] if found else 0)


def _write_marks(connection: sqlite3.Connection, marks: Mapping[str, int]) -> None:
    connection.executemany(
        "INSERT INTO mark VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = MAX(value, excluded.value)",
        marks.items(),
    )


# --- each event once --------------------------------------------------------------------------------------------------


def _add(connection: sqlite3.Connection, event: Event, version: int) -> int:
    """1 when something has changed, else 0."""
    values = rows.row_of(event, version)
    if event.count > 1:
        return _add_counted(connection, values)
    if event.source == "event" and _takes_place_of_listed(connection, event, version):
        return 1
    if event.source == "list" and _is_known(connection, event):
        return 0
    if event.source == "watch" and _was_noticed(connection, event):
        return 0
    return connection.execute(rows.INSERT, values).rowcount


def _add_counted(connection: sqlite3.Connection, values: Sequence[object]) -> int:
    """Of what two watchers counted in the same second the higher number is right."""
    merge = (
        f"{rows.INSERT.replace('OR IGNORE ', '')} ON CONFLICT (key, cluster) DO UPDATE SET count = excluded.count,"
        " version = excluded.version WHERE excluded.count > count"
    )
    return connection.execute(merge, values).rowcount


def _takes_place_of_listed(connection: sqlite3.Connection, event: Event, version: int) -> bool:
    """The engine's own word counts more than what was seen by a list: it takes its place. Also: is it there already?"""
    there = "SELECT 1 FROM event WHERE key = ? AND cluster = ?"
    if connection.execute(there, [event.key, event.cluster]).fetchone():
        return False  # the INSERT finds it, too, and changes nothing
    listed = _near(connection, event, "AND source = 'list'")
    if listed is None:
        return False
    change = (
        "UPDATE event SET key = ?, at = ?, host_at = ?, source = 'event', exit_code = ?, detail = ?, version = ?"
        " WHERE id = ?"
    )
    _, key, at, host_at, *_ = rows.row_of(event, version)
    values = [key, at, host_at, event.exit_code, safe_line(event.detail), version, listed]
    connection.execute(change, values)
    return True


def _is_known(connection: sqlite3.Connection, event: Event) -> bool:
    return _near(connection, event) is not None


def _near(connection: sqlite3.Connection, event: Event, more: str = "") -> int | None:
    """The row of the same thing at about the same time; what can happen to a container only once: at any time."""
    terms, values = "container_id = ? AND container_id <> '' AND what = ? AND cluster = ?", [event.container_id]
    values += [event.what, event.cluster]
    if event.what not in _ONCE:
        at = rows.micros(event.at)
        slack = rows.micros(event.at + SAME_WITHIN) - at
        terms += f" AND at BETWEEN {at - slack} AND {at + slack}"
    found = connection.execute(f"SELECT id FROM event WHERE {terms} {more} LIMIT 1", values).fetchone()  # noqa: S608 - SQL of ours
    return found[0] if found else None


def _was_noticed(connection: sqlite3.Connection, event: Event) -> bool:
    """Has another watcher told this, or is it no news?

    An instance is connected once, then silent and back in turns, whoever notices; what another process has noticed
    shortly before is the same outage, though it may be over for that one already.
    """
    if event.what not in ("connected", "silent", "back"):
        return False
    where = [event.cluster, event.instance]
    last = connection.execute(
        f"SELECT what FROM event WHERE {_REACH} ORDER BY at DESC, id DESC LIMIT 1",  # noqa: S608 - SQL of ours
        where,
    ).fetchone()
    if event.what == "connected":
        return last is not None
    if event.what == "back":
        return last is None or last[0] != "silent"
    if last is not None and last[0] == "silent":
        return True
    at = rows.micros(event.at)
    same = rows.micros(event.at + SAME_OUTAGE) - at
    others = connection.execute(
        f"SELECT 1 FROM event WHERE {_REACH} AND what = 'silent' AND watcher <> ? AND at > ? LIMIT 1",  # noqa: S608 - SQL of ours
        [*where, event.watcher, at - same],
    ).fetchone()
    return others is not None
