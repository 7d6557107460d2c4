"""Writing down that a container will not start, or not again."""

from __future__ import annotations

from app.hosts.engine import Engine
from app.hosts.task_objects import write_record
from app.model.gates import NEVER_STARTED
from app.model.record import FailMark
from app.model.safe_text import safe_line

LONGEST_REASON = 1024
"""Characters that ECS gives a container's reason (design: ECS semantics 1.5)."""


def mark_failed(engine: Engine, task_id: str, container: str, reason: str, exit_code: int | None = None) -> None:
    """The first reason counts. Raises HostError."""
    reason = safe_line(reason[:LONGEST_REASON])
    write_record(engine, FailMark(task_id, container, exit_code, reason, engine.now()))


def mark_impossible(engine: Engine, task_id: str, container: str, why: str) -> None:
    """A container whose dependencies can't be met any more (design: ECS semantics 4.2). Raises HostError."""
    reason = f"CannotStartContainerError: dependency graph: {container}: {why}"
    mark_failed(engine, task_id, container, reason, NEVER_STARTED)
