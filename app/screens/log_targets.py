"""Whose logs are meant by the rows that are marked, or by the one at the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from app.fleet.fleet import Fleet
from app.model.instance import InstanceKey
from widgets.live_table import LiveTable

if TYPE_CHECKING:
    from textual.dom import DOMNode

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
