"""run-task and start-task: choose instances, launch each task to RUNNING or to the reason why not."""

from __future__ import annotations

import random
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from app.fleet.fleet import Fleet, InstanceState
from app.hosts.errors import HostError
from app.hosts.launcher import Launcher, LaunchFailed, LaunchOrder, ReservationLost, describe_holder
from app.hosts.task_objects import read_task
from app.model.cluster import ClusterFile
from app.model.container import TaskTag
from app.model.errors import Finding, MoorageError
from app.model.ids import instance_arn, new_id, short_id
from app.model.instance import InstanceKey
from app.model.manifest import write_manifest
from app.model.overrides import with_overrides
from app.model.progress import Progress, Tell
from app.model.requests import RunTaskRequest, StartTaskRequest
from app.model.reservation import reservation
from app.model.resources import Resources, total
from app.model.safe_text import safe_line
from app.model.task import Task
from app.model.task_definition import TaskDefinition
from app.operations.definitions import find_definition, parsed
from app.operations.session import Session, find_entry
from app.operations.shapes import task_shape
from app.placement.planner import Candidate, Refusal, plan, refusal

AT_ONCE_PER_INSTANCE = 4
"""Docker does one create at a time anyway; more only make all of them late."""


@dataclass(slots=True)
class Launched:
    """How the launches ended. A task that failed to start is among ``tasks``, STOPPED, with its reason."""

    tasks: list[Task] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    warnings: tuple[Finding, ...] = ()
    instance_ids: dict[InstanceKey, str] = field(default_factory=dict)

    def shape(self) -> dict[str, Any]:
        tasks = [task_shape(task, self.instance_ids[task.instance]) for task in self.tasks]
        return {"tasks": tasks, "failures": self.failures}

    @property
    def succeeded(self) -> bool:
        return not self.failures and not any(task.stop_code == "TaskFailedToStart" for task in self.tasks)


@dataclass(frozen=True, slots=True)
class _Blueprint:
    """What all tasks of one request share."""

    cluster: ClusterFile
    family: str
    revision: int
    definition: TaskDefinition
    manifest: str
    wanted: Resources
    group: str
    started_by: str
    warnings: tuple[Finding, ...]


def run_task(session: Session, request: RunTaskRequest, tell: Tell, rng: random.Random | None = None) -> Launched:
    """Place ``count`` tasks by ECS's first default scheduler and launch them. Raises MoorageError before any launch."""
    blueprint = _blueprint(session, request)
    fleet = _surveyed(session, blueprint.cluster)
    chance = rng or random.Random()
    return _Launch(session, blueprint, fleet, tell, chance).place(request.count)


def start_task(session: Session, request: StartTaskRequest, tell: Tell) -> Launched:
    """Launch one task on each of the named instances. An unknown one is a failure MISSING."""
    blueprint = _blueprint(session, request)
    fleet = _surveyed(session, blueprint.cluster)
    launch = _Launch(session, blueprint, fleet, tell, random.Random())
    return launch.start_on(request.container_instances)


def candidate(state: InstanceState) -> Candidate:
    """An instance as the planner sees it: what is reserved, and the ports that anything there has published."""
    published = [port for container in state.containers.values() if container.up for port in container.ports]
    taken = Resources(
        ports=frozenset(port.host_port for port in published if port.protocol == "tcp"),
        ports_udp=frozenset(port.host_port for port in published if port.protocol == "udp"),
    )
    barred, words = "", ""
    if not state.live:
        barred, words = "AGENT", state.freshness.reason or "no answer yet"
    elif state.instance.status == "DRAINING":
        barred, words = "DRAINING", "the instance is draining"
    return Candidate(state.instance.key, state.registered, state.reserved + taken, barred, words)


def port_holders(state: InstanceState, wanted: Resources) -> list[str]:
    """Who has the ports that a task wants on an instance, in words: port 8080 is taken by task 3f9c21ab (web:7)."""
    found: dict[str, str] = {}
    for protocol, ports in (("tcp", wanted.ports), ("udp", wanted.ports_udp)):
        for container in state.containers.values():
            for port in container.ports if container.up else ():
                if port.protocol == protocol and port.host_port in ports:
                    found[f"{protocol} {port.host_port}"] = (
                        f"port {port.host_port} is taken by {describe_holder(container)}"
                    )
        for task in state.tasks.values():
            held = task.reservation.ports if protocol == "tcp" else task.reservation.ports_udp
            for number in held & ports if task.last_status != "STOPPED" else ():
                words = f"port {number} is taken by task {task.id[:8]} ({task.definition})"
                found.setdefault(f"{protocol} {number}", words)
    return [found[key] for key in sorted(found)]


def _surveyed(session: Session, cluster: ClusterFile) -> Fleet:
    if not cluster.instances:
        raise MoorageError(
            "No Container Instances were found in your cluster. Add one: "
            f"moorage register-container-instance --cluster {cluster.name} --endpoint unix:///var/run/docker.sock",
            code="InvalidParameterException",
        )
    return session.survey(cluster)


