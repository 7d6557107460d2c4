"""Waiting for tasks: the waiters of ECS, and staying with tasks that were just launched until they have stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal

from app.fleet.fleet import InstanceState
from app.hosts.errors import HostError
from app.hosts.supervisor import Hand, act, due
from app.hosts.task_objects import read_task
from app.model.errors import MoorageError
from app.model.ids import short_id
from app.model.progress import Tell
from app.model.requests import DescribeTasksRequest
from app.model.task import Task
from app.operations.history import remember_end
from app.operations.placeholders import drop_placeholder
from app.operations.session import Session
from app.operations.tasks import describe_tasks

WAIT_AT_MOST = 600.0
"""Seconds, as ECS's waiters do: 100 looks, 6 s apart. We look more often."""
LOOK_EVERY = 1.0
_STAY_EVERY = 0.5


class WaiterError(MoorageError):
    """What is waited for can't come about any more, or did not in time."""

    code = "WaiterError"


def wait_for_tasks(session: Session, request: DescribeTasksRequest, goal: Literal["RUNNING", "STOPPED"]) -> None:
    """Return when all the tasks have this lastStatus (design: ECS semantics 7.3).

    Raises WaiterError at once for a task that is missing, or that has stopped while RUNNING is waited for, and when
    WAIT_AT_MOST is over. A host that does not answer is waited for.
    """
    name = f"tasks-{goal.lower()}"
    deadline = time.monotonic() + WAIT_AT_MOST
    while True:
        seen = describe_tasks(session, request)
        for failure in seen["failures"]:
            if failure["reason"] == "MISSING":
                raise WaiterError(f"wait {name} failed: {failure['detail']}")
        for task in seen["tasks"]:
            if goal == "RUNNING" and task["lastStatus"] == "STOPPED":
                why = task.get("stoppedReason", "no reason is known")
                raise WaiterError(f"wait {name} failed: task {short_id(task['taskArn'])[:8]} is STOPPED: {why}")
        if not seen["failures"] and all(task["lastStatus"] == goal for task in seen["tasks"]):
            return
        if time.monotonic() > deadline:
            states = [f"{short_id(task['taskArn'])[:8]} is {task['lastStatus']}" for task in seen["tasks"]]
            states += [failure["detail"] for failure in seen["failures"]]
            raise WaiterError(f"wait {name} gave up after {WAIT_AT_MOST:g} s: {', '.join(states)}")
        time.sleep(LOOK_EVERY)


def stay_until_stopped(
    session: Session, cluster: str, tasks: Sequence[Task], tell: Tell, report: Callable[[str], None]
) -> list[Task | None]:
    """Watch tasks until each is STOPPED, doing what is due on them meanwhile; returns them as they ended.

    None for a task that was taken away altogether. ``report`` is called from other threads, with a line when a host
    stops answering or refuses; it is asked again until it does.
    """
    fleet = session.survey(session.cluster(cluster))
    ends: list[Task | None] = list(tasks)

    def stay(index: int, task: Task) -> None:
        ends[index] = _stay(session, fleet.instances[task.instance], task, tell, report)

    threads = [threading.Thread(target=stay, args=pair, daemon=True) for pair in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)
    return ends


def _stay(session: Session, state: InstanceState, task: Task, tell: Tell, report: Callable[[str], None]) -> Task | None:
    engine, trouble = session.engine(state.instance.reached_by), ""
    hand = Hand(session.owner, tell, state.registered, session.settings)
    while True:
        try:
            current = read_task(engine, task.instance, task.id)
            what = due(current, engine.now(), session.settings.retention) if current else None
            if current is None or (current.last_status == "STOPPED" and what in (None, "forget")):
                if current is not None:
                    remember_end(session, engine, current, tell)
                    drop_placeholder(session, current, engine)
                return current
            if what is not None and act(engine, current, what, hand):
                continue
            trouble = ""
        except HostError as error:
            if error.message != trouble:
                trouble = error.message
                words = "does not answer" if error.unanswered else "is in trouble"
                report(f"{task.instance.name} {words}: {trouble}; trying again")
            engine.close()
        time.sleep(_STAY_EVERY)


def essential_exit_code(task: Task | None) -> int:
    """The exit code of the essential container that ended first; 1 when none ever ran."""
    if task is None:
        return 1
    ended = [
        (part.runtime.finished_at.timestamp(), part.exit_code)
        for part in task.containers
        if part.essential and part.exit_code is not None and part.runtime and part.runtime.finished_at
    ]
    return min(ended)[1] if ended else 1
