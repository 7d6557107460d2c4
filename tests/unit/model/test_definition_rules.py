"""The rules across members: each broken one by itself, and all of them at once."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.definition_document import definition_from
from app.model.dependency_rules import find_cycle
from app.model.errors import DocumentError


def container(name: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "image": "busybox", "memory": 16, **members}


def findings(*containers: dict[str, Any], **members: Any) -> list[tuple[str, str]]:
    try:
        definition_from({"family": "web", "containerDefinitions": list(containers), **members}, "t")
    except DocumentError as error:
        assert all(finding.remedy for finding in error.findings)
        return [(finding.path, finding.problem) for finding in error.findings]
    return []


HEALTHY = {"healthCheck": {"command": ["CMD", "true"]}}
PORT = {"containerPort": 80, "hostPort": 8080}


@pytest.mark.parametrize(
    ("containers", "members", "path", "words"),
    [
        ([container("a"), container("a")], {}, "containerDefinitions[0].name", "used twice"),
        (
            [container("a", environment=[{"name": "X"}, {"name": "X", "value": "1"}])],
            {},
            "containerDefinitions[0].environment[1].name",
            "set twice",
        ),
        ([container("a", essential=False)], {}, "containerDefinitions", "no container is essential"),
        (
            [{"name": "a", "image": "b"}],
            {},
            "containerDefinitions[0].memory",
            "At least one of 'memory' or 'memoryReservation' must be specified.",
        ),
        ([container("a", memoryReservation=17)], {}, "containerDefinitions[0].memoryReservation", "more than memory"),
        ([container("a", memory=513)], {"memory": "512"}, "containerDefinitions[0].memory", "more than the task's"),
        ([container("a", memory=300), container("b", memory=300)], {"memory": "512"}, "memory", "adds up to 600"),
        ([container("a", cpu=300), container("b", cpu=300)], {"cpu": "512"}, "cpu", "adds up to 600"),
        (
            [container("a", portMappings=[PORT])],
            {"networkMode": "none"},
            "containerDefinitions[0].portMappings",
            "no ports",
        ),
        (
            [container("a", portMappings=[PORT])],
            {"networkMode": "host"},
            "containerDefinitions[0].portMappings[0].hostPort",
            "must match",
        ),
        (
            [container("a", portMappings=[PORT]), container("b", portMappings=[PORT])],
            {},
            "containerDefinitions[1].portMappings[0].hostPort",
            "TCP host port '8080' is mapped multiple times in task.",
        ),
        (
            [
                container("a", portMappings=[{"containerPort": 80}]),
                container("b", portMappings=[{"containerPort": 80}]),
            ],
            {"networkMode": "host"},
            "containerDefinitions[1].portMappings[0].hostPort",
            "TCP host port '80' is mapped multiple times in task.",
        ),
        ([container("a")], {"volumes": [{"name": "v"}, {"name": "v"}]}, "volumes[1].name", "defined twice"),
        (
            [container("a", mountPoints=[{"sourceVolume": "v", "containerPath": "/v"}])],
            {},
            "containerDefinitions[0].mountPoints[0].sourceVolume",
            "Unknown volume 'v'.",
        ),
        ([container("a", links=["b"])], {}, "containerDefinitions[0].links[0]", "does not exist"),
        ([container("a", links=[""])], {}, "containerDefinitions[0].links[0]", "does not exist"),
        (
            [container("a", links=["b:c:d"]), container("b")],
            {},
            "containerDefinitions[0].links[0]",
            "more than one colon",
        ),
        (
            [container("a", links=["b"]), container("b")],
            {"networkMode": "host"},
            "containerDefinitions[0].links",
            "bridge",
        ),
        (
            [container("a", dependsOn=[{"containerName": "b", "condition": "START"}])],
            {},
            "containerDefinitions[0].dependsOn[0]",
            "does not exist",
        ),
        (
            [container("a", dependsOn=[{"containerName": "b", "condition": "SUCCESS"}]), container("b")],
            {},
            "containerDefinitions[0].dependsOn[0]",
            "cannot be an essential container",
        ),
        (
            [container("a", dependsOn=[{"containerName": "b", "condition": "HEALTHY"}]), container("b")],
            {},
            "containerDefinitions[0].dependsOn[0]",
            "must have health check configured",
        ),
        (
            [container("a", links=["b"]), container("b", links=["a"])],
            {},
            "containerDefinitions",
            "Container links should not have a cycle",
        ),
        ([container("a", links=["a"])], {}, "containerDefinitions", "Container links should not have a cycle"),
        (
            [
                container("a", links=["b"], **HEALTHY),
                container("b", dependsOn=[{"containerName": "a", "condition": "HEALTHY"}]),
            ],
            {},
            "containerDefinitions",
            "Container dependencies should not have a cycle",
        ),
    ],
)
def test_each_rule(containers: list[dict[str, Any]], members: dict[str, Any], path: str, words: str) -> None:
    found = findings(*containers, **members)
    assert any(where == path and words in problem for where, problem in found), found


def test_a_rule_that_holds_is_not_broken_by_its_neighbours() -> None:
    assert not findings(
        container("init", essential=False, memory=64),
        container(
            "db",
            **HEALTHY,
            memoryReservation=16,
            portMappings=[PORT, {**PORT, "protocol": "udp"}],
            dependsOn=[{"containerName": "init", "condition": "SUCCESS"}],
            mountPoints=[{"sourceVolume": "v", "containerPath": "/v"}],
        ),
        container("web", links=["db:sql"], dependsOn=[{"containerName": "db", "condition": "HEALTHY"}]),
        volumes=[{"name": "v"}, {"name": "unused", "host": {"sourcePath": "/tmp"}}],
        cpu="512",
        memory="512",
    )


def test_all_broken_rules_come_at_once() -> None:
    found = findings(
        container("a", memoryReservation=17, links=["zz"], portMappings=[PORT], essential=False),
        container("a", portMappings=[PORT], dependsOn=[{"containerName": "yy", "condition": "START"}], essential=False),
        volumes=[{"name": "v"}, {"name": "v"}],
    )
    assert {path for path, _ in found} == {
        "containerDefinitions",
        "containerDefinitions[0].name",
        "containerDefinitions[1].name",
        "containerDefinitions[0].memoryReservation",
        "containerDefinitions[1].portMappings[0].hostPort",
        "volumes[0].name",
        "volumes[1].name",
        "containerDefinitions[0].links[0]",
        "containerDefinitions[1].dependsOn[0]",
    }


GRAPHS = st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdefz"), max_size=3), max_size=6)


@given(GRAPHS)
def test_a_found_cycle_is_one_and_none_means_an_order_exists(graph: dict[str, set[str]]) -> None:
    cycle = find_cycle(graph)
    if cycle is not None:
        assert cycle[0] == cycle[-1]
        assert all(target in graph[name] for name, target in itertools.pairwise(cycle))
        return
    left = {name: {target for target in targets if target in graph} for name, targets in graph.items()}
    while left:
        free = [name for name, targets in left.items() if not targets & left.keys()]
        assert free
        for name in free:
            del left[name]
