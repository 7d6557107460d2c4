"""Whether the tasks that were started are what was meant: they all came up, run the right image, and go on running."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from app.model.cluster import ClusterFile
from app.model.task import Task
from app.operations.launch import Launched, surveyed
from app.operations.session import Session

STEADY_SECONDS = 2.0
"""A program that cannot work mostly ends at once: so long it has to run before anything is stopped for it."""
_LOOK_EVERY = 0.5


def faults(
    session: Session, cluster: ClusterFile, launched: Launched, is_right: Callable[[Task], bool]
) -> tuple[str, list[Task]]:
    """Why the launch is not what was meant, in one line ("" when it is), and the tasks that may not stay.

    Args:
        is_right: does a task run the images that it shall?
    """
    found = [f"{one['reason']}: {one.get('detail', one['arn'])}" for one in launched.failures]
    found += [
        f"task {task.id[:8]} on {task.instance.name}: {task.stopped_reason}"
        for task in launched.tasks
        if task.stop_code == "TaskFailedToStart"
    ]
    up = [task for task in launched.tasks if task.last_status == "RUNNING"]
    wrong = [task for task in up if not is_right(task)]
    found += [
        f"task {task.id[:8]} on {task.instance.name} ran another image than was built, as its name was moved meanwhile"
        for task in wrong
    ]
    if not found:
        ended = _ended(session, cluster, up)
        found += [f"task {task.id[:8]} on {task.instance.name} ended at once: {_how(task)}" for task in ended]
    return "; ".join(found), wrong


def _ended(session: Session, cluster: ClusterFile, tasks: Sequence[Task]) -> list[Task]:
    """Those that end badly within STEADY_SECONDS. One whose host falls silent meanwhile counts as running."""
    until = time.monotonic() + STEADY_SECONDS
    while tasks:
        fleet = surveyed(session, cluster)
        now = [found for task in tasks if (found := fleet.find_task(task.id)) is not None]
        if bad := [task for task in now if _codes(task)]:
            return bad
        if time.monotonic() >= until:
            break
        time.sleep(_LOOK_EVERY)
    return []


def _codes(task: Task) -> dict[str, int]:
    """The exit codes of essential containers that have failed and are not started again."""
    return {
        part.name: part.exit_code
        for part in task.containers
        if part.essential and part.last_status == "STOPPED" and part.exit_code not in (None, 0)
    }


def _how(task: Task) -> str:
    codes = ", ".join(f"exit {code} of {name}" for name, code in _codes(task).items())
    return f"{codes}; moorage logs {task.id[:8]} shows what it wrote"
