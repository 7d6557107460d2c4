"""restartPolicy: the same container again, counted (design: ECS semantics 4.5)."""

from __future__ import annotations

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.marking import mark_failed
from app.hosts.task_objects import write_record
from app.model.record import RestartMark, record_name
from app.model.task import Task, TaskContainer


def restart_ended(engine: Engine, task: Task) -> str:
    """Start the containers whose policy asks for it; returns their names and exit codes. Raises HostError.

    The mark comes first: its number is the same for all who do this at once, and starting twice is starting once.
    """
    ended = [part for part in task.containers if part.restarting]
    for part in ended:
        _restart(engine, task, part)
    return ", ".join(f"{part.name} had exited with {part.exit_code}" for part in ended)


def _restart(engine: Engine, task: Task, part: TaskContainer) -> None:
    assert part.runtime is not None
    now = engine.now()
    mark = RestartMark(task.id, part.name, part.restart_count + 1, now, part.started_at or now)
    write_record(engine, mark)
    try:
        engine.start(part.runtime.id)
    except HostError as error:
        if error.kind in ("unreachable", "timeout"):
            raise
        # The exit is then one like any other: an essential container takes the task with it.
        mark_failed(engine, task.id, part.name, f"CannotStartContainerError: {part.name}: {error.message}")
    if part.restart_count:
        engine.remove_volume(record_name(RestartMark(task.id, part.name, part.restart_count, now, now)))
