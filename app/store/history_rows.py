"""The tables of the history, and tasks as their rows. What is read is foreign text: a file may say anything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.model.safe_text import SafeText, safe_line, safe_log_line, without_sgr
from app.store import row_values
from app.store.past_task import PastContainer, PastTask

if TYPE_CHECKING:
    from sqlite3 import Connection

APPLICATION = 0x4D6F6F72
"""SQLite's application_id of our files: Moor."""
VERSION = 1
"""The user_version of these tables."""
MAX_LINES = 20
MAX_LINE = 1000
"""Characters."""

SCHEMA = f"""
CREATE TABLE task (
    id TEXT PRIMARY KEY, ended_at TEXT NOT NULL, cluster TEXT NOT NULL, instance TEXT NOT NULL, family TEXT NOT NULL,
    revision INTEGER NOT NULL, task_group TEXT NOT NULL, started_by TEXT NOT NULL, created_at TEXT NOT NULL,
    started_at TEXT, stopping_at TEXT, stopped_at TEXT, stop_code TEXT NOT NULL, stopped_reason TEXT NOT NULL,
    stopped_by TEXT NOT NULL, tags TEXT NOT NULL, health TEXT NOT NULL, cpu INTEGER NOT NULL, memory INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE container (
    task_id TEXT NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, image TEXT NOT NULL, runtime_id TEXT NOT NULL,
    exit_code INTEGER, reason TEXT NOT NULL, oom_killed INTEGER NOT NULL, started_at TEXT, finished_at TEXT,
    essential INTEGER NOT NULL, last_lines TEXT NOT NULL, PRIMARY KEY (task_id, place)
) WITHOUT ROWID;
CREATE INDEX task_by_end ON task (ended_at);
CREATE INDEX task_by_cluster ON task (cluster, ended_at);
CREATE INDEX task_by_family ON task (family, ended_at);
CREATE INDEX task_by_starter ON task (started_by, ended_at);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""

_TASK = (
    "SELECT id, cluster, instance, family, revision, task_group, started_by, created_at, started_at, stopping_at,"
    " stopped_at, stop_code, stopped_reason, stopped_by, tags, health, cpu, memory FROM task WHERE "
)
_CONTAINERS = (
    "SELECT name, image, runtime_id, exit_code, reason, oom_killed, started_at, finished_at, essential, last_lines"
    " FROM container WHERE task_id = ? ORDER BY place"
)


def write_task(connection: Connection, task: PastTask) -> None:
    """Put a task in place of what is there under its id; within the caller's transaction."""
    connection.execute("DELETE FROM container WHERE task_id = ?", [safe_line(task.id)])
    connection.execute("DELETE FROM task WHERE id = ?", [safe_line(task.id)])
    connection.execute(
        "INSERT INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _task_row(task)
    )
    for place, part in enumerate(task.containers):
        cells = (safe_line(task.id), place, *_container_row(part))
        connection.execute("INSERT INTO container VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", cells)


def forget_before(connection: Connection, moment: datetime) -> int:
    """Delete the tasks that ended before a moment; how many there were."""
    return _forget(connection, "ended_at < ?", [moment_text(moment)])


def forget_beyond(connection: Connection, most: int) -> int:
    """Delete the tasks that ended first, so that ``most`` are left; how many there were."""
    return _forget(connection, "id IN (SELECT id FROM task ORDER BY ended_at DESC, id LIMIT -1 OFFSET ?)", [most])


def _forget(connection: Connection, condition: str, values: Sequence[object]) -> int:
    of_these = f"DELETE FROM container WHERE task_id IN (SELECT id FROM task WHERE {condition})"  # noqa: S608 - SQL of ours
    connection.execute(of_these, values)
    return connection.execute(f"DELETE FROM task WHERE {condition}", values).rowcount  # noqa: S608 - SQL of ours


def read_tasks(
    connection: Connection, condition: str, values: Sequence[object], limit: int | None = None
) -> Iterator[PastTask | None]:
    """The tasks of a condition, the one that ended last first; None for a row that cannot be understood.

    Args:
        condition: SQL of ours, with a ? for each of ``values``.
    """
    query = f"{_TASK}{condition} ORDER BY ended_at DESC, id LIMIT ?"
    for row in connection.execute(query, [*values, -1 if limit is None else limit]).fetchall():
        try:
            yield _task(row, [_container(cells) for cells in connection.execute(_CONTAINERS, row[:1])])
        except (ValueError, TypeError, OverflowError, RecursionError):
            yield None


