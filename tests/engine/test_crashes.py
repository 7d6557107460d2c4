"""A launcher killed at every step: whoever looks next finishes the launch or undoes it, once and for all."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.hosts.labels import format_time
from app.hosts.lease import take_lease
from app.hosts.stopping import mark_stopped
from app.hosts.supervisor import sweep
from app.hosts.task_objects import read_task
from app.model.endpoint import Endpoint
from app.model.ids import new_id
from app.model.record import LEASE_TERM, Lease, record_name
from app.model.resources import Resources
from app.model.task import Task
from app.operations.monitor import Monitor
from app.operations.session import Session
from app.operations.supervision import Supervision
from app.store.audit import AuditLog
from app.store.home import resolve_home
from tests.engine.clusters import pump_until, register
from tests.engine.launching import HOST, NOTHING, SETTINGS, Bench, child_launch, definition, left, only_records
from tests.engine_bed import Daemon, wait_until

LINKED = definition(
    {"name": "db", "mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]},
    {"name": "web", "links": ["db"]},
    networkMode="bridge",
    volumes=[{"name": "v"}],
)
ENDINGS = {
    "after-record": "undo",
    "after-pull": "undo",
    "after-network": "undo",
    "between-creates": "undo",
    "after-create": "finish",
    "after-hold": "finish",
    "after-start-mark": "finish",
    "between-starts": "finish",
}
RETENTION = SETTINGS.retention


def crashed(daemon: Daemon, crashpoint: str) -> str:
    """The id of a task whose launcher was killed there."""
    task_id = new_id()
    child = child_launch(daemon, task_id, LINKED, crashpoint)
    said, _ = child.communicate(timeout=60)
    assert (child.returncode, said) == (-signal.SIGKILL, "")
    return task_id


LATER = LEASE_TERM + timedelta(seconds=1)
"""When the lease of a launch that nobody is at work on has run out."""


def supervise(bench: Bench, task_id: str, owner: str = "other-00000000") -> str:
    return bench.supervise(task_id, LATER, owner)


def settled(bench: Bench, task_id: str, ending: str) -> Task:
    task = bench.read(task_id)
    found = left(bench.daemon)
    if ending == "undo":
        assert (task.last_status, task.stop_code) == ("STOPPED", "TaskFailedToStart")
        assert task.stopped_reason == "The launch was cut off and not resumed"
        assert only_records(found)
    else:
        assert task.last_status == "RUNNING"
        assert found.containers == [f"moorage-web-1-{name}-{task_id[:12]}" for name in ("db", "web")]
        assert found.networks == [f"moorage-{task_id[:12]}"]
        assert found.volumes == [f"moorage-volume-{task_id[:12]}-v"]
    assert {name[:32] for name in found.records} == {task_id}
    return task


@pytest.mark.parametrize("crashpoint", ENDINGS)
def test_a_killed_launch_is_finished_or_undone_once(engine: Daemon, crashpoint: str) -> None:
    bench, ending = Bench(engine), ENDINGS[crashpoint]
    task_id = crashed(engine, crashpoint)
    seen = bench.read(task_id)
    assert (seen.last_status, seen.desired_status) == ("PENDING", "RUNNING")
    assert bench.due(seen) is None
    assert bench.due(seen, LATER) == ending
    assert "cut off" in supervise(bench, task_id)
    task = settled(bench, task_id, ending)
    assert supervise(bench, task_id) == ""
    assert settled(bench, task_id, ending) == task
    creates = [name for _, name in bench.events("create")]
    starts = [name for _, name in bench.events("start")]
    assert len(creates) == len(set(creates))
    assert len(starts) == len(set(starts)) == (2 if ending == "finish" else 0)


@pytest.mark.parametrize("crashpoint", ["between-creates", "after-create"])
def test_two_supervisors_at_once_do_it_once(engine: Daemon, crashpoint: str) -> None:
    task_id = crashed(engine, crashpoint)
    benches = [Bench(engine) for _ in range(4)]
    tasks = [bench.read(task_id) for bench in benches]
    barrier, done = threading.Barrier(4), list[str]()

    def work(number: int) -> None:
        bench, task = benches[number], tasks[number]
        what = bench.due(task, LATER)
        assert what is not None
        barrier.wait()
        done.append(bench.act(task, what, f"owner-{number}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(map(bool, done)) == [False, False, False, True]
    settled(benches[0], task_id, ENDINGS[crashpoint])


def test_a_launch_that_is_too_old_to_finish_is_undone(engine: Daemon) -> None:
    bench = Bench(engine)
    task_id = crashed(engine, "after-create")
    task = bench.read(task_id)
    assert bench.due(task, timedelta(minutes=11)) == "undo"
    bench.act(task, "undo")
    settled(bench, task_id, "undo")


def test_a_cut_off_launch_that_has_lost_its_room_is_undone(engine: Daemon) -> None:
    bench = Bench(engine)
    task_id = crashed(engine, "after-create")
    task = bench.read(task_id)
    said = bench.act(task, "finish", room=Resources(4096, 8))
    assert "MEMORY 8 MiB short" in said
    assert (bench.read(task_id).last_status, bench.read(task_id).stop_code) == ("STOPPED", "TaskFailedToStart")
    assert only_records(left(engine))


def test_a_supervisor_that_dies_too_is_followed_by_the_next(engine: Daemon) -> None:
    """Its lease runs out like the launcher's, on the host's clock."""
    bench = Bench(engine)
    task_id = crashed(engine, "after-create")
    bench.engine.measure_clock({"SystemTime": format_time(bench.engine.now() + LATER)})
    assert take_lease(bench.engine, task_id, 1, "dead-00000000")
    assert not take_lease(bench.engine, task_id, 1, "late-00000000")
    held = bench.read(task_id)
    assert (held.lease_number, bench.due(held)) == (1, None)
    assert "finished" in bench.act(held, "finish", "next")
    assert bench.read(task_id).last_status == "RUNNING"


def test_a_lease_that_nobody_can_read_holds_up_nobody(engine: Daemon) -> None:
    """What a host has under its name is no record: its labels are lost, or somebody has made it."""
    task_id = crashed(engine, "after-create")
    engine.api.create_volume(record_name(Lease(task_id, 1, "", datetime.now(UTC))))
    bench = Bench(engine)
    assert "finished" in supervise(bench, task_id)
    assert bench.read(task_id).last_status == "RUNNING"


def test_the_supervision_of_a_running_moorage_does_it(engine: Daemon, tmp_path: Path) -> None:
    """The whole way: watcher, fleet, supervision; the host's clock stands two minutes ahead of the crash."""
    task_id = crashed(engine, "between-starts")
    session = Session(resolve_home(str(tmp_path), {}))
    register(session, engine)
    said: list[str] = []
    supervision = Supervision(session, lambda _, words: said.append(words), said.append)
    monitor = Monitor(session, lambda: None)
    monitor.refresh()
    try:
        state = next(iter(monitor.fleet.instances.values()))
        pump_until(monitor, lambda: state.live)
        assert state.tasks[task_id].last_status == "PENDING"
        supervision.consider(monitor.fleet)
        assert not supervision.busy
        ahead = session.engine(Endpoint(engine.endpoint))
        ahead.measure_clock({"SystemTime": format_time(ahead.now() + timedelta(minutes=2))})
        state.clock_offset = timedelta(minutes=2)

        def running() -> bool:
            supervision.consider(monitor.fleet)
            return state.tasks[task_id].last_status == "RUNNING" and not supervision.busy

        pump_until(monitor, running)
        assert said == [f"finished the launch of web:1 {task_id[:8]}, which was cut off"]
        (deed,) = [entry for entry in AuditLog(session.home).read()[0] if entry["verb"] == "supervise"]
        assert (deed["cluster"], deed["containerInstance"]) == ("default", engine.name)
        assert (deed["ids"], deed["detail"], deed["outcome"]) == ([task_id], said[0], "done")
    finally:
        monitor.stop()


