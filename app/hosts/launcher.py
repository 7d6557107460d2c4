"""Launching one task on one engine: record, pull, create all, verify, start in dependency order; undo on failure.

Creating is reserving (see ``app.hosts.claim``). Every step is keyed by a deterministic name, so a retry adopts what is
already there (design: architecture, "How a launch goes").
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.hosts.claim import judge
from app.hosts.crashpoint import crashpoint
from app.hosts.creating import Creator
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images.ensuring import ensure_image, platform_of
from app.hosts.labels import TASK
from app.hosts.lease import LeaseKeeper
from app.hosts.marking import mark_failed, mark_impossible
from app.hosts.policy.rule import PolicyError
from app.hosts.policy.task import judge_task
from app.hosts.reading import container_from_list, inspect_or_none
from app.hosts.replacing import check_again
from app.hosts.settings import HostSettings
from app.hosts.starting import Starter
from app.hosts.stopping import mark_stopped, stop_in_order, try_to_mark
from app.hosts.task_objects import forget_task, read_task, stop_asked, write_record
from app.hosts.translate import needs_pause
from app.model.container import TaskTag
from app.model.environment import ContainerEnvironment
from app.model.gates import creation_order
from app.model.ids import task_arn
from app.model.instance import InstanceKey
from app.model.names import PAUSE
from app.model.progress import Progress, Step, Tell
from app.model.record import StartMark, TaskRecord
from app.model.registry import Credential
from app.model.resources import Resources
from app.model.safe_text import SafeText, safe_line
from app.model.task import Task
from app.model.task_definition import ContainerDefinition, TaskDefinition, dependencies

_CONTEST_POLL = 0.15
_CONTEST_SECONDS = 15.0
GIVES_WAY_WITHIN = _CONTEST_SECONDS + 5
"""Seconds for which a call waits for one with the same client token, whose task may come to nothing yet."""
_UNANSWERED = ("unreachable", "timeout")
_NO_ENVIRONMENT = ContainerEnvironment()


@dataclass(frozen=True, slots=True)
class LaunchOrder:
    """What to launch: the record that the task gets, its definition with the overrides in place, and for each container

    what comes from outside. ``capacity``: what the instance offers to tasks in all. ``distinct``: no other task of the
    group may be there (distinctInstance). ``accepted``: somebody who knows what its containers reach beyond their own
    walls has said yes. ``confirm`` is called once the record is there and nothing else yet: it raises LaunchedElsewhere
    when the task is another's to launch.
    """

    record: TaskRecord
    definition: TaskDefinition
    capacity: Resources
    environments: Mapping[str, ContainerEnvironment] = field(default_factory=dict)
    distinct: bool = False
    accepted: bool = False
    confirm: Callable[[], None] | None = None

    @property
    def tag(self) -> TaskTag:
        """What all its containers' tags share."""
        record = self.record
        return TaskTag(
            task_id=record.task_id,
            cluster=record.cluster,
            family=record.family,
            revision=record.revision,
            container="",
            containers=len(record.containers),
            group=record.group,
            started_by=record.started_by,
            created_at=record.created_at,
            reservation=record.reservation,
        )


def part_names(definition: TaskDefinition) -> tuple[str, ...]:
    """The containers that a task of this definition has on its host, the pause container first."""
    names = tuple(container.name for container in definition.container_definitions)
    return (PAUSE, *names) if needs_pause(definition) else names


class ReservationLost(HostError):
    """Another launch took the room first; nothing of this one is left on the host, and another may be tried.

    ``cause``: what there is not enough of, in ECS's terms.
    """

    def __init__(self, reason: str, cause: str) -> None:
        self.cause = cause
        super().__init__(reason, "conflict")


class LaunchedElsewhere(ReservationLost):
    """Another call with the same client token launches the task on ``instance``. None: one that is silent may know."""

    def __init__(self, reason: str, instance: InstanceKey | None) -> None:
        self.instance = instance
        super().__init__(reason, "AGENT")


class _Over(Exception):
    """The task can't be started; a mark on its host says why."""


