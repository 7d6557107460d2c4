"""run-task and start-task: choose instances, launch each task to RUNNING or to the reason why not."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from app.fleet.fleet import Fleet
from app.hosts.errors import HostError
from app.hosts.launcher import GIVES_WAY_WITHIN, LaunchedElsewhere, Launcher, ReservationLost
from app.hosts.policy.rule import PolicyError
from app.hosts.policy.task import judge_task
from app.hosts.policy.verdict import Verdict
from app.hosts.settings import HostSettings
from app.model.cluster import ClusterFile
from app.model.errors import Finding, MoorageError
from app.model.ids import instance_arn, new_id, short_id
from app.model.instance import InstanceKey
from app.model.progress import Progress, Tell
from app.model.requests import RunTaskRequest, StartTaskRequest
from app.model.resources import Resources
from app.model.safe_text import safe_line
from app.model.task import Task
from app.operations.blueprint import Blueprint, make_blueprint
from app.operations.candidates import candidate
from app.operations.client_tokens import check_alone, launched_elsewhere, wait_for_earlier
from app.operations.deeds import failed_words, kept
from app.operations.policy import accepts
from app.operations.preview import failure_shape, with_holders
from app.operations.schedulers import scheduler_for
from app.operations.session import Session, find_entry, no_instances
from app.operations.task_shape import task_shape
from app.placement.candidate import Candidate
from app.placement.refusals import Refusal, refusal
from app.placement.scheduling import Scheduler

AT_ONCE_PER_INSTANCE = 4
"""Docker does one create at a time anyway; more only make all of them late."""
_LOST = "another launch was first there"
_NOT_THERE = "the image was not brought there"
_FAULT = "a fault of Moorage; what was begun is finished or undone by whoever watches"
_STARTED = "start-task started it there all the same"
_Job = tuple[InstanceKey, str, Scheduler | None]
"""Where, the task's id, and who is asked again when another launch is first there."""


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


def _launched_words(request: RunTaskRequest | StartTaskRequest, launched: Launched) -> str:
    """``web:7: 3 RUNNING, 1 STOPPED; 1 failed: RESOURCE``: what was asked for, and what came of it."""
    states = Counter(task.last_status for task in launched.tasks)
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "nothing launched"
    return f"{short_id(request.task_definition)}: {told}{failed_words(launched.failures)}"


@kept("run-task", _launched_words)
def run_task(session: Session, request: RunTaskRequest, tell: Tell, rng: random.Random | None = None) -> Launched:
    """Let the scheduler place ``count`` tasks, and launch them. Ours goes by the request's strategy, else by chance.

    Raises MoorageError before any launch.
    """
    blueprint = make_blueprint(session, request)
    # Of two calls with one token at once each has to come to the same instances: there only one of them is first.
    rng = rng or random.Random(blueprint.client_token or None)
    scheduler = scheduler_for(session, blueprint.cluster, request.scheduler, rng)
    before, fleet = wait_for_earlier(blueprint, lambda: surveyed(session, blueprint.cluster))
    if before:
        return Launched(before, warnings=blueprint.warnings, instance_ids=_instance_ids(fleet))
    return _Launch(session, accepted(session, blueprint), fleet, tell).place(request.count, scheduler)


@kept("start-task", _launched_words)
def start_task(session: Session, request: StartTaskRequest, tell: Tell) -> Launched:
    """Launch one task on each of the named instances. An unknown one is a failure MISSING.

    The definition's constraints do not bind: ECS says nothing of them here (design: ECS semantics 5.4). One that is not
    met is a warning.
    """
    blueprint = make_blueprint(session, request)
    fleet = surveyed(session, blueprint.cluster)
    return _Launch(session, accepted(session, blueprint), fleet, tell).start_on(request.container_instances)


def launch_with(
    session: Session,
    blueprint: Blueprint,
    count: int,
    scheduler: Scheduler,
    tell: Tell,
    *,
    only: Collection[InstanceKey] | None = None,
    in_place: frozenset[str] = frozenset(),
) -> Launched:
    """As ``run_task``, of a blueprint that was made and accepted already.

    Args:
        only: instances that have the images, and alone may take tasks; None for all.
        in_place: images that are on them, and are taken as they are there.
    """
    fleet = surveyed(session, blueprint.cluster)
    settings = replace(session.settings, in_place=in_place)
    return _Launch(session, blueprint, fleet, tell, settings, only).place(count, scheduler)


