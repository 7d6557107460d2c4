"""Launches on a real engine: order, gates, links, volumes, and nothing left behind when one fails."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable
from typing import Any

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.labels import container_name
from app.hosts.launcher import Launcher, ReservationLost
from app.hosts.policy.rule import ReadOnlyError
from app.hosts.task_objects import read_task
from app.hosts.translate import TaskPlan, tag_for
from app.model.ids import new_id
from app.model.progress import Progress
from app.model.resources import Resources
from app.model.task import Task
from tests.engine.launching import HOST, LIVE, NOTHING, Bench, definition, left, moved, only_records
from tests.engine_bed import Daemon, wait_until


@pytest.fixture
def bench(engine: Daemon) -> Bench:
    return Bench(engine)


def test_a_task_runs_with_its_records_beside_it(bench: Bench) -> None:
    task = bench.launch({"name": "web"}, cpu="128", memory="64")
    assert (task.last_status, task.desired_status, task.stop_code) == ("RUNNING", "RUNNING", None)
    assert task.reservation == Resources(128, 64)
    assert task == bench.read(task.id)
    found = left(bench.daemon)
    assert found.containers == [f"moorage-web-1-web-{task.id[:12]}"]
    assert found.records == [f"{task.id}-start", f"{task.id}-task"]
    assert [progress.step for progress in bench.told if progress.step != "pull"][-3:] == ["create", "start", "running"]


def test_links_resolve_by_alias_on_a_network_of_the_task(bench: Bench) -> None:
    task = bench.launch(
        {"name": "db", "command": ["sh", "-c", "echo from-db >/www/index.html; exec httpd -f -p 80 -h /www"]},
        {"name": "web", "links": ["db:sql"], "command": ["sh", "-c", f"timeout 5 wget -qO- http://sql/; {LIVE[2]}"]},
        networkMode="bridge",
    )
    assert task.last_status == "RUNNING"
    wait_until(lambda: "from-db" in bench.output(task, "web"), what="the linked container answers by its alias")
    assert left(bench.daemon).networks == [f"moorage-{task.id[:12]}"]


def test_containers_share_the_tasks_volume(bench: Bench) -> None:
    mount = {"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}
    task = bench.launch(
        {"name": "writer", **mount, "essential": False, "command": ["sh", "-c", "echo shared >/v/file"]},
        {
            "name": "reader",
            **mount,
            "dependsOn": [{"containerName": "writer", "condition": "SUCCESS"}],
            "command": ["sh", "-c", f"cat /v/file; {LIVE[2]}"],
        },
        volumes=[{"name": "v"}],
    )
    wait_until(lambda: bench.output(task, "reader") == "shared\n")
    assert left(bench.daemon).volumes == [f"moorage-volume-{task.id[:12]}-v"]


def test_start_order_is_that_of_the_dependencies(bench: Bench) -> None:
    """The engine's own log: made so that each comes after what it depends on, started in the order of the gates."""
    check = {"healthCheck": {"command": ["CMD-SHELL", "test -e /up"], "interval": 5, "retries": 1}}
    task = bench.launch(
        {"name": "d", "dependsOn": [{"containerName": "c", "condition": "HEALTHY"}]},
        {
            "name": "b",
            "essential": False,
            "command": ["false"],
            "dependsOn": [{"containerName": "a", "condition": "START"}],
        },
        {
            "name": "c",
            **check,
            "command": ["sh", "-c", f"touch /up; {LIVE[2]}"],
            "dependsOn": [{"containerName": "b", "condition": "COMPLETE"}],
        },
        {"name": "a", "essential": False, "command": ["sleep", "0.2"]},
    )
    assert task.last_status == "RUNNING"
    assert bench.events("create") == [("create", name) for name in "abcd"]
    log = bench.events("start", "die")
    assert [name for action, name in log if action == "start"] == ["a", "b", "c", "d"]
    assert log.index(("die", "b")) < log.index(("start", "c"))
    codes = {part.name: part.exit_code for part in task.containers}
    assert (codes["b"], codes["c"], codes["d"]) == (1, None, None)
    waits = [progress.container for progress in bench.told if progress.step == "wait"]
    assert sorted(waits) == sorted(set(waits))


