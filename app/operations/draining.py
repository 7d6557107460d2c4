"""Draining: the record of it on an instance's engine, and the note of it in the cluster's file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from app.fleet.fleet import Fleet, InstanceState
from app.hosts.drain import remove_drain, write_drain
from app.model.cluster import ClusterFile
from app.model.drain import LONGEST_REASON, DrainMark
from app.model.errors import MoorageError
from app.model.ids import instance_arn
from app.model.instance import InstanceKey
from app.model.safe_text import safe_line
from app.model.update import RecordGone, RecordSeen
from app.operations.session import Session, find_entry
from app.operations.shapes import drain_words, instance_shape
from app.operations.staying import staying, stays
from app.operations.task_shape import task_shape

Say = Callable[[str], object]
"""Takes a line for a person."""


def quiet(_: str) -> None:
    return None


@dataclass(slots=True)
class StateChange:
    """What came of it: by the instance's name the members of its entry in the cluster's file that change."""

    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def drain(session: Session, fleet: Fleet, states: Iterable[InstanceState], reason: str) -> StateChange:
    """Write the record on each engine, and take it into the fleet. One that can't be told is marked in the file."""
    change = StateChange()
    for state in states:
        key = state.instance.key
        why = str(state.freshness.reason or "no answer")
        if state.live:
            try:
                engine = session.engine(state.instance.reached_by)
                mark, ours = write_drain(engine, key.cluster, session.operator, reason)
            except MoorageError as error:
                why = error.message
            else:
                fleet.apply([RecordSeen(key, mark.name, mark)])
                change.members[key.name] = _drained(recorded=True)
                now = "is DRAINING" if ours else f"is DRAINING already ({drain_words(mark)})"
                change.told += [f"{key.name} {now}: no new tasks are placed there", *stays(state)]
                continue
        if state.draining and not state.drain_untold:
            what = TOLD_BEFORE
        else:
            what = UNTOLD
            change.members[key.name] = _drained(recorded=False, reason=safe_line(reason)[:LONGEST_REASON])
        change.told += [f"{key.name} could not be told ({why}); {what}", *stays(state)]
    return change


UNTOLD = (
    "it is DRAINING in this cluster's file alone: other operators see it once it answers a dashboard or an agent of "
    "yours, or this call again"
)
TOLD_BEFORE = "it was before, and is DRAINING unless another operator has made it ACTIVE since"


def _drained(*, recorded: bool, reason: str = "") -> dict[str, Any]:
    return {"status": "DRAINING", "drain_recorded": recorded, "drain_reason": reason}


ACTIVE: dict[str, Any] = {"status": "ACTIVE", "drain_recorded": False, "drain_reason": ""}


def activate(session: Session, fleet: Fleet, states: Iterable[InstanceState]) -> StateChange:
    """Take the record away, whoever wrote it. One that does not answer stays as it is, unless it was never told."""
    change = StateChange()
    for state in states:
        key = state.instance.key
        if not state.live and not state.drain_untold:
            why = state.freshness.reason or "no answer"
            words = f"{key.name} does not answer ({why}), and a drain is a record on its engine: try again once it does"
            change.failures.append(_failure(state, words))
            continue
        removed = None
        if state.live:
            try:
                removed = remove_drain(session.engine(state.instance.reached_by), key.cluster)
            except MoorageError as error:
                change.failures.append(_failure(state, f"{key.name} is DRAINING as before: {error.message}"))
                continue
            if removed is not None:
                fleet.apply([RecordGone(key, removed.name)])
        change.members[key.name] = ACTIVE
        was = f"; it was {drain_words(removed)}" if removed else ""
        change.told.append(f"{key.name} takes tasks again{was}")
    return change


def _failure(state: InstanceState, detail: str) -> dict[str, str]:
    return {"arn": instance_arn(state.instance.key.cluster, state.instance.id), "reason": "AGENT", "detail": detail}


def tell_engine(session: Session, key: InstanceKey) -> DrainMark | None:
    """Write the drain on its engine which the cluster's file holds and the engine has not been told.

    Returns the mark that is there then; None when the file says so no more. Raises MoorageError.
    """
    entry = find_entry(session.cluster(key.cluster), key.name)
    if entry.status != "DRAINING" or entry.drain_recorded:
        return None
    engine = session.engine(entry.reached_by)
    mark, ours = write_drain(engine, key.cluster, session.operator, entry.drain_reason)
    saved = save(session, key.cluster, {key.name: _drained(recorded=True)}, only="DRAINING").find(entry.id)
    if ours and (saved is None or saved.status != "DRAINING"):  # it was made ACTIVE at this very moment
        remove_drain(engine, key.cluster)
        return None
    return mark


def tell_untold(session: Session, fleet: Fleet) -> None:
    """As ``tell_engine``, for all of a survey that answer; a failure is left to the next call."""
    for key, state in fleet.instances.items():
        if state.live and state.drain_untold:
            try:
                mark = tell_engine(session, key)
            except MoorageError:
                continue
            if mark is not None:
                fleet.apply([RecordSeen(key, mark.name, mark)])


def save(session: Session, cluster: str, members: dict[str, dict[str, Any]], only: str = "") -> ClusterFile:
    """Change entries of a cluster's file, by their names. ``only``: those that have this status still."""

    def change(current: ClusterFile) -> ClusterFile:
        for name, changed in members.items():
            entry = current.find(name)
            if entry is not None and only in ("", entry.status):
                current = current.with_instance(entry.model_copy(update=changed))
        return current

    return session.clusters.update(cluster, change)


def plan_shape(states: Iterable[InstanceState]) -> dict[str, Any]:
    """What ``--dry-run`` prints: the instances as they are, and the tasks that would stay there."""
    states = list(states)
    return {
        "containerInstances": [
            {**instance_shape(state), "unmanagedContainersCount": sum(container.up for container in state.unmanaged)}
            for state in states
        ],
        "tasks": [task_shape(task, state.instance.id) for state in states for task in staying(state)],
    }
