"""Tasks: stop, list, describe. Launching them is in ``app.operations.launch``."""

from __future__ import annotations

import shlex
from typing import Any

from app.fleet.fleet import Fleet
from app.hosts.stopping import stop_in_order, try_to_mark
from app.hosts.task_objects import read_task
from app.model.cluster import ClusterFile
from app.model.endpoint import Endpoint
from app.model.errors import MoorageError, NotFoundError
from app.model.ids import short_id, task_arn
from app.model.masking import Masker
from app.model.progress import Tell
from app.model.requests import DescribeTasksRequest, ListTasksRequest, StopTaskRequest
from app.model.task import Task
from app.operations.deeds import command_of, keep_deed, told_if_failed
from app.operations.history import remember_end
from app.operations.history_shape import past_task_shape
from app.operations.placeholders import drop_placeholder
from app.operations.policy import ask_first
from app.operations.recall import recall, recall_ids
from app.operations.session import Session, find_entry
from app.operations.task_shape import task_shape
from app.store.past_task import PastTask

STOPPED_BY_USER = "Task stopped by user"
_SHORTEST_PREFIX = 4


class OutOfSightError(MoorageError):
    """A task that no host which answers has; one that does not answer may have it."""

    code = "ServerException"


def stop_task(session: Session, request: StopTaskRequest, tell: Tell) -> dict[str, Any]:
    """Stop a task in the order of its dependencies, and stay until it has stopped."""
    cluster = session.cluster(request.cluster)
    fleet = session.survey(cluster)
    task = find_task(fleet, cluster.name, request.task)
    with told_if_failed(session, "stop-task", command_of("stop-task", request), cluster=cluster.name, task_id=task.id):
        ask_first(session, "stop-task", cluster.name, [stop_words(task)])
    stopped = stop_found_task(session, fleet.instances[task.instance].instance.reached_by, task, request.reason, tell)
    return {"task": task_shape(stopped, fleet.instances[task.instance].instance.id)}


def stop_found_task(session: Session, endpoint: Endpoint, task: Task, reason: str, tell: Tell) -> Task:
    """Stop a task that is known already. A task that is STOPPED stays as it is."""
    if task.last_status == "STOPPED":
        return task
    engine = session.engine(endpoint)
    command, where = _stop_command(task, reason), task.instance.name
    with told_if_failed(session, "stop-task", command, cluster=task.cluster, instance=where, task_id=task.id):
        # A task that is stopping already keeps the reason that it has.
        if (read_task(engine, task.instance, task.id) or task).desired_status == "RUNNING":
            try_to_mark(engine, task.id, "UserInitiated", reason or STOPPED_BY_USER, session.operator)
        stopped = stop_in_order(engine, read_task(engine, task.instance, task.id) or task, tell) or task
    remember_end(session, engine, stopped, tell)
    _keep_stopping(session, stopped, reason)
    if stopped.last_status == "STOPPED":
        drop_placeholder(session, stopped, engine)
    return stopped


def stop_words(task: Task) -> str:
    """What is stopped with it, for whoever is asked."""
    names = ", ".join(part.name for part in task.containers if part.last_status == "RUNNING")
    return f"{task.definition} {task.id[:8]} on {task.instance.name}: {names or 'not started yet'}"


def _stop_command(task: Task, reason: str) -> str:
    flags = ["--reason", Masker().text(reason)] if reason else []
    return shlex.join(["moorage", "stop-task", "--cluster", task.cluster, "--task", task.id, *flags])


def _keep_stopping(session: Session, task: Task, reason: str) -> None:
    keep_deed(
        session,
        "stop-task",
        f"{task.last_status}: {task.stopped_reason}",
        _stop_command(task, reason),
        cluster=task.cluster,
        instance=task.instance.name,
        task_id=task.id,
        family=task.family,
        revision=task.revision,
    )


