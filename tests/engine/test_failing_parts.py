"""What becomes of a task whose parts fail, disappear, or are told to stop before they began."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from app.hosts.errors import HostError
from app.hosts.launcher import Launcher, LaunchOrder, ReservationLost
from app.hosts.stopping import mark_stopped
from app.hosts.task_objects import read_task
from app.model.names import PAUSE
from app.model.progress import Progress
from app.model.record import LEASE_TERM
from app.model.resources import Resources
from app.model.task import Task, TaskContainer
from tests.engine.launching import HOST, LIVE, Bench, definition, left, only_records
from tests.engine_bed import Daemon, wait_until

FAILURES: dict[str, dict[str, Any]] = {
    "CannotPullContainerError": {"image": "no-such-image:1"},
    "CannotCreateContainerError": {"workingDirectory": "not-absolute"},
    "CannotStartContainerError": {"command": ["/no/such"]},
}


@pytest.fixture
def bench(engine: Daemon) -> Bench:
    return Bench(engine)


def part(task: Task, name: str) -> TaskContainer:
    return next(found for found in task.containers if found.name == name)


def after(name: str, condition: str = "START") -> dict[str, Any]:
    return {"dependsOn": [{"containerName": name, "condition": condition}]}


@pytest.mark.parametrize("mode", ["none", "awsvpc"])
@pytest.mark.parametrize("error", FAILURES)
def test_a_task_runs_without_what_is_not_essential_and_what_waits_for_that(bench: Bench, error: str, mode: str) -> None:
    task = bench.launch(
        {"name": "bad", "essential": False, **FAILURES[error]},
        {"name": "waits", "essential": False, **after("bad")},
        {"name": "waits-too", "essential": False, **after("waits", "COMPLETE")},
        {"name": "web"},
        networkMode=mode,
    )
    for seen in (task, bench.read(task.id)):
        assert (seen.last_status, seen.desired_status, seen.stop_code) == ("RUNNING", "RUNNING", None)
        assert part(seen, "bad").reason.startswith(f"{error}: ")
        assert (part(seen, "bad").last_status, part(seen, "bad").exit_code) == ("STOPPED", None)
        for name in ("waits", "waits-too"):
            assert (part(seen, name).last_status, part(seen, name).exit_code) == ("STOPPED", 143)
            assert part(seen, name).reason.startswith("CannotStartContainerError: dependency graph: ")
        assert part(seen, "web").last_status == "RUNNING"
        assert bench.due(seen) is None
    assert any(f"{error}: " in progress.detail for progress in bench.told if progress.step == "warning")
    stopped = bench.stop(task)
    assert (stopped.last_status, part(stopped, "web").exit_code) == ("STOPPED", 7)


@pytest.mark.parametrize("error", FAILURES)
def test_what_ran_before_an_essential_failure_is_stopped_in_order_and_kept(bench: Bench, error: str) -> None:
    task = bench.launch(
        {"name": "db"}, {"name": "cache", **after("db")}, {"name": "web", **after("cache"), **FAILURES[error]}
    )
    assert (task.last_status, task.stop_code, task.started_at) == ("STOPPED", "TaskFailedToStart", None)
    assert task.stopped_reason.startswith(f"{error}: ")
    assert part(task, "web").reason == task.stopped_reason
    if error == "CannotStartContainerError":
        assert [name for _, name in bench.events("die")] == ["cache", "db"]
        assert [part(task, name).exit_code for name in ("db", "cache")] == [7, 7]
        assert len(left(bench.daemon).containers) == 2
    else:
        assert bench.events("start") == []
        assert only_records(left(bench.daemon))


# --- a stop that comes early ------------------------------------------------------------------------------------------


def stopped_at(bench: Bench, order: LaunchOrder, at: tuple[str, str]) -> tuple[Task, Task]:
    """A launch whose task is stopped by somebody else at that step: the task to the launcher and to the other."""
    others: list[Task] = []

    def tell(progress: Progress) -> None:
        if (progress.step, progress.container) == at and not others:
            others.append(Bench(bench.daemon).stop(bench.read(order.record.task_id)))

    return Launcher(bench.engine, HOST, tell).launch(order), others[0]


@pytest.mark.parametrize("mode", ["bridge", "awsvpc"])
@pytest.mark.parametrize("at", [("pull", "db"), ("create", "db"), ("create", "web"), ("start", "db"), ("start", "web")])
def test_a_stop_at_every_step(bench: Bench, at: tuple[str, str], mode: str) -> None:
    links = {"links": ["db"]} if mode == "bridge" else {}
    mount = {"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}
    made = definition(
        {"name": "db", **mount}, {"name": "web", **after("db"), **links}, networkMode=mode, volumes=[{"name": "v"}]
    )
    order = bench.order(made)
    ended, seen = stopped_at(bench, order, at)
    for task in (seen, ended, bench.read(order.record.task_id)):
        assert (task.last_status, task.stop_code, task.stopped_reason) == ("STOPPED", "UserInitiated", "bye")
    assert bench.due(bench.read(order.record.task_id)) is None
    found = left(bench.daemon)
    if at[0] == "start":
        assert bench.daemon.api.containers() == []
        assert found.networks == []
    else:
        assert only_records(found)
        assert bench.events("start") == []
    if at[0] == "pull":
        assert bench.events("create") == []


def test_a_stop_beats_the_search_for_room(bench: Bench) -> None:
    """Else a task that was stopped would be launched on the next host."""
    full = Resources(4096, 8)
    bench.launch({"name": "first"})
    order = bench.order(definition({"name": "web"}), room=full)
    ended: list[Task] = []

    def tell(progress: Progress) -> None:
        if progress.step == "create":
            mark_stopped(bench.engine, order.record.task_id, "UserInitiated", "bye", "me")

    ended.append(Launcher(bench.engine, HOST, tell).launch(order))
    assert (ended[0].last_status, ended[0].stopped_reason) == ("STOPPED", "bye")
    lost = bench.order(definition({"name": "web"}), room=full)
    with pytest.raises(ReservationLost):
        bench.launcher().launch(lost)
    assert read_task(bench.engine, HOST, lost.record.task_id) is None


# --- removed by hand --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("victim", ["db", "web", PAUSE])
@pytest.mark.parametrize("at", [("create", "web"), ("start", "db"), ("start", "web")])
def test_containers_removed_by_hand_at_bad_moments(bench: Bench, at: tuple[str, str], victim: str) -> None:
    order = bench.order(definition({"name": "db"}, {"name": "web", **after("db")}, networkMode="awsvpc"))
    task_id = order.record.task_id

    def tell(progress: Progress) -> None:
        if (progress.step, progress.container) == at:
            for entry in bench.daemon.api.containers(all=True, filters={"label": f"moorage.container={victim}"}):
                bench.daemon.api.remove_container(entry["Id"], force=True)

    task = Launcher(bench.engine, HOST, tell).launch(order)
    if (at, victim) == (("create", "web"), "web"):
        assert task.last_status == "RUNNING", "there was nothing to remove"
        return
    assert (task.last_status, task.desired_status) == ("STOPPED", "STOPPED")
    assert task.stopped_reason
    assert bench.due(bench.read(task_id)) is None
    assert bench.daemon.api.containers() == []


# --- a start that dockerd never finished ------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["bridge", "awsvpc"])
def test_a_start_that_dockerd_was_killed_in(fresh_engine: Callable[..., Daemon], mode: str) -> None:
    """20.10 then says for ever that the task already exists; newer ones just start it. In at most 20 tries."""
    daemon = fresh_engine(live_restore=True)
    bench = Bench(daemon)
    made = definition({"name": "db"}, {"name": "web", "portMappings": [{"containerPort": 80}]}, networkMode=mode)
    wedged = 0
    for attempt in range(20):
        order = bench.order(made)
        killer: list[threading.Timer] = []

        def tell(progress: Progress) -> None:
            if progress.step == "start" and not killer:
                killer.append(threading.Timer(0.03 + 0.012 * attempt, daemon.kill))
                killer[0].start()

        with suppress(HostError):
            Launcher(bench.engine, HOST, tell).launch(order)
        killer[0].join()
        daemon.start()
        wait_until(bench.engine.info, ignoring=(HostError,))
        task_id = order.record.task_id
        before = {part.name: part.runtime.id for part in bench.read(task_id).parts if part.runtime}
        if bench.due(bench.read(task_id), LEASE_TERM * 2) == "finish":
            bench.supervise(task_id, LEASE_TERM * 2)
        task = bench.read(task_id)
        assert (task.last_status, task.stopped_reason) == ("RUNNING", "")
        wedged += {part.name: part.runtime.id for part in task.parts if part.runtime} != before
        bench.stop(task)
        assert LIVE[2] not in daemon.exec(["ps", "-eo", "args"]).stdout, "nothing runs on beside what Docker knows"
        if wedged:
            break
    print(f"\na start that dockerd was killed in ({mode}): wedged after {attempt + 1} tries")
    assert wedged or not daemon.api.version()["Version"].startswith("20.10.")
