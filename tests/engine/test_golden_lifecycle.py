"""The specification's golden cases of the life cycle, by number, on a real engine (design: ECS semantics 10).

Where a case takes minutes, its times are scaled down, and it says so.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from app.model.task import Task, TaskContainer
from app.model.task_definition import TaskDefinition
from tests.engine.launching import LIVE, Bench, definition, left
from tests.engine_bed import Daemon, wait_until


@pytest.fixture
def bench(engine: Daemon) -> Bench:
    return Bench(engine)


def part(task: Task, name: str) -> TaskContainer:
    return next(found for found in task.containers if found.name == name)


def test_golden_6_a_circle_that_only_the_engine_sees_stops_the_task(bench: Bench) -> None:
    task = bench.launch(
        {"name": "a", "links": ["b"]}, {"name": "b", "volumesFrom": [{"sourceContainer": "a"}]}, networkMode="bridge"
    )
    assert (task.last_status, task.stop_code) == ("STOPPED", "TaskFailedToStart")
    assert task.stopped_reason.startswith(
        "TaskDependencyError: Task dependencies cannot be resolved, taskArn: arn:aws:"
    )
    assert not left(bench.daemon).containers


def test_golden_9_a_port_for_tcp_and_the_same_for_udp_are_two(bench: Bench) -> None:
    ports = [{"containerPort": 8080, "hostPort": 8080, "protocol": protocol} for protocol in ("tcp", "udp")]
    task = bench.launch(
        {"name": "tcp", "portMappings": ports[:1]}, {"name": "udp", "portMappings": ports[1:]}, networkMode="bridge"
    )
    assert task.last_status == "RUNNING"
    assert {(port.protocol, port.host_port) for port in task.ports} == {("tcp", 8080), ("udp", 8080)}


def test_golden_10_links_health_gates_and_the_order_of_starts_and_stops(bench: Bench) -> None:
    """Our launches make every container first, as making is reserving; what is gated is the start."""
    task = bench.launch(
        {
            "name": "app",
            "links": ["db:mysql"],
            "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}],
            "command": ["sh", "-c", f"timeout 5 nslookup mysql && timeout 5 wget -qO- http://mysql/; {LIVE[2]}"],
        },
        {
            "name": "db",
            "command": ["sh", "-c", "sleep 2; echo up >/www/index.html; exec httpd -f -p 80 -h /www"],
            "healthCheck": {"command": ["CMD-SHELL", "timeout 2 wget -qO- http://127.0.0.1/"], "interval": 5},
        },
        networkMode="bridge",
    )
    assert (task.last_status, task.health) == ("RUNNING", "UNKNOWN")
    assert part(task, "db").health == "HEALTHY"
    log = bench.events("create", "start", "health_status: healthy")
    assert log == [
        ("create", "db"),
        ("create", "app"),
        ("start", "db"),
        ("health_status: healthy", "db"),
        ("start", "app"),
    ]
    wait_until(lambda: "up" in bench.output(task, "app"), what="the linked container answers by its alias")
    bench.stop(task)
    assert [name for _, name in bench.events("die")] == ["app", "db"]


INIT = {"name": "init", "essential": False, "command": ["sh", "-c", "exit 3"]}


def app(condition: str) -> dict[str, Any]:
    return {"name": "app", "dependsOn": [{"containerName": "init", "condition": condition}]}


def test_golden_11_a_dependency_that_did_not_succeed(bench: Bench) -> None:
    task = bench.launch(INIT, app("SUCCESS"))
    assert (part(task, "init").last_status, part(task, "init").exit_code) == ("STOPPED", 3)
    last = part(task, "app")
    assert (last.last_status, last.exit_code, last.ran) == ("STOPPED", 143, False)
    assert last.reason.startswith("CannotStartContainerError: dependency graph")
    assert (task.last_status, task.stop_code, task.started_at) == ("STOPPED", "TaskFailedToStart", None)
    assert ("start", "app") not in bench.events("start")


def test_golden_12_a_dependency_that_was_only_to_end(bench: Bench) -> None:
    task = bench.launch(INIT, app("COMPLETE"))
    assert task.last_status == "RUNNING"
    assert (part(task, "init").last_status, part(task, "init").exit_code) == ("STOPPED", 3)


def test_golden_13_a_start_timeout_and_none(bench: Bench) -> None:
    """Scaled: 4 s for 20 s."""
    never = {"name": "db", "healthCheck": {"command": ["CMD", "false"], "interval": 5}}
    waiting = {"name": "app", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]}
    task = bench.launch({**never, "startTimeout": 4}, waiting)
    assert (task.last_status, task.stop_code) == ("STOPPED", "TaskFailedToStart")
    assert (part(task, "app").exit_code, part(task, "app").ran) == (143, False)
    assert part(task, "db").exit_code == 7
    db = part(task, "db").runtime
    assert db is not None
    assert db.started_at is not None
    assert db.finished_at is not None
    assert timedelta(seconds=4) <= db.finished_at - db.started_at < timedelta(seconds=9)

    order = bench.order(definition(never, waiting))
    launch = threading.Thread(target=bench.launcher().launch, args=(order,))
    launch.start()
    wait_until(lambda: any(step.step == "wait" and step.task_id == order.record.task_id for step in bench.told))
    seen = bench.read(order.record.task_id)
    assert (seen.last_status, seen.desired_status) == ("PENDING", "RUNNING")
    bench.stop(seen)
    launch.join(20)
    assert not launch.is_alive()


def test_golden_14_what_is_not_essential_may_end(bench: Bench) -> None:
    task = bench.launch(
        {"name": "web", "command": ["sh", "-c", "while [ ! -e /go ]; do sleep 0.05; done; exit 2"]},
        {"name": "helper", "essential": False, "command": ["true"]},
    )
    wait_until(lambda: part(bench.read(task.id), "helper").last_status == "STOPPED")
    seen = bench.read(task.id)
    assert (seen.last_status, part(seen, "helper").exit_code, bench.due(seen)) == ("RUNNING", 0, None)
    web = part(task, "web").runtime
    assert web is not None
    bench.daemon.api.exec_start(bench.daemon.api.exec_create(web.id, ["touch", "/go"])["Id"])
    wait_until(lambda: bench.read(task.id).last_status == "STOPPED")
    ended = bench.read(task.id)
    assert (ended.stop_code, ended.stopped_reason) == ("EssentialContainerExited", "Essential container in task exited")
    assert part(ended, "web").exit_code == 2


@pytest.mark.parametrize(
    ("container", "code", "least", "most"),
    [
        ({"command": ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"], "stopTimeout": 2}, 137, 1.9, 4),
        ({"command": ["sleep", "300"], "linuxParameters": {"initProcessEnabled": True}}, 143, 0, 1.5),
    ],
)
def test_golden_15_stopping_by_the_user(
    bench: Bench, container: dict[str, Any], code: int, least: float, most: float
) -> None:
    task = bench.launch(container)
    stopped = bench.stop(task, "bye")
    assert (stopped.stop_code, stopped.stopped_reason) == ("UserInitiated", "bye")
    assert stopped.containers[0].exit_code == code
    assert stopped.stopped_at is not None
    assert stopped.stopping_at is not None
    assert least <= (stopped.stopped_at - stopped.stopping_at).total_seconds() <= most


def test_golden_16_out_of_memory(bench: Bench) -> None:
    task = bench.launch(
        {"command": ["sh", "-c", "x=1; while :; do x=$x$x; done"], "memory": 16, "linuxParameters": {"maxSwap": 0}}
    )
    wait_until(lambda: bench.read(task.id).last_status == "STOPPED", within=30)
    ended = bench.read(task.id)
    assert (ended.stop_code, ended.containers[0].exit_code) == ("EssentialContainerExited", 137)
    assert ended.containers[0].reason == "OutOfMemoryError: Container killed due to memory usage"


def restarting(made: TaskDefinition, period: float) -> TaskDefinition:
    """The definition with a period that ECS would not take, so that nobody has to wait for a minute."""
    first = made.container_definitions[0]
    assert first.restart_policy is not None
    policy = first.restart_policy.model_copy(update={"restart_attempt_period": period})
    container = first.model_copy(update={"restart_policy": policy})
    return made.model_copy(update={"container_definitions": [container]})


def test_golden_17_a_restart_policy(bench: Bench) -> None:
    """Scaled: a period of 2 s for 60 s, ends after 3 s and 0.5 s for 90 s and 10 s."""
    script = "n=$(cat /n 2>/dev/null); echo 1$n >/n; [ -z $n ] && sleep 3 || sleep 0.5; exit 1"
    policy = {"enabled": True, "restartAttemptPeriod": 60, "ignoredExitCodes": [0]}
    port = {"portMappings": [{"containerPort": 80}]}
    made = definition({"command": ["sh", "-c", script], "restartPolicy": policy, **port}, networkMode="bridge")
    first = bench.launcher().launch(bench.order(restarting(made, 2)))
    seen: list[Task] = []

    def stopped() -> bool:
        bench.supervise(first.id)
        seen.append(bench.read(first.id))
        return seen[-1].last_status == "STOPPED"

    wait_until(stopped, within=20)
    ended = seen[-1]
    assert (ended.stop_code, ended.containers[0].restart_count) == ("EssentialContainerExited", 1)
    assert {task.last_status for task in seen[:-1]} == {"RUNNING"}
    assert [name for _, name in bench.events("start")] == ["c0", "c0"]
    ports = {task.ports for task in seen if task.ports}
    assert ports == {first.ports}
    assert len(first.ports) == 1
    assert {found.containers[0].runtime.id for found in seen if found.containers[0].runtime} == {
        part(first, "c0").runtime.id  # type: ignore[union-attr]
    }
    assert ended.started_at is not None
    assert first.started_at is not None
    # Records keep milliseconds.
    assert abs(ended.started_at - first.started_at) < timedelta(milliseconds=1)


def test_golden_17_an_exit_code_that_is_ignored_restarts_nothing(bench: Bench) -> None:
    policy = {"enabled": True, "restartAttemptPeriod": 60, "ignoredExitCodes": [0]}
    made = definition({"command": ["sleep", "2.2"], "restartPolicy": policy})
    task = bench.launcher().launch(bench.order(restarting(made, 2)))
    wait_until(lambda: bench.read(task.id).last_status == "STOPPED", within=20)
    assert bench.due(bench.read(task.id)) is None
    assert len(bench.events("start")) == 1
