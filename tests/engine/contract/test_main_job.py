"""The main job through ``app.operations``, on the simulated engine as on a real one: register, run, watch, stop."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from app.hosts.engine import Engine
from app.hosts.task_objects import forget_task
from app.model.requests import DescribeTasksRequest, RunTaskRequest, StopTaskRequest, parse_request
from app.model.task import Task, TaskContainer
from app.operations.definitions import register_task_definition
from app.operations.launch import run_task
from app.operations.monitor import Monitor
from app.operations.session import Session
from app.operations.tasks import describe_tasks, stop_task
from app.store.home import resolve_home
from tests.engine.clusters import pump_until, register
from tests.engine.contract.asking import LIVE, Subject, as_daemon
from tests.engine.launching import NOTHING, Bench, definition, left
from tests.engine_bed import wait_until
from tests.engine_bed.engines import ENGINE

DB = "trap 'exit 0' TERM; touch /tmp/ready; echo up; while :; do sleep 0.05; done"
CHECKED = os.environ.get(ENGINE) != "podman"
"""podman leaves it to systemd to call health checks, and the machines of the bed have none."""
WEB: list[dict[str, Any]] = [
    {
        "name": "db", "command": ["sh", "-c", DB],
        "healthCheck": {"command": ["CMD-SHELL", "test -e /tmp/ready"], "interval": 5, "timeout": 30},
    },
    {
        "name": "web", "command": LIVE, "links": ["db"], "portMappings": [{"containerPort": 80, "hostPort": 8080}],
        "dependsOn": [{"containerName": "db", "condition": "HEALTHY" if CHECKED else "START"}],
    },
]  # fmt: skip


@pytest.fixture
def session(tmp_path: Path, subject: Subject) -> Session:
    made = Session(resolve_home(str(tmp_path), {}))
    register(made, as_daemon(subject))
    return made


def define(session: Session, family: str, *containers: dict[str, Any], **members: Any) -> None:
    filled = [{"image": "busybox", "memory": 8, "stopTimeout": 20, **container} for container in containers]
    document = {"family": family, "networkMode": "bridge", "containerDefinitions": filled, **members}
    register_task_definition(session, json.dumps(document).encode(), f"{family}.json")


def _parts(task: Task | None) -> list[TaskContainer]:
    return list(task.containers) if task is not None else []


def test_a_task_is_run_watched_and_stopped(session: Session, subject: Subject) -> None:
    define(session, "web", *WEB)
    monitor = Monitor(session, lambda: None)
    monitor.refresh()
    try:
        pump_until(monitor, lambda: [state.freshness.reach for state in monitor.fleet.instances.values()] == ["live"])
        request = parse_request(RunTaskRequest, {"taskDefinition": "web", "startedBy": "me"})
        (task,) = run_task(session, request, lambda _: None).tasks
        assert (task.last_status, task.stopped_reason) == ("RUNNING", "")

        def shown() -> Task | None:
            return next((found for found in monitor.fleet.tasks("default") if found.id == task.id), None)

        pump_until(monitor, shown, what="it is seen")
        healths = ["HEALTHY" if CHECKED else "UNKNOWN", "UNKNOWN"]
        pump_until(monitor, lambda: [part.health for part in _parts(shown())] == healths, within=40)
        described = describe_tasks(session, DescribeTasksRequest(tasks=[task.id]))["tasks"][0]
        assert (described["lastStatus"], described["startedBy"]) == ("RUNNING", "me")
        bindings = [binding for container in described["containers"] for binding in container["networkBindings"]]
        assert bindings == [{"bindIP": "0.0.0.0", "containerPort": 80, "hostPort": 8080, "protocol": "tcp"}]
        second = run_task(session, request, lambda _: None)
        assert [failure["reason"] for failure in second.failures] == ["RESOURCE:PORTS"]

        stop_task(session, StopTaskRequest(task=task.id, reason="lunch"), lambda _: None)
        stopped = describe_tasks(session, DescribeTasksRequest(tasks=[task.id]))["tasks"][0]
        assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "lunch")
        codes = {container["name"]: container["exitCode"] for container in stopped["containers"]}
        assert codes == {"db": 0, "web": 7}
        pump_until(monitor, lambda: (found := shown()) and found.last_status == "STOPPED", what="it is seen to stop")
    finally:
        monitor.stop()
    assert left(as_daemon(subject)).networks == []


def test_a_launch_that_fails_leaves_nothing_but_why(subject: Subject) -> None:
    bench = Bench(as_daemon(subject))
    task = bench.launch({"name": "app", "image": "no-such-image:1"})
    assert task.stop_code == "TaskFailedToStart" and task.stopped_reason.startswith("CannotPullContainerError: ")
    taken = bench.launch({"name": "app", "command": ["no-such-program"]}, networkMode="bridge")
    assert taken.stopped_reason.startswith("CannotStartContainerError: app: ")
    assert left(as_daemon(subject)).containers == []


def test_in_awsvpc_mode_containers_share_the_network_of_a_pause_container(subject: Subject) -> None:
    bench = Bench(as_daemon(subject))
    ports = {"portMappings": [{"containerPort": 80}]}
    task = bench.launch({"name": "web", **ports}, {"name": "side"}, networkMode="awsvpc")
    assert task.last_status == "RUNNING", task.stopped_reason
    assert task.pause is not None and task.pause.runtime is not None
    modes = {
        subject.api.inspect_container(entry["Id"])["HostConfig"]["NetworkMode"] for entry in subject.api.containers()
    }
    assert modes == {"default", f"container:{task.pause.runtime.id}"}
    assert bench.stop(task).last_status == "STOPPED"


def test_a_restart_policy_starts_the_same_container_again(subject: Subject) -> None:
    bench = Bench(as_daemon(subject))
    script = "n=$(cat /n 2>/dev/null); echo 1$n >/n; [ -z $n ] && exit 3; while :; do sleep 0.05; done"
    policy = {"restartPolicy": {"enabled": True, "restartAttemptPeriod": 60}}
    made = definition({"name": "app", "command": ["sh", "-c", script], **policy})
    first = made.container_definitions[0]
    assert first.restart_policy is not None
    soon = first.restart_policy.model_copy(update={"restart_attempt_period": 0})
    made = made.model_copy(update={"container_definitions": [first.model_copy(update={"restart_policy": soon})]})
    task = bench.launcher().launch(bench.order(made))
    wait_until(lambda: bench.supervise(task.id) or bench.read(task.id).containers[0].restart_count == 1)
    wait_until(lambda: bench.read(task.id).last_status == "RUNNING")
    bench.stop(bench.read(task.id))


def test_what_was_done_is_undone_to_nothing(subject: Subject, port: Engine) -> None:
    bench = Bench(as_daemon(subject))
    task = bench.stop(bench.launch({"name": "web", "links": ["db"]}, {"name": "db"}, networkMode="bridge"))
    forget_task(port, task.id)
    assert left(as_daemon(subject)) == NOTHING