class Launcher:
    """Launches tasks on one engine. ``tell`` is called from the launching thread with each step."""

    def __init__(self, engine: Engine, instance: InstanceKey, tell: Tell, settings: HostSettings | None = None) -> None:
        self._engine = engine
        self._instance = instance
        self._tell = tell
        self._settings = settings or HostSettings()

    def launch(self, order: LaunchOrder) -> Task:
        """Launch to RUNNING, or to STOPPED with the reason why not: the task as it is then.

        Raises ReservationLost; PolicyError before anything is made; or HostError when the host stopped answering: then
        what exists is recognised by the next supervisor and finished or undone.
        """
        verdict = judge_task(order.definition, order.tag, order.environments)
        self._engine.check(verdict, accepted=order.accepted)
        task_id, owner = order.record.task_id, order.record.launcher
        written = write_record(self._engine, order.record)
        if isinstance(written, TaskRecord) and written.launcher != owner:
            # The same client token, at the same moment: the other call launches it.
            return self._launched_by_another(task_id, owner)
        crashpoint("after-record")
        try:
            with LeaseKeeper(self._engine, task_id, owner):
                if order.confirm is not None:
                    order.confirm()
                sequence = self._sequence(order)
                began = self._engine.now()
                failed = self._pull_all(order)
                pulled = self._engine.now()
                crashpoint("after-pull")
                self._create_all(order, sequence, failed)
                crashpoint("after-create")
                alone_of = order.record.group if order.distinct else ""
                self._hold(task_id, order.record.reservation, order.capacity, alone_of)
                crashpoint("after-hold")
                return self._start_all(task_id, owner, StartMark(task_id, self._engine.now(), began, pulled))
        except _Over:
            return self._wind_up(task_id, owner)
        except ReservationLost as lost:
            # One that is to be stopped is not to be launched elsewhere; of one that is, nothing stays here.
            if not isinstance(lost, LaunchedElsewhere) and stop_asked(self._engine, task_id):
                return self._wind_up(task_id, owner)
            forget_task(self._engine, task_id)
            raise

    def resume(self, task: Task, owner: str, number: int, capacity: Resources) -> Task:
        """Finish a launch that was cut off after all its containers were made: RUNNING, or STOPPED with the reason.

        Whoever launched it was asked; what its cluster denies by now is undone. Raises HostError when the host stopped
        answering.
        """
        try:
            with LeaseKeeper(self._engine, task.id, owner, number):
                self._check_again(task)
                if not any(part.ran for part in task.parts):
                    # distinctInstance needs no second look: who came meanwhile has seen these containers, and gave way.
                    self._hold(task.id, task.reservation, capacity)
                return self._start_all(task.id, owner, StartMark(task.id, self._engine.now()))
        except (ReservationLost, PolicyError) as refused:
            mark_stopped(self._engine, task.id, "TaskFailedToStart", refused.message, owner)
            return self._wind_up(task.id, owner)

    def _check_again(self, task: Task) -> None:
        for part in task.parts:
            if part.runtime is None or part.ran:
                continue
            if (detail := inspect_or_none(self._engine, part.runtime.id)) is not None:
                check_again(self._engine, detail)

    def _say(
        self, task_id: str, step: Step, container: str = "", detail: str = "", done: int = 0, all_: int = 0
    ) -> None:
        self._tell(Progress(task_id, self._instance, step, container, safe_line(detail), done, all_))

    # --- before the start ------------------------------------------------------------------------------------------

    def _sequence(self, order: LaunchOrder) -> list[str]:
        """The order in which the containers are made: volumesFrom asks for what is there already."""
        definition = order.definition
        waits = {container.name: dependencies(definition, container) for container in definition.container_definitions}
        sequence = creation_order(waits)
        if sequence is None:
            arn = task_arn(order.record.cluster, order.record.task_id)
            self._give_up(order, f"TaskDependencyError: Task dependencies cannot be resolved, taskArn: {arn}")
        return sequence or []

    def _pull_all(self, order: LaunchOrder) -> set[str]:
        """Pull each image once, and once more for each credential of its own.

        Returns the containers that are left out because their images can't be had.
        """
        users: dict[tuple[str, Credential | None], list[ContainerDefinition]] = {}
        for container in order.definition.container_definitions:
            credential = order.environments.get(container.name, _NO_ENVIRONMENT).credential
            users.setdefault((container.image, credential), []).append(container)
        failed: set[str] = set()
        for (image, credential), containers in users.items():
            try:
                self._pull(order, image, containers[0].name, credential)
            except HostError as error:
                if error.kind in _UNANSWERED:
                    raise
                reason = f"CannotPullContainerError: {error.message}"
                if self._settings.pull in ("always", "once"):
                    self._give_up(order, reason)
                for container in containers:
                    self._leave_out(order, container, reason)
                failed |= {container.name for container in containers}
        return failed

    def _pull(self, order: LaunchOrder, image: str, container: str, credential: Credential | None) -> None:
        task_id = order.record.task_id
        self._say(task_id, "pull", container, f"pulling {image}")

        def tell(status: SafeText, done: int, whole: int) -> None:
            self._say(task_id, "pull", container, status, done, whole)

        platform = platform_of(order.definition)
        fallback = ensure_image(self._engine, image, tell, self._settings.pull_of(image), platform, credential)
        if fallback:
            self._say(task_id, "warning", container, fallback)
        if stop_asked(self._engine, task_id):
            raise _Over

    def _create_all(self, order: LaunchOrder, sequence: list[str], failed: set[str]) -> None:
        definition, task_id = order.definition, order.record.task_id
        try:
            creator = Creator(
                self._engine,
                order.tag,
                definition,
                order.environments,
                self._settings,
                accepted=order.accepted,
            )
        except HostError as error:
            if error.kind in _UNANSWERED:
                raise
            self._give_up(order, error.message)
            return
        crashpoint("between-creates")
        for container in (definition.container(name) for name in sequence):
            missing = [name for name in dependencies(definition, container) if name in failed]
            if missing:
                mark_impossible(self._engine, task_id, container.name, f"{missing[0]!r} will never start")
                self._left_out(container)
                failed.add(container.name)
            elif container.name not in failed:
                self._say(task_id, "create", container.name)
                if not self._create(order, creator, container):
                    failed.add(container.name)
                elif stop_asked(self._engine, task_id):
                    raise _Over
            crashpoint("between-creates")

    def _create(self, order: LaunchOrder, creator: Creator, container: ContainerDefinition) -> bool:
        try:
            creator.create(container)
        except HostError as error:
            if error.kind in _UNANSWERED:
                raise
            self._leave_out(order, container, f"CannotCreateContainerError: {error.message}")
            return False
        return True

    def _leave_out(self, order: LaunchOrder, container: ContainerDefinition, reason: str) -> None:
        mark_failed(self._engine, order.record.task_id, container.name, reason)
        self._left_out(container)
        self._say(order.record.task_id, "warning", container.name, reason)

    def _left_out(self, container: ContainerDefinition) -> None:
        """A task goes on without a container that is not essential (design: ECS semantics 4.3)."""
        if container.essential:
            raise _Over

    def _give_up(self, order: LaunchOrder, reason: str) -> None:
        mark_stopped(self._engine, order.record.task_id, "TaskFailedToStart", reason, order.record.launcher)
        raise _Over

    def _hold(self, task_id: str, wanted: Resources, capacity: Resources, alone_of: str = "") -> None:
        """Go on only if the reservation holds; raises ReservationLost."""
        deadline = time.monotonic() + _CONTEST_SECONDS
        while True:
            listed = [container_from_list(entry) for entry in self._engine.containers(TASK)]
            verdict = judge(task_id, wanted, capacity, listed, alone_of)
            if verdict.state == "held":
                return
            if verdict.state == "lost" or time.monotonic() > deadline:
                words = ", ".join(fault.words for fault in verdict.short)
                raise ReservationLost(f"another launch was first: {words}", verdict.short[0].reason)
            time.sleep(_CONTEST_POLL)

    # --- the start, and the end of a launch that failed ------------------------------------------------------------

    def _start_all(self, task_id: str, owner: str, mark: StartMark) -> Task:
        if (
            found := read_task(self._engine, self._instance, task_id)
        ) is not None and found.desired_status == "STOPPED":
            return self._wind_up(task_id, owner)
        write_record(self._engine, mark)
        crashpoint("after-start-mark")
        Starter(self._engine, self._instance, task_id, self._tell, self._settings.host_ports).run()
        return self._wind_up(task_id, owner)

    def _launched_by_another(self, task_id: str, owner: str) -> Task:
        """As the other call has launched it. Raises ReservationLost once that has given way here."""
        deadline = time.monotonic() + GIVES_WAY_WITHIN
        while (task := read_task(self._engine, self._instance, task_id)) is not None and task.may_give_way:
            if time.monotonic() > deadline:
                break
            time.sleep(_CONTEST_POLL)
        if task is None:
            raise ReservationLost("the other call with this client token gave way here", "RESOURCE")
        return self._wind_up(task_id, owner)

    def _wind_up(self, task_id: str, owner: str) -> Task:
        """The task as it is now; one that is to stop is stopped first, in order, with what ran kept for its logs."""
        task = read_task(self._engine, self._instance, task_id)
        if task is None:
            raise HostError(f"everything of task {task_id[:8]} was removed during its launch", "failed")
        if task.desired_status == "RUNNING":
            return task
        if task.stop_code is not None and not task.stopped_by:
            try_to_mark(self._engine, task_id, task.stop_code, task.stopped_reason, owner)
        return stop_in_order(self._engine, task, self._tell) or task
