"""Containers and records → task: lastStatus, desiredStatus, health, stop code and reason.

Pure, and the same from any order of events: it looks only at what is there now. Source: design, ECS semantics 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from app.model.container import Container, TaskTag
from app.model.instance import InstanceKey
from app.model.manifest import read_manifest
from app.model.record import Lease, Record, StartMark, StopCode, StopMark, TaskRecord
from app.model.safe_text import SafeText
from app.model.task import DesiredStatus, Health, LastStatus, Task, TaskContainer

ESSENTIAL_EXITED = SafeText("Essential container in task exited")
FAILED_TO_START = SafeText("Task failed to start")
OUT_OF_MEMORY = SafeText("OutOfMemoryError: Container killed due to memory usage")
REMOVED = SafeText("the container was removed")


def derive_task(
    instance: InstanceKey,
    containers: Sequence[Container],
    records: Iterable[Record] = (),
) -> Task | None:
    """One task from everything on its host that names it; None when that says too little to be a task.

    ``containers`` all carry a tag of the same task, ``records`` are all its own. Their order does not matter.
    """
    tags = _tags(containers)
    records = list(records)
    record = next((record for record in records if isinstance(record, TaskRecord)), None)
    stop = next((record for record in records if isinstance(record, StopMark)), None)
    source: TaskRecord | TaskTag | None = record or next((tag for _, tag in tags.values()), None)
    if source is None:
        return None
    # Every container is made before any is started: one that is missing after a start was removed by somebody.
    launched = any(container.ever_started for container in containers) or any(
        isinstance(record, StartMark) for record in records
    )
    parts = _parts(record, tags, stop, launched=launched)
    incomplete = not record and len(tags) < max(tag.containers for _, tag in tags.values())
    # Without the record nobody knows whether a missing container was essential: the others go on as long as one is.
    forsaken = incomplete and launched and not any(part.essential for part in parts)
    desired = _desired(parts, stop, forsaken=forsaken)
    parts = _settled(parts, desired)
    status = _last_status(parts, desired, complete=not incomplete or launched)
    reached_running = _reached_running(parts, launched=launched, stop=stop)
    code, reason = _stop_cause(parts, stop, desired, reached_running=reached_running)
    lease = max((mark for mark in records if isinstance(mark, Lease)), key=lambda mark: mark.number, default=None)
    started = [part.runtime.started_at for part in parts if part.runtime and part.runtime.started_at]
    ended = [part.runtime.finished_at for part in parts if part.runtime and part.runtime.finished_at]
    return Task(
        id=source.task_id,
        cluster=source.cluster,
        instance=instance,
        family=source.family,
        revision=source.revision,
        group=source.group,
        started_by=source.started_by,
        created_at=source.created_at,
        reservation=source.reservation,
        containers=parts,
        last_status=status,
        desired_status=desired,
        health=_health(parts),
        stop_code=code,
        stopped_reason=reason,
        started_at=max(started, default=None) if reached_running else None,
        stopping_at=_stopping_at(parts, stop, desired),
        stopped_at=max((*ended, *([stop.at] if stop and not ended else [])), default=None)
        if status == "STOPPED"
        else None,
        lease_at=lease.at if lease else None,
        lease_number=lease.number if lease else 0,
        manifest=record.manifest if record else "",
    )


def _tags(containers: Iterable[Container]) -> dict[str, tuple[Container, TaskTag]]:
    """Containers by their name in the task, in the order in which they were made; the first of a name counts."""
    found: dict[str, tuple[Container, TaskTag]] = {}
    for container in sorted(containers, key=lambda container: (container.created_at, container.id)):
        if container.tag:
            found.setdefault(container.tag.container, (container, container.tag))
    return found


def _parts(
    record: TaskRecord | None, tags: Mapping[str, tuple[Container, TaskTag]], stop: StopMark | None, *, launched: bool
) -> tuple[TaskContainer, ...]:
    names = record.containers if record else tuple(tags)
    gone = launched or stop is not None
    # The record's manifest is read only when a container's own labels cannot say whether it is essential.
    missing = record is not None and gone and any(name not in tags for name in names)
    inessential = _inessential(record.manifest) if record and missing else frozenset()
    return tuple(
        _present(*tags[name]) if name in tags else _absent(name, stop, gone=gone, essential=name not in inessential)
        for name in (*names, *(name for name in tags if name not in names))
    )


def _inessential(manifest: str) -> frozenset[str]:
    containers = read_manifest(manifest).definition.get("containerDefinitions")
    listed = [item for item in containers if isinstance(item, dict)] if isinstance(containers, list) else []
    return frozenset(str(item.get("name")) for item in listed if item.get("essential") is False)


def _present(container: Container, tag: TaskTag) -> TaskContainer:
    reason = SafeText("")
    if container.oom_killed and container.exit_code is not None:
        reason = OUT_OF_MEMORY
    elif container.error and not container.up:
        reason = container.error
    return TaskContainer(
        name=tag.container,
        runtime=container,
        last_status="RUNNING" if container.up else "STOPPED" if container.ever_started else "PENDING",
        health=_container_health(container, tag),
        essential=tag.essential,
        exit_code=container.exit_code if container.ever_started and not container.up else None,
        reason=reason,
        depends_on=tag.depends_on,
        stop_timeout=tag.stop_timeout,
        start_timeout=tag.start_timeout,
        health_checked=tag.health_checked,
    )


def _absent(name: str, stop: StopMark | None, *, gone: bool, essential: bool) -> TaskContainer:
    if not gone:
        return TaskContainer(name, None, "PENDING", "UNKNOWN", essential)
    # Of a task that was to stop, what had never started was taken away by us.
    reason = REMOVED if stop is None else SafeText("")
    return TaskContainer(name, None, "STOPPED", "UNKNOWN", essential, reason=reason)


def _container_health(container: Container, tag: TaskTag) -> Health:
    """Only a health check of the definition counts. Docker turns an exited container unhealthy: no verdict then."""
    if not tag.health_checked or not container.up:
        return "UNKNOWN"
    if container.health == "healthy":
        return "HEALTHY"
    return "UNHEALTHY" if container.health == "unhealthy" else "UNKNOWN"


def _desired(parts: Sequence[TaskContainer], stop: StopMark | None, *, forsaken: bool) -> DesiredStatus:
    ended = any(part.essential and part.last_status == "STOPPED" for part in parts)
    nothing_left = bool(parts) and all(part.last_status == "STOPPED" for part in parts)
    return "STOPPED" if stop or ended or nothing_left or forsaken else "RUNNING"


def _settled(parts: tuple[TaskContainer, ...], desired: DesiredStatus) -> tuple[TaskContainer, ...]:
    """A container that never ran will not run any more once its task is to stop: STOPPED, without an exit code."""
    if desired == "RUNNING":
        return parts
    return tuple(
        replace(part, last_status="STOPPED", health="UNKNOWN") if part.last_status == "PENDING" else part
        for part in parts
    )


def _last_status(parts: Sequence[TaskContainer], desired: DesiredStatus, *, complete: bool) -> LastStatus:
    if parts and all(part.last_status == "STOPPED" for part in parts):
        return "STOPPED"
    if desired == "STOPPED":
        return "STOPPING"
    waiting = any(part.last_status == "PENDING" for part in parts)
    return "PENDING" if waiting or not complete else "RUNNING"


def _reached_running(parts: Sequence[TaskContainer], *, launched: bool, stop: StopMark | None) -> bool:
    """Had every container started? One that is missing had, if it was not taken away for never having started."""
    return launched and all(part.runtime.ever_started if part.runtime else stop is None for part in parts)


def _stop_cause(
    parts: Sequence[TaskContainer], stop: StopMark | None, desired: DesiredStatus, *, reached_running: bool
) -> tuple[StopCode | None, SafeText]:
    if desired == "RUNNING":
        return None, SafeText("")
    if stop is not None:
        return stop.code, stop.reason
    if any(part.runtime is None and part.essential for part in parts):
        return "EssentialContainerExited", SafeText("Containers of the task were removed")
    if not reached_running:
        return "TaskFailedToStart", FAILED_TO_START
    return "EssentialContainerExited", ESSENTIAL_EXITED


def _stopping_at(parts: Sequence[TaskContainer], stop: StopMark | None, desired: DesiredStatus) -> datetime | None:
    if desired == "RUNNING":
        return None
    if stop is not None:
        return stop.at
    ends = [part.runtime.finished_at for part in parts if part.essential and part.runtime and part.runtime.finished_at]
    return min(ends, default=None)


def _health(parts: Sequence[TaskContainer]) -> Health:
    verdicts = {part.health for part in parts if part.essential}
    if "UNHEALTHY" in verdicts:
        return "UNHEALTHY"
    return "HEALTHY" if verdicts == {"HEALTHY"} else "UNKNOWN"


def stoppable(task: Task) -> list[TaskContainer]:
    """Containers whose turn to stop has come: running, and every one that waited for them is STOPPED."""
    return [
        part
        for part in task.containers
        if part.last_status == "RUNNING"
        and all(other.last_status == "STOPPED" for other in task.containers if part.name in dict(other.depends_on))
    ]


def gate_open(task: Task, part: TaskContainer) -> bool | SafeText:
    """May this container start now? A text means never, and says why (design: ECS semantics 4.2)."""
    others = {other.name: other for other in task.containers}
    for name, condition in part.depends_on:
        dependency = others.get(name)
        if dependency is None:
            return SafeText(f"depends on {name!r}, which does not exist")
        ended = dependency.last_status == "STOPPED"
        if condition == "START":
            met = dependency.last_status != "PENDING"
        elif condition == "HEALTHY":
            met = dependency.health == "HEALTHY"
        else:
            met = ended
        if condition == "SUCCESS" and ended and dependency.exit_code != 0:
            how = "was removed" if dependency.exit_code is None else f"exited with {dependency.exit_code}"
            return SafeText(f"{name!r} was to end with SUCCESS and {how}")
        if condition == "HEALTHY" and ended:
            return SafeText(f"{name!r} was to become HEALTHY and has stopped")
        if not met:
            return False
    return True
