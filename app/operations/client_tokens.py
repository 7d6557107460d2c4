"""A client token: of all calls that are made with it, at once or later, each task comes into being once.

A call writes the task's record on the instance that it has chosen, and only then asks all others whether another call
has begun the task there: of two calls at least one sees the other. Who sees one on an instance whose id comes first
gives way. Who sees one on a later instance waits until that has given way, as it will unless it has looked before: then
it goes on, and who waits gives way. So nothing but a record is ever there twice, whoever is killed in between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.hosts.launcher import GIVES_WAY_WITHIN, LaunchedElsewhere
from app.hosts.task_objects import read_task
from app.model.errors import MoorageError
from app.model.ids import task_arn
from app.operations.session import instances_of

if TYPE_CHECKING:
    from app.fleet.fleet import Fleet
    from app.model.instance import Instance, InstanceKey
    from app.model.task import Task
    from app.operations.blueprint import Blueprint
    from app.operations.session import Session

_LOOK_AGAIN = 0.25


def launched_before(fleet: Fleet, blueprint: Blueprint) -> list[Task]:
    """The tasks of an earlier call with the same token, in order; [] when there was none, or there is no token.

    Raises MoorageError (ConflictException) when that call asked for something else, and when an instance that does not
    answer might know of one.
    """
    if not blueprint.client_token:
        return []
    tasks = [task for task in fleet.tasks(blueprint.cluster.name) if task.client_token == blueprint.client_token]
    arns = ", ".join(task_arn(task.cluster, task.id) for task in tasks)
    if any(task.request != blueprint.request for task in tasks):
        raise MoorageError(
            f"the client token {blueprint.client_token!r} was used for another request; its tasks are: {arns}",
            code="ConflictException",
        )
    silent = [state.instance.key.name for state in fleet.of_cluster(blueprint.cluster.name) if not state.live]
    if not tasks and silent:
        raise MoorageError(_in_doubt(silent, blueprint), code="ServerException")
    order = {blueprint.task_id(index): index for index in range(10)}
    return sorted(tasks, key=lambda task: order.get(task.id, len(order)))


def wait_for_earlier(blueprint: Blueprint, look: Callable[[], Fleet]) -> tuple[list[Task], Fleet]:
    """The tasks of an earlier call with the same token, and the fleet that they were seen in.

    One that may still give way is waited for: its own call would find no place for it, and who was told of it nothing.
    """
    deadline = time.monotonic() + GIVES_WAY_WITHIN
    while True:
        fleet = look()
        before = launched_before(fleet, blueprint)
        if time.monotonic() > deadline or not any(task.may_give_way for task in before):
            return before, fleet
        time.sleep(_LOOK_AGAIN)


def check_alone(session: Session, blueprint: Blueprint, task_id: str, own: InstanceKey) -> None:
    """Return once no other call launches this task, whose record is on the instance ``own``.

    Raises LaunchedElsewhere when another does, or when an instance that does not answer might know of one.
    """
    deadline = time.monotonic() + GIVES_WAY_WITHIN
    ids = {instance.key: instance.id for instance in instances_of(blueprint.cluster, blueprint.cluster.name)}
    while True:
        others = _look_elsewhere(session, blueprint, task_id, own)
        if others.silent:
            raise LaunchedElsewhere(_in_doubt([key.name for key in others.silent], blueprint), None)
        if not others.tasks:
            return
        late = time.monotonic() > deadline
        for key, task in others.tasks.items():
            if late or ids[key] < ids[own] or not task.may_give_way:
                words = f"another call with client token {blueprint.client_token!r} launches it on {key.name}"
                raise LaunchedElsewhere(words, key)
        time.sleep(_LOOK_AGAIN)


def launched_elsewhere(session: Session, blueprint: Blueprint, task_id: str, instance: InstanceKey) -> Task | None:
    """The task as another call has launched it on an instance; None when that has given way, too.

    Raises MoorageError when the instance does not answer.
    """
    deadline = time.monotonic() + GIVES_WAY_WITHIN
    (there,) = (one for one in instances_of(blueprint.cluster, blueprint.cluster.name) if one.key == instance)
    while True:
        task = read_task(session.engine(there.reached_by), instance, task_id)
        if task is None or not task.may_give_way or time.monotonic() > deadline:
            return task
        time.sleep(_LOOK_AGAIN)


@dataclass
class _Elsewhere:
    tasks: dict[InstanceKey, Task] = field(default_factory=dict)
    silent: list[InstanceKey] = field(default_factory=list)


def _look_elsewhere(session: Session, blueprint: Blueprint, task_id: str, own: InstanceKey) -> _Elsewhere:
    answers: dict[InstanceKey, Task | None] = {}
    lock = threading.Lock()
    others = [one for one in instances_of(blueprint.cluster, blueprint.cluster.name) if one.key != own]

    def ask(instance: Instance) -> None:
        try:
            task = read_task(session.engine(instance.reached_by), instance.key, task_id)
        except MoorageError:
            return
        with lock:
            answers[instance.key] = task

    session.ask_all(others, ask)
    with lock:
        tasks = {key: task for key, task in answers.items() if task is not None}
        return _Elsewhere(tasks, [one.key for one in others if one.key not in answers])


def _in_doubt(silent: list[str], blueprint: Blueprint) -> str:
    return (
        f"{', '.join(silent)} did not answer and may have tasks of client token {blueprint.client_token!r}: "
        "try again when it does, or use a new token"
    )
