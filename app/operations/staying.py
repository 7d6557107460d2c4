"""What is on an instance, and stays there when it is drained or leaves its cluster, in words."""

from __future__ import annotations

from collections.abc import Sequence

from app.fleet.fleet import InstanceState
from app.model.task import Task

MOST_NAMED = 12
"""Tasks that are named one by one; of the others it is told how many they are."""


def staying(state: InstanceState) -> list[Task]:
    """Tasks of any cluster that are not STOPPED, the same ones together."""
    found = [task for task in state.tasks.values() if task.last_status != "STOPPED"]
    return sorted(found, key=lambda task: (task.family, task.revision, task.last_status, task.id))


def stays(state: InstanceState, most: int = MOST_NAMED) -> list[str]:
    """What draining leaves where it is, a line each."""
    tasks, others = staying(state), sum(container.up for container in state.unmanaged)
    lines = []
    if tasks:
        lines = [f"{_count(len(tasks), 'task')} there {_stay(len(tasks))} until stopped:", *named(tasks, most)]
    if others:
        lines.append(f"{_count(others, 'container')} that Moorage did not start {_stay(others)}")
    if lines:
        return lines
    return ["nothing runs there"] if state.info else ["what runs there is not known"]


def named(tasks: Sequence[Task], most: int = MOST_NAMED) -> list[str]:
    """``  web:7  3f9c21ab  RUNNING  family:web``, in columns; a PENDING one with what becomes of its launch."""
    shown = tasks[:most] if len(tasks) > most + 1 else tasks
    wide = max((len(task.definition) for task in shown), default=0)
    lines = [
        f"  {task.definition:<{wide}}  {task.id[:8]}  {task.last_status:<8}  {task.group}"
        + ("  (its launch goes on)" if task.last_status == "PENDING" else "")
        for task in shown
    ]
    return [*lines, f"  and {len(tasks) - len(shown)} more"] if len(shown) < len(tasks) else lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _stay(number: int) -> str:
    return "stays" if number == 1 else "stay"
