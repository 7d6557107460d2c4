"""Containers and records → task: lastStatus, desiredStatus, health, stop code and reason.

Pure, and the same from any order of events: it looks only at what is there now. Source: design, ECS semantics 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.model.container import Container, TaskTag
from app.model.instance import InstanceKey
from app.model.names import PAUSE
from app.model.parts import Marks, derive_parts, first_started_at, sort_marks, sort_tags
from app.model.record import Record, StopCode, TaskRecord
from app.model.safe_text import SafeText
from app.model.task import DesiredStatus, Health, LastStatus, Task, TaskContainer

ESSENTIAL_EXITED = SafeText("Essential container in task exited")
FAILED_TO_START = SafeText("Task failed to start")


def derive_task(
    instance: InstanceKey,
    containers: Sequence[Container],
    records: Iterable[Record] = (),
) -> Task | None:
    """One task from everything on its host that names it; None when that says too little to be a task.

    ``containers`` all carry a tag of the same task, ``records`` are all its own. Their order does not matter.
    """
    tags, marks = sort_tags(containers), sort_marks(records)
    source: TaskRecord | TaskTag | None = marks.record or next((tag for _, tag in tags.values()), None)
    if source is None:
        return None
    # Every container is made before any is started: one that is missing after a start was removed by somebody.
    launched = marks.start is not None or any(container.ever_started for container in containers)
    parts = derive_parts(marks, tags, launched=launched)
    incomplete = marks.record is None and len(tags) < max(tag.containers for _, tag in tags.values())
    # Without the record nobody knows whether a missing container was essential: the others go on as long as one is.
    forsaken = incomplete and launched and not any(part.essential for part in parts)
    desired = _desired(parts, marks, forsaken=forsaken)
    parts = _settled(parts, desired)
    status = _last_status(parts, desired, complete=not incomplete or launched)
    reached_running = _reached_running(parts, marks, launched=launched)
    code, reason = _stop_cause(parts, marks, desired, reached_running=reached_running)
    return Task(
        instance=instance,
        containers=tuple(part for part in parts if part.name != PAUSE),
        pause=next((part for part in parts if part.name == PAUSE), None),
        last_status=status,
        desired_status=desired,
        health=_health(parts),
        stop_code=code,
        stopped_reason=reason,
        started_at=first_started_at(parts) if reached_running else None,
        stopping_at=_stopping_at(parts, marks, desired),
        stopped_at=_stopped_at(parts, marks) if status == "STOPPED" else None,
        execution_stopped_at=min(_ended(part for part in parts if part.essential), default=None),
        **_identity(source),
        **_told(marks),
    )


def _identity(source: TaskRecord | TaskTag) -> dict[str, Any]:
    """What the record and every container's labels tell alike."""
    return {
        "id": source.task_id,
        "cluster": source.cluster,
        "family": source.family,
        "revision": source.revision,
        "group": source.group,
        "started_by": source.started_by,
        "created_at": source.created_at,
        "reservation": source.reservation,
    }


def _told(marks: Marks) -> dict[str, Any]:
    """What only records tell."""
    record, start, lease = marks.record, marks.start, marks.lease
    told: dict[str, Any] = {}
    if marks.stop is not None:
        told |= {"stopped_by": str(marks.stop.by), "stop_marked_at": marks.stop.at}
    if start is not None:
        told |= {"pull_started_at": start.pull_started_at, "pull_stopped_at": start.pull_stopped_at}
    if lease is not None:
        told |= {"lease_at": lease.at, "lease_number": lease.number}
    if record is not None:
        told |= {
            "manifest": record.manifest,
            "launch_type": record.launch_type,
            "tags": record.tags,
            "client_token": record.client_token,
            "request": record.request,
        }
    return told


def _desired(parts: Sequence[TaskContainer], marks: Marks, *, forsaken: bool) -> DesiredStatus:
    ended = any(part.essential and part.last_status == "STOPPED" for part in parts)
    own = [part for part in parts if part.name != PAUSE]
    nothing_left = bool(own) and all(part.last_status == "STOPPED" for part in own)
    return "STOPPED" if marks.stop or ended or nothing_left or forsaken else "RUNNING"


def _settled(parts: tuple[TaskContainer, ...], desired: DesiredStatus) -> tuple[TaskContainer, ...]:
    """Once its task is to stop, a container that never ran will not run any more: STOPPED, without an exit code.

    Nor is one restarted that has ended.
    """
    if desired == "RUNNING":
        return parts
    return tuple(
        replace(part, last_status="STOPPED", restarting=False)
        if part.last_status == "PENDING" or part.restarting
        else part
        for part in parts
    )


def _last_status(parts: Sequence[TaskContainer], desired: DesiredStatus, *, complete: bool) -> LastStatus:
    if parts and all(part.last_status == "STOPPED" for part in parts):
        return "STOPPED"
    if desired == "STOPPED":
        return "STOPPING"
    waiting = any(part.last_status == "PENDING" for part in parts)
    return "PENDING" if waiting or not complete else "RUNNING"


def _reached_running(parts: Sequence[TaskContainer], marks: Marks, *, launched: bool) -> bool:
    """Had every container started that could? One that is missing had, if nobody took it away for never having."""
    return launched and all(_had_its_start(part, marks) for part in parts)


def _had_its_start(part: TaskContainer, marks: Marks) -> bool:
    if part.runtime is not None and part.ran:
        return True
    if part.failed:
        return not part.essential
    return part.runtime is None and marks.stop is None and part.name not in marks.replaced


def _stop_cause(
    parts: Sequence[TaskContainer], marks: Marks, desired: DesiredStatus, *, reached_running: bool
) -> tuple[StopCode | None, SafeText]:
    if desired == "RUNNING":
        return None, SafeText("")
    if marks.stop is not None:
        return marks.stop.code, marks.stop.reason
    failed = next((part for part in parts if part.failed and part.essential and not part.ran), None)
    if failed is not None:
        return "TaskFailedToStart", failed.reason
    if any(part.runtime is None and part.essential for part in parts):
        return "EssentialContainerExited", SafeText("Containers of the task were removed")
    if not reached_running:
        return "TaskFailedToStart", FAILED_TO_START
    return "EssentialContainerExited", ESSENTIAL_EXITED


def _ended(parts: Iterable[TaskContainer]) -> list[datetime]:
    return [part.runtime.finished_at for part in parts if part.runtime and part.runtime.finished_at]


def _stopped_at(parts: Sequence[TaskContainer], marks: Marks) -> datetime | None:
    """Containers that could not start ended when that was settled; when nothing tells more, the stop mark does."""
    ends = [*_ended(parts), *(mark.at for mark in marks.fails.values())]
    return max(ends, default=marks.stop.at if marks.stop is not None else None)


def _stopping_at(parts: Sequence[TaskContainer], marks: Marks, desired: DesiredStatus) -> datetime | None:
    """When it was settled that the task stops: a mark may only say later what an end had settled."""
    if desired == "RUNNING":
        return None
    essential = [part for part in parts if part.essential]
    settled = [*_ended(essential), *(marks.fails[part.name].at for part in essential if part.name in marks.fails)]
    if marks.stop is not None:
        settled.append(marks.stop.at)
    return min(settled, default=None)


def _health(parts: Sequence[TaskContainer]) -> Health:
    """Over the essential containers; one of these without a health check keeps the task UNKNOWN (ECS semantics 4.7)."""
    verdicts = {part.health for part in parts if part.essential and part.name != PAUSE}
    if "UNHEALTHY" in verdicts:
        return "UNHEALTHY"
    return "HEALTHY" if verdicts == {"HEALTHY"} else "UNKNOWN"
