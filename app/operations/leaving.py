"""Taking a container instance out of its cluster: what runs there is named, left, and can be taken up again."""

from __future__ import annotations

from typing import Any

from app.fleet.fleet import InstanceState, belongs
from app.hosts.drain import remove_drain
from app.model.errors import MoorageError
from app.model.instance import InstanceKey
from app.model.requests import DeregisterContainerInstanceRequest
from app.operations.deeds import kept
from app.operations.draining import Say, quiet
from app.operations.policy import ask_first
from app.operations.session import Session, find_entry
from app.operations.shapes import drain_words, instance_shape
from app.operations.staying import MOST_NAMED, named, staying

_INVALID = "InvalidParameterException"
_UNWATCHED = (
    "they go on and nothing stops them, but nobody watches them (no restart policy, no end when an essential container "
    "ends) until the engine is registered again"
)


@kept("deregister-container-instance", lambda _, answer: answer["containerInstance"]["name"], asks=False)
def deregister_container_instance(
    session: Session, request: DeregisterContainerInstanceRequest, tell: Say = quiet
) -> dict[str, Any]:
    """Take an instance out of a cluster. Its tasks, if any, go on: Moorage only stops watching them.

    ``tell`` gets a line for each thing that becomes of it.
    """
    cluster = session.cluster(request.cluster)
    entry = find_entry(cluster, request.container_instance)
    fleet = session.survey(cluster)
    state = fleet.instances[InstanceKey(cluster.name, entry.name)]
    running = [task for task in staying(state) if belongs(task, state)]
    if running and not request.force:
        names = ", ".join(f"{task.definition} {task.id[:8]} {task.last_status}" for task in running[:MOST_NAMED])
        more = f" and {len(running) - MOST_NAMED} more" if len(running) > MOST_NAMED else ""
        raise MoorageError(
            f"{entry.name!r} still has {_tasks(len(running))}: {names}{more}; stop them first, or leave them with "
            f"--force: {_UNWATCHED}",
            code=_INVALID,
        )
    if not state.live and not request.force:
        raise MoorageError(
            f"{entry.name!r} does not answer ({state.freshness.reason}), so nobody knows what runs there; use --force",
            code=_INVALID,
        )
    shape = instance_shape(state)
    lines = [f"{entry.name} leaves the cluster; nothing on it is stopped"]
    lines += [f"{_tasks(len(running))} left: {_UNWATCHED}", *named(running)] if running else []
    ask_first(session, "deregister-container-instance", cluster.name, lines)
    if running:
        for line in (f"{_tasks(len(running))} on {entry.name!r} left: {_UNWATCHED}", *named(running)):
            tell(line)
    _end_drain(session, state, tell)
    session.clusters.update(cluster.name, lambda current: current.without_instance(entry.id))
    return {"containerInstance": {**shape, "status": "INACTIVE"}}


def _tasks(number: int) -> str:
    return f"{number} task" if number == 1 else f"{number} tasks"


def _end_drain(session: Session, state: InstanceState, tell: Say) -> None:
    """Nothing is left on an engine that drains it for whoever registers it next."""
    name, cluster = state.instance.key.name, state.instance.key.cluster
    if not state.live:
        if state.draining:
            tell(f"{name} does not answer: if its draining is recorded on it, whoever registers it again finds it so")
        return
    try:
        removed = remove_drain(session.engine(state.instance.reached_by), cluster)
    except MoorageError as error:
        tell(f"{name} is still recorded as DRAINING on its engine: {error.message}")
        return
    if removed is not None:
        tell(f"{name} was {drain_words(removed)}; that record is taken away")
