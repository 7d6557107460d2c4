"""What each container of a task is to ECS: from Docker's state of it, and the marks that were left about it.

Pure. Source: design, ECS semantics 1.5, 4.4, 4.5 and 4.7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from app.model.container import Container, RestartPolicy, TaskTag
from app.model.manifest import read_manifest
from app.model.names import PAUSE
from app.model.record import FailMark, Lease, Record, ReplaceMark, RestartMark, StartMark, StopMark, TaskRecord
from app.model.safe_text import SafeText
from app.model.task import Health, TaskContainer

OUT_OF_MEMORY = SafeText("OutOfMemoryError: Container killed due to memory usage")
REMOVED = SafeText("the container was removed")


@dataclass(frozen=True, slots=True)
class Marks:
    """A task's records by kind; of leases and restarts those with the highest number."""

    record: TaskRecord | None = None
    start: StartMark | None = None
    stop: StopMark | None = None
    lease: Lease | None = None
    fails: Mapping[str, FailMark] = field(default_factory=dict)
    restarts: Mapping[str, RestartMark] = field(default_factory=dict)
    replaced: frozenset[str] = frozenset()


def sort_marks(records: Iterable[Record]) -> Marks:
    task: TaskRecord | None = None
    start: StartMark | None = None
    stop: StopMark | None = None
    lease: Lease | None = None
    fails: dict[str, FailMark] = {}
    restarts: dict[str, RestartMark] = {}
    replaced: set[str] = set()
    for record in records:
        match record:
            case TaskRecord():
                task = record
            case StartMark():
                start = record
            case StopMark():
                stop = record
            case FailMark():
                fails[record.container] = record
            case ReplaceMark():
                replaced.add(record.container)
            case RestartMark():
                known = restarts.get(record.container)
                if known is None or known.number < record.number:
                    restarts[record.container] = record
            case Lease():
                if lease is None or lease.number < record.number:
                    lease = record
    return Marks(task, start, stop, lease, fails, restarts, frozenset(replaced))


Tags = Mapping[str, tuple[Container, TaskTag]]
"""Containers and their tags, by the container's name in the task."""


def sort_tags(containers: Iterable[Container]) -> dict[str, tuple[Container, TaskTag]]:
    """Containers by their name in the task, in the order in which they were made; the first of a name counts."""
    found: dict[str, tuple[Container, TaskTag]] = {}
    for container in sorted(containers, key=lambda container: (container.created_at, container.id)):
        if container.tag:
            found.setdefault(container.tag.container, (container, container.tag))
    return found


def derive_parts(marks: Marks, tags: Tags, *, launched: bool) -> tuple[TaskContainer, ...]:
    """Every container of the task.

    One that waits to be restarted is RUNNING here: whether the task goes on is not known yet. ``launched``: all had
    been made, so that one which is missing was removed by somebody, unless the launch is making it again.
    """
    record = marks.record
    names = record.containers if record else tuple(tags)
    gone = launched or marks.stop is not None
    again = marks.replaced if marks.stop is None else frozenset[str]()
    missing = [name for name in names if name not in tags]
    # The record's manifest is read only when a container's own labels cannot say whether it is essential.
    inessential = _inessential(record.manifest) if record and missing and (gone or marks.fails) else frozenset()
    return tuple(
        _present(*tags[name], marks)
        if name in tags
        else _absent(name, marks, gone=gone and name not in again, essential=name not in inessential)
        for name in (*names, *(name for name in tags if name not in names))
    )


def _inessential(manifest: str) -> frozenset[str]:
    containers = read_manifest(manifest).containers
    return frozenset(str(item.get("name")) for item in containers if item.get("essential") is False)


def _present(container: Container, tag: TaskTag, marks: Marks) -> TaskContainer:
    fail, restart = marks.fails.get(tag.container), marks.restarts.get(tag.container)
    restarting = fail is None and tag.restart is not None and restarts_after(container, tag.restart)
    ended = container.ever_started and not container.up
    exit_code = container.exit_code if ended else None
    if fail is not None and fail.exit_code is not None and not container.up:
        exit_code = fail.exit_code
    return TaskContainer(
        name=tag.container,
        runtime=container,
        last_status=_status(container, restarting=restarting, failed=fail is not None),
        health=_health(container, tag),
        essential=tag.essential,
        exit_code=exit_code,
        reason=_reason(container, fail),
        depends_on=tag.depends_on,
        stop_timeout=tag.stop_timeout,
        start_timeout=tag.start_timeout,
        health_checked=tag.health_checked,
        restarting=restarting,
        restart_count=_restarts(restart, container, restarting=restarting),
        failed=fail is not None,
        started_at=restart.started_at if restart else container.started_at,
    )


def _status(container: Container, *, restarting: bool, failed: bool) -> Literal["PENDING", "RUNNING", "STOPPED"]:
    if container.up or restarting:
        return "RUNNING"
    return "STOPPED" if container.ever_started or failed else "PENDING"


def _reason(container: Container, fail: FailMark | None) -> SafeText:
    if fail is not None and not container.up:
        return fail.reason
    if container.oom_killed and container.exit_code is not None:
        return OUT_OF_MEMORY
    return container.error if container.error and not container.up else SafeText("")


def _restarts(restart: RestartMark | None, container: Container, *, restarting: bool) -> int:
    """How often it was restarted. A restart that was marked after its end is about to happen, or was cut off."""
    if restart is None:
        return 0
    booked = restarting and container.finished_at is not None and restart.at >= container.finished_at
    return restart.number - 1 if booked else restart.number


def restarts_after(container: Container, policy: RestartPolicy) -> bool:
    """Is the container's end one that its restartPolicy answers with a restart (design: ECS semantics 4.5)?"""
    if container.up or container.exit_code is None or container.exit_code in policy.ignored_exit_codes:
        return False
    if container.started_at is None or container.finished_at is None:
        return False
    # Docker notes the start when it hears of it: of what ends at once the end may be noted before.
    return max((container.finished_at - container.started_at).total_seconds(), 0) >= policy.period


def _absent(name: str, marks: Marks, *, gone: bool, essential: bool) -> TaskContainer:
    essential = essential or name == PAUSE
    if (fail := marks.fails.get(name)) is not None:
        return TaskContainer(
            name, None, "STOPPED", "UNKNOWN", essential, exit_code=fail.exit_code, reason=fail.reason, failed=True
        )
    if not gone:
        return TaskContainer(name, None, "PENDING", "UNKNOWN", essential)
    # Of a task that was to stop, what had never started was taken away by us.
    reason = REMOVED if marks.stop is None else SafeText("")
    return TaskContainer(name, None, "STOPPED", "UNKNOWN", essential, reason=reason)


def _health(container: Container, tag: TaskTag) -> Health:
    """Only a health check of the definition counts; of a container that has ended, its last verdict stays."""
    if not tag.health_checked:
        return "UNKNOWN"
    if container.health == "healthy":
        return "HEALTHY"
    return "UNHEALTHY" if container.health == "unhealthy" else "UNKNOWN"


def first_started_at(parts: Iterable[TaskContainer]) -> datetime | None:
    return max((part.started_at for part in parts if part.started_at), default=None)
