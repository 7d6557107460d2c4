"""The fleet: instances, their containers and records, and the tasks that these make up.

Touched on one thread alone, so there are no locks. State is frozen; what changes is replaced. A task is derived again
from everything that names it whenever any of that changes, so the order of events does not matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

from app.fleet.changes import ChangeSet
from app.model.container import Container
from app.model.drain import DrainMark, drain_name, is_drain_name
from app.model.instance import EngineInfo, Freshness, Instance, InstanceKey
from app.model.lifecycle import derive_task
from app.model.record import Record, record_name
from app.model.resources import Resources, total
from app.model.task import Task
from app.model.update import (
    ContainerGone,
    ContainerSeen,
    FreshnessTold,
    HostRead,
    HostUpdate,
    InfoRead,
    RecordGone,
    RecordSeen,
)


@dataclass(slots=True)
class InstanceState:
    """All that is known of one instance. ``tasks`` and what tells of them is derived from containers and records.

    ``restless``: ids of the tasks that do not simply run; of the others nothing is ever due by time alone.
    ``running``: how many of the instance's own cluster are RUNNING.
    """

    instance: Instance
    freshness: Freshness
    info: EngineInfo | None = None
    clock_offset: timedelta = timedelta(0)
    containers: dict[str, Container] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    by_task: dict[str, set[str]] = field(default_factory=dict)
    records_by_task: dict[str, set[str]] = field(default_factory=dict)
    recorded_drain: DrainMark | None = None
    restless: set[str] = field(default_factory=set)
    running: int = 0
    _reserved: Resources | None = None

    @property
    def drain(self) -> DrainMark | None:
        """Who drains the instance, since when and why; None: it takes tasks.

        The record on the engine is the truth. What the cluster's file says counts as long as the engine has not been
        told, and while it has not answered since this process began: then it is what was known last.
        """
        if self.recorded_drain is not None or self.instance.status != "DRAINING":
            return self.recorded_drain
        if self.instance.drain_recorded and self.info is not None:
            return None
        return DrainMark(drain_name(self.instance.key.cluster), reason=self.instance.drain_reason)

    @property
    def draining(self) -> bool:
        return self.drain is not None

    @property
    def drain_untold(self) -> bool:
        """Is it marked DRAINING in the cluster's file, and its engine is still to be told?"""
        return self.instance.status == "DRAINING" and not self.instance.drain_recorded

    @property
    def registered(self) -> Resources:
        """What tasks can use at most, and the ports that none may have; nothing while the engine has never answered."""
        if self.info is None:
            return Resources()
        return replace(
            self.info.registered,
            memory=max(self.info.registered.memory - self.instance.reserved_memory, 0),
            ports=self.instance.reserved_ports,
            ports_udp=self.instance.reserved_ports_udp,
        )

    @property
    def reserved(self) -> Resources:
        """What tasks that are not STOPPED hold, whichever cluster they belong to."""
        if self._reserved is None:
            self._reserved = total(task.reservation for task in self.tasks.values() if task.last_status != "STOPPED")
        return self._reserved

    def changed(self) -> None:
        """A task has come, gone or changed."""
        self._reserved = None

    @property
    def unmanaged(self) -> list[Container]:
        """What Moorage did not start. A task's placeholder in a swarm is neither its container nor a foreign one."""
        return [found for found in self.containers.values() if found.tag is None and not found.placeholder]

    @property
    def live(self) -> bool:
        return self.freshness.reach == "live"


