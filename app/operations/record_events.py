"""Records on a host → events: who launched a task, who told it to stop, what of it will not start."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from app.model.record import FailMark, Record, StopMark, TaskRecord
from app.model.safe_text import SafeText, safe_line


class Told(NamedTuple):
    """What of an event a record tells."""

    what: str
    at: datetime
    by: SafeText
    detail: SafeText
    container: SafeText = SafeText("")
    exit_code: int | None = None


def told_by(record: Record) -> Told | None:
    """None for a record that tells nothing that an engine's event does not."""
    match record:
        case TaskRecord():
            launcher = safe_line(record.launcher.rpartition("-")[0])
            return Told("launch", record.created_at, launcher, safe_line(record.group))
        case StopMark():
            return Told("stop", record.at, record.by, record.reason)
        case FailMark():
            container = safe_line(record.container)
            return Told("failed", record.at, SafeText(""), record.reason, container, record.exit_code)
    return None
