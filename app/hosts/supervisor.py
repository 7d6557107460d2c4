"""What is due on a task, and doing it: one step, idempotent, without state of its own, safe to run many times at once.

The same step runs in the dashboard, in ``run-task --wait`` and in ``moorage agent``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.hosts.engine import Engine
from app.hosts.lease import take_lease
from app.hosts.restarting import restart_ended
from app.hosts.settings import HostSettings
from app.hosts.stopping import mark_stopped, stop_in_order, tidy, try_to_mark
from app.hosts.task_objects import forget_task, remove_belongings, remove_containers, task_records
from app.model.gates import stoppable
from app.model.progress import Tell
from app.model.record import Record, StopMark, TaskRecord
from app.model.resources import Resources
from app.model.task import Task

FINISH_WITHIN = timedelta(minutes=10)
"""A launch that was cut off is finished if it is younger than this, else undone: its hour has passed."""

STOP_GRACE = timedelta(seconds=10)
"""How much later than its stopTimeout a container may have stopped before somebody else takes over."""

Due = Literal["stop", "restart", "tidy", "finish", "undo", "forget"]


def due(task: Task, now: datetime, retention: timedelta) -> Due | None:
    """What a supervisor has to do for a task now; ``now`` is the host's time. None: nothing.

    ``retention``: how long a stopped task's containers are kept.
    """
    if task.last_status == "STOPPED":
        ended = task.stopped_at or task.stopping_at
        if ended is None:  # its containers are gone, and nothing says since when: the mark of tidying will
            return "tidy"
        if now - ended > retention:
            return "forget"
        leftover = any(part.runtime is not None and not part.ran for part in task.parts)
        return "tidy" if leftover else None
    if task.desired_status == "STOPPED":
        return "stop" if stoppable(task) and not being_stopped(task, now) else None
    if any(part.restarting for part in task.containers):
        return "restart"
    if not task.launch_cut_off(now):
        return None
    made = all(part.runtime is not None or part.failed for part in task.parts)
    started = any(part.ran for part in task.parts)
    return "finish" if made and (started or now - task.created_at < FINISH_WITHIN) else "undo"


def being_stopped(task: Task, now: datetime) -> bool:
    """Is whoever marked the task as stopping still within the time that the containers at turn have?

    Nobody else may stop them meanwhile: a second SIGTERM means "at once" to many programs.
    """
    if task.stop_marked_at is None:
        return False
    ended = [part.runtime.finished_at for part in task.parts if part.runtime and part.runtime.finished_at]
    longest = max((part.stop_timeout for part in stoppable(task)), default=0)
    return now - max((task.stop_marked_at, *ended)) < timedelta(seconds=longest) + STOP_GRACE


def left_over(record: Record, now: datetime, retention: timedelta) -> bool:
    """A record that outlived its task, because somebody was cut off while taking the task away."""
    return not isinstance(record, TaskRecord) and now - record.at > retention


def sweep(engine: Engine, task_id: str, retention: timedelta) -> None:
    """Remove what is left over of a task that is gone. Raises HostError."""
    if all(left_over(record, engine.now(), retention) for record in task_records(engine, task_id)):
        forget_task(engine, task_id)


@dataclass(frozen=True, slots=True)
class Hand:
    """Whoever acts: ``owner`` tells this process from all others, ``capacity`` is what the instance offers in all."""

    owner: str
    tell: Tell
    capacity: Resources
    settings: HostSettings


def act(engine: Engine, task: Task, what: Due, hand: Hand) -> str:
    """Do what is due; returns what was done in words, "" when somebody else was at it. Raises HostError."""
    name = f"{task.definition} {task.id[:8]}"
    if what == "stop":
        mark = _mark(engine, task, hand.owner)
        if mark is not None and mark.by != hand.owner and not task.stopped_by:
            return ""
        stopped = stop_in_order(engine, task, hand.tell)
        return f"stopped {name}: {stopped.stopped_reason if stopped else 'gone'}"
    if what == "restart":
        restarted = restart_ended(engine, task)
        return f"restarted {name}: {restarted}" if restarted else ""
    if what == "tidy":
        tidy(engine, task)
        return f"tidied up after {name}: {task.stopped_reason}"
    if what == "forget":
        _mark(engine, task, hand.owner)
        forget_task(engine, task.id)
        return f"forgot {name}, stopped for more than {hand.settings.retention}"
    lease = take_lease(engine, task.id, task.lease_number + 1, hand.owner)
    if not lease:
        return ""
    if what == "undo":
        mark_stopped(engine, task.id, "TaskFailedToStart", "The launch was cut off and not resumed", hand.owner)
        remove_containers(engine, task.id, only_never_started=True)
        remove_belongings(engine, task.id)
        return f"undid the launch of {name}, which was cut off"
    return _finish(engine, task, hand, lease)


def _finish(engine: Engine, task: Task, hand: Hand, lease: int) -> str:
    # Here, because it brings pydantic along, and few who watch ever finish a launch of others.
    from app.hosts.launcher import Launcher

    name = f"{task.definition} {task.id[:8]}"
    launcher = Launcher(engine, task.instance, hand.tell, hand.settings)
    ended = launcher.resume(task, hand.owner, lease, hand.capacity)
    if ended.stop_code == "TaskFailedToStart":
        return f"could not finish the launch of {name}: {ended.stopped_reason}"
    return f"finished the launch of {name}, which was cut off"


def _mark(engine: Engine, task: Task, owner: str) -> StopMark | None:
    """What a task stopped of is read from its containers: it is written down before these are gone.

    Returns the mark that stands, None when none could be written.
    """
    if task.stop_code is None:
        return None
    return try_to_mark(engine, task.id, task.stop_code, task.stopped_reason, owner)
