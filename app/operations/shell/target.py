"""Which container is meant, of a task or of nobody, and what it is called in commands and messages."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from app.model.container import Container
from app.model.endpoint import Endpoint
from app.model.errors import MoorageError
from app.model.instance import Instance, InstanceKey
from app.model.safe_text import SafeText, safe_line
from app.model.task import Task, TaskContainer


@dataclass(frozen=True, slots=True)
class Target:
    """A container in which something is to be run. ``task`` is None for one that Moorage did not start."""

    instance: InstanceKey
    endpoint: Endpoint
    container_id: str
    name: str
    task_id: str = ""
    definition: str = ""

    @property
    def where(self) -> SafeText:
        """``prod › web:7 › 3f9c21ab › app on edge-1``"""
        middle = (self.definition, self.task_id[:8]) if self.task_id else ("unmanaged",)
        return safe_line(" › ".join((self.instance.cluster, *middle, self.name)) + f" on {self.instance.name}")

    def command(self, line: str, *, interactive: bool) -> str:
        """The equivalent ``moorage execute-command``."""
        words = ["moorage", "execute-command", "--cluster", self.instance.cluster, *self._flags()]
        words += ["--interactive"] if interactive else []
        return shlex.join([*words, "--command", line])

    def attach_command(self) -> str:
        return shlex.join(["moorage", "attach", "--cluster", self.instance.cluster, *self._flags()])

    def _flags(self) -> list[str]:
        if self.task_id:
            return ["--task", self.task_id, "--container", self.name]
        return ["--container-instance", self.instance.name, "--container", self.name]


def target_of(task: Task, part: TaskContainer, endpoint: Endpoint) -> Target:
    """A container of a task. Raises MoorageError when it does not run."""
    runtime = part.runtime
    if runtime is None or not runtime.up:
        raise not_running(f"container {part.name!r} of task {task.id[:8]}", part.last_status, part.exit_code)
    refuse_paused(runtime, part.name)
    return Target(task.instance, endpoint, runtime.id, part.name, task.id, task.definition)


def target_unmanaged(container: Container, instance: Instance) -> Target:
    """A container that Moorage did not start. Raises MoorageError when it does not run."""
    if not container.up:
        raise not_running(f"container {container.name!r}", container.state, container.exit_code)
    refuse_paused(container, container.name)
    return Target(instance.key, instance.reached_by, container.id, container.name)


def running_parts(task: Task) -> list[TaskContainer]:
    return [part for part in task.containers if part.runtime is not None and part.runtime.up]


def not_running(what: str, state: str, exit_code: int | None) -> MoorageError:
    ended = "" if exit_code is None else f" (exit {exit_code})"
    return MoorageError(f"{what} is {state}{ended}: commands run in running containers only", code=_REFUSED)


def refuse_paused(container: Container, name: str) -> None:
    if container.state == "paused":
        raise MoorageError(f"container {name!r} is paused: unpause it first (docker unpause)", code=_REFUSED)
    if container.state == "restarting":
        raise MoorageError(f"container {name!r} is restarting: try again when it runs", code=_REFUSED)


_REFUSED = "InvalidParameterException"