def test_a_dependency_that_did_not_succeed_fails_the_task_and_keeps_its_logs(bench: Bench) -> None:
    task = bench.launch(
        {"name": "init", "essential": False, "command": ["sh", "-c", "echo why; exit 3"]},
        {"name": "web", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]},
    )
    for seen in (task, bench.read(task.id)):
        assert (seen.last_status, seen.stop_code) == ("STOPPED", "TaskFailedToStart")
        assert "dependency graph" in seen.stopped_reason
        assert "exited with 3" in seen.stopped_reason
        assert seen.started_at is None
    assert bench.output(task, "init") == "why\n"
    assert left(bench.daemon).containers == [f"moorage-web-1-init-{task.id[:12]}"]


def test_a_dependency_that_dies_before_it_is_healthy_fails_the_task(bench: Bench) -> None:
    task = bench.launch(
        {"name": "db", "essential": False, "command": ["sleep", "0.3"], "healthCheck": {"command": ["CMD", "false"]}},
        {"name": "web", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]},
    )
    assert (task.last_status, task.stop_code) == ("STOPPED", "TaskFailedToStart")
    assert "was to become HEALTHY and has stopped" in task.stopped_reason


def test_start_timeout_of_the_dependency(bench: Bench) -> None:
    task = bench.launch(
        {"name": "db", "healthCheck": {"command": ["CMD", "false"]}, "startTimeout": 2},
        {"name": "web", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]},
    )
    assert (task.last_status, task.stop_code) == ("STOPPED", "TaskFailedToStart")
    assert task.stopped_reason == (
        "CannotStartContainerError: dependency graph: web: 'db' was not HEALTHY within its startTimeout of 2 s"
    )
    assert [part.exit_code for part in task.containers] == [7, 143]


def test_an_essential_exit_before_the_others_start_is_told_the_same_for_ever(bench: Bench) -> None:
    """What was never started is taken away; the reason, which was read from it, stays."""
    task = bench.launch(
        {"name": "db", "command": ["true"], "healthCheck": {"command": ["CMD", "true"]}},
        {"name": "web", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]},
    )
    again = bench.read(task.id)
    assert (again.stop_code, again.stopped_reason) == ("TaskFailedToStart", "Task failed to start")
    assert task == again
    assert left(bench.daemon).containers == [f"moorage-web-1-db-{task.id[:12]}"]


# --- what cannot be launched ------------------------------------------------------------------------------------------


def failed(bench: Bench, *containers: dict[str, Any], **members: Any) -> str:
    """The reason of a launch that fails; what never ran is taken away."""
    task = bench.launch(*containers, **members)
    assert (task.last_status, task.stop_code) == ("STOPPED", "TaskFailedToStart")
    assert task == bench.read(task.id)
    assert task.stopped_at is not None
    assert not left(bench.daemon).networks
    return task.stopped_reason


def only_the_first_ran(bench: Bench) -> bool:
    """It is kept, with its volume, for what it left there."""
    found = left(bench.daemon)
    return [name.rsplit("-", 1)[0] for name in found.containers] == ["moorage-web-1-db"] and len(found.volumes) == 1