class Fleet:
    """The one state that screens and operations read."""

    def __init__(self) -> None:
        self.instances: dict[InstanceKey, InstanceState] = {}
        self.clusters: tuple[str, ...] = ()
        self._places: dict[str, list[InstanceKey]] = {}

    # --- what is registered ----------------------------------------------------------------------------------------

    def register(self, clusters: Iterable[str], instances: Iterable[Instance]) -> ChangeSet:
        """Take over what the cluster files say; state of instances that stay is kept."""
        changes = ChangeSet()
        wanted = {instance.key: instance for instance in instances}
        names = tuple(sorted(clusters))
        if names != self.clusters:
            self.clusters, changes.clusters = names, True
        for key in [key for key in self.instances if key not in wanted]:
            gone = self.instances.pop(key)
            for task_id in gone.tasks:
                self._place(task_id, key, here=False)
            changes.tasks.update(gone.tasks)
            changes.instances.add(key)
        for key, instance in wanted.items():
            state = self.instances.get(key)
            if state is None:
                self.instances[key] = InstanceState(instance, Freshness("connecting", datetime.now(UTC)))
                changes.instances.add(key)
            elif state.instance != instance:
                state.instance = instance
                changes.instances.add(key)
        return changes

    # --- what hosts tell -------------------------------------------------------------------------------------------

    def apply(self, updates: Iterable[HostUpdate]) -> ChangeSet:
        """Take in what watchers told. Updates of instances that are no longer registered are left out."""
        changes = ChangeSet()
        for update in updates:
            state = self.instances.get(update.instance)
            if state is not None:
                self._apply_one(state, update, changes)
        return changes

    def _apply_one(self, state: InstanceState, update: HostUpdate, changes: ChangeSet) -> None:
        match update:
            case FreshnessTold():
                state.freshness = update.freshness
                changes.instances.add(update.instance)
                changes.tasks.update(state.tasks)
            case InfoRead():
                state.info, state.clock_offset = update.info, update.clock_offset
                changes.instances.add(update.instance)
            case HostRead():
                self._replace(state, update, changes)
            case ContainerSeen():
                self._derive(state, self._container(state, update.container.id, update.container, changes), changes)
            case ContainerGone():
                self._derive(state, self._container(state, update.container_id, None, changes), changes)
            case RecordSeen():
                if isinstance(update.record, DrainMark):
                    self._drain(state, update.name, update.record, changes)
                else:
                    self._derive(state, self._record(state, update.name, update.record), changes)
            case RecordGone():
                self._drain(state, update.name, None, changes)
                self._derive(state, self._record(state, update.name, None), changes)
            case _:
                assert_never(update)

    def _replace(self, state: InstanceState, reading: HostRead, changes: ChangeSet) -> None:
        """Each task is derived once, however many of its containers and records have changed."""
        affected: set[str] = set()
        seen = {container.id: container for container in reading.containers}
        for gone in [known for known in state.containers if known not in seen]:
            affected.update(self._container(state, gone, None, changes))
        for container in reading.containers:
            affected.update(self._container(state, container.id, container, changes))
        named = {record_name(record): record for record in reading.records}
        for gone in [known for known in state.records if known not in named]:
            affected.update(self._record(state, gone, None))
        for name, record in named.items():
            affected.update(self._record(state, name, record))
        self._derive(state, affected, changes)
        drains = {mark.name: mark for mark in reading.drains}
        name = drain_name(reading.instance.cluster)
        self._drain(state, name, drains.get(name), changes)
        changes.instances.add(reading.instance)

    def _container(
        self, state: InstanceState, id_: str, container: Container | None, changes: ChangeSet
    ) -> Collection[str]:
        """Take a container in, or let it go; the ids of the tasks that it belongs to, or did."""
        before = state.containers.get(id_)
        if before is container or before == container:
            return ()
        if container is None:
            state.containers.pop(id_, None)
        else:
            state.containers[id_] = container
        affected: set[str] = set()
        for seen, adding in ((before, False), (container, True)):
            if seen is None:
                continue
            if seen.tag is None:
                changes.unmanaged = True
                continue
            _index(state.by_task, seen.tag.task_id, id_, adding=adding)
            affected.add(seen.tag.task_id)
        return affected

    def _record(self, state: InstanceState, name: str, record: Record | None) -> Collection[str]:
        """Take a record in, or let it go; the id of its task if that changes anything."""
        before = state.records.get(name)
        known = record or before
        if before == record or known is None:
            return ()
        if record is None:
            state.records.pop(name, None)
        else:
            state.records[name] = record
        _index(state.records_by_task, known.task_id, name, adding=record is not None)
        return (known.task_id,)

    def _drain(self, state: InstanceState, name: str, mark: DrainMark | None, changes: ChangeSet) -> None:
        """Another cluster that has the same engine drains it by a record of another name."""
        if is_drain_name(name) and name == drain_name(state.instance.key.cluster) and mark != state.recorded_drain:
            state.recorded_drain = mark
            changes.instances.add(state.instance.key)

    def _derive(self, state: InstanceState, task_ids: Iterable[str], changes: ChangeSet) -> None:
        for task_id in task_ids:
            containers = [state.containers[id_] for id_ in state.by_task.get(task_id, ())]
            records = [state.records[name] for name in state.records_by_task.get(task_id, ())]
            self._put(state, task_id, derive_task(state.instance.key, containers, records), changes)

    def _put(self, state: InstanceState, task_id: str, task: Task | None, changes: ChangeSet) -> None:
        before = state.tasks.get(task_id)
        if task == before:
            return
        key = state.instance.key
        state.changed()
        state.restless.discard(task_id)
        if task is None:
            del state.tasks[task_id]
            self._place(task_id, key, here=False)
        else:
            state.tasks[task_id] = task
            if before is None:
                self._place(task_id, key, here=True)
            if not task.settled:
                state.restless.add(task_id)
        state.running += _counts(task, key) - _counts(before, key)
        changes.tasks.add(task_id)
        changes.instances.add(key)

    def _place(self, task_id: str, key: InstanceKey, *, here: bool) -> None:
        places = self._places.setdefault(task_id, [])
        if here:
            places.append(key)
        else:
            places.remove(key)
        if not places:
            del self._places[task_id]

    # --- reading ---------------------------------------------------------------------------------------------------

    def of_cluster(self, cluster: str) -> list[InstanceState]:
        return [state for key, state in self.instances.items() if key.cluster == cluster]

    def tasks(self, cluster: str | None = None) -> list[Task]:
        """All tasks, or a cluster's. A host that two clusters share shows each its own."""
        return [
            task
            for key, state in self.instances.items()
            if cluster is None or key.cluster == cluster
            for task in state.tasks.values()
            if belongs(task, state)
        ]

    def restless_tasks(self, cluster: str | None = None) -> list[Task]:
        """As ``tasks``, but only those that do not simply run: on their way, stopped, or started again and again."""
        return [
            task
            for key, state in self.instances.items()
            if cluster is None or key.cluster == cluster
            for task in map(state.tasks.__getitem__, state.restless)
            if belongs(task, state)
        ]

    def find_task(self, task_id: str, cluster: str | None = None) -> Task | None:
        """Where two clusters share a host, both have the task: without ``cluster`` the one that came first."""
        for key in self._places.get(task_id, ()):
            if cluster is None or key.cluster == cluster:
                return self.instances[key].tasks[task_id]
        return None

    def own_task(self, task_id: str, cluster: str | None = None) -> Task | None:
        """As one of ``tasks``: where two clusters share a host, that of the cluster which the task is of."""
        for key in self._places.get(task_id, ()):
            state = self.instances[key]
            task = state.tasks[task_id]
            if belongs(task, state) and cluster in (None, key.cluster):
                return task
        return None

    def host_now(self, key: InstanceKey) -> datetime:
        """The host's time now, in UTC, as far as its clock is known."""
        state = self.instances.get(key)
        return datetime.now(UTC) + (state.clock_offset if state else timedelta(0))


def _index(index: dict[str, set[str]], task_id: str, member: str, *, adding: bool) -> None:
    members = index.setdefault(task_id, set())
    (members.add if adding else members.discard)(member)
    if not members:
        del index[task_id]


def _counts(task: Task | None, key: InstanceKey) -> bool:
    """Is it one of the running tasks of the instance's cluster?"""
    return task is not None and task.last_status == "RUNNING" and task.cluster == key.cluster


def belongs(task: Task, state: InstanceState) -> bool:
    """Is this a task of the cluster that the instance is registered in?"""
    return task.cluster == state.instance.key.cluster
