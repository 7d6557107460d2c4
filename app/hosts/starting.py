"""Starting a task's containers, each when its gate opens (design: ECS semantics 4.2 and 4.3)."""

from __future__ import annotations

import re
import time

from app.hosts.crashpoint import crashpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.marking import mark_failed, mark_impossible
from app.hosts.ports import Port, PortChooser, moved, ports_in_use
from app.hosts.reading import container_from_list, inspect_or_none
from app.hosts.replacing import bindings_of, rebind, replace_part
from app.hosts.task_objects import read_task
from app.model.container import Container
from app.model.gates import gate_open, overdue
from app.model.instance import InstanceKey
from app.model.names import PAUSE
from app.model.progress import Progress, Step, Tell
from app.model.safe_text import safe_line
from app.model.task import Task, TaskContainer

_GATE_POLL = 0.15
_ATTEMPTS = 3
_PORT_ATTEMPTS = 50
_HOST_PORT = re.compile(r":(\d+)(?!\d|\.)")
_TIMED_OUT = "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s"


class Starter:
    """Starts one task whose containers are all made. Safe to run for a task that is partly started already."""

    def __init__(
        self, engine: Engine, instance: InstanceKey, task_id: str, tell: Tell, host_ports: tuple[int, int]
    ) -> None:
        self._engine = engine
        self._instance = instance
        self._task_id = task_id
        self._tell = tell
        self._host_ports = host_ports
        self._attempts: dict[str, int] = {}
        self._moves: dict[str, int] = {}
        self._refused: set[Port] = set()
        self._waiting_told: set[str] = set()

    def run(self) -> None:
        """Return when every container has started or never will, or when the task is to stop. Raises HostError."""
        while True:
            task = read_task(self._engine, self._instance, self._task_id)
            if task is None or task.desired_status == "STOPPED":
                return
            waiting = [part for part in task.parts if part.last_status == "PENDING"]
            if not waiting:
                self._say("running")
                return
            due = [part for part in waiting if self._due(task, part)]
            for part in due:
                self._start(task, part)
            if not due:
                time.sleep(_GATE_POLL)

    def _say(self, step: Step, container: str = "", detail: str = "") -> None:
        if container != PAUSE:
            self._tell(Progress(self._task_id, self._instance, step, container, safe_line(detail)))

    def _due(self, task: Task, part: TaskContainer) -> bool:
        gate = gate_open(task, part)
        if gate is False:
            gate = overdue(task, part, self._engine.now()) or False
        if isinstance(gate, str):
            # Essential or not, it stays down; the task stops if it was, and what ran is kept for its logs.
            mark_impossible(self._engine, task.id, part.name, gate)
        elif gate is False and part.name not in self._waiting_told:
            self._waiting_told.add(part.name)
            names = ", ".join(f"{name} {condition}" for name, condition in part.awaits)
            self._say("wait", part.name, f"waits for {names}")
        return gate is True

    def _start(self, task: Task, part: TaskContainer) -> None:
        if part.runtime is None:
            self._fail(part, "it was removed during the launch")
            return
        self._attempts[part.name] = self._attempts.get(part.name, 0) + 1
        self._say("start", part.name)
        try:
            self._engine.start(part.runtime.id)
        except HostError as error:
            try:
                self._recover(task, part, part.runtime, error)
            except HostError as another:
                if another.kind in ("unreachable", "timeout"):
                    raise
                self._fail(part, another.message)
        crashpoint("between-starts")

    def _recover(self, task: Task, part: TaskContainer, runtime: Container, error: HostError) -> None:
        """After a start that failed: change what can be changed, or say that it will never start."""
        if error.kind == "unreachable":
            raise error
        last = self._attempts[part.name] >= _ATTEMPTS
        if error.kind == "timeout":
            if last:
                self._engine.stop(runtime.id, part.stop_timeout)  # it may be up after all
                mark_failed(self._engine, task.id, part.name, _TIMED_OUT)
            return  # else unknown: the next reading tells whether it has started
        if self._moved_to_other_ports(task, part, runtime, error.message):
            return
        if "already exists" in error.message and not last:
            # dockerd 20.10 was killed during a start: this container can never be started, the same again can.
            if (detail := inspect_or_none(self._engine, runtime.id)) is not None:
                replace_part(self._engine, task, part.name, detail)
            return
        # A launch that was cut off between its pause container and the others left these bound to the one before.
        detail = None if last else inspect_or_none(self._engine, runtime.id)
        if detail is not None and rebind(self._engine, task, part.name, detail):
            return
        self._fail(part, self._who_holds(error.message, task) or error.message)

    def _fail(self, part: TaskContainer, why: str) -> None:
        name = "the pause container" if part.name == PAUSE else part.name
        reason = f"CannotStartContainerError: {name}: {why}"
        mark_failed(self._engine, self._task_id, part.name, reason)
        if not part.essential:  # else the task stops, and says it itself
            self._say("warning", part.name, reason)

    # --- ports -----------------------------------------------------------------------------------------------------

    def _moved_to_other_ports(self, task: Task, part: TaskContainer, runtime: Container, message: str) -> bool:
        """A host port of our own choice was taken meanwhile: made again with others."""
        if not _port_conflict(message) or self._moves.get(part.name, 0) >= _PORT_ATTEMPTS:
            return False
        detail = inspect_or_none(self._engine, runtime.id)
        if detail is None:
            return False
        static = {("tcp", port) for port in task.reservation.ports}
        static |= {("udp", port) for port in task.reservation.ports_udp}
        bindings = bindings_of(detail)
        named = {int(text) for text in _HOST_PORT.findall(message)}
        refused = {(port.protocol, port.host_port) for port in bindings if port.host_port in named} - static
        if not refused:
            return False
        # What a process holds that is no container is known from its refusals alone.
        self._refused |= refused
        self._moves[part.name] = self._moves.get(part.name, 0) + 1
        self._attempts[part.name] = 0
        listed = [container_from_list(entry) for entry in self._engine.containers()]
        # Each try begins elsewhere: another launch may be choosing at this moment.
        seed = f"{task.id}{part.name}{self._moves[part.name]}"
        chooser = PortChooser(self._host_ports, ports_in_use(listed) | self._refused, seed)
        replace_part(self._engine, task, part.name, detail, moved(bindings, static, refused, chooser))
        return True

    def _who_holds(self, message: str, task: Task) -> str:
        """Docker's words for a taken port do not say who has it: look it up. "" when this is no port conflict."""
        if not _port_conflict(message):
            return ""
        wanted = task.reservation.ports | task.reservation.ports_udp
        port = next((int(text) for text in _HOST_PORT.findall(message) if int(text) in wanted), None)
        if port is None:
            return ""
        for container in (container_from_list(entry) for entry in self._engine.containers()):
            if any(binding.host_port == port for binding in container.ports):
                return f"port {port} is taken by {describe_holder(container)}; stop it or choose another host port"
        return f"port {port} is taken by a process on the host that is not a container; choose another host port"


def _port_conflict(message: str) -> bool:
    return "port is already allocated" in message or "address already in use" in message


def describe_holder(container: Container) -> str:
    if container.tag is not None:
        return f"task {container.tag.task_id[:8]} ({container.tag.family}:{container.tag.revision})"
    return f"container {container.name} (unmanaged)"
