"""Records: facts about a task that its containers' labels cannot hold, kept on the same host as empty volumes.

Creating a volume is a first-writer-wins operation on every engine, and every operator can read it (design:
architecture, "How a launch goes").
"""

from __future__ import annotations

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
    """Written before anything else of a task exists, removed last. ``manifest`` is JSON: definition and overrides."""

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


@dataclass(frozen=True, slots=True)
class StartMark:
    """All containers of the task were made, and the first was about to be started: one that is missing was removed."""

    task_id: str
    at: datetime


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


Record = TaskRecord | StartMark | StopMark | Lease

RECORD_PREFIX = "moorage-record-"


def record_name(record: Record) -> str:
    """Deterministic, so that the first writer wins: creating an existing volume gives back the first one's labels."""
    if isinstance(record, TaskRecord):
        return f"{RECORD_PREFIX}{record.task_id}-task"
    if isinstance(record, StartMark):
        return f"{RECORD_PREFIX}{record.task_id}-start"
    if isinstance(record, StopMark):
        return f"{RECORD_PREFIX}{record.task_id}-stop"
    return f"{RECORD_PREFIX}{record.task_id}-lease-{record.number}"
