"""Stopping a task: the mark that says why, and its containers in the order that their dependencies ask for."""

from __future__ import annotations

import threading

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.task_objects import read_task, remove_belongings, remove_containers, remove_network, write_record
from app.model.gates import stoppable
from app.model.names import PAUSE
from app.model.progress import Progress, Tell
from app.model.record import StopCode, StopMark
from app.model.safe_text import safe_line
from app.model.task import Task

SUPERVISOR = "supervisor"
"""Who stopped a task that nobody asked to stop."""


def mark_stopped(engine: Engine, task_id: str, code: StopCode, reason: str, by: str) -> StopMark | None:
    """Say that a task is to stop. The first reason counts: returns the mark that stands."""
    mark = write_record(engine, StopMark(task_id, code, safe_line(reason), safe_line(by), engine.now()))
    return mark if isinstance(mark, StopMark) else None


def try_to_mark(engine: Engine, task_id: str, code: StopCode, reason: str, by: str) -> StopMark | None:
    """As ``mark_stopped``, where stopping matters more than its record.

    A full disk takes none, and the task that fills it must be stoppable all the same. Raises HostError when the host
    does not answer.
    """
    try:
        return mark_stopped(engine, task_id, code, reason, by)
    except HostError as error:
        if error.kind != "failed":
            raise
        return None


def stop_in_order(engine: Engine, task: Task, tell: Tell) -> Task | None:
    """Stop the task's containers, each when all that waited for it have stopped; returns the task as it is then.

    A container has its stopTimeout from the moment its turn comes (design: ECS semantics 4.4). Raises HostError.
    """
    current: Task | None = task
    while current is not None:
        while current is not None and (turn := stoppable(current)):
            for part in turn:
                if part.name != PAUSE:
                    tell(Progress(task.id, task.instance, "stop", part.name))
            _stop_together(engine, [(part.runtime.id, part.stop_timeout) for part in turn if part.runtime])
            current = read_task(engine, task.instance, task.id)
        if current is None or current.last_status != "STOPPED":
            break
        tidy(engine, current)
        current = read_task(engine, task.instance, task.id)
        if current is None or not stoppable(current):
            break
        # A launcher that had not seen the stop mark yet has started one in the meantime: it is stopped too.
    if current is not None and current.last_status == "STOPPED":
        tell(Progress(task.id, task.instance, "stopped", detail=current.stopped_reason))
    return current


def tidy(engine: Engine, task: Task) -> None:
    """Take away what a STOPPED task never started, and its network; its volumes stay as long as what it left in them.

    Why it stopped is marked first, as that was read from what is taken away.
    """
    if task.stop_code is not None and any(not part.ran for part in task.parts):
        try_to_mark(engine, task.id, task.stop_code, task.stopped_reason, SUPERVISOR)
    remove_containers(engine, task.id, only_never_started=True)
    remove_network(engine, task.id)
    if not any(part.ran for part in task.parts):
        remove_belongings(engine, task.id)


def _stop_together(engine: Engine, containers: list[tuple[str, int]]) -> None:
    """Stop independent containers at the same time; raises the first failure when all are through."""
    failures: list[HostError] = []

    def stop(container: str, timeout: int) -> None:
        try:
            engine.stop(container, timeout)
        except HostError as error:
            if error.kind != "not-found":
                failures.append(error)

    # Daemon threads, no pool: a pool's threads would hold up the exit of the whole program.
    threads = [threading.Thread(target=stop, args=pair, daemon=True) for pair in containers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
