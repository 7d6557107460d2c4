"""Whose logs are meant by the rows that are marked, or by the one at the cursor."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from app.fleet.fleet import Fleet
from app.model.instance import InstanceKey
from widgets.live_table import LiveTable

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from app.operations.log_filter import LogFilter

UNMANAGED = "container:"
"""How the key of an unmanaged container's row begins."""


class LogTarget(NamedTuple):
    """Of a task all containers, or the one that is named; or a container that is no task's."""

    instance: InstanceKey
    task_id: str = ""
    container: str = ""
    container_id: str = ""


def marked_targets(screen: DOMNode, fleet: Fleet) -> list[LogTarget]:
    """What the table of tasks of a screen means, if it has one in sight."""
    for table in screen.query("#tasks").results(LiveTable):
        if table.display:
            keys = list(table.marked) or ([table.cursor_key] if table.cursor_key else [])
            return [target for key in keys if (target := _target(fleet, key)) is not None]
    return []


def _target(fleet: Fleet, key: str) -> LogTarget | None:
    if (task := fleet.find_task(key)) is not None:
        return LogTarget(task.instance, task.id)
    container_id = key.removeprefix(UNMANAGED)
    if container_id != key:
        for instance, state in fleet.instances.items():
            if container_id in state.containers:
                return LogTarget(instance, container_id=container_id)
    return None


def log_commands(targets: Sequence[LogTarget], extent: Sequence[str], wanted: LogFilter) -> list[str]:
    """The commands that show the same: one for each cluster, and one for each container that is no task's."""
    flags = ["--follow", *extent]
    for term in wanted.terms:
        flag = "--exclude" if term.excludes else "--filter"
        flags += [f"{flag}={term.text}"] if term.text.startswith("-") else [flag, term.text]
    flags += [f"--{wanted.stream}-only"] if wanted.stream else []
    tasks: dict[tuple[str, str], list[str]] = {}
    commands = []
    for target in targets:
        if target.task_id:
            tasks.setdefault((target.instance.cluster, target.container), []).append(target.task_id)
        else:
            where = ["--cluster", target.instance.cluster, "--container-instance", target.instance.name]
            commands.append([*where, "--container", target.container_id[:12]])
    for (cluster, container), ids in tasks.items():
        commands.append([*ids, "--cluster", cluster, *(["--container", container] if container else [])])
    return [shlex.join(["moorage", "logs", *arguments, *flags]) for arguments in commands]
