"""restartPolicy: the same container again, counted (design: ECS semantics 4.5)."""

from __future__ import annotations

from datetime import timedelta

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.marking import mark_failed
from app.hosts.task_objects import read_task, write_record
from app.model.record import RestartMark, record_name
from app.model.task import Task, TaskContainer

_TICK = timedelta(milliseconds=1)


def restart_ended(engine: Engine, task: Task) -> str:
    """Start the containers whose policy asks for it; returns their names and exit codes, "" when there are none.

    Raises HostError.
    The mark comes first: its number is the same for all who do this at once, and starting twice is starting once.
    """
    # Looked at once more: meanwhile somebody may have stopped the task, or restarted the container already.
    current = read_task(engine, task.instance, task.id)
    ended = [part for part in current.containers if part.restarting] if current else []
    for part in ended:
        _restart(engine, task, part)
    return ", ".join(f"{part.name} had exited with {part.exit_code}" for part in ended)


def _restart(engine: Engine, task: Task, part: TaskContainer) -> None:
    # Here: what it needs takes its time to load, and few who watch ever restart anything.
    from app.hosts.replacing import check_again

    assert part.runtime is not None
    now = engine.now()
    if part.runtime.finished_at is not None:
        # The host's time is known roughly, and kept in ms: a mark after the exit must not seem to be from before it.
        now = max(now, part.runtime.finished_at + _TICK)
    mark = RestartMark(task.id, part.name, part.restart_count + 1, now, part.started_at or now)
    write_record(engine, mark)
    try:
        check_again(engine, engine.inspect(part.runtime.id))
        engine.start(part.runtime.id)
    except HostError as error:
        if error.kind in ("unreachable", "timeout"):
            raise
        # The exit is then one like any other: an essential container takes the task with it. Docker forgets its code.
        reason = f"CannotStartContainerError: {part.name}: {error.message}"
        mark_failed(engine, task.id, part.name, reason, part.exit_code)
    if part.restart_count:
        engine.remove_volume(record_name(RestartMark(task.id, part.name, part.restart_count, now, now)))
