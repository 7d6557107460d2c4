"""What is due on a task, and doing it: one step, idempotent, without state of its own, safe to run many times at once.

The same step runs in the dashboard, in ``run-task --wait`` and in ``moorage agent``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from app.hosts.engine import Engine
from app.hosts.lease import take_lease
from app.hosts.stopping import mark_stopped, stop_in_order, tidy, try_to_mark
from app.hosts.task_objects import forget_task, remove_belongings, remove_containers, task_records
from app.model.lifecycle import stoppable
from app.model.progress import Tell
from app.model.record import Record, TaskRecord
from app.model.resources import Resources
from app.model.task import Task

RETENTION = timedelta(hours=3)
"""How long a stopped task's containers are kept for their logs (ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION)."""
FINISH_WITHIN = timedelta(minutes=10)
"""A launch that was cut off is finished if it is younger than this, else undone: its hour has passed."""

Due = Literal["stop", "tidy", "finish", "undo", "forget"]


def due(task: Task, now: datetime) -> Due | None:
    """What a supervisor has to do for a task now; ``now`` is the host's time. None: nothing."""
    if task.last_status == "STOPPED":
        ended = task.stopped_at or task.stopping_at
        if ended is None:  # its containers are gone, and nothing says since when: the mark of tidying will
            return "tidy"
        if now - ended > RETENTION:
            return "forget"
        leftover = any(part.runtime is not None and not part.runtime.ever_started for part in task.containers)
        return "tidy" if leftover else None
    if task.desired_status == "STOPPED":
        return "stop" if stoppable(task) else None
    if not task.launch_cut_off(now):
        return None
    made = all(part.runtime is not None for part in task.containers)
    started = any(part.runtime is not None and part.runtime.ever_started for part in task.containers)
    return "finish" if made and (started or now - task.created_at < FINISH_WITHIN) else "undo"


def left_over(record: Record, now: datetime) -> bool:
    """A record that outlived its task, because somebody was cut off while taking the task away."""
    return not isinstance(record, TaskRecord) and now - record.at > RETENTION


def sweep(engine: Engine, task_id: str) -> None:
    """Remove what is left over of a task that is gone. Raises HostError."""
    if all(left_over(record, engine.now()) for record in task_records(engine, task_id)):
        forget_task(engine, task_id)


def act(engine: Engine, task: Task, what: Due, owner: str, tell: Tell, capacity: Resources) -> str:
    """Do what is due; returns what was done in words, "" when somebody else was at it. Raises HostError.

    ``capacity``: what the instance offers to tasks in all.
    """
    name = f"{task.definition} {task.id[:8]}"
    if what == "stop":
        _mark(engine, task, owner)
        stopped = stop_in_order(engine, task, tell)
        return f"stopped {name}: {stopped.stopped_reason if stopped else 'gone'}"
    if what == "tidy":
        tidy(engine, task)
        return f"tidied up after {name}: {task.stopped_reason}"
    if what == "forget":
        _mark(engine, task, owner)
        forget_task(engine, task.id)
        return f"forgot {name}, stopped for more than {RETENTION}"
    if not take_lease(engine, task.id, task.lease_number + 1, owner):
        return ""
    if what == "undo":
        mark_stopped(engine, task.id, "TaskFailedToStart", "The launch was cut off and not resumed", owner)
        remove_containers(engine, task.id, only_never_started=True)
        remove_belongings(engine, task.id)
        return f"undid the launch of {name}, which was cut off"
    return _finish(engine, task, owner, tell, capacity)


def _finish(engine: Engine, task: Task, owner: str, tell: Tell, capacity: Resources) -> str:
    # Here, because it brings pydantic along, and few who watch ever finish a launch of others.
    from app.hosts.launcher import Launcher, LaunchFailed

    name = f"{task.definition} {task.id[:8]}"
    try:
        Launcher(engine, task.instance, tell).resume(task, owner, task.lease_number + 1, capacity)
    except LaunchFailed as failure:
        return f"could not finish the launch of {name}: {failure.message}"
    return f"finished the launch of {name}, which was cut off"


def _mark(engine: Engine, task: Task, owner: str) -> None:
    """What a task stopped of is read from its containers: it is written down before these are gone."""
    if task.stop_code is not None:
        try_to_mark(engine, task.id, task.stop_code, task.stopped_reason, owner)
