"""Container definition → the exact body of a create call."""

from __future__ import annotations

from typing import Any

import pytest

from app.hosts.labels import labels_of
from app.hosts.translate import create_body, needs_network, tag_for, task_volumes
from app.model.container import TaskTag
from tests.unit.builders import definition, tag

MIB = 2**20


def body_of(container: dict[str, Any], *others: dict[str, Any], network: str = "", **members: Any) -> dict[str, Any]:
    made = definition(container, *others, **members)
    first = made.container_definitions[0]
    return create_body(made, first, tag_for(tag(""), made, first), network)


def test_the_smallest_body() -> None:
    made = definition({"name": "web"})
    marked = tag_for(tag(""), made, made.container_definitions[0])
    assert create_body(made, made.container_definitions[0], marked, "") == {
        "Image": "busybox",
        "Env": [],
        "Labels": labels_of(marked),
        "ExposedPorts": {},
        "StopTimeout": 30,
        "HostConfig": {
            "NetworkMode": "default",
            "PortBindings": {},
            "Binds": [],
            "CpuShares": 2,
            "RestartPolicy": {"Name": "no"},
            "Memory": 16 * MIB,
        },
    }


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"command": ["a", "b c"]}, {"Cmd": ["a", "b c"]}),
        ({"command": []}, {"Cmd": []}),
        ({"entryPoint": ["sh", "-c"]}, {"Entrypoint": ["sh", "-c"]}),
        ({"environment": [{"name": "A", "value": "1=2"}, {"name": "B"}]}, {"Env": ["A=1=2", "B="]}),
        ({"user": "1000:100"}, {"User": "1000:100"}),
        ({"workingDirectory": "/w"}, {"WorkingDir": "/w"}),
        ({"hostname": "h"}, {"Hostname": "h"}),
        ({"stopTimeout": 2}, {"StopTimeout": 2}),
        (
            {
                "healthCheck": {
                    "command": ["CMD-SHELL", "true"],
                    "interval": 5,
                    "timeout": 2,
                    "retries": 1,
                    "startPeriod": 3,
                }
            },
            {
                "Healthcheck": {
                    "Test": ["CMD-SHELL", "true"],
                    "Interval": 5 * 10**9,
                    "Timeout": 2 * 10**9,
                    "Retries": 1,
                    "StartPeriod": 3 * 10**9,
                }
            },
        ),
        (
            {"healthCheck": {"command": ["curl", "x"]}},
            {
                "Healthcheck": {
                    "Test": ["CMD", "curl", "x"],
                    "Interval": 30 * 10**9,
                    "Timeout": 5 * 10**9,
                    "Retries": 3,
                    "StartPeriod": 0,
                }
            },
        ),
    ],
)
def test_members_of_the_body(members: dict[str, Any], expected: dict[str, Any]) -> None:
    plain, body = body_of({}), body_of(members)
    changed = {key: value for key, value in body.items() if plain.get(key) != value and key != "Labels"}
    assert changed == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"cpu": 1}, {"CpuShares": 2}),
        ({"cpu": 512}, {"CpuShares": 512}),
        ({"cpu": 262144}, {"CpuShares": 262144}),
        ({"memory": 4}, {"Memory": 6 * MIB}),
        ({"memory": 64, "memoryReservation": 32}, {"Memory": 64 * MIB, "MemoryReservation": 32 * MIB}),
        ({"memoryReservation": 4}, {"Memory": 16 * MIB, "MemoryReservation": 6 * MIB}),
    ],
)
def test_sizes(members: dict[str, Any], expected: dict[str, Any]) -> None:
    config = body_of(members)["HostConfig"]
    assert {key: config.get(key) for key in expected} == expected


def test_only_a_soft_limit_means_no_hard_one() -> None:
    config = body_of({"memory": None, "memoryReservation": 32})["HostConfig"]
    assert "Memory" not in config


def test_the_task_size_limits_a_container_without_its_own() -> None:
    assert body_of({"memory": None}, memory="128")["HostConfig"]["Memory"] == 128 * MIB


def test_ports() -> None:
    ports = [
        {"containerPort": 80, "hostPort": 8080},
        {"containerPort": 80, "hostPort": 8081},
        {"containerPort": 53, "protocol": "udp"},
        {"containerPort": 81, "hostPort": 0},
    ]
    body = body_of({"portMappings": ports})
    assert body["ExposedPorts"] == {"53/udp": {}, "80/tcp": {}, "81/tcp": {}}
    assert body["HostConfig"]["PortBindings"] == {
        "80/tcp": [{"HostPort": "8080"}, {"HostPort": "8081"}],
        "53/udp": [{"HostPort": ""}],
        "81/tcp": [{"HostPort": ""}],
    }
    host = body_of({"portMappings": [{"containerPort": 80}]}, networkMode="host")["HostConfig"]
    assert (host["PortBindings"], host["NetworkMode"]) == ({}, "host")


@pytest.mark.parametrize(
    ("mode", "docker"), [(None, "default"), ("bridge", "bridge"), ("host", "host"), ("none", "none")]
)
def test_network_modes(mode: str | None, docker: str) -> None:
    body = body_of({}, networkMode=mode)
    assert body["HostConfig"]["NetworkMode"] == docker
    assert "NetworkingConfig" not in body


def test_links_are_aliases_on_the_tasks_own_network() -> None:
    body = body_of({"name": "web", "links": ["db:sql", "cache"]}, {"name": "db"}, {"name": "cache"}, network="net-id")
    assert body["HostConfig"]["NetworkMode"] == "net-id"
    assert body["NetworkingConfig"] == {
        "EndpointsConfig": {
            "net-id": {"Links": ["moorage-web-1-db-0123456789ab:sql", "moorage-web-1-cache-0123456789ab:cache"]}
        }
    }
    assert "Links" not in body["HostConfig"]


def test_volumes() -> None:
    mounts = [
        {"sourceVolume": "scratch", "containerPath": "/s"},
        {"sourceVolume": "data", "containerPath": "/d", "readOnly": True},
    ]
    volumes = [{"name": "scratch"}, {"name": "empty", "host": {}}, {"name": "data", "host": {"sourcePath": "/srv"}}]
    body = body_of({"mountPoints": mounts}, volumes=volumes)
    assert body["HostConfig"]["Binds"] == ["moorage-volume-0123456789ab-scratch:/s", "/srv:/d:ro"]
    assert task_volumes(definition(volumes=volumes)) == ["scratch", "empty"]


def test_tags_tell_a_supervisor_what_it_needs() -> None:
    made = definition(
        {"name": "db", "healthCheck": {"command": ["CMD", "true"]}, "startTimeout": 20, "essential": False},
        {
            "name": "web",
            "links": ["db"],
            "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}],
            "stopTimeout": 3,
        },
    )
    db, web = (tag_for(tag(""), made, container) for container in made.container_definitions)
    assert (db.essential, db.start_timeout, db.health_checked, db.depends_on) == (False, 20, True, ())
    assert (web.stop_timeout, web.depends_on, web.containers) == (3, (("db", "HEALTHY"),), 2)
    assert isinstance(web, TaskTag)
    assert needs_network(made)
    assert not needs_network(definition({}))
