"""Stopping on a real engine: order, time-outs, exit codes, reasons; and never a container that is not ours."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.labels import TASK
from app.hosts.stopping import stop_in_order
from app.hosts.task_objects import forget_task
from app.model.requests import RunTaskRequest, StopTaskRequest
from app.model.task import Task
from app.operations.definitions import register_task_definition
from app.operations.launch import run_task
from app.operations.monitor import Monitor
from app.operations.session import Session
from app.operations.supervision import Supervision
from app.operations.tasks import stop_task
from app.store.home import resolve_home
from tests.engine.clusters import pump_until, register
from tests.engine.launching import DEAF, Bench, left
from tests.engine_bed import Daemon, wait_until


@pytest.fixture
def bench(engine: Daemon) -> Bench:
    return Bench(engine)


def runtime_id(task: Task, name: str) -> str:
    runtime = next(part.runtime for part in task.containers if part.name == name)
    assert runtime is not None
    return runtime.id


def supervise(bench: Bench, task_id: str) -> str:
    return bench.supervise(task_id)


CHAIN: list[dict[str, Any]] = [
    {"name": "db"},
    {"name": "cache"},
    {"name": "web", "dependsOn": [{"containerName": name, "condition": "START"} for name in ("db", "cache")]},
    {"name": "proxy", "dependsOn": [{"containerName": "web", "condition": "START"}]},
]


def test_stop_order_is_the_start_order_turned_round(bench: Bench) -> None:
    task = bench.launch(*CHAIN)
    stopped = bench.stop(task)
    assert (stopped.last_status, stopped.stop_code, stopped.stopped_reason) == ("STOPPED", "UserInitiated", "bye")
    assert [part.exit_code for part in stopped.containers] == [7, 7, 7, 7]
    log = bench.events("kill", "die")
    died = [name for action, name in log if action == "die"]
    assert died[:2] == ["proxy", "web"]
    assert set(died[2:]) == {"db", "cache"}
    assert log.index(("die", "proxy")) < log.index(("kill", "web"))
    assert log.index(("die", "web")) < min(log.index(("kill", "db")), log.index(("kill", "cache")))
    assert stopped.stopping_at is not None
    assert stopped.stopped_at is not None
    assert stopped.stopping_at <= stopped.stopped_at


DONE: list[dict[str, Any]] = [
    {"name": "done", "essential": False, "command": ["true"]},
    {"name": "failed", "essential": False, "command": ["sh", "-c", "exit 3"]},
]


def test_exit_codes_tell_how_they_ended(bench: Bench) -> None:
    task = bench.launch({"name": "polite"}, {"name": "deaf", "command": DEAF}, *DONE)
    codes = {part.name: part.exit_code for part in bench.stop(task).containers}
    assert codes == {"polite": 7, "deaf": 137, "done": 0, "failed": 3}


def test_a_paused_task_stops(bench: Bench) -> None:
    task = bench.launch({"name": "web"})
    bench.daemon.api.pause(runtime_id(task, "web"))
    assert bench.read(task.id).last_status == "RUNNING"
    stopped = bench.stop(task)
    assert stopped.last_status == "STOPPED"


def test_a_stop_is_the_same_for_all_who_ask_for_it(bench: Bench) -> None:
    task = bench.launch(*CHAIN)
    ends: list[Task] = []
    threads = [threading.Thread(target=lambda n=n: ends.append(bench.stop(task, f"by {n}"))) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({(end.stop_code, end.stopped_reason, end.stopped_at) for end in ends}) == 1
    assert stop_in_order(bench.engine, ends[0], bench.told.append) == ends[0]


def test_an_essential_container_killed_by_hand_stops_the_others_in_order(bench: Bench) -> None:
    task = bench.launch(*CHAIN[:3])
    bench.daemon.api.kill(runtime_id(task, "cache"))
    wait_until(lambda: bench.read(task.id).desired_status == "STOPPED")
    seen = bench.read(task.id)
    assert (seen.last_status, seen.stop_code) == ("STOPPING", "EssentialContainerExited")
    said = supervise(bench, task.id)
    assert said == f"stopped web:1 {task.id[:8]}: Essential container in task exited"
    ended = bench.read(task.id)
    assert (ended.last_status, ended.stop_code) == ("STOPPED", "EssentialContainerExited")
    assert {part.name: part.exit_code for part in ended.containers} == {"db": 7, "cache": 137, "web": 7}
    assert [name for _, name in bench.events("die")] == ["cache", "web", "db"]
    assert supervise(bench, task.id) == ""
    for part in ended.containers:
        bench.daemon.api.remove_container(runtime_id(ended, part.name))
    assert bench.read(task.id).stopped_reason == "Essential container in task exited"


def test_a_container_that_is_not_essential_may_end_and_be_pruned(bench: Bench) -> None:
    """docker container prune on a host with a finished init container: nobody may stop the task for it."""
    task = bench.launch(
        {"name": "init", "essential": False, "command": ["true"]},
        {"name": "web", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]},
    )
    assert supervise(bench, task.id) == ""
    bench.daemon.api.prune_containers()
    pruned = bench.read(task.id)
    assert [(part.name, part.last_status) for part in pruned.containers] == [("init", "STOPPED"), ("web", "RUNNING")]
    assert (pruned.last_status, bench.due(pruned)) == ("RUNNING", None)


def test_a_task_whose_containers_were_removed_by_hand(bench: Bench) -> None:
    task = bench.launch({"name": "web"})
    bench.daemon.api.remove_container(runtime_id(task, "web"), force=True)
    gone = bench.read(task.id)
    assert (gone.last_status, gone.stop_code) == ("STOPPED", "EssentialContainerExited")
    assert gone.stopped_reason == "Containers of the task were removed"
    assert supervise(bench, task.id).startswith("tidied up")
    noted = bench.read(task.id)
    assert (noted.stop_code, noted.stopped_reason) == (gone.stop_code, gone.stopped_reason)
    assert noted.stopped_at is not None
    assert supervise(bench, task.id) == ""


# --- what is not ours -------------------------------------------------------------------------------------------------


def shared_labels(bench: Bench, task: Task) -> dict[str, str]:
    detail = bench.daemon.api.inspect_container(runtime_id(task, task.containers[0].name))
    return {key: value for key, value in detail["Config"]["Labels"].items() if key.startswith("moorage.")}


def test_containers_with_copied_labels_are_never_touched(bench: Bench) -> None:
    task = bench.launch({"name": "web"})
    labels = shared_labels(bench, task)
    copies = [
        bench.daemon.run(["sleep", "1000"], name="copy", labels=labels, stop_signal="KILL"),
        bench.daemon.run(["sleep", "1000"], name="only-id", labels={TASK: task.id}, stop_signal="KILL"),
        bench.daemon.api.create_container("busybox", ["true"], name="never-started", labels=labels)["Id"],
    ]
    assert [part.name for part in bench.read(task.id).containers] == ["web"]
    bench.stop(task)
    forget_task(bench.engine, task.id)
    found = left(bench.daemon)
    assert found.containers == ["copy", "never-started", "only-id"]
    assert found.records == []
    assert all(bench.daemon.api.inspect_container(copy)["State"]["Running"] for copy in copies[:2])


def test_networks_and_volumes_with_copied_labels_are_never_touched(bench: Bench) -> None:
    task = bench.launch({"name": "web"})
    bench.daemon.api.create_volume("precious", labels={TASK: task.id})
    bench.daemon.api.create_network("theirs", labels={TASK: task.id})
    bench.stop(task)
    forget_task(bench.engine, task.id)
    found = left(bench.daemon)
    assert (found.volumes, found.networks, found.records) == (["precious"], ["theirs"], [])


def test_a_volume_of_the_task_that_somebody_else_uses_stays(bench: Bench) -> None:
    mount = {"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}
    task = bench.launch({"name": "web", **mount}, volumes=[{"name": "v"}])
    name = f"moorage-volume-{task.id[:12]}-v"
    bench.daemon.run(["sleep", "1000"], name="reader", binds=[f"{name}:/v"], stop_signal="KILL")
    bench.stop(task)
    forget_task(bench.engine, task.id)
    assert left(bench.daemon).volumes == [name]
    assert left(bench.daemon).records == []


# --- the whole way ----------------------------------------------------------------------------------------------------


def launched_one(engine: Daemon, folder: Path) -> tuple[Session, Task]:
    """A session with this engine, and a task on it whose container ends with 7 at SIGTERM."""
    session = Session(resolve_home(str(folder), {}))
    register(session, engine)
    document = (
        b'{"family":"web","networkMode":"none","containerDefinitions":[{"name":"a","image":"busybox","memory":8,'
        b'"stopTimeout":2,"command":["sh","-c","trap \'exit 7\' TERM; while :; do sleep 0.05; done"]}]}'
    )
    register_task_definition(session, document, "web.json")
    launched = run_task(session, RunTaskRequest(task_definition="web"), lambda _: None)
    assert launched.succeeded
    return session, launched.tasks[0]


def test_a_task_on_a_full_disk_can_be_stopped(engine: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No record can be written then; the task that fills the disk must stop all the same."""
    session, task = launched_one(engine, tmp_path)

    def full(*_: object) -> None:
        raise HostError("write metadata.db: no space left on device", "failed")

    monkeypatch.setattr(Engine, "create_volume", full)
    shape = stop_task(session, StopTaskRequest(task=task.id), lambda _: None)["task"]
    assert shape["lastStatus"] == "STOPPED"
    assert [container["State"] for container in engine.api.containers(all=True)] == ["exited"]


