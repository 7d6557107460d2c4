"""run-task when things go wrong, and run-task --wait: reasons, exit codes, nothing left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from app.operations import waiting
from tests.cli.calling import Cli
from tests.engine_bed import Daemon, wait_until


def names(engine: Daemon) -> list[str]:
    return [container["Names"][0] for container in engine.api.containers(all=True)]


def test_an_image_that_cannot_be_pulled(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "main", "image": "localhost:1/no/such:1"})

    failed = cli("run-task", "web", code=1)

    (task,) = failed.json["tasks"]
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    (line,) = failed.err.splitlines()
    assert line.startswith(f"moorage: task {task['taskArn'][-32:-24]} on edge-1: CannotPullContainerError: ")
    assert names(engine) == []


def test_a_port_that_an_unmanaged_container_has(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    engine.run(["sleep", "60"], name="squatter", ports=[80], port_bindings={80: 8080})
    cli.register({"name": "main", "portMappings": [{"containerPort": 80, "hostPort": 8080}]})

    failed = cli("run-task", "web", code=1)

    assert failed.json["tasks"] == []
    assert [failure["reason"] for failure in failed.json["failures"]] == ["RESOURCE:PORTS"]
    assert "tcp 8080 taken by container squatter (unmanaged)" in failed.err
    assert names(engine) == ["/squatter"]


def test_a_port_that_another_task_has(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register(
        {"name": "main", "command": ["sleep", "60"], "portMappings": [{"containerPort": 80, "hostPort": 8080}]}
    )
    first = cli.run("web")

    failed = cli("run-task", "web", code=1)

    assert f"tcp 8080 taken by task {first[:8]} (web:1)" in failed.err
    assert len(names(engine)) == 1


def test_a_port_that_a_process_of_the_host_has(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    engine.run(["httpd", "-f", "-p", "8080"], network_mode="host", name="hidden")
    wait_until(lambda: engine.connect(8080), ignoring=(OSError,)).close()
    cli.register({"name": "main", "portMappings": [{"containerPort": 80, "hostPort": 8080}]})

    failed = cli("run-task", "web", code=1)

    (task,) = failed.json["tasks"]
    assert task["stopCode"] == "TaskFailedToStart"
    assert "port 8080 is taken by a process on the host" in failed.err
    assert names(engine) == ["/hidden"]


def test_an_engine_that_is_gone(clustered: Callable[..., Cli], fresh_engine: Callable[..., Daemon]) -> None:
    here, gone = fresh_engine(name="here"), fresh_engine(name="gone")
    cli = clustered(here.endpoint, gone.endpoint)
    cli.register({"name": "main", "command": ["sleep", "60"]})
    gone.kill()

    (task,) = cli("run-task", "web").json["tasks"]
    assert task["lastStatus"] == "RUNNING"
    shapes = cli("describe-container-instances", "edge-1", "edge-2").json["containerInstances"]
    assert [shape["agentConnected"] for shape in shapes] == [True, False]
    assert "refused" in shapes[1]["statusReason"]
    listed = cli("list-tasks").json
    assert listed["taskArns"] == [task["taskArn"]]
    assert listed["failures"][0]["reason"] == "AGENT"
    (unseen,) = cli("describe-tasks", "0123456789abcdef").json["failures"]
    assert unseen["reason"] == "AGENT"
    assert "edge-2" in unseen["detail"]

    failed = cli("start-task", "web", "--container-instances", "edge-2", code=1)
    assert "AGENT: edge-2:" in failed.err


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7)])
def test_wait_exits_as_the_essential_container(
    clustered: Callable[..., Cli], engine: Daemon, script: str, code: int
) -> None:
    cli = clustered(engine.endpoint)
    cli.register(
        {"name": "job", "command": ["sh", "-c", f"sleep 1; {script}"]},
        {"name": "helper", "command": ["sleep", "60"], "essential": False},
        family="job",
    )

    ended = cli("run-task", "job", "--wait", code=code)

    (task,) = ended.json["tasks"]
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert engine.api.containers() == [], "the helper was stopped with the essential container"


def test_wait_exits_with_1_when_nothing_ever_ran(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "job", "command": ["/no/such/program"]}, family="job")

    failed = cli("run-task", "job", "--wait", code=1)

    assert "CannotStartContainerError" in failed.err


def test_waiting_fails_at_once_when_it_is_in_vain(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "job", "command": ["true"]}, family="job")
    (task,) = cli("run-task", "job", "--wait").json["tasks"]

    stopped = cli("wait", "tasks-running", "--tasks", task["taskArn"], code=255)
    assert "is STOPPED: Essential container in task exited" in stopped.err
    missing = cli("wait", "tasks-stopped", "--tasks", "ffffffffffff", code=255)
    assert "'ffffffffffff' not found" in missing.err


def test_waiting_gives_up_in_the_end(
    clustered: Callable[..., Cli], engine: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "main", "command": ["sleep", "60"]})
    task = cli.run("web")
    monkeypatch.setattr(waiting, "WAIT_AT_MOST", 0.5)
    monkeypatch.setattr(waiting, "LOOK_EVERY", 0.1)

    late = cli("wait", "tasks-stopped", "--tasks", task, code=255)

    assert late.err == f"moorage: wait tasks-stopped gave up after 0.5 s: {task[:8]} is RUNNING\n"


def test_waiting_ends_when_the_task_does(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "main", "command": ["sleep", "60"]})
    task = cli.run("web")
    (container,) = engine.api.containers()
    timer = threading.Timer(0.5, lambda: engine.api.kill(container["Id"]))
    timer.start()

    cli("wait", "tasks-stopped", "--tasks", task)

    timer.join()
    assert cli.describe(task)["containers"][0]["exitCode"] == 137
