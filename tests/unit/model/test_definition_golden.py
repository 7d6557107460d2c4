"""Golden cases, what ECS takes, and what the models tell of themselves (design: ECS semantics 10)."""

from __future__ import annotations

from typing import Any

import pytest

from app.model.reservation import reservation
from app.model.resources import Resources
from app.model.task_definition import dependencies
from tests.unit.model.definitions import container, errors, warnings
from tests.unit.model.test_definition_round_trip import understood


def port(**members: Any) -> list[dict[str, Any]]:
    return [{"containerPort": 80, **members}]


def test_golden_4_memory_of_the_task_is_enough() -> None:
    words = ("Invalid setting for container 'a'. At least one of 'memory' or 'memoryReservation' must be specified.",)
    assert errors({"name": "a", "image": "bb"}) == [("containerDefinitions[0].memory", *words)]
    assert errors({"name": "a", "image": "bb"}, memory="512") == []


def test_golden_5_the_sizes_of_the_task_are_what_it_reserves() -> None:
    made = understood({"family": "web", "cpu": "1 vCPU", "memory": "2 GB", "containerDefinitions": [container("a")]})
    assert (made.cpu_units, made.memory_mib) == (1024, 2048)
    assert reservation(made) == Resources(1024, 2048)


def test_golden_6_a_circle_of_links_is_refused() -> None:
    found = errors(container("a", links=["b"]), container("b", links=["a"]))
    assert [problem for _, problem in found] == ["Container links should not have a cycle"]


def test_golden_6_a_circle_that_volumes_from_closes_is_left_to_the_engine_stage() -> None:
    found = warnings(container("a", links=["b"]), container("b", volumesFrom=[{"sourceContainer": "a"}]))
    assert [path for path, _ in found] == ["containerDefinitions"]
    assert "TaskDependencyError" in found[0][1]


def test_golden_7_an_essential_container_cannot_be_waited_for_to_end() -> None:
    app = container("app", dependsOn=[{"containerName": "init", "condition": "SUCCESS"}])
    words = "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container"
    assert [problem for _, problem in errors(app, container("init"))] == [words]
    assert errors(app, container("init", essential=False)) == []


def test_golden_8_a_container_without_a_check_cannot_be_waited_for_to_be_healthy() -> None:
    app = container("app", dependsOn=[{"containerName": "db", "condition": "HEALTHY"}])
    words = "A dependency container with HEALTHY condition must have health check configured"
    assert [problem for _, problem in errors(app, container("db"))] == [words]
    assert errors(app, container("db", healthCheck={"command": ["CMD", "true"]})) == []


def test_golden_9_a_host_port_may_be_there_once_per_protocol() -> None:
    tcp, udp = port(hostPort=8080), port(hostPort=8080, protocol="udp")
    found = errors(container("a", portMappings=tcp), container("b", portMappings=tcp))
    assert [problem for _, problem in found] == ["TCP host port '8080' is mapped multiple times in task."]
    assert warnings(container("a", portMappings=tcp), container("b", portMappings=udp)) == []
    both = warnings(container("a", portMappings=[*tcp, *udp]))
    assert [path for path, _ in both] == ["containerDefinitions[0].portMappings[1].protocol"]


def test_what_ecs_takes_is_taken() -> None:
    assert not errors(
        container(
            "_a",
            image="repo@sha256:" + "0a" * 32,
            healthCheck={"command": ["NONE"]},
            memoryReservation=16,
            portMappings=[{"containerPortRange": "70-79"}, *port(), *port(hostPort=81)],
            ulimits=[{"name": "core", "softLimit": -1, "hardLimit": -1}],
            linuxParameters={"maxSwap": 0, "swappiness": 60, "capabilities": {"add": ["ALL"]}},
            systemControls=[{"namespace": "fs.mqueue.msg_max", "value": "1"}],
            dockerSecurityOptions=["no-new-privileges", "apparmor:unconfined", "label:disable"],
            environmentFiles=[{"value": "arn:aws:s3:::b/a.env", "type": "s3"}],
            resourceRequirements=[{"type": "GPU", "value": "2"}],
        ),
        tags=[{"key": "Umgebung ä", "value": "a b_.:/=+-@"}],
        volumes=[{"name": "v", "host": {}, "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True}}],
        cpu="1 vCPU",
        memory="2 GB",
    )


def test_dependencies_are_those_of_all_kinds_and_the_strongest_counts() -> None:
    made = understood(
        {
            "family": "web",
            "containerDefinitions": [
                container(
                    "a",
                    links=["b", "c:alias"],
                    volumesFrom=[{"sourceContainer": name} for name in ("b", "d", "e")],
                    dependsOn=[
                        {"containerName": "b", "condition": "HEALTHY"},
                        {"containerName": "c", "condition": "START"},
                        {"containerName": "e", "condition": "COMPLETE"},
                        {"containerName": "e", "condition": "SUCCESS"},
                    ],
                )
            ],
        }
    )
    assert dependencies(made, made.container("a")) == {"b": "HEALTHY", "c": "START", "d": "CREATE", "e": "SUCCESS"}


@pytest.mark.parametrize(
    ("mapping", "ports"),
    [({"containerPort": 80}, [80]), ({"containerPortRange": "8000-8002"}, [8000, 8001, 8002]), ({}, [])],
)
def test_container_ports_of_a_mapping(mapping: dict[str, Any], ports: list[int]) -> None:
    made = understood({"family": "web", "containerDefinitions": [container("a", portMappings=[mapping])]})
    assert list(made.container("a").port_mappings[0].container_ports) == ports