def linked(**second: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two containers with a network and a volume to be taken away; the second one is to go wrong."""
    mount = {"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}
    return {"name": "db", **mount}, {"name": "web", "links": ["db"], **second}


WITH_BELONGINGS: dict[str, Any] = {"networkMode": "bridge", "volumes": [{"name": "v"}]}


@pytest.mark.parametrize("image", ["no-such-image:1", "a://b/c", "-x/y", "busybox@sha256:" + "0" * 64, "UPPER/case"])
def test_an_image_that_cannot_be_had(bench: Bench, image: str) -> None:
    assert failed(bench, *linked(image=image), **WITH_BELONGINGS).startswith("CannotPullContainerError: ")
    assert only_records(left(bench.daemon))


def test_a_command_that_is_not_there(bench: Bench) -> None:
    reason = failed(bench, *linked(command=["/no/such"]), **WITH_BELONGINGS)
    assert reason.startswith("CannotStartContainerError: web: ")
    assert "/no/such" in reason
    assert only_the_first_ran(bench)


def test_a_body_that_docker_refuses(bench: Bench) -> None:
    reason = failed(bench, *linked(workingDirectory="not-absolute"), **WITH_BELONGINGS)
    assert reason.startswith("CannotCreateContainerError: ")
    assert only_records(left(bench.daemon))


PORT = {"portMappings": [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81, "hostPort": 808}]}


def test_a_port_that_another_task_has(bench: Bench) -> None:
    """Seen before it is tried when the other has it in its reservation; else Docker refuses, and we look who has it."""
    unbooked = moved(bench.order(definition({"name": "web", **PORT}, networkMode="bridge")), reservation=Resources())
    holder = bench.launcher().launch(unbooked)
    reason = failed(bench, *linked(**PORT), **WITH_BELONGINGS)
    assert re.search(f"port 808(0?) is taken by task {holder.id[:8]} \\(web:1\\)", reason)
    assert bench.read(holder.id).last_status == "RUNNING"


def test_a_port_that_an_unmanaged_container_has(bench: Bench) -> None:
    bench.daemon.run(["sleep", "1000"], name="theirs", ports=[80], port_bindings={80: 808}, stop_signal="KILL")
    reason = failed(bench, *linked(**PORT), **WITH_BELONGINGS)
    assert reason == (
        "CannotStartContainerError: web: port 808 is taken by container theirs (unmanaged); "
        "stop it or choose another host port"
    )
    assert "theirs" in left(bench.daemon).containers


def test_a_port_that_a_process_of_the_host_has(bench: Bench) -> None:
    server = subprocess.Popen(bench.daemon.machine.on_its_network(["busybox", "httpd", "-f", "-p", "8080"]))
    try:
        wait_until(lambda: bench.daemon.connect(8080), ignoring=(OSError,)).close()
        reason = failed(bench, *linked(**PORT), **WITH_BELONGINGS)
    finally:
        server.kill()
        server.wait(timeout=30)
    assert "port 8080 is taken by a process on the host that is not a container" in reason
    assert only_the_first_ran(bench)


def test_an_image_that_brings_labels_of_ours_is_refused(bench: Bench) -> None:
    made = bench.daemon.api.create_container("busybox", ["true"])
    bench.daemon.api.commit(made["Id"], "forged", "1", changes=[f"LABEL moorage.task={new_id()}"])
    bench.daemon.api.remove_container(made["Id"])
    reason = failed(bench, {"image": "forged:1"})
    assert "carries the label moorage.task" in reason
    assert only_records(left(bench.daemon))


# --- the same launch twice, and races ---------------------------------------------------------------------------------


def test_what_is_there_already_is_adopted(bench: Bench) -> None:
    """The answer to a create may be lost: the same launch finds its own containers, made with the same labels."""
    order = bench.order(definition({"name": "db"}, {"name": "web"}))
    first = bench.launcher().launch(order)
    again = bench.launcher().launch(order)
    assert again == first
    assert len(left(bench.daemon).containers) == 2


def test_a_name_that_somebody_else_took_is_not_adopted(bench: Bench) -> None:
    order = bench.order(definition({"name": "web"}))
    tag = tag_for(TaskPlan(order.definition, order.tag), order.definition.container("web"))
    theirs = bench.daemon.run(["sleep", "1000"], name=container_name(tag), stop_signal="KILL")
    assert bench.launcher().launch(order).stopped_reason.startswith("CannotCreateContainerError: ")
    assert bench.daemon.api.inspect_container(theirs)["State"]["Running"]


def race(bench: Bench, count: int, memory: int) -> tuple[list[Task], list[HostError]]:
    won: list[Task] = []
    lost: list[HostError] = []
    start = threading.Barrier(count)

    def launch() -> None:
        order = bench.order(definition({"memory": 16}), room=Resources(4096, memory))
        start.wait()
        try:
            won.append(Bench(bench.daemon).launcher().launch(order))
        except HostError as error:
            lost.append(error)

    threads = [threading.Thread(target=launch) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return won, lost


@pytest.mark.parametrize(("count", "room"), [(2, 1), (8, 3)])
def test_of_launches_that_race_no_more_go_on_than_fit(bench: Bench, count: int, room: int) -> None:
    won, lost = race(bench, count, 16 * room)
    assert 1 <= len(won) <= room
    assert len(won) + len(lost) == count
    assert {type(error) for error in lost} == {ReservationLost}
    assert all("MEMORY" in error.message for error in lost)
    found = left(bench.daemon)
    assert len(found.containers) == len(won)
    assert {name[:32] for name in found.records} == {task.id for task in won}
    assert not found.networks


def test_the_loser_of_a_port_names_it_and_leaves_nothing(bench: Bench) -> None:
    bench.launch({"name": "web", **PORT}, networkMode="bridge")
    before = left(bench.daemon)
    with pytest.raises(ReservationLost, match="tcp port 808, 8080 taken") as caught:
        bench.launch(*linked(**PORT), **WITH_BELONGINGS)
    assert caught.value.cause == "RESOURCE:PORTS"
    assert left(bench.daemon) == before


def test_removed_by_hand_while_it_waits(bench: Bench) -> None:
    """Somebody removes a container that is not started yet: the launch ends with that reason."""
    made = definition(
        {"name": "db", "healthCheck": {"command": ["CMD", "false"]}},
        {"name": "web", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]},
    )
    order = bench.order(made)
    web = container_name(tag_for(TaskPlan(made, order.tag), made.container("web")))
    ended: list[Task] = []
    thread = threading.Thread(target=lambda: ended.append(bench.launcher().launch(order)))
    thread.start()
    wait_until(lambda: any(progress.step == "wait" for progress in bench.told))
    bench.daemon.api.remove_container(web, force=True)
    thread.join(20)
    assert [(task.last_status, task.stopped_reason) for task in ended] == [
        ("STOPPED", "Containers of the task were removed")
    ]


def test_stopping_a_task_that_is_still_waiting(bench: Bench) -> None:
    made = definition(
        {"name": "db", "healthCheck": {"command": ["CMD", "false"]}},
        {"name": "web", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]},
    )
    order = bench.order(made)
    ended: list[Task] = []
    thread = threading.Thread(target=lambda: ended.append(bench.launcher().launch(order)))
    thread.start()
    wait_until(lambda: any(progress.step == "wait" for progress in bench.told))
    pending = bench.read(order.record.task_id)
    assert pending.last_status == "PENDING"
    stopped = bench.stop(pending)
    thread.join(20)
    for task in (stopped, ended[0], bench.read(pending.id)):
        assert (task.last_status, task.stop_code, task.stopped_reason) == ("STOPPED", "UserInitiated", "bye")
        assert [part.exit_code for part in task.containers] == [7, None]
        assert task.started_at is None
    assert left(bench.daemon).containers == [f"moorage-web-1-db-{pending.id[:12]}"]


def test_an_engine_that_goes_away_leaves_the_launch_to_others(fresh_engine: Callable[..., Daemon]) -> None:
    daemon = fresh_engine()
    bench = Bench(daemon)
    order = bench.order(definition({"name": "db"}, {"name": "web"}))

    def kill_at_second_create(progress: Progress) -> None:
        if (progress.step, progress.container) == ("create", "web"):
            daemon.kill()

    with pytest.raises(HostError) as caught:
        Launcher(bench.engine, HOST, kill_at_second_create).launch(order)
    assert caught.value.kind in ("timeout", "unreachable")
    daemon.start()
    found = wait_until(lambda: read_task(bench.engine, HOST, order.record.task_id), ignoring=(HostError,))
    assert found is not None
    assert (found.last_status, found.desired_status) == ("PENDING", "RUNNING")
    assert bench.launcher().launch(order).last_status == "RUNNING"


def test_read_only_means_no_write_at_all(bench: Bench) -> None:
    locked = Engine(parse_endpoint(bench.daemon.endpoint), read_only=True)
    order = bench.order(definition())
    with pytest.raises(ReadOnlyError):
        Launcher(locked, HOST, bench.told.append).launch(order)
    for write in (
        lambda: locked.create_container("x1", {}),
        lambda: locked.start("x1"),
        lambda: locked.stop("x1", 1),
        lambda: locked.remove_container("x1"),
        lambda: locked.create_volume("x1", {}),
        lambda: locked.remove_volume("x1"),
        lambda: locked.create_network("x1", "10.1.2.0/28", {}),
        lambda: locked.remove_network("x1"),
        lambda: next(locked.pull("busybox")),
    ):
        with pytest.raises(ReadOnlyError):
            write()
    assert left(bench.daemon) == NOTHING
