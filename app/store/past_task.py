"""What is remembered of a task that has stopped, and how two memories of one task become one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from app.model.safe_text import SafeText

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PastContainer:
    """A container as it ended. ``runtime_id`` is "" for one that was never made or was gone before it was seen.

    ``last_lines``: the end of its log, oldest first, without colours; no repr shows it, as logs may hold secrets.
    """

    name: SafeText
    image: SafeText = SafeText("")
    runtime_id: SafeText = SafeText("")
    exit_code: int | None = None
    reason: SafeText = SafeText("")
    oom_killed: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None
    essential: bool = True
    last_lines: tuple[SafeText, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class PastTask:
    """A task that is STOPPED (design: ECS semantics 1.4), with nothing that needs its host.

    ``instance`` is the instance's name in its cluster. ``cpu`` in units, ``memory`` in MiB. Times are the host's, in
    UTC. ``stop_code`` and ``stopped_by`` are "" where nothing is known.
    """

    id: SafeText
    cluster: SafeText
    instance: SafeText
    family: SafeText
    revision: int
    group: SafeText
    started_by: SafeText
    created_at: datetime
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    stopped_at: datetime | None = None
    stop_code: SafeText = SafeText("")
    stopped_reason: SafeText = SafeText("")
    stopped_by: SafeText = SafeText("")
    tags: tuple[tuple[SafeText, SafeText], ...] = ()
    health: SafeText = SafeText("UNKNOWN")
    cpu: int = 0
    memory: int = 0
    containers: tuple[PastContainer, ...] = ()

    @property
    def ended_at(self) -> datetime:
        """When it ended, as well as that is known: what it is sorted and forgotten by."""
        return self.stopped_at or self.stopping_at or self.created_at

    @property
    def failed(self) -> bool:
        """It ended for another reason than that somebody asked for it or that it ended well."""
        if self.stop_code == "UserInitiated":
            return False
        codes = [part.exit_code for part in self.containers if part.essential]
        return self.stop_code == "TaskFailedToStart" or any(code not in (0, None) for code in codes)


def merged(old: PastTask, new: PastTask) -> PastTask:
    """One memory of two: what either knows is kept. Of what both know, the later run of a container counts.

    ``new`` may know less, because its containers have been removed since ``old``.
    """
    better, other = (old, new) if _last_end(old) > _last_end(new) else (new, old)
    # A stop mark is written once and stands; a cause that was read from what is left of the containers may be wrong.
    cause = next((task for task in (better, other) if task.stopped_by), better if better.stop_code else other)
    return replace(
        better,
        started_by=better.started_by or other.started_by,
        group=better.group or other.group,
        started_at=better.started_at or other.started_at,
        stopping_at=better.stopping_at or other.stopping_at,
        stopped_at=better.stopped_at or other.stopped_at,
        stop_code=cause.stop_code,
        stopped_reason=cause.stopped_reason,
        stopped_by=cause.stopped_by,
        tags=better.tags or other.tags,
        containers=_merged_containers(better, other),
    )


def _last_end(task: PastTask) -> datetime:
    return max((part.finished_at for part in task.containers if part.finished_at), default=_NEVER)


def _merged_containers(better: PastTask, other: PastTask) -> tuple[PastContainer, ...]:
    others = {part.name: part for part in other.containers}
    known = [_merged_container(part, others.pop(part.name, part)) for part in better.containers]
    return (*known, *others.values())


def _merged_container(first: PastContainer, second: PastContainer) -> PastContainer:
    better, other = (second, first) if _knowledge(second) > _knowledge(first) else (first, second)
    image, lines = better.image or other.image, better.last_lines or other.last_lines
    if better.finished_at and other.finished_at and better.finished_at != other.finished_at:
        # Two runs: somebody started it again by hand. How the first one ended says nothing of the second.
        return replace(better, image=image, last_lines=lines)
    return replace(
        better,
        image=image,
        runtime_id=better.runtime_id or other.runtime_id,
        exit_code=other.exit_code if better.exit_code is None else better.exit_code,
        reason=better.reason or other.reason,
        oom_killed=better.oom_killed or other.oom_killed,
        started_at=better.started_at or other.started_at,
        finished_at=better.finished_at or other.finished_at,
        last_lines=lines,
    )


def _knowledge(part: PastContainer) -> tuple[bool, datetime]:
    return bool(part.runtime_id), part.finished_at or _NEVER
