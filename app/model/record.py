"""Records: facts about a task that its containers' labels cannot hold, kept on the same host as empty volumes.

Creating a volume is a first-writer-wins operation on every engine, and every operator can read it (design:
architecture, "How a launch goes").
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.model.resources import Resources
from app.model.safe_text import SafeText

StopCode = Literal["TaskFailedToStart", "EssentialContainerExited", "UserInitiated"]

LEASE_TERM = timedelta(seconds=60)
"""How long a launch is left alone by others after its launcher last gave a sign of life."""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """Written before anything else of a task exists, removed last.

    ``containers``: their names, the pause container's included. ``manifest`` is JSON: definition and overrides.
    ``request``: a digest of the run-task call that ``client_token`` was given with.
    """

    task_id: str
    cluster: str
    family: str
    revision: int
    group: str
    started_by: str
    created_at: datetime
    reservation: Resources
    launcher: str
    containers: tuple[str, ...]
    manifest: str
    launch_type: str = "EXTERNAL"
    tags: tuple[tuple[SafeText, SafeText], ...] = ()
    client_token: str = ""
    request: str = ""


@dataclass(frozen=True, slots=True)
class StartMark:
    """All containers of the task were made, and the first was about to be started: one that is missing was removed."""

    task_id: str
    at: datetime
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FailMark:
    """That a container will not start, or not start again, and why; written once.

    ``exit_code``: what ECS reports of a container that never ran (143 for an impossible dependency), what one that
    could not be restarted had ended with, or None.
    """

    task_id: str
    container: str
    exit_code: int | None
    reason: SafeText
    at: datetime


@dataclass(frozen=True, slots=True)
class ReplaceMark:
    """That a container which never ran is being made again by its launch: while it is missing, nobody removed it."""

    task_id: str
    container: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RestartMark:
    """That a container was restarted by its restartPolicy for the ``number``th time; the highest number counts.

    ``started_at``: when it was started first, which its engine forgets.
    """

    task_id: str
    container: str
    number: int
    at: datetime
    started_at: datetime


@dataclass(frozen=True, slots=True)
class StopMark:
    """That a task is to stop, by whom and why; written once."""

    task_id: str
    code: StopCode
    reason: SafeText
    by: SafeText
    at: datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """That ``owner`` is at work on a launch; the highest number counts."""

    task_id: str
    number: int
    owner: str
    at: datetime


Record = TaskRecord | StartMark | FailMark | ReplaceMark | RestartMark | StopMark | Lease

RECORD_PREFIX = "moorage-record-"


def record_name(record: Record) -> str:
    """Deterministic, so that the first writer wins: creating an existing volume gives back the first one's labels."""
    if isinstance(record, TaskRecord):
        return f"{RECORD_PREFIX}{record.task_id}-task"
    if isinstance(record, StartMark):
        return f"{RECORD_PREFIX}{record.task_id}-start"
    if isinstance(record, FailMark):
        return f"{RECORD_PREFIX}{record.task_id}-fail-{_short(record.container)}"
    if isinstance(record, ReplaceMark):
        return f"{RECORD_PREFIX}{record.task_id}-replace-{_short(record.container)}"
    if isinstance(record, RestartMark):
        return f"{RECORD_PREFIX}{record.task_id}-restart-{_short(record.container)}-{record.number}"
    if isinstance(record, StopMark):
        return f"{RECORD_PREFIX}{record.task_id}-stop"
    return f"{RECORD_PREFIX}{record.task_id}-lease-{record.number}"


def _short(container: str) -> str:
    """A container's name in 16 characters: with the whole of it a volume's name could be longer than a file's."""
    return hashlib.sha256(container.encode()).hexdigest()[:16]
