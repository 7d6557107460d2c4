"""The containers whose logs are meant, with a short tag each by which their lines are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from app.fleet.fleet import Fleet, InstanceState
from app.hosts.engine import Engine
from app.model.container import Container
from app.model.errors import MoorageError, NotFoundError
from app.model.safe_text import SafeText, safe_line
from app.model.task import Task, TaskContainer
from app.operations.log_merge import Source
from app.operations.session import Session

SHORT, LONG = 4, 8
"""Digits of a task's id in a tag."""
_LEAST_OFFSET = timedelta(seconds=0.5)
"""Less than this is what the measuring itself may be wrong by."""


class NoContainersError(MoorageError):
    """A task without containers: there is nothing left to read logs of."""


def clock_offset(state: InstanceState | None) -> tuple[timedelta, bool]:
    """How far a host's clock is ahead of ours, as far as it is worth correcting; and whether it was measured."""
    if state is None or state.info is None:
        return timedelta(0), False
    return (state.clock_offset if abs(state.clock_offset) >= _LEAST_OFFSET else timedelta(0)), True


def clock_note(source: Source) -> str:
    """What is to be said of the clock of a source's host, "" if there is nothing."""
    if not source.clock_known:
        return f"the clock of {source.host} is not known: its times are as it tells them"
    if source.offset:
        return f"the clock of {source.host} is {source.offset.total_seconds():+.1f} s off: its times are corrected"
    return ""


def id_digits(tasks: Sequence[Task], least: int = SHORT) -> int:
    """How many digits of an id tell these tasks apart; 0 for a single one, which needs none."""
    ids = {task.id for task in tasks}
    if len(ids) < 2:
        return 0
    return next((count for count in (least, LONG, 16) if len({id_[:count] for id_ in ids}) == len(ids)), 32)


def tag_of(task: Task, part: TaskContainer, digits: int) -> SafeText:
    """``web`` where there is one task; else ``3f9c/web``: with the family, if the task has one container alone."""
    if not digits:
        return safe_line(part.name)
    name = task.family if len(task.containers) == 1 else part.name
    return safe_line(f"{task.id[:digits]}/{name}")


def task_sources(session: Session, fleet: Fleet, task: Task, container: str = "", digits: int = 0) -> list[Source]:
    """The containers of a task that have a log, or the one that is named. Raises NotFoundError or NoContainersError."""
    names = [part.name for part in task.containers]
    if container and container not in names:
        raise NotFoundError(f"container of task {task.id[:8]}", container, names)
    state = fleet.instances[task.instance]
    engine = session.engine(state.instance.reached_by)
    parts = [part for part in task.containers if container in ("", part.name) and part.runtime]
    if not parts:
        why = task.stopped_reason or "they are not made yet, or were removed"
        raise NoContainersError(f"task {task.id[:8]} has no containers to read logs of: {why}")
    return [part_source(task, part, state, engine, digits) for part in parts]


def part_source(task: Task, part: TaskContainer, state: InstanceState, engine: Engine, digits: int) -> Source:
    """A container of a task, which must be there."""
    assert part.runtime is not None
    offset, known = clock_offset(state)
    return Source(
        key=part.runtime.id,
        tag=tag_of(task, part, digits),
        host=task.instance.name,
        engine=engine,
        offset=offset,
        clock_known=known,
        task_id=task.id,
        container=safe_line(part.name),
    )


def container_source(container: Container, state: InstanceState, engine: Engine) -> Source:
    """A container that is nobody's task."""
    offset, known = clock_offset(state)
    name = safe_line(container.name)
    return Source(container.id, name, state.instance.key.name, engine, offset, known, container=name)


def find_unmanaged(fleet: Fleet, cluster: str, instance: str, name: str) -> tuple[Container, InstanceState]:
    """A container of an instance by its name or the start of its id. Raises MoorageError."""
    states = {state.instance.key.name: state for state in fleet.of_cluster(cluster)}
    if instance not in states:
        raise NotFoundError(f"container instance of cluster {cluster!r}", instance, list(states))
    state = states[instance]
    if not state.live:
        raise MoorageError(f"{instance} does not answer: {state.freshness.reason}; try again when it does")
    found = [one for one in state.containers.values() if one.name == name]
    if not found and len(name) >= SHORT:
        found = [one for one in state.containers.values() if one.id.startswith(name)]
    if len(found) != 1:
        raise NotFoundError(f"container on {instance}", name, [str(one.name) for one in state.containers.values()])
    return found[0], state
