"""The history: what stopped tasks were, after their containers are gone. Losing it loses no running task.

An embedded SQLite database, ``history.sqlite3``, in the state folder. Any number of processes use it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from app.model.safe_text import SafeText, safe_line
from app.store import history_rows as rows
from app.store.database import Database
from app.store.past_task import PastTask, merged

if TYPE_CHECKING:
    # Only when the history is used: the start of the program need not wait for it.
    import sqlite3

T = TypeVar("T")

FILE_NAME = "history.sqlite3"
SHORTEST_PREFIX = 4
MOST_TASKS = 50_000
"""A task in a restart loop, or a test that launches some every second, must not fill the disk within a month."""


class HistoryStore(Database):
    """The history of a home folder; see ``Database`` for what becomes of a file that cannot be used."""

    FILE_NAME = FILE_NAME
    CALLED = "history"
    SCHEMA = rows.SCHEMA
    APPLICATION = rows.APPLICATION
    VERSION = rows.VERSION

    def remember(self, task: PastTask) -> None:
        """Keep a task; what was known of it before and no longer is stays. Again: no change. Makes the file."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            old = next(rows.read_tasks(connection, "id = ?", [safe_line(task.id)]), None)
            new = merged(old, task) if old else task
            if new != old:
                rows.write_task(connection, new)
            connection.execute("COMMIT")

        self._run(write, None, make=True)

    def find(self, id_or_prefix: str) -> list[PastTask]:
        """The task with an id, or those whose ids begin with at least 4 characters; the one that ended last first."""
        wanted = safe_line(id_or_prefix)
        if len(wanted) < SHORTEST_PREFIX:
            return []
        return self._read("id >= ? AND id < ?", [wanted, f"{wanted}\U0010ffff"])

    def search(
        self,
        cluster: str = "",
        family: str = "",
        started_by: str = "",
        since: datetime | None = None,
        limit: int | None = 100,
    ) -> list[PastTask]:
        """Tasks, the one that ended last first.

        Args:
            since: aware; only those that ended then or later.
            limit: at most so many; None: all.
        """
        from_then = rows.moment_text(since) if since else ""
        condition, values = _asked(cluster=cluster, family=family, started_by=started_by, ended_at=from_then)
        return self._read(condition, values, limit)

    def ids(
        self, cluster: str = "", family: str = "", started_by: str = "", instance: str = ""
    ) -> list[tuple[datetime, SafeText]]:
        """(created at, id) of all tasks that are asked for, in no order."""
        asked = _asked(cluster=cluster, family=family, started_by=started_by, instance=instance)
        return self._understood(lambda connection: rows.read_ids(connection, *asked))

    def forget_before(self, moment: datetime, most: int = MOST_TASKS) -> int:
        """Forget the tasks that ended before a moment (aware), and the oldest beyond so many; returns how many."""

        def delete(connection: sqlite3.Connection) -> int:
            connection.execute("BEGIN IMMEDIATE")
            count = rows.forget_before(connection, moment) + rows.forget_beyond(connection, most)
            connection.execute("COMMIT")
            return count

        return self._run(delete, 0)

    def _read(self, condition: str, values: Sequence[str], limit: int | None = None) -> list[PastTask]:
        return self._understood(lambda connection: rows.read_tasks(connection, condition, values, limit))

    def _understood(self, read: Callable[[sqlite3.Connection], Iterator[T | None]]) -> list[T]:
        none: list[T | None] = []
        found = self._run(lambda connection: list(read(connection)), none)
        if damaged := found.count(None):
            self._warn(f"{damaged} tasks in {self._path} cannot be read and are left out")
        return [row for row in found if row is not None]


def _asked(**members: str) -> tuple[str, list[str]]:
    """What is given of some columns, as a condition of SQL and its values; an end is asked for from then on."""
    given = {name: safe_line(value) for name, value in members.items() if value}
    terms = [f"{name} {'>=' if name == 'ended_at' else '='} ?" for name in given]
    return " AND ".join(terms) or "TRUE", list(given.values())
