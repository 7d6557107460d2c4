"""What ``execute-command`` and ``attach`` take, and which container is meant by it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.model.errors import MoorageError, NotFoundError
from app.model.names import PAUSE
from app.model.requests import ClusterName, Request
from app.model.task import Task, TaskContainer
from app.operations.container_import import find_container
from app.operations.session import Session, find_entry
from app.operations.shell.target import Target, target_of, target_unmanaged
from app.operations.tasks import find_task

_INVALID = "InvalidParameterException"


class ContainerRequest(Request):
    """ECS's members, and ``containerInstance`` for containers that are of no task."""

    cluster: ClusterName = ""
    task: Annotated[str, Field(description="Task, by id, the start of an id, or ARN.")] = ""
    container: Annotated[
        str,
        Field(description="Container of the task; needed where it has several. Without --task: any, by name or id."),
    ] = ""
    container_instance: Annotated[
        str, Field(description="Without --task: the instance that the container is on (default: look on all).")
    ] = ""


class ExecuteCommandRequest(ContainerRequest):
    command: Annotated[str, Field(min_length=1, max_length=64_000, description="The command, as for a shell.")]
    interactive: Annotated[
        bool, Field(description="With your terminal. Without one, and without this flag: by pipes.")
    ] = False


class AttachRequest(ContainerRequest):
    """Our own verb: ECS has none."""


def find_target(session: Session, request: ContainerRequest) -> Target:
    """Asks the hosts of the cluster. Raises MoorageError: nothing is meant, several are, or it does not run."""
    cluster = session.cluster(request.cluster)
    if not request.task and not request.container:
        raise MoorageError("name a task (--task), or a container (--container)", code=_INVALID)
    if request.task and request.container_instance:
        raise MoorageError("a task is on one instance: leave --container-instance out", code=_INVALID)
    if request.task:
        fleet = session.survey(cluster)
        task = find_task(fleet, cluster.name, request.task)
        part = _part(task, request.container)
        return target_of(task, part, fleet.instances[task.instance].instance.reached_by)
    if request.container_instance:
        cluster = cluster.model_copy(update={"instances": [find_entry(cluster, request.container_instance)]})
    fleet = session.survey(cluster)
    state, container = find_container(fleet, cluster.name, request.container)
    tag = container.tag
    owner = state.tasks.get(tag.task_id) if tag is not None else None
    if owner is not None and tag is not None and tag.container != PAUSE:
        return target_of(owner, _part(owner, tag.container), state.instance.reached_by)
    return target_unmanaged(container, state.instance)


def _part(task: Task, name: str) -> TaskContainer:
    parts = {part.name: part for part in task.containers}
    if not name:
        if len(parts) == 1:
            return next(iter(parts.values()))
        raise MoorageError(
            f"task {task.id[:8]} has {len(parts)} containers; name one (--container): {', '.join(parts)}", code=_INVALID
        )
    if name not in parts:
        raise NotFoundError(f"container of task {task.id[:8]}", name, parts)
    return parts[name]
