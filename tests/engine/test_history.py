"""A task that ends is remembered with its last lines, and found after all of it is gone from its host."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.hosts.engine import Engine
from app.hosts.logs import LogStream, read_logs
from app.hosts.task_objects import forget_task
from app.model.requests import DescribeTasksRequest, ListTasksRequest
from app.model.task import Task
from app.operations import history
from app.operations.history import Historian, remember, remember_if_possible
from app.operations.logs import LogsRequest, open_task_logs
from app.operations.monitor import Monitor
from app.operations.session import Session
from app.operations.tasks import describe_tasks, list_tasks
from app.store.history import HistoryStore
from app.store.home import resolve_home
from tests.engine.clusters import pump_until, register
from tests.engine.launching import NOTHING, Bench, left
from tests.engine_bed import Daemon, wait_until

COUNTING = [
    "sh",
    "-c",
    r"i=0; while [ $i -lt 30 ]; do i=$((i + 1)); printf '\033[31mline\033[0m %s\n' $i; done; exit 3",
]
LINES = tuple(f"line {number}" for number in range(11, 31))


@pytest.fixture
def bench(engine: Daemon) -> Bench:
    return Bench(engine)


@pytest.fixture
def session(engine: Daemon, tmp_path: Path) -> Session:
    made = Session(resolve_home(str(tmp_path / "home"), {}))
    register(made, engine)
    return made


def ended(bench: Bench) -> Task:
    """A task whose essential container has counted to 30 and ended with 3, and with it the task."""
    task = bench.launch({"name": "main", "command": COUNTING})
    wait_until(lambda: bench.read(task.id).last_status == "STOPPED", within=20)
    return bench.read(task.id)


def test_a_task_that_ended_is_found_after_its_containers_are_gone(
    bench: Bench, engine: Daemon, session: Session
) -> None:
    task = ended(bench)
    said: list[str] = []
    historian = Historian(session, said.append)
    monitor = Monitor(session, lambda: None)
    monitor.refresh()
    try:
        pump_until(monitor, lambda: (found := monitor.fleet.find_task(task.id)) and found.last_status == "STOPPED")
        pump_until(monitor, lambda: all(state.live for state in monitor.fleet.instances.values()))
        historian.note(monitor.fleet)
        historian.close(within=20)
    finally:
        monitor.stop()
    forget_task(bench.engine, task.id)
    assert left(engine) == NOTHING

    answer = describe_tasks(session, DescribeTasksRequest(tasks=[task.id[:8]]))
    logs = open_task_logs(session, LogsRequest(task=task.id))

    (shape,) = answer["tasks"]
    assert (shape["lastStatus"], shape["stoppedReason"]) == ("STOPPED", "Essential container in task exited")
    assert [(part["name"], part["image"], part["exitCode"]) for part in shape["containers"]] == [("main", "busybox", 3)]
    assert answer["failures"] == []
    assert tuple(str(line.entry.text) for batch in logs for line in batch) == LINES
    assert logs.note.startswith(f"task {task.id[:8]} is known from the history only")
    (arn,) = list_tasks(session, ListTasksRequest(desired_status="STOPPED"))["taskArns"]
    assert arn.endswith(task.id)
    assert said == []


def test_what_is_remembered_before_forgetting_survives_a_look_at_what_is_left(bench: Bench, session: Session) -> None:
    task = ended(bench)
    assert remember_if_possible(session, bench.engine, task) == []
    for part in task.containers:
        assert part.runtime is not None
        bench.engine.remove_container(part.runtime.id)

    assert remember(session, bench.engine, bench.read(task.id)) == []

    (past,) = HistoryStore(session.home).find(task.id)
    assert (past.stop_code, past.stopped_reason) == ("EssentialContainerExited", "Essential container in task exited")
    assert past.stopped_at == task.stopped_at
    assert [(part.exit_code, part.last_lines) for part in past.containers] == [(3, LINES)]
    logs = open_task_logs(session, LogsRequest(task=task.id, tail=1))
    assert [str(line.entry.text) for batch in logs for line in batch] == ["line 30"]


def test_lines_that_are_known_are_not_read_again(
    bench: Bench, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = ended(bench)
    remember(session, bench.engine, task)
    asked: list[str] = []
    real = read_logs

    def counted(engine: Engine, container: str, **options: Any) -> LogStream:
        asked.append(container)
        return real(engine, container, **options)

    monkeypatch.setattr(history, "read_logs", counted)
    remember(session, bench.engine, task)
    assert asked == []

    HistoryStore(session.home).forget_before(bench.engine.now() + timedelta(days=1))
    remember(session, bench.engine, task)
    assert len(asked) == 1