def list_tasks(session: Session, request: ListTasksRequest) -> dict[str, Any]:
    cluster = session.cluster(request.cluster)
    instance = find_entry(cluster, request.container_instance).name if request.container_instance else ""
    fleet = session.survey(cluster)
    found = [
        task
        for task in fleet.tasks(cluster.name)
        if task.desired_status == request.desired_status
        and instance in ("", task.instance.name)
        and request.family in ("", task.family)
        and request.started_by in ("", task.started_by)
    ]
    listed = [(task.created_at, task.id) for task in found]
    trouble = ""
    if request.desired_status == "STOPPED":
        past, trouble = recall_ids(session, cluster.name, request.family, request.started_by, instance)
        # What a host shows, in whatever state, is not of the past.
        shown = {task.id for task in fleet.tasks(cluster.name)}
        listed += [(created, task_id) for created, task_id in past if task_id not in shown]
    failures = [*unanswered(fleet, cluster).get("failures", ()), *_history_failures(trouble)]
    arns = [task_arn(cluster.name, task_id) for _, task_id in sorted(listed)]
    return {"taskArns": arns, "failures": failures} if failures else {"taskArns": arns}


def _history_failures(trouble: str) -> list[dict[str, str]]:
    return [{"arn": "history", "reason": "HISTORY", "detail": trouble}] if trouble else []


def describe_tasks(session: Session, request: DescribeTasksRequest) -> dict[str, Any]:
    cluster = session.cluster(request.cluster)
    fleet = session.survey(cluster)
    shapes, failures = [], []
    for name in request.tasks:
        try:
            task = find_task(fleet, cluster.name, name)
        except (NotFoundError, OutOfSightError) as error:
            past, trouble = recall(session, cluster.name, name)
            if past is not None:
                entry = cluster.find(past.instance)
                shapes.append(past_task_shape(past, entry.id if entry else past.instance, whence(fleet, past)))
                continue
            arn = task_arn(cluster.name, short_id(name))
            reason = "MISSING" if isinstance(error, NotFoundError) else "AGENT"
            failures.append({"arn": arn, "reason": reason, "detail": "; ".join(filter(None, (error.message, trouble)))})
        else:
            shapes.append(task_shape(task, fleet.instances[task.instance].instance.id))
    return {"tasks": shapes, "failures": failures}


def find_task(fleet: Fleet, cluster: str, name: str) -> Task:
    """A task by ARN, id, or the start of an id that only one task has.

    Raises NotFoundError, OutOfSightError, or MoorageError when several begin so.
    """
    wanted = short_id(name)
    tasks = fleet.tasks(cluster)
    found = [task for task in tasks if task.id == wanted]
    if not found and len(wanted) >= _SHORTEST_PREFIX:
        found = [task for task in tasks if task.id.startswith(wanted)]
    if len(found) > 1:
        ids = ", ".join(task.id[:12] for task in found[:5])
        raise MoorageError(
            f"task {wanted!r} is not clear: {ids}; give more of its id", code="InvalidParameterException"
        )
    if not found:
        silent = [state.instance.key.name for state in fleet.of_cluster(cluster) if not state.live]
        if silent:
            raise OutOfSightError(
                f"task {wanted!r} is on no instance that answers; {', '.join(silent)} did not: try again when it does"
            )
        raise NotFoundError("task", wanted, [task.id[:8] for task in tasks])
    return found[0]


def whence(fleet: Fleet, past: PastTask) -> str:
    """Why a task is told from the history, in words."""
    state = next((state for state in fleet.of_cluster(past.cluster) if state.instance.key.name == past.instance), None)
    if state is not None and not state.live:
        return f"known from the history only: {past.instance} does not answer"
    return "known from the history only: no instance has it any more"


def unanswered(fleet: Fleet, cluster: ClusterFile) -> dict[str, Any]:
    """A ``failures`` member that names the instances that did not answer; nothing when all did."""
    silent = [
        {"arn": state.instance.key.name, "reason": "AGENT", "detail": str(state.freshness.reason)}
        for state in fleet.of_cluster(cluster.name)
        if not state.live
    ]
    return {"failures": silent} if silent else {}
