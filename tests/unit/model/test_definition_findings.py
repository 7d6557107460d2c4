"""Mistakes of shape and broken rules come in one pass, in ECS's words, without what only follows from a mistake."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.definition_document import definition_from, parse_definition
from app.model.errors import MOST_FINDINGS, DocumentError
from tests.unit.generated import with_unknown_members
from tests.unit.model.definitions import container, definition, errors, warnings

FIRST = "containerDefinitions[0]"


def test_shape_and_rules_are_told_together_in_the_order_of_the_document() -> None:
    found = errors(
        container("a", memory="16", links=["zz"], essential=True),
        container("b", command="sh", memory=5, memoryReservation=9),
        networkMode="bogus",
        tags=[],
    )
    assert [path for path, _ in found] == [
        f"{FIRST}.memory",
        f"{FIRST}.links[0]",
        "containerDefinitions[1].command",
        "containerDefinitions[1].memoryReservation",
        "networkMode",
        "tags",
    ]


@pytest.mark.parametrize(
    ("containers", "members", "paths"),
    [
        # memory was meant: that it is missing does not follow
        ([container("a", memory="16")], {}, [f"{FIRST}.memory"]),
        ([container("a", memory=4.5, memoryReservation=64)], {"memory": "32"}, [f"{FIRST}.memory"]),
        # nobody knows what the container is called
        ([{"nam": "b", "image": "x", "memory": 16}, container("a", links=["b"])], {}, [f"{FIRST}.name"]),
        (
            [container("a", dependsOn=[{"containerName": "b", "condition": "START"}]), 5],
            {},
            ["containerDefinitions[1]"],
        ),
        # or whether it is essential
        (
            [
                container("a", dependsOn=[{"containerName": "b", "condition": "SUCCESS"}]),
                container("b", essential="false"),
            ],
            {},
            ["containerDefinitions[1].essential"],
        ),
        ([container("a", essential="true")], {}, [f"{FIRST}.essential"]),
        (
            [container("a", mountPoints=[{"sourceVolume": "v", "containerPath": "/v"}])],
            {"volumes": [{"nam": "v"}]},
            ["volumes[0].name"],
        ),
    ],
)
def test_nothing_follows_from_a_mistake(containers: list[Any], members: dict[str, Any], paths: list[str]) -> None:
    assert [path for path, _ in errors(*containers, **members)] == paths


def test_a_rule_that_has_nothing_to_do_with_the_mistake_is_asked() -> None:
    found = errors({"nam": "a", "image": "x", "memory": 16, "essential": False}, networkMode=3)
    assert ("containerDefinitions", "no container is essential") in found
    assert len(found) == 3


@pytest.mark.parametrize(
    ("document", "path", "problem"),
    [
        (definition(container("a"), family="a b"), "family", "Family contains invalid characters."),
        (definition(), "containerDefinitions", "Container list cannot be empty."),
        ({"family": "a"}, "containerDefinitions", "Container list cannot be empty."),
        (definition(container("")), f"{FIRST}.name", "Container.name should not be null or empty."),
        (definition({"name": "a"}), f"{FIRST}.image", "Container.image should not be null or empty."),
        (definition(container("a", image="a b")), f"{FIRST}.image", "Container.image contains invalid characters."),
        (
            definition(container("a", image="a@sha256:12")),
            f"{FIRST}.image",
            "Container.image contains invalid characters.",
        ),
        (
            definition(container("a", portMappings=[{"containerPort": 0}])),
            f"{FIRST}.portMappings[0].containerPort",
            "Invalid 'containerPort' setting for container 'a'.",
        ),
        (definition(container("a"), cpu="lots"), "cpu", "Invalid 'cpu' setting for task."),
        (definition(container("a"), cpu="0.1 vCPU"), "cpu", "Invalid 'cpu' setting for task."),
        (definition(container("a"), memory="2 TB"), "memory", "Invalid 'memory' setting for task."),
        (definition(container("a"), tags=[]), "tags", "Tags can not be empty."),
        (
            definition(container("a"), placementConstraints=[{"type": "distinctInstance"}]),
            "placementConstraints[0].type",
            "constraint.type 'distinctInstance' is not supported.",
        ),
    ],
)
def test_words_of_ecs(document: dict[str, Any], path: str, problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_definition(json.dumps(document).encode(), "t")
    assert (path, problem) in [(finding.path, finding.problem) for finding in caught.value.findings]


def test_findings_in_a_wrapper_say_where_they_stand() -> None:
    wrapped = {"taskDefinition": definition(container("a", memory=1)), "tags": []}
    with pytest.raises(DocumentError) as caught:
        parse_definition(json.dumps(wrapped).encode(), "t")
    assert [finding.path for finding in caught.value.findings] == [f"taskDefinition.{FIRST}.memory"]


def test_an_array_of_containers_is_a_definition_of_the_family_that_is_asked_for() -> None:
    parsed = parse_definition(json.dumps([container("a")]).encode(), "t", "web")
    assert parsed.definition.family == "web"


@pytest.mark.parametrize(
    "members",
    [
        {"environment": [{"name": "A", "value": ["hunter2"]}]},
        {"environment": [{"name": "A", "value": "hunter2" * 20000}]},
        {"secrets": [{"name": "A", "valueFrom": {"x": "hunter2"}}]},
        {"logConfiguration": {"logDriver": "hunter2", "options": {"token": ["hunter2"]}}},
        {"dockerLabels": {"a": ["hunter2"]}},
        {"dockerSecurityOptions": ["hunter2"]},
        {"environmentFiles": [{"value": "hunter2", "type": "s3"}]},
        {"systemControls": [{"namespace": "net.x", "value": ["hunter2"]}]},
        {"command": [["hunter2"]], "user": ["hunter2"]},
    ],
)
def test_no_value_is_quoted(members: dict[str, Any]) -> None:
    found = errors(container("a", **members))
    assert found
    assert "hunter2" not in str(found)


def test_what_is_kept_or_emulated_is_told() -> None:
    found = warnings(
        container(
            "a",
            memory=5,
            logConfiguration={
                "logDriver": "awslogs",
                "options": {"awslogs-group": "g", "awslogs-region": "r"},
            },
            portMappings=[{"containerPort": 80, "name": "web"}, {"containerPort": 80, "protocol": "udp"}],
            healthCheck={"command": ["true"]},
            linuxParameters={"swappiness": 5},
            dockerSecurityOptions=["credentialspec:x"],
            resourceRequirements=[{"type": "InferenceAccelerator", "value": "x"}],
        ),
        container("b"),
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        volumes=[
            {"name": "e", "efsVolumeConfiguration": {"fileSystemId": "x"}},
            {"name": "l", "configuredAtLaunch": True},
        ],
        taskRoleArn="arn",
        runtimePlatform={"operatingSystemFamily": "WINDOWS_SERVER_2022_FULL"},
        enableFaultInjection=False,
    )
    assert [path for path, _ in found] == [
        f"{FIRST}.memory",
        f"{FIRST}.logConfiguration.logDriver",
        f"{FIRST}.portMappings[0].name",
        f"{FIRST}.portMappings[1].protocol",
        f"{FIRST}.healthCheck.command",
        f"{FIRST}.linuxParameters.swappiness",
        f"{FIRST}.dockerSecurityOptions[0]",
        f"{FIRST}.resourceRequirements[0].type",
        "networkMode",
        "requiresCompatibilities",
        "cpu",
        "volumes[0].efsVolumeConfiguration",
        "volumes[1].configuredAtLaunch",
        "taskRoleArn",
        "runtimePlatform.operatingSystemFamily",
    ]


JUNK = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A document of the right shape in which some values became something else."""
    document = draw(with_unknown_members())
    for _ in range(draw(st.integers(1, 4))):
        here: Any = document
        while True:
            keys = list(here) if isinstance(here, dict) else list(range(len(here)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(here[key], dict | list) and draw(st.booleans()):
                here = here[key]
                continue
            here[key] = draw(JUNK | st.lists(JUNK, max_size=2) | st.dictionaries(st.text(max_size=3), JUNK, max_size=2))
            break
    return document


@given(mutated())
def test_mutated_documents_are_understood_or_refused(document: dict[str, Any]) -> None:
    data = json.dumps(document).encode()
    try:
        parsed = parse_definition(data, "fuzz")
    except DocumentError as error:
        assert 0 < len(error.findings) <= MOST_FINDINGS + 1
    else:
        assert parsed.definition.family == document["family"]


def _ten(**members: Any) -> dict[str, Any]:
    return definition(*(container(f"c{number}", **members) for number in range(10)))


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(_ten(environment=[1] * 30_000), id="elements of another type"),
        pytest.param(_ten(environment=[{"name": "x"}] * 5_000), id="names twice"),
        pytest.param(_ten(portMappings=[{}] * 20_000), id="ports without a number"),
        pytest.param(_ten(portMappings=[{"containerPortRange": "1-65535"}] * 2_000), id="ranges that overlap"),
        pytest.param(_ten(links=["zz"] * 12_000, volumesFrom=[{"sourceContainer": "y"}] * 500), id="unknown names"),
        pytest.param(_ten(**{f"memory{number}": 1 for number in range(5_000)}), id="unknown members"),
        pytest.param(_ten(**{"k" * 50_000: 1}), id="long names"),
        pytest.param(definition(*[{}] * 200_000), id="too many containers"),
        pytest.param(
            definition(*(container(f"c{number}", links=[f"c{number + 1}"]) for number in range(12_000))), id="a chain"
        ),
    ],
)
def test_a_large_broken_document_is_judged_quickly(document: dict[str, Any]) -> None:
    data = json.dumps(document).encode()
    assert len(data) <= 2**20
    began = time.process_time()
    try:
        count = len(parse_definition(data, "t").warnings)
    except DocumentError as error:
        count = len(error.findings)
    assert time.process_time() - began < 5
    assert 0 < count <= MOST_FINDINGS + 1


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"mountPoints": [{"sourceVolume": "v", "containerPath": "data"}]}, "write an absolute path without a colon"),
        ({"name": "a.b"}, "use letters, digits, - and _"),
        ({"image": "a b"}, "write it as docker run takes it"),
        ({"memory": 3}, "write 4 or more"),
        ({"portMappings": [{"containerPort": 65536}]}, "write 65535 or less"),
        ({"essential": "yes"}, "write true or false without quotes"),
    ],
)
def test_a_remedy_says_what_to_write(changes: dict[str, Any], remedy: str) -> None:
    members = {"family": "f", "volumes": [{"name": "v"}], "containerDefinitions": [{**container("a"), **changes}]}
    with pytest.raises(DocumentError) as caught:
        definition_from(members, "d")
    assert [finding.remedy for finding in caught.value.findings] == [remedy]
