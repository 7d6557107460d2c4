"""Tasks of the past → rows of the tables of tasks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.screens import formats
from app.screens.filtering import Subject, subject
from app.screens.rows import pick
from app.store.past_task import PastTask
from widgets.cells import Column, Row, cell


def past_key(task: PastTask) -> str:
    return f"past:{task.cluster}/{task.id}"


def of_past_key(key: str) -> tuple[str, str]:
    """(cluster, task id) of a row's key."""
    cluster, _, task_id = key.removeprefix("past:").rpartition("/")
    return cluster, task_id


def past_row(task: PastTask, now: datetime, columns: Sequence[Column]) -> Row:
    """Dim, as there is nothing behind it on any instance."""
    status = cell("✕ STOPPED", "bad") if task.failed else cell("○ STOPPED", "muted")
    cells = {
        "task": cell(task.id[:8], "accent"),
        "definition": cell(f"{task.family}:{task.revision}"),
        "status": status,
        "health": cell(formats.NOTHING, "muted"),
        "cluster": cell(task.cluster, "muted"),
        "instance": cell(task.instance),
        "cpu": cell(formats.NOTHING, "muted"),
        "memory": cell(formats.mebibytes(task.memory), "muted"),
        "detail": cell(_why(task), "bad" if task.failed else "muted"),
        "by": cell(task.started_by, "muted"),
        "age": cell(formats.age(task.ended_at, now), "muted"),
    }
    return Row(past_key(task), pick(columns, cells), dim=True)


def _why(task: PastTask) -> str:
    """As a stopped task's that is still there: how the culprit ended, if it was one, else the reason."""
    ended = [part for part in task.containers if part.essential and part.exit_code is not None]
    culprit = max(ended, key=lambda part: part.exit_code != 0, default=None)
    if culprit is None or task.stop_code != "EssentialContainerExited":
        return task.stopped_reason
    oom = "OOM killed" if culprit.oom_killed and "OutOfMemory" not in culprit.reason else ""
    return ": ".join(word for word in (f"exit {culprit.exit_code} of {culprit.name}", oom, culprit.reason) if word)


def past_subject(task: PastTask) -> Subject:
    images = " ".join(part.image for part in task.containers)
    names = " ".join(part.name for part in task.containers)
    lines = " ".join(line for part in task.containers for line in part.last_lines)
    words = (task.id, f"{task.family}:{task.revision}", "stopped", task.instance, task.cluster, task.started_by)
    return subject(
        " ".join((*words, task.stopped_by, images, names, _why(task), task.stopped_reason, lines)),
        state="stopped failed" if task.failed else "stopped",
        cluster=task.cluster,
        host=task.instance,
        family=task.family,
        image=images,
        health=task.health,
        group=task.group,
    )