def _blueprint(session: Session, request: RunTaskRequest | StartTaskRequest) -> _Blueprint:
    cluster = session.cluster(request.cluster)
    stored = find_definition(session, request.task_definition)
    if stored.status != "ACTIVE":
        raise MoorageError("TaskDefinition is inactive", code="InvalidParameterException")
    original = parsed(stored)
    document = with_overrides(original.definition, request.overrides)
    if document.definition.network_mode == "awsvpc":
        raise MoorageError(
            f"{stored.family}:{stored.revision} asks for networkMode awsvpc, not emulated yet; use bridge or host"
        )
    overrides = request.overrides.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
    definition = original.definition.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
    return _Blueprint(
        cluster=cluster,
        family=stored.family,
        revision=stored.revision,
        definition=document.definition,
        manifest=write_manifest(definition, overrides),
        wanted=reservation(document.definition),
        group=request.group or f"family:{stored.family}",
        started_by=request.started_by or session.operator,
        warnings=original.warnings,
    )


class _Launch:
    """All tasks of one request, each in a thread of its own."""

    def __init__(self, session: Session, blueprint: _Blueprint, fleet: Fleet, tell: Tell, rng: random.Random) -> None:
        self._session = session
        self._blueprint = blueprint
        self._fleet = fleet
        self._tell = tell
        self._rng = rng
        self._result = Launched(
            warnings=blueprint.warnings,
            instance_ids={key: state.instance.id for key, state in fleet.instances.items()},
        )
        self._lock = threading.Lock()
        self._placed: dict[InstanceKey, list[Resources]] = {key: [] for key in fleet.instances}
        self._turns = {key: threading.Semaphore(AT_ONCE_PER_INSTANCE) for key in fleet.instances}

    def place(self, count: int) -> Launched:
        chosen = plan(self._blueprint.wanted, count, self._candidates(), self._rng)
        self._result.failures += [self._failure(why) for why in chosen.refusals]
        for key in chosen.placements:
            self._placed[key].append(self._blueprint.wanted)
        self._run_all([(key, True) for key in chosen.placements])
        return self._result

    def start_on(self, names: list[str]) -> Launched:
        cluster, jobs = self._blueprint.cluster, []
        for name in names:
            try:
                key = InstanceKey(cluster.name, find_entry(cluster, name).name)
            except MoorageError as error:
                arn = instance_arn(cluster.name, short_id(name))
                self._result.failures.append({"arn": arn, "reason": "MISSING", "detail": error.message})
                continue
            why = refusal(self._candidate(key), self._blueprint.wanted)
            if why is not None:
                self._result.failures.append(self._failure(why))
                continue
            self._placed[key].append(self._blueprint.wanted)
            jobs.append((key, False))
        self._run_all(jobs)
        return self._result

    def _candidates(self, without: Collection[InstanceKey] = ()) -> list[Candidate]:
        return [self._candidate(key) for key in self._fleet.instances if key not in without]

    def _candidate(self, key: InstanceKey) -> Candidate:
        seen = candidate(self._fleet.instances[key])
        reserved = seen.reserved + total(self._placed[key])
        return Candidate(key, seen.registered, reserved, seen.barred, seen.barred_words)

    def _failure(self, why: Refusal) -> dict[str, str]:
        arn = instance_arn(why.key.cluster, self._result.instance_ids[why.key])
        held = "".join(f"; {words}" for words in port_holders(self._fleet.instances[why.key], self._blueprint.wanted))
        return {"arn": arn, "reason": why.reason, "detail": f"{why.key.name}: {why.words}{held}"}

    def _run_all(self, jobs: list[tuple[InstanceKey, bool]]) -> None:
        # Daemon threads: a ctrl-c leaves at once, and what is half done is finished or undone by whoever watches.
        threads = [threading.Thread(target=self._run_one, args=job, daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)

    def _run_one(self, key: InstanceKey, may_move: bool) -> None:
        """Launch one task; when another launch was first, try the next instance that fits."""
        task_id, tried = new_id(), {key}
        while True:
            try:
                with self._turns[key]:
                    self._add(self._launch_on(key, task_id))
                return
            except ReservationLost as lost:
                why = Refusal(key, lost.cause, lost.message)
            except HostError as error:
                self._host_failed(key, error)
                return
            with self._lock:
                self._placed[key].remove(self._blueprint.wanted)
                chosen = plan(self._blueprint.wanted, 1, self._candidates(tried) if may_move else [], self._rng)
                if not chosen.placements:
                    self._result.failures.append(self._failure(why))
                    return
                key = chosen.placements[0]
                tried.add(key)
                self._placed[key].append(self._blueprint.wanted)

    def _launch_on(self, key: InstanceKey, task_id: str) -> Task:
        state, blueprint = self._fleet.instances[key], self._blueprint
        engine = self._session.engine(state.instance.endpoint)
        self._tell(Progress(task_id, key, "placed", detail=safe_line(f"{blueprint.family}:{blueprint.revision}")))
        shared = TaskTag(
            task_id=task_id,
            cluster=blueprint.cluster.name,
            family=blueprint.family,
            revision=blueprint.revision,
            container="",
            containers=len(blueprint.definition.container_definitions),
            group=blueprint.group,
            started_by=blueprint.started_by,
            created_at=engine.now(),
            reservation=blueprint.wanted,
        )
        order = LaunchOrder(shared, blueprint.definition, blueprint.manifest, state.registered, self._session.owner)
        try:
            return Launcher(engine, key, self._tell).launch(order)
        except LaunchFailed:
            task = read_task(engine, key, task_id)
            if task is None:
                raise
            return task

    def _host_failed(self, key: InstanceKey, error: HostError) -> None:
        why = Refusal(
            key, "AGENT", f"{error.message}; what was begun there is finished or undone when it answers again"
        )
        with self._lock:
            self._result.failures.append(self._failure(why))

    def _add(self, task: Task) -> None:
        with self._lock:
            self._result.tasks.append(task)
