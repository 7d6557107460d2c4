"""The main job from nothing, with a real engine: the sequence that a person types."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli import stand_ins
from tests.cli.calling import Cli
from tests.engine_bed import Daemon, wait_until

SAMPLES = Path(__file__).resolve().parents[2] / "sample_defs"


def test_from_nothing_to_a_web_server_and_back(cli: Cli, engine: Daemon) -> None:
    stand_ins.load(engine.api, "nginx:1.28-alpine")
    source = SAMPLES / "web-server.json"

    assert cli("create-cluster").json["cluster"]["status"] == "ACTIVE"
    instance = cli("register-container-instance", "--endpoint", engine.endpoint, "--name", "edge-1").json
    assert instance["containerInstance"]["agentConnected"] is True
    registered = cli("register-task-definition", "--cli-input-json", f"file://{source}")
    assert registered.json["taskDefinition"]["revision"] == 1
    assert registered.err == ""
    assert (cli.home / "task-definitions/web-server/1.json").read_bytes() == source.read_bytes()

    ran = cli("run-task", "--task-definition", "web-server")
    (launched,) = ran.json["tasks"]
    assert ran.json["failures"] == []
    task = launched["taskArn"]
    assert task.startswith("arn:aws:ecs:local-1:000000000000:task/default/")

    shape = cli.describe(task)
    assert shape["lastStatus"] == "RUNNING"
    assert shape["containers"][0]["networkBindings"] == [
        {"bindIP": "0.0.0.0", "containerPort": 80, "hostPort": 8080, "protocol": "tcp"}
    ]
    reply = wait_until(lambda: engine.http_get(8080), ignoring=(OSError,))
    assert reply.text == "stand-in for nginx\n"
    assert cli("list-tasks").json["taskArns"] == [task]
    assert cli("wait", "tasks-running", "--tasks", task).out == ""

    stopped = cli("stop-task", "--task", task, "--reason", "lunch").json["task"]
    assert stopped["lastStatus"] == "STOPPED"
    shape = cli.describe(task)
    assert (shape["stopCode"], shape["stoppedReason"]) == ("UserInitiated", "lunch")
    assert shape["containers"][0]["exitCode"] in (0, 137, 143)
    assert cli("wait", "tasks-stopped", "--tasks", task).out == ""
    assert cli("list-tasks").json["taskArns"] == []
    assert cli("list-tasks", "--desired-status", "STOPPED").json["taskArns"] == [task]


def test_three_engines_take_six_tasks(clustered: Callable[..., Cli], engines: list[Daemon]) -> None:
    cli = clustered(*(engine.endpoint for engine in engines))
    cli.register({"name": "main", "command": ["sleep", "60"]}, family="six")

    ran = cli("run-task", "six", "--count", "6").json

    assert ran["failures"] == []
    assert {task["lastStatus"] for task in ran["tasks"]} == {"RUNNING"}
    listed = cli("list-tasks", "--family", "six").json["taskArns"]
    assert sorted(task["taskArn"] for task in ran["tasks"]) == sorted(listed)
    assert len(listed) == 6
    (cluster,) = cli("describe-clusters").json["clusters"]
    assert (cluster["runningTasksCount"], cluster["registeredContainerInstancesCount"]) == (6, 3)
    table = cli("describe-tasks", *listed, "--output", "table").out.splitlines()
    assert table[0].startswith("TASK      DEFINITION  STATUS")
    assert len(table) == 7
    assert sum(len(engine.api.containers()) for engine in engines) == 6


def test_start_task_starts_on_the_instances_that_are_named(
    clustered: Callable[..., Cli], engines: list[Daemon]
) -> None:
    cli = clustered(*(engine.endpoint for engine in engines))
    cli.register({"name": "main", "command": ["sleep", "60"]})

    ran = cli("start-task", "web", "--container-instances", "edge-1", "edge-3", "edge-9", code=1)

    assert [len(engine.api.containers()) for engine in engines] == [1, 0, 1]
    (missing,) = ran.json["failures"]
    assert missing["reason"] == "MISSING"
    assert "edge-9" in ran.err
    assert "moorage: MISSING: " in ran.err


def test_a_drained_instance_takes_nothing_new(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "main", "command": ["sleep", "60"]})
    cli("update-container-instances-state", "--container-instances", "edge-1", "--status", "DRAINING")

    refused = cli("run-task", "web", code=1)
    assert refused.json["failures"][0]["reason"] == "DRAINING"
    assert "edge-1: the instance is draining" in refused.err

    cli("update-container-instances-state", "edge-1", "--status", "ACTIVE")
    cli.run("web")


def test_attributes_come_and_go(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)

    put = cli("put-attributes", "--attributes", "name=stack,value=prod,targetId=edge-1").json["attributes"]
    assert (put[0]["name"], put[0]["value"], put[0]["targetType"]) == ("stack", "prod", "container-instance")
    (shape,) = cli("describe-container-instances", "edge-1").json["containerInstances"]
    assert {"name": "stack", "value": "prod"} in shape["attributes"]

    as_json = json.dumps([{"name": "stack", "targetId": "edge-1"}])
    cli("delete-attributes", "--attributes", as_json)
    (shape,) = cli("describe-container-instances", "edge-1").json["containerInstances"]
    assert "stack" not in {attribute["name"] for attribute in shape["attributes"]}


def test_overrides_reach_the_container(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "job", "command": ["false"], "environment": [{"name": "A", "value": "1"}]}, family="job")
    override = {
        "name": "job",
        "command": ["sh", "-c", "test $A$B = 12"],
        "environment": [{"name": "B", "value": "2"}],
    }

    ended = cli("run-task", "job", "--wait", "--overrides", json.dumps({"containerOverrides": [override]}))

    assert ended.json["tasks"][0]["containers"][0]["exitCode"] == 0


@pytest.mark.parametrize("form", ["json", "text", "table"])
def test_every_output_says_what_runs(clustered: Callable[..., Cli], engine: Daemon, form: str) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "main", "command": ["sleep", "60"]})
    task = cli.run("web")

    out = cli("describe-tasks", "--tasks", task, "--output", form).out

    assert "RUNNING" in out
    assert task[:8] in out
