"""What is done from a home is kept, with a command that asks for the same; secrets are not."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from app.cli.arguments import build_parser, parse, read_request
from app.cli.building import COMMANDS
from app.model import requests
from app.model.image_requests import BuildImageRequest
from app.model.masking import MASK
from app.model.requests import CreateClusterRequest, DeleteClusterRequest, Request, RunTaskRequest
from app.operations.clusters import create_cluster, delete_cluster
from app.operations.deeds import command_of, kept
from app.operations.session import Session
from app.store.events import EventQuery, EventStore
from app.store.home import resolve_home

CASES: list[tuple[str, type[Request], dict[str, Any]]] = [
    ("create-cluster", CreateClusterRequest, {"clusterName": "prod", "scheduler": "swarm"}),
    (
        "run-task",
        RunTaskRequest,
        {
            "cluster": "prod",
            "taskDefinition": "web:7",
            "count": 4,
            "group": "-odd",
            "placementStrategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}],
            "placementConstraints": [{"type": "distinctInstance"}],
            "overrides": {"containerOverrides": [{"name": "web", "command": ["sh", "-c", "echo 'a b' $X"]}]},
        },
    ),
    (
        "start-task",
        requests.StartTaskRequest,
        {"taskDefinition": "web", "containerInstances": ["edge-1", "edge-2"], "startedBy": "me"},
    ),
    (
        "update-container-instances-state",
        requests.UpdateContainerInstancesStateRequest,
        {"containerInstances": ["edge-1"], "status": "DRAINING", "reason": "it's old; rm -rf /"},
    ),
    (
        "register-container-instance",
        requests.RegisterContainerInstanceRequest,
        {"name": "e", "endpoint": "unix:///x y", "attributes": [{"name": "gpu", "value": "a,b"}], "reservedPorts": [0]},
    ),
    (
        "deregister-container-instance",
        requests.DeregisterContainerInstanceRequest,
        {"cluster": "prod", "containerInstance": "edge-1", "force": True},
    ),
    (
        "put-attributes",
        requests.PutAttributesRequest,
        {"attributes": [{"name": "gpu", "value": "a100", "targetId": "edge-1"}]},
    ),
]


def test_of_build_arguments_the_names_alone_are_kept_and_their_flags_take_one_value_each() -> None:
    request = BuildImageRequest(path=".", tag=["web:7", "web:8"], build_arg=["TOKEN=canary=x", "BASE"], no_cache=True)
    command = command_of("build", request)
    flags = "--path . --tag web:7 --tag web:8 --build-arg TOKEN --build-arg BASE --no-cache"
    assert command == f"moorage build {flags}"
    parser = build_parser("build", "", BuildImageRequest, "path")
    add_flags = COMMANDS["build"].add_flags
    assert add_flags is not None
    add_flags(parser)
    again = read_request(BuildImageRequest, parse(parser, shlex.split(command)[2:]), "path")
    assert again == BuildImageRequest(path=".", tag=["web:7", "web:8"], build_arg=["TOKEN", "BASE"], no_cache=True)


@pytest.mark.parametrize(("verb", "model", "members"), CASES, ids=[verb for verb, _, _ in CASES])
def test_the_command_asks_for_the_same(verb: str, model: type[Request], members: dict[str, Any]) -> None:
    request = model.model_validate(members)
    program, called, *words = shlex.split(command_of(verb, request))
    assert (program, called) == ("moorage", verb)
    options = parse(build_parser(verb, "", model, ""), words)
    assert read_request(model, options, "") == request


def test_secrets_are_not_written_down() -> None:
    overrides = {"containerOverrides": [{"name": "web", "environment": [{"name": "DB_PASSWORD", "value": "hunter2"}]}]}
    command = command_of("run-task", RunTaskRequest.model_validate({"taskDefinition": "web", "overrides": overrides}))
    assert "hunter2" not in command
    assert MASK in command


def test_what_was_done_is_kept_and_what_was_refused_is_not(tmp_path: Path) -> None:
    session = Session(resolve_home(str(tmp_path), {}))
    create_cluster(session, CreateClusterRequest(cluster_name="prod"))
    delete_cluster(session, DeleteClusterRequest(cluster="prod"))
    with pytest.raises(Exception, match="not found"):
        delete_cluster(session, DeleteClusterRequest(cluster="nowhere"))
    told = [
        (event.what, event.cluster, event.detail, event.by, event.command)
        for event in EventStore(session.home).find(EventQuery())[::-1]
    ]
    assert told == [
        ("call", "prod", "create-cluster: prod", session.operator, "moorage create-cluster --cluster-name prod"),
        ("call", "prod", "delete-cluster: prod", session.operator, "moorage delete-cluster --cluster prod"),
    ]


def test_that_it_cannot_be_kept_is_no_failure_of_what_was_done(tmp_path: Path) -> None:
    session = Session(resolve_home(str(tmp_path), {}))
    session.home.state.mkdir(parents=True)
    (session.home.state / "events.sqlite3").mkdir()
    done = create_cluster(session, CreateClusterRequest(cluster_name="prod"))
    assert done["cluster"]["clusterName"] == "prod"


def test_a_dry_run_is_no_deed(tmp_path: Path) -> None:
    session = Session(resolve_home(str(tmp_path), {}))
    request = requests.UpdateContainerInstancesStateRequest.model_validate(
        {"containerInstances": ["edge"], "status": "DRAINING", "dryRun": True}
    )
    kept("update-container-instances-state", lambda *_: "")(lambda _session, _request: {})(session, request)
    assert EventStore(session.home).find(EventQuery()) == []