def verdict_on(session: Session, blueprint: Blueprint) -> Verdict:
    """What a task of it reaches beyond its own walls."""
    order = blueprint.order("0" * 32, session.now(), session.owner, Resources())
    return judge_task(blueprint.definition, order.tag, blueprint.environments)


def accepted(session: Session, blueprint: Blueprint) -> Blueprint:
    """The same, with the yes of whoever was asked, if somebody has to be; nothing of it is made yet.

    Raises PolicyError when its containers reach further than the cluster allows.
    """
    verdict = verdict_on(session, blueprint)
    title = f"{blueprint.family}:{blueprint.revision} reaches beyond its own containers"
    endpoints = [entry.endpoint for entry in blueprint.cluster.instances]
    yes = accepts(session, blueprint.cluster.name, title, verdict, endpoints)
    return replace(blueprint, accepted=yes)


def _instance_ids(fleet: Fleet) -> dict[InstanceKey, str]:
    return {key: state.instance.id for key, state in fleet.instances.items()}


def surveyed(session: Session, cluster: ClusterFile) -> Fleet:
    if not cluster.instances:
        raise no_instances(cluster)
    return session.survey(cluster)


class _Launch:
    """All tasks of one request, each in a thread of its own."""

    def __init__(
        self,
        session: Session,
        blueprint: Blueprint,
        fleet: Fleet,
        tell: Tell,
        settings: HostSettings | None = None,
        only: Collection[InstanceKey] | None = None,
    ) -> None:
        self._session = session
        self._settings = settings or session.settings
        self._only = only
        self._blueprint = blueprint
        self._fleet = fleet
        self._tell = tell
        self._result = Launched(
            warnings=blueprint.warnings,
            instance_ids=_instance_ids(fleet),
        )
        self._lock = threading.Lock()
        # Of its own, as a scheduler may take its time: results come in meanwhile.
        self._placing = threading.Lock()
        self._placed: Counter[InstanceKey] = Counter()
        self._turns = {key: threading.Semaphore(AT_ONCE_PER_INSTANCE) for key in fleet.instances}

    def place(self, count: int, scheduler: Scheduler) -> Launched:
        task_ids = [self._blueprint.task_id(index) for index in range(count)]
        chosen = scheduler.place(self._blueprint.placement_request(task_ids, self._candidates()))
        self._result.failures += [self._failure(why) for why in chosen.refusals]
        self._placed.update(chosen.placements)
        placed = zip(chosen.placements, task_ids, strict=False)
        self._run_all([(key, task_id, scheduler) for key, task_id in placed])
        return self._result

    def start_on(self, names: list[str]) -> Launched:
        cluster = self._blueprint.cluster
        jobs: list[_Job] = []
        constraints = self._blueprint.demand.constraints
        demand = self._blueprint.demand.on_named_instances()
        for name in names:
            try:
                key = InstanceKey(cluster.name, find_entry(cluster, name).name)
            except MoorageError as error:
                arn = instance_arn(cluster.name, short_id(name))
                self._result.failures.append({"arn": arn, "reason": "MISSING", "detail": error.message})
                continue
            seen = self._candidate(key)
            why = refusal(seen, demand)
            if why is not None:
                self._result.failures.append(self._failure(why))
                continue
            self._result.warnings += tuple(
                Finding("placementConstraints", f"{member.text} does not hold on {key.name}", _STARTED, "warning")
                for member in constraints.unmet(seen.facts)
            )
            self._placed[key] += 1
            jobs.append((key, new_id(), None))
        self._run_all(jobs)
        return self._result

    def _candidates(self, tried: Collection[InstanceKey] = ()) -> list[Candidate]:
        """All instances, as their tasks count for the strategy; those that were tried take nothing any more."""
        seen = [self._candidate(key) for key in self._fleet.instances]
        if self._only is not None:
            seen = [
                one if one.key in self._only else replace(one, barred="IMAGE", barred_words=_NOT_THERE) for one in seen
            ]
        return [replace(one, barred="RESOURCE", barred_words=_LOST) if one.key in tried else one for one in seen]

    def _candidate(self, key: InstanceKey) -> Candidate:
        demand = self._blueprint.demand
        return candidate(self._fleet.instances[key]).with_tasks(self._placed[key], demand.resources, demand.group)

    def _failure(self, why: Refusal, *, planned: bool = True) -> dict[str, str]:
        state = self._fleet.instances[why.key]
        return failure_shape(with_holders(why, state, self._blueprint.demand, planned=planned), state.instance.id)

    def _run_all(self, jobs: Sequence[_Job]) -> None:
        # Daemon threads: a ctrl-c leaves at once, and what is half done is finished or undone by whoever watches.
        threads = [threading.Thread(target=self._run_one, args=job, daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)

    def _run_one(self, key: InstanceKey, task_id: str, scheduler: Scheduler | None) -> None:
        """As ``_launch_one``. Of a fault there is a report; the result must not look as if all were well, either."""
        try:
            self._launch_one(key, task_id, scheduler)
        except Exception:
            self._fail(Refusal(key, "FAULT", f"task {task_id[:8]}: {_FAULT}"))
            raise

    def _launch_one(self, key: InstanceKey, task_id: str, scheduler: Scheduler | None) -> None:
        """Launch one task; when another launch was first, try the next instance that the scheduler gives, if any."""
        tried: set[InstanceKey] = set()
        deadline = time.monotonic() + GIVES_WAY_WITHIN
        while True:
            tried.add(key)
            try:
                with self._turns[key]:
                    task = self._launch_on(key, task_id, constrained=scheduler is not None)
            except LaunchedElsewhere as other:
                why = Refusal(key, other.cause, other.message)
                if (found := self._as_elsewhere(other, task_id)) is not None:
                    self._over(found, scheduler)
                    return
                if other.instance is None or time.monotonic() > deadline:
                    self._fail(why)
                    self._release(scheduler, task_id)
                    return
                tried.discard(key)  # there is room
            except ReservationLost as lost:
                why = Refusal(key, lost.cause, lost.message)
            except PolicyError as error:
                self._fail(Refusal(key, "POLICY", error.message))
                self._release(scheduler, task_id)
                return
            except HostError as error:
                # Not released: what was begun there may yet be finished.
                words = f"{error.message}; what was begun there is finished or undone when it answers again"
                self._fail(Refusal(key, "AGENT", words))
                return
            else:
                self._over(task, scheduler)
                return
            try:
                moved = self._place_again(task_id, key, tried, scheduler)
            except MoorageError as error:
                moved, why = None, replace(why, words=f"{why.words}; {error.message}")
            if moved is None:
                self._fail(why)
                return
            key = moved

    def _as_elsewhere(self, other: LaunchedElsewhere, task_id: str) -> Task | None:
        """What the call that was before this one has made of the task; None: nothing, or nobody answers who knows."""
        if other.instance is None:
            return None
        try:
            return launched_elsewhere(self._session, self._blueprint, task_id, other.instance)
        except MoorageError:
            return None

    def _place_again(
        self, task_id: str, left: InstanceKey, tried: Collection[InstanceKey], scheduler: Scheduler | None
    ) -> InstanceKey | None:
        """Where a task may go that is not launched where it was placed, but on none that were tried; None: nowhere.

        Raises MoorageError when the scheduler does not answer.
        """
        self._release(scheduler, task_id)
        with self._placing:
            self._placed[left] -= 1
            if scheduler is None:
                return None
            chosen = scheduler.place(self._blueprint.placement_request([task_id], self._candidates(tried)))
            self._placed.update(chosen.placements)
            return next(iter(chosen.placements), None)

    def _release(self, scheduler: Scheduler | None, task_id: str) -> None:
        try:
            if scheduler is not None:
                scheduler.release([task_id])
        except MoorageError as error:
            with self._lock:
                self._result.warnings += (Finding("scheduler", error.message, "", "warning"),)

    def _launch_on(self, key: InstanceKey, task_id: str, *, constrained: bool) -> Task:
        state, blueprint = self._fleet.instances[key], self._blueprint
        engine = self._session.engine(state.instance.reached_by)
        self._tell(Progress(task_id, key, "placed", detail=safe_line(f"{blueprint.family}:{blueprint.revision}")))
        order = blueprint.order(task_id, engine.now(), self._session.owner, state.registered, constrained=constrained)
        if blueprint.client_token:
            order = replace(order, confirm=partial(check_alone, self._session, blueprint, task_id, key))
        return Launcher(engine, key, self._tell, self._settings).launch(order)

    def _fail(self, why: Refusal) -> None:
        with self._lock:
            self._result.failures.append(self._failure(why, planned=False))

    def _over(self, task: Task, scheduler: Scheduler | None) -> None:
        with self._lock:
            self._result.tasks.append(task)
        if task.last_status == "STOPPED":
            self._release(scheduler, task.id)