def test_stop_task_by_the_start_of_its_id(engine: Daemon, tmp_path: Path) -> None:
    session, task = launched_one(engine, tmp_path)
    shape = stop_task(session, StopTaskRequest(task=task.id[:8], reason="done with it"), lambda _: None)["task"]
    assert (shape["lastStatus"], shape["stopCode"], shape["stoppedReason"]) == (
        "STOPPED",
        "UserInitiated",
        "done with it",
    )
    assert [container["exitCode"] for container in shape["containers"]] == [7]
    again = stop_task(session, StopTaskRequest(task=task.id, reason="too late"), lambda _: None)["task"]
    assert again["stoppedReason"] == "done with it"


def test_a_watching_moorage_stops_what_lost_an_essential_container(engine: Daemon, tmp_path: Path) -> None:
    bench = Bench(engine)
    task = bench.launch({"name": "db"}, {"name": "web"})
    session = Session(resolve_home(str(tmp_path), {}))
    register(session, engine)
    said: list[str] = []
    supervision = Supervision(session, lambda _, words: said.append(words), said.append)
    monitor = Monitor(session, lambda: None)
    monitor.refresh()
    try:
        pump_until(monitor, lambda: monitor.fleet.find_task(task.id))
        engine.api.kill(runtime_id(task, "db"))

        def stopped() -> bool:
            supervision.consider(monitor.fleet)
            found = monitor.fleet.find_task(task.id)
            return found is not None and found.last_status == "STOPPED" and not supervision.busy

        pump_until(monitor, stopped)
        assert said == [f"stopped web:1 {task.id[:8]}: Essential container in task exited"]
    finally:
        monitor.stop()
