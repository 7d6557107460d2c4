"""Placeholders in a swarm: who may be asked about them, and giving back the place of a task that is over.

A placeholder says which task it is for, so nothing about it is kept anywhere else.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.fleet.fleet import Fleet, InstanceState
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.swarm import (
    Membership,
    Placeholder,
    give_place_back,
    membership,
    node_of,
    placeholders,
    swarm_nodes,
)
from app.hosts.task_objects import read_task
from app.hosts.threads import start_soon
from app.model.errors import MoorageError
from app.model.instance import Instance, InstanceKey
from app.model.task import Task
from app.operations.session import SURVEY_DEADLINE, Session, instances_of

LOOK_EVERY = 15.0
"""Seconds between two looks at a swarm's placeholders."""
_LOOK_AGAIN = 1.0
_DROP_WITHIN = 1.0
"""Seconds that the end of a task may take longer because a manager is looked for."""
CHOSEN_WITHIN = timedelta(minutes=1)
"""A placeholder that has no node after this is nobody's: a scheduler waits for one much shorter."""
BEGUN_WITHIN = timedelta(minutes=5)
"""A placed task may have to wait for its turn on its host; after this its launcher is taken to have died."""


@dataclass(frozen=True, slots=True)
class Member:
    """An instance that answers, and its place in a swarm."""

    key: InstanceKey
    engine: Engine
    place: Membership


def members(session: Session, instances: Iterable[Instance], within: float = SURVEY_DEADLINE) -> list[Member]:
    """Ask instances, all at the same time, for their place in a swarm; by name.

    What has not answered ``within`` seconds is left out.
    """
    found: list[Member] = []

    def ask(instance: Instance) -> None:
        with contextlib.suppress(MoorageError):
            engine = session.engine(instance.reached_by)
            found.append(Member(instance.key, engine, membership(engine)))

    # Daemon threads: nobody waits for a host that is silent, not even at the end of the program.
    threads = [threading.Thread(target=ask, args=(instance,), daemon=True) for instance in instances]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + within
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    return sorted(found, key=lambda member: member.key)


def drop_placeholder(session: Session, task: Task, engine: Engine) -> None:
    """Give back the place of a task that has stopped, if Swarm keeps one. ``engine``: its host's.

    No error is raised: whoever watches tries again (``PlaceholderSweep``).
    """
    with contextlib.suppress(MoorageError):
        place = membership(engine)
        if place.manager:
            give_place_back(engine, task.id)
        elif place.node:
            cluster = session.cluster(task.cluster)
            others = [one for one in instances_of(cluster, cluster.name) if one.key != task.instance]
            asked = members(session, others, _DROP_WITHIN)
            _first_answer([member.engine for member in asked if member.place.manager], task.id)


def _first_answer(managers: Iterable[Engine], task_id: str) -> None:
    for manager in managers:
        with contextlib.suppress(HostError):
            give_place_back(manager, task_id)
            return


Report = Callable[[InstanceKey, str], None]


class PlaceholderSweep:
    """Gives back the places of tasks that are over. ``consider`` is cheap; the work goes on in a daemon thread.

    Several processes may do it at once: each removal is idempotent, and the task is looked at right before.
    """

    def __init__(self, session: Session, report: Report) -> None:
        self._session = session
        self._report = report
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._next: dict[str, float] = {}
        self._told: dict[str, str] = {}

    @property
    def busy(self) -> bool:
        with self._lock:
            return bool(self._under_way)

    def soon(self, cluster: str) -> None:
        """A task of the cluster has ended just now."""
        with self._lock:
            if cluster in self._next:
                self._next[cluster] = min(self._next[cluster], time.monotonic() + _LOOK_AGAIN)

    def consider(self, fleet: Fleet, untouchable: Collection[str], in_hand: Collection[str] = ()) -> None:
        """Look at the swarms whose turn it is. ``in_hand``: ids of tasks that this process is launching.

        ``untouchable``: the URLs of engines at which nothing may be changed.
        """
        managers: dict[str, list[InstanceState]] = {}
        for key, state in fleet.instances.items():
            if state.instance.endpoint in untouchable:
                continue
            if state.live and state.info is not None and state.info.swarm_manager:
                managers.setdefault(key.cluster, []).append(state)
        for cluster, states in managers.items():
            with self._lock:
                if cluster in self._under_way or time.monotonic() < self._next.get(cluster, 0):
                    continue
                self._under_way.add(cluster)
            alive = frozenset((*in_hand, *_not_over(fleet)))
            job = (cluster, [state.instance for state in states], _nodes(fleet), alive)
            start_soon(threading.Thread(target=self._look, args=job, name=f"swarm-{cluster}", daemon=True))

    def _look(
        self, cluster: str, managers: list[Instance], nodes: Mapping[str, Instance], alive: Collection[str]
    ) -> None:
        trouble = ""
        try:
            for manager in managers:
                try:
                    gone = sweep(self._session, self._session.engine(manager.reached_by), nodes, alive)
                except MoorageError as error:
                    trouble = f"Docker Swarm: {error.message}; tried again soon"
                    continue
                trouble = ""
                if gone:
                    tasks = "a task that is" if len(gone) == 1 else f"{len(gone)} tasks that are"
                    self._report(manager.key, f"gave back the place of {tasks} over in Docker Swarm")
                break
            # A swarm without a leader says the same each time.
            if trouble and trouble != self._told.get(cluster):
                self._report(managers[0].key, trouble)
            self._told[cluster] = trouble
        finally:
            with self._lock:
                self._under_way.discard(cluster)
                self._next[cluster] = time.monotonic() + LOOK_EVERY


def _nodes(fleet: Fleet) -> dict[str, Instance]:
    """Instances that answer, by their node's id."""
    return {
        state.info.swarm_node: state.instance
        for state in fleet.instances.values()
        if state.live and state.info is not None and state.info.swarm_node
    }


def _not_over(fleet: Fleet) -> Iterable[str]:
    """Ids of tasks that are not STOPPED as far as is known: nobody need ask their hosts about them."""
    for state in fleet.instances.values():
        yield from (task.id for task in state.tasks.values() if task.last_status != "STOPPED")


def sweep(
    session: Session,
    manager: Engine,
    nodes: Mapping[str, Instance],
    alive: Collection[str] = (),
    now: datetime | None = None,
) -> list[str]:
    """Give back every place that is kept for nothing; returns the ids of those tasks. Raises MoorageError.

    Args:
        nodes: instances that answer, by the id of their node. A place on any other node is left alone.
        alive: ids of tasks whose places are left alone without asking anybody.
        now: the manager's time; None to ask for it.
    """
    kept = [one for one in placeholders(manager) if one.task_id not in alive]
    if not kept:
        return []
    known, moment = swarm_nodes(manager), now or manager.now()
    over = [one for one in kept if _over(session, manager, one, nodes, known, moment)]
    return [one.task_id for one in over if give_place_back(manager, one.task_id)]


def _over(
    session: Session,
    manager: Engine,
    kept: Placeholder,
    nodes: Mapping[str, Instance],
    known: Collection[str],
    now: datetime,
) -> bool:
    age, node = now - kept.created_at, node_of(manager, kept)
    if not node:
        return age > CHOSEN_WITHIN
    if node not in known:  # it has left the swarm: there are no books that this one would be in
        return age > BEGUN_WITHIN
    if node not in nodes:
        return False
    host = nodes[node]
    try:
        task = read_task(session.engine(host.reached_by), host.key, kept.task_id)
    except HostError:  # it has just stopped answering; the others' places can be given back all the same
        return False
    return age > BEGUN_WITHIN if task is None else task.last_status == "STOPPED"
