"""When two definitions mean the same."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from app.model.equality import normalised, same_definition
from tests.unit.generated import definitions


def one(mode: str | None = None, **container: Any) -> dict[str, Any]:
    full = {"name": "a", "image": "busybox", **container}
    return {"family": "web", "containerDefinitions": [full]} | ({"networkMode": mode} if mode else {})


def ports(mode: str | None = None, **mapping: Any) -> dict[str, Any]:
    return one(mode, portMappings=[{"containerPort": 80, **mapping}])


A, B = {"name": "A", "value": "1"}, {"name": "B", "value": "2"}
SECRET_A, SECRET_B = {"name": "A", "valueFrom": "a"}, {"name": "B", "valueFrom": "b"}
CHECK = {"command": ["CMD", "true"]}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (one(), one(essential=True)),
        (one(), one(essential=None)),
        (one(), one(cpu=0)),
        (one(), one(user=None, portMappings=[], environment=[], secrets=None)),
        (one(), {**one(), "volumes": [], "placementConstraints": [], "cpu": None}),
        (one(environment=[A, B]), one(environment=[B, A])),
        (one(secrets=[SECRET_A, SECRET_B]), one(secrets=[SECRET_B, SECRET_A])),
        (ports(), ports(hostPort=0)),
        (ports(), ports(protocol="tcp")),
        (ports("awsvpc"), ports("awsvpc", hostPort=80)),
        (ports("host"), ports("host", hostPort=80)),
        (one(healthCheck=CHECK), one(healthCheck={**CHECK, "interval": 30, "timeout": 5, "retries": 3})),
    ],
)
def test_the_same(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert same_definition(left, right)
    assert same_definition(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (one(), one(essential=False)),
        (one(), one(cpu=1)),
        (one(), one(user="")),
        (one(command=["a", "b"]), one(command=["b", "a"])),
        (one(environment=[A]), one(environment=[B])),
        (one(environment=[A]), one(environment=[A, A])),
        (ports(), ports(hostPort=80)),
        (ports("bridge"), ports("bridge", hostPort=80)),
        (ports(), ports(protocol="udp")),
        (ports("host"), ports("host", hostPort=81)),
        (one(healthCheck=CHECK), one(healthCheck={**CHECK, "interval": 31})),
        (one(), one("bridge")),
        (one(), {**one(), "family": "api"}),
    ],
)
def test_not_the_same(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert not same_definition(left, right)


def test_the_order_of_containers_says_nothing() -> None:
    first, second = one(name="a")["containerDefinitions"] + one(name="b")["containerDefinitions"]
    document = {"family": "web", "containerDefinitions": [first, second]}
    assert same_definition(document, {**document, "containerDefinitions": [second, first]})


def test_values_that_are_not_valid_raise_nothing() -> None:
    for broken in (1, ["x"], [{"portMappings": 1, "healthCheck": [], "environment": {}}], [{"portMappings": [1]}]):
        assert same_definition({"containerDefinitions": broken}, {"containerDefinitions": broken})


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(definitions())
def test_normalising_is_done_at_once_and_changes_no_input(members: dict[str, Any]) -> None:
    before = deepcopy(members)
    result = normalised(members)
    assert members == before
    assert normalised(result) == result
    assert same_definition(members, result)
