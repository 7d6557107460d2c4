"""Launching one task on one engine: record, pull, create all, verify, start in dependency order; undo on failure.

Creating is reserving (see ``app.hosts.claim``). Every step is keyed by a deterministic name, so a retry adopts what is
already there (design: architecture, "How a launch goes").
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import time
from dataclasses import dataclass

from app.hosts.claim import judge
from app.hosts.crashpoint import crashpoint
from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError
from app.hosts.images import ensure_image
from app.hosts.labels import DIGEST, TASK, container_name, labels_of, network_name, volume_name
from app.hosts.lease import LeaseKeeper
from app.hosts.reading import container_from_list, inspect_or_none
from app.hosts.stopping import mark_stopped, stop_in_order
from app.hosts.task_objects import forget_task, read_task, remove_belongings, remove_containers, write_record
from app.hosts.translate import create_body, needs_network, tag_for, task_volumes
from app.model.container import Container, TaskTag
from app.model.instance import InstanceKey
from app.model.lifecycle import gate_open
from app.model.progress import Progress, Step, Tell
from app.model.record import StartMark, TaskRecord
from app.model.resources import Resources
from app.model.safe_text import SafeText, safe_line
from app.model.task import Task, TaskContainer
from app.model.task_definition import ContainerDefinition, TaskDefinition

TASK_NETWORKS = ipaddress.IPv4Network("10.202.0.0/16")
"""Task networks are cut from here: Docker's own address pools end at about 30 networks a host."""
_NETWORK_PREFIX = 28
_GATE_POLL = 0.15
_ATTEMPTS = 3
_CONTEST_SECONDS = 15.0
_HOST_PORT = re.compile(r":(\d+)(?!\d|\.)")


@dataclass(frozen=True, slots=True)
class LaunchOrder:
    """What to launch. ``task`` holds what all containers' tags share; ``manifest`` is JSON for the record.

    ``capacity``: what the instance offers to tasks in all.
    """

    task: TaskTag
    definition: TaskDefinition
    manifest: str
    capacity: Resources
    launcher: str