def test_forgetting_takes_everything_away(engine: Daemon) -> None:
    bench = Bench(engine)
    runs_on = bench.launch({"name": "other"})
    before = left(engine)
    task = bench.launcher().launch(bench.order(LINKED))
    stopped = bench.stop(task)
    assert bench.due(stopped, RETENTION - timedelta(seconds=60)) is None
    assert bench.due(stopped, RETENTION + timedelta(seconds=60)) == "forget"
    assert bench.act(stopped, "forget").startswith("forgot web:1")
    assert read_task(bench.engine, HOST, task.id) is None
    assert left(engine) == before
    assert bench.read(runs_on.id).last_status == "RUNNING"


def test_records_that_outlived_their_task_are_swept(engine: Daemon) -> None:
    bench = Bench(engine)
    orphan = new_id()
    mark_stopped(bench.engine, orphan, "UserInitiated", "bye", "me")
    sweep(bench.engine, orphan, RETENTION)
    assert left(engine).records == [f"{orphan}-stop"]
    bench.engine.measure_clock({"SystemTime": format_time(bench.engine.now() + RETENTION + timedelta(minutes=1))})
    sweep(bench.engine, orphan, RETENTION)
    assert left(engine) == NOTHING


@pytest.mark.parametrize("seconds", [0.15, 0.3, 0.45])
def test_a_launcher_killed_at_any_moment(engine: Daemon, seconds: float) -> None:
    """Not at a crash point but wherever it is by then: the end is one of the two."""
    bench = Bench(engine)
    task_id = new_id()
    child = child_launch(engine, task_id, LINKED)
    wait_until(lambda: left(engine).records, within=30, what="the launch has begun")
    deadline = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > deadline)
    child.kill()
    child.communicate(timeout=30)

    def over() -> bool:
        supervise(bench, task_id)
        return bench.due(bench.read(task_id), LATER) is None

    wait_until(over, within=20)
    settled(bench, task_id, "finish" if bench.read(task_id).last_status == "RUNNING" else "undo")
