"""Task definition documents: understood or refused with every reason, never a traceback."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.definition_document import DefinitionDocument, definition_from, parse_definition
from app.model.errors import DocumentError, Finding

SMALL: dict[str, Any] = {"family": "web", "containerDefinitions": [{"name": "a", "image": "busybox", "memory": 16}]}


def one(**members: Any) -> dict[str, Any]:
    """A definition of one container with these members changed."""
    return {**SMALL, "containerDefinitions": [{**SMALL["containerDefinitions"][0], **members}]}


def refused(document: Any) -> dict[str, Finding]:
    with pytest.raises(DocumentError) as caught:
        definition_from(document, "test.json")
    assert all(finding.severity == "error" for finding in caught.value.findings)
    assert all(finding.remedy for finding in caught.value.findings)
    assert all(str(finding) in caught.value.message for finding in caught.value.findings)
    return {finding.path: finding for finding in caught.value.findings}


def test_smallest_document_and_its_defaults() -> None:
    document = parse_definition(json.dumps(SMALL).encode(), "test.json")
    container = document.definition.container_definitions[0]
    assert document.warnings == ()
    assert (container.cpu, container.essential, container.environment, container.stop_timeout) == (0, True, [], None)
    assert document.definition.container("a") is container
    with pytest.raises(KeyError):
        document.definition.container("b")


def test_null_means_absent_at_any_depth() -> None:
    document = one(cpu=None, healthCheck=None, portMappings=[{"containerPort": 80, "hostPort": None, "protocol": None}])
    parsed = definition_from({**document, "networkMode": None, "volumes": None}, "test.json")
    assert parsed.definition == definition_from(one(portMappings=[{"containerPort": 80}]), "t").definition
    assert parsed.warnings == ()


def test_members_that_describe_adds_are_no_reason_for_a_warning() -> None:
    described = {**SMALL, "taskDefinitionArn": "x", "revision": 3, "status": "ACTIVE", "registeredAt": 1.0}
    assert definition_from(described, "test.json").warnings == ()


def test_unknown_members_are_kept_and_reported_where_they_stand() -> None:
    document = one(memorry=5, portMappings=[{"containerPort": 80, "apProtocol": "http"}], linuxParameters={"x": {}})
    parsed = definition_from({**document, "placementStrategy": []}, "test.json")
    warnings = {finding.path: finding for finding in parsed.warnings}
    assert warnings.keys() == {
        "placementStrategy",
        "containerDefinitions[0].memorry",
        "containerDefinitions[0].linuxParameters.x",
        "containerDefinitions[0].portMappings[0].apProtocol",
    }
    assert "'memory'" in warnings["containerDefinitions[0].memorry"].remedy
    assert all(finding.severity == "warning" for finding in parsed.warnings)
    dumped = parsed.definition.model_dump(by_alias=True, exclude_unset=True)
    assert dumped == {**document, "placementStrategy": []}


def test_python_names_of_members_are_unknown() -> None:
    """snake_case is no spelling of the API: it must not be taken, nor break the search for a misspelt member."""
    findings = refused({"family": "web", "container_definitions": [{}]})
    assert findings.keys() == {"containerDefinitions"}
    assert "'container_definitions'" in findings["containerDefinitions"].remedy
    warned = definition_from(one(memory_reservation=5), "t")
    assert warned.definition.container_definitions[0].memory_reservation is None
    assert [finding.path for finding in warned.warnings] == ["containerDefinitions[0].memory_reservation"]


@pytest.mark.parametrize("name", ["model_config", "__class__", "model_dump", "__dict__", "model_fields", "copy"])
def test_members_named_like_pythons_own(name: str) -> None:
    parsed = definition_from(one(**{name: 1}), "t")
    assert [finding.path for finding in parsed.warnings] == [f"containerDefinitions[0].{name}"]
    assert definition_from(parsed.definition.model_dump(by_alias=True, exclude_unset=True), "t") == parsed


def test_every_finding_comes_in_one_pass_with_path_and_remedy() -> None:
    findings = refused(
        {
            "family": "we b",
            "networkMode": "bogus",
            "cpu": 5,
            "containerDefinitions": [
                {"nam": "a", "image": "busy box", "memory": "16", "essential": "true"},
                {"name": "b", "image": "x", "memory": 3, "command": "sh", "portMappings": [{"hostPort": 70000}]},
            ],
        }
    )
    assert findings.keys() == {
        "family",
        "networkMode",
        "cpu",
        "containerDefinitions[0].name",
        "containerDefinitions[0].image",
        "containerDefinitions[0].memory",
        "containerDefinitions[0].essential",
        "containerDefinitions[1].memory",
        "containerDefinitions[1].command",
        "containerDefinitions[1].portMappings[0].containerPort",
        "containerDefinitions[1].portMappings[0].hostPort",
    }
    assert "invalid characters" in findings["family"].problem
    assert findings["containerDefinitions[0].name"].remedy == "did you mean it by 'nam'?"
    assert findings["containerDefinitions[0].memory"].remedy == "write a whole number without quotes"
    assert findings["containerDefinitions[0].essential"].remedy == "write true or false without quotes"
    assert findings["containerDefinitions[1].command"].remedy == "write a list: [ … ]"
    assert findings["cpu"].remedy == 'write it as a string: "…"'


@pytest.mark.parametrize("value", [None, [], "web", 3, True])
def test_only_an_object_is_a_definition(value: Any) -> None:
    assert refused(value).keys() == {""}


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"cpu": -1}, "containerDefinitions[0].cpu"),
        ({"cpu": True}, "containerDefinitions[0].cpu"),
        ({"cpu": 1.0}, "containerDefinitions[0].cpu"),
        ({"memory": 3}, "containerDefinitions[0].memory"),
        ({"name": "a\n"}, "containerDefinitions[0].name"),
        ({"name": "a.b"}, "containerDefinitions[0].name"),
        ({"name": ""}, "containerDefinitions[0].name"),
        ({"name": "a" * 256}, "containerDefinitions[0].name"),
        ({"image": "a b"}, "containerDefinitions[0].image"),
        ({"command": [None]}, "containerDefinitions[0].command[0]"),
        ({"stopTimeout": 1}, "containerDefinitions[0].stopTimeout"),
        ({"healthCheck": {"command": []}}, "containerDefinitions[0].healthCheck.command"),
        ({"healthCheck": {"command": ["x"], "interval": 4}}, "containerDefinitions[0].healthCheck.interval"),
        ({"portMappings": [{"containerPort": 0}]}, "containerDefinitions[0].portMappings[0].containerPort"),
        (
            {"portMappings": [{"containerPort": 1, "protocol": "sctp"}]},
            "containerDefinitions[0].portMappings[0].protocol",
        ),
        (
            {"dependsOn": [{"containerName": "a", "condition": "GONE"}]},
            "containerDefinitions[0].dependsOn[0].condition",
        ),
    ],
)
def test_limits_of_members(members: dict[str, Any], path: str) -> None:
    assert refused(one(**members)).keys() == {path}


@pytest.mark.parametrize("cpu", ["-1", "1.5", " 1", "1\n", "٣", "\U00011f50", "1234567", ""])
def test_task_size_is_plain_digits(cpu: str) -> None:
    assert refused({**SMALL, "cpu": cpu}).keys() == {"cpu"}


def test_values_are_not_quoted_in_findings() -> None:
    secret = one(environment=[{"name": "PASSWORD", "value": ["hunter2"]}])
    with pytest.raises(DocumentError) as caught:
        definition_from(secret, "t")
    assert "hunter2" not in caught.value.message


KEYS = st.sampled_from(
    [
        *("family", "containerDefinitions", "networkMode", "volumes", "cpu", "memory", "name", "image", "essential"),
        *("environment", "portMappings", "links", "mountPoints", "healthCheck", "dependsOn", "value", "host"),
        *("containerPort", "hostPort", "protocol", "sourceVolume", "containerPath", "condition", "containerName"),
        *("container_definitions", "memoryReservation", "model_config", "__init__", "command", "tags"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["a", "b", "bridge"])
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=6),
    max_leaves=25,
)


def understood_or_refused(value: Any) -> None:
    try:
        parsed = definition_from(value, "fuzz")
    except DocumentError as error:
        assert error.findings
        assert error.message
    else:
        assert isinstance(parsed, DefinitionDocument)


@given(ANY_JSON)
def test_any_json_is_understood_or_refused(value: Any) -> None:
    understood_or_refused(value)


@given(st.dictionaries(KEYS, ANY_JSON, max_size=8), st.dictionaries(KEYS, ANY_JSON, max_size=8))
def test_nearly_right_documents_are_understood_or_refused(top: dict[str, Any], container: dict[str, Any]) -> None:
    understood_or_refused({**SMALL, **top})
    understood_or_refused(one(**container))


@given(st.binary(max_size=200))
def test_any_bytes_are_understood_or_refused(data: bytes) -> None:
    with pytest.raises(DocumentError):
        parse_definition(data, "fuzz")