class LaunchFailed(HostError):
    """The task is STOPPED with this reason; nothing of it runs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, "refused")


class ReservationLost(HostError):
    """Another launch took the room first; nothing of this one is left on the host, and another may be tried.

    ``cause``: what there is not enough of, in ECS's terms.
    """

    def __init__(self, reason: str, cause: str) -> None:
        self.cause = cause
        super().__init__(reason, "conflict")


class Launcher:
    """Launches tasks on one engine. ``tell`` is called from the launching thread with each step."""

    def __init__(self, engine: Engine, instance: InstanceKey, tell: Tell) -> None:
        self._engine = engine
        self._instance = instance
        self._tell = tell

    def launch(self, order: LaunchOrder) -> Task:
        """Launch to RUNNING. Raises LaunchFailed, ReservationLost, or HostError when the host stopped answering:

        then what exists is recognised by the next supervisor and finished or undone.
        """
        task_id = order.task.task_id
        self._write_task_record(order)
        crashpoint("after-record")
        try:
            with LeaseKeeper(self._engine, task_id, order.launcher):
                self._pull(order)
                self._create_all(order)
                crashpoint("after-create")
                self._hold(task_id, order.task.reservation, order.capacity)
                return self._start_all(task_id, order.launcher)
        except LaunchFailed as failure:
            self._fail(task_id, failure.message, order.launcher)
            raise
        except ReservationLost:
            forget_task(self._engine, task_id)
            raise

    def resume(self, task: Task, owner: str, number: int, capacity: Resources) -> Task:
        """Finish a launch that was cut off after all its containers were made. Raises LaunchFailed or HostError."""
        try:
            with LeaseKeeper(self._engine, task.id, owner, number):
                if not any(part.runtime and part.runtime.ever_started for part in task.containers):
                    self._hold(task.id, task.reservation, capacity)
                return self._start_all(task.id, owner)
        except (LaunchFailed, ReservationLost) as failure:
            self._fail(task.id, failure.message, owner)
            raise LaunchFailed(failure.message) from failure

    def _say(
        self, task_id: str, step: Step, container: str = "", detail: str = "", done: int = 0, all_: int = 0
    ) -> None:
        self._tell(Progress(task_id, self._instance, step, container, safe_line(detail), done, all_))

    # --- before the start ------------------------------------------------------------------------------------------

    def _write_task_record(self, order: LaunchOrder) -> None:
        tag = order.task
        record = TaskRecord(
            task_id=tag.task_id,
            cluster=tag.cluster,
            family=tag.family,
            revision=tag.revision,
            group=tag.group,
            started_by=tag.started_by,
            created_at=tag.created_at,
            reservation=tag.reservation,
            launcher=order.launcher,
            containers=tuple(container.name for container in order.definition.container_definitions),
            manifest=order.manifest,
        )
        write_record(self._engine, record)

    def _pull(self, order: LaunchOrder) -> None:
        task_id = order.task.task_id
        containers: dict[str, ContainerDefinition] = {}
        for container in order.definition.container_definitions:
            containers.setdefault(container.image, container)
        for image, container in containers.items():
            name = container.name
            self._say(task_id, "pull", name, f"pulling {image}")

            def tell(status: SafeText, done: int, whole: int, name: str = name) -> None:
                self._say(task_id, "pull", name, status, done, whole)

            try:
                fallback = ensure_image(self._engine, image, tell)
            except HostError as error:
                if error.kind in ("unreachable", "timeout"):
                    raise
                raise LaunchFailed(f"CannotPullContainerError: {error.message}") from error
            if fallback:
                self._say(task_id, "warning", name, fallback)

    def _create_all(self, order: LaunchOrder) -> None:
        definition, shared = order.definition, order.task
        try:
            network = self._create_network(shared.task_id) if needs_network(definition) else ""
            for volume in task_volumes(definition):
                self._engine.create_volume(volume_name(shared.task_id, volume), {TASK: shared.task_id})
            for container in definition.container_definitions:
                tag = tag_for(shared, definition, container)
                self._say(shared.task_id, "create", container.name)
                self._create_or_adopt(tag, create_body(definition, container, tag, network))
                crashpoint("between-creates")
        except HostError as error:
            if error.kind in ("unreachable", "timeout"):
                raise
            raise LaunchFailed(f"CannotCreateContainerError: {error.message}") from error

    def _create_or_adopt(self, tag: TaskTag, body: dict[str, object]) -> None:
        name = container_name(tag)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._engine.create_container(name, body)
            except HostError as error:
                if error.kind not in ("conflict", "timeout"):
                    raise
                # The name is taken, or no answer came: what is there now decides.
                there = inspect_or_none(self._engine, name)
                if there is not None and _digest_of(there) == labels_of(tag)[DIGEST]:
                    return
                if there is not None or attempt == _ATTEMPTS:
                    raise
            else:
                return

    def _create_network(self, task_id: str) -> str:
        """A bridge network from TASK_NETWORKS. Docker refuses an overlap, so creating one is also its lock."""
        count = 2 ** (_NETWORK_PREFIX - TASK_NETWORKS.prefixlen)
        first = int.from_bytes(hashlib.sha256(task_id.encode()).digest()[:4], "big") % count
        base = int(TASK_NETWORKS.network_address)
        size = 2 ** (32 - _NETWORK_PREFIX)
        for attempt in range(count):
            subnet = ipaddress.IPv4Network((base + (first + attempt) % count * size, _NETWORK_PREFIX))
            try:
                return self._engine.create_network(network_name(task_id), str(subnet), {TASK: task_id})
            except HostError as error:
                if "overlap" not in error.message:
                    raise
        raise HostError(f"all {count} task networks of {TASK_NETWORKS} are in use", "failed")

    def _hold(self, task_id: str, wanted: Resources, capacity: Resources) -> None:
        """Go on only if the reservation holds; raises ReservationLost."""
        deadline = time.monotonic() + _CONTEST_SECONDS
        while True:
            listed = [container_from_list(entry) for entry in self._engine.containers(TASK)]
            verdict = judge(task_id, wanted, capacity, listed)
            if verdict.state == "held":
                return
            if verdict.state == "lost" or time.monotonic() > deadline:
                words = ", ".join(fault.words for fault in verdict.short)
                raise ReservationLost(f"another launch was first: {words}", verdict.short[0].reason)
            time.sleep(_GATE_POLL)

    # --- the start -------------------------------------------------------------------------------------------------

    def _start_all(self, task_id: str, owner: str) -> Task:
        attempts: dict[str, int] = {}
        told: set[str] = set()
        while True:
            task = read_task(self._engine, self._instance, task_id)
            if task is None:
                raise LaunchFailed("the containers of the task were removed during its launch")
            if task.desired_status == "STOPPED":
                return stop_in_order(self._engine, task, self._tell) or task
            if not attempts:
                write_record(self._engine, StartMark(task_id, self._engine.now()))
            waiting = [part for part in task.containers if part.last_status == "PENDING"]
            if not waiting:
                self._say(task_id, "running")
                return task
            due = [part for part in waiting if self._gate(task, part, owner, told)]
            for part in due:
                self._start(task, part, attempts)
            if not due:
                self._check_start_timeouts(task, waiting, owner)
                time.sleep(_GATE_POLL)

    def _gate(self, task: Task, part: TaskContainer, owner: str, told: set[str]) -> bool:
        gate = gate_open(task, part)
        if isinstance(gate, str):
            # The containers that ran are kept for their logs: they tell why.
            mark_stopped(
                self._engine,
                task.id,
                "TaskFailedToStart",
                f"CannotStartContainerError: dependency graph: {part.name}: {gate}",
                owner,
            )
        if gate is False and part.name not in told:
            told.add(part.name)
            names = ", ".join(f"{name} {condition}" for name, condition in part.depends_on)
            self._say(task.id, "wait", part.name, f"waits for {names}")
        return gate is True

    def _start(self, task: Task, part: TaskContainer, attempts: dict[str, int]) -> None:
        if part.runtime is None:
            raise LaunchFailed(f"container {part.name} was removed during the launch")
        attempts[part.name] = attempts.get(part.name, 0) + 1
        self._say(task.id, "start", part.name)
        try:
            self._engine.start(part.runtime.id)
        except HostError as error:
            if error.kind == "unreachable" or (error.kind == "timeout" and attempts[part.name] < _ATTEMPTS):
                if error.kind == "unreachable":
                    raise
                return  # unknown: the next reading tells whether it has started
            reason = self._who_holds(error.message, task) or error.message
            raise LaunchFailed(f"CannotStartContainerError: {part.name}: {reason}") from error
        crashpoint("between-starts")

    def _who_holds(self, message: str, task: Task) -> str:
        """Docker's words for a taken port do not say who has it: look it up. "" when this is no port conflict."""
        if "port is already allocated" not in message and "address already in use" not in message:
            return ""
        wanted = task.reservation.ports | task.reservation.ports_udp
        port = next((int(text) for text in _HOST_PORT.findall(message) if int(text) in wanted), None)
        if port is None:
            return ""
        for container in (container_from_list(entry) for entry in self._engine.containers()):
            if any(binding.host_port == port for binding in container.ports):
                return f"port {port} is taken by {describe_holder(container)}; stop it or choose another host port"
        return f"port {port} is taken by a process on the host that is not a container; choose another host port"

    def _check_start_timeouts(self, task: Task, waiting: list[TaskContainer], owner: str) -> None:
        awaited = {name for part in waiting for name, condition in part.depends_on if condition != "START"}
        now = self._engine.now()
        for part in task.containers:
            started = part.runtime.started_at if part.runtime else None
            if part.name not in awaited or not part.start_timeout or not started or part.last_status != "RUNNING":
                continue
            if (now - started).total_seconds() > part.start_timeout:
                reason = f"{part.name} did not meet its dependants' condition in {part.start_timeout} s (startTimeout)"
                words = f"CannotStartContainerError: dependency graph: {reason}"
                mark_stopped(self._engine, task.id, "TaskFailedToStart", words, owner)

    # --- the end of a launch that failed ---------------------------------------------------------------------------

    def _fail(self, task_id: str, reason: str, owner: str) -> None:
        mark_stopped(self._engine, task_id, "TaskFailedToStart", reason, owner)
        remove_containers(self._engine, task_id)
        remove_belongings(self._engine, task_id)
        self._say(task_id, "stopped", detail=reason)


def _digest_of(detail: Json) -> str:
    return str(((detail.get("Config") or {}).get("Labels") or {}).get(DIGEST, ""))


def describe_holder(container: Container) -> str:
    if container.tag is not None:
        return f"task {container.tag.task_id[:8]} ({container.tag.family}:{container.tag.revision})"
    return f"container {container.name} (unmanaged)"