def read_ids(
    connection: Connection, condition: str, values: Sequence[object]
) -> Iterator[tuple[datetime, SafeText] | None]:
    """(created at, id) of the tasks of a condition, as ``read_tasks``: quick where a month of tasks is listed."""
    for created, id_ in connection.execute(f"SELECT created_at, id FROM task WHERE {condition}", values):  # noqa: S608 - SQL of ours
        try:
            yield _moment(created), row_values.text(id_)
        except (ValueError, TypeError, OverflowError):
            yield None


def moment_text(moment: datetime) -> str:
    """In UTC and of one length, so that texts sort as the times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def last_lines(lines: Sequence[str]) -> tuple[SafeText, ...]:
    """The last 20 lines, each made safe, without colours, and cut with … at 1,000 characters."""
    return tuple(_cut(without_sgr(safe_log_line(line))) for line in lines[-MAX_LINES:])


def _cut(line: SafeText) -> SafeText:
    return line if len(line) <= MAX_LINE else SafeText(f"{line[: MAX_LINE - 1]}…")


# --- tasks → rows -----------------------------------------------------------------------------------------------------


def _task_row(task: PastTask) -> tuple[object, ...]:
    return (
        safe_line(task.id),
        moment_text(task.ended_at),
        safe_line(task.cluster),
        safe_line(task.instance),
        safe_line(task.family),
        task.revision,
        safe_line(task.group),
        safe_line(task.started_by),
        *map(_time_cell, (task.created_at, task.started_at, task.stopping_at, task.stopped_at)),
        safe_line(task.stop_code),
        safe_line(task.stopped_reason),
        safe_line(task.stopped_by),
        json.dumps([[safe_line(key), safe_line(value)] for key, value in task.tags]),
        safe_line(task.health),
        task.cpu,
        task.memory,
    )


def _container_row(part: PastContainer) -> tuple[object, ...]:
    return (
        safe_line(part.name),
        safe_line(part.image),
        safe_line(part.runtime_id),
        part.exit_code,
        safe_line(part.reason),
        int(part.oom_killed),
        _time_cell(part.started_at),
        _time_cell(part.finished_at),
        int(part.essential),
        json.dumps(last_lines(part.last_lines)),
    )


def _time_cell(moment: datetime | None) -> str | None:
    return None if moment is None else moment_text(moment)


# --- rows → tasks -----------------------------------------------------------------------------------------------------


def _task(row: Sequence[Any], containers: Sequence[PastContainer]) -> PastTask:
    id_, cluster, instance, family, revision, group, started_by, created, started, stopping, stopped, *rest = row
    stop_code, stopped_reason, stopped_by, tags, health, cpu, memory = rest
    return PastTask(
        id=row_values.text(id_),
        cluster=row_values.text(cluster),
        instance=row_values.text(instance),
        family=row_values.text(family),
        revision=row_values.number(revision),
        group=row_values.text(group),
        started_by=row_values.text(started_by),
        created_at=_moment(created),
        started_at=None if started is None else _moment(started),
        stopping_at=None if stopping is None else _moment(stopping),
        stopped_at=None if stopped is None else _moment(stopped),
        stop_code=row_values.text(stop_code),
        stopped_reason=row_values.text(stopped_reason),
        stopped_by=row_values.text(stopped_by),
        tags=tuple((row_values.text(key), row_values.text(value)) for key, value in _listed(tags)),
        health=row_values.text(health),
        cpu=row_values.number(cpu),
        memory=row_values.number(memory),
        containers=tuple(containers),
    )


def _container(cells: Sequence[Any]) -> PastContainer:
    name, image, runtime_id, exit_code, reason, oom_killed, started, finished, essential, lines = cells
    return PastContainer(
        name=row_values.text(name),
        image=row_values.text(image),
        runtime_id=row_values.text(runtime_id),
        exit_code=None if exit_code is None else row_values.number(exit_code),
        reason=row_values.text(reason),
        oom_killed=bool(row_values.number(oom_killed)),
        started_at=None if started is None else _moment(started),
        finished_at=None if finished is None else _moment(finished),
        essential=bool(row_values.number(essential)),
        last_lines=last_lines([row_values.string(line) for line in _listed(lines)]),
    )


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(row_values.string(value))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


def _listed(value: object) -> list[Any]:
    found = json.loads(row_values.string(value))
    if not isinstance(found, list):
        raise TypeError("no list")
    return found
