"""The dialects of a task definition, and what ``aws`` takes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from app.model.dialects import READ_ONLY_MEMBERS, recognise, registerable, without_nulls
from app.model.equality import same_definition
from app.model.errors import DocumentError
from app.model.task_definition import TaskDefinition
from tests.unit.aws_client import READ_ONLY, SAMPLES, ecs, input_shape, refused_by_aws
from tests.unit.generated import definitions

CONTAINER = {"name": "a", "image": "busybox", "memory": 16}
SMALL: dict[str, Any] = {"family": "web", "containerDefinitions": [CONTAINER]}


def test_the_client_of_aws_refuses_what_it_does_not_know() -> None:
    assert refused_by_aws(SMALL) == ""
    assert "Unknown parameter" in refused_by_aws({**SMALL, "revision": 7})
    assert "Invalid type" in refused_by_aws({**SMALL, "cpu": None})


@pytest.mark.parametrize(
    ("value", "dialect", "prefix"),
    [
        (SMALL, "register", ""),
        ({**SMALL, **READ_ONLY}, "describe", ""),
        ({"taskDefinition": {**SMALL, **READ_ONLY}}, "describe", "taskDefinition"),
        ({"taskDefinition": {**SMALL, "cpu": None}, "tags": []}, "describe", "taskDefinition"),
        ({**SMALL, "cpu": None, "tags": []}, "console", ""),
        ({**SMALL, **READ_ONLY, "containerDefinitions": [{**CONTAINER, "links": None}]}, "console", ""),
    ],
)
def test_every_dialect_comes_to_the_same_members(value: Any, dialect: str, prefix: str) -> None:
    found = recognise(value, "t")
    assert (found.dialect, found.members, found.prefix) == (dialect, SMALL, prefix)


def test_a_bare_array_needs_a_family() -> None:
    found = recognise([CONTAINER], "t", "web")
    assert (found.dialect, found.members) == ("containers", SMALL)
    with pytest.raises(DocumentError, match="give it with --family NAME"):
        recognise([CONTAINER], "t")


def test_the_families_of_document_and_call_must_agree() -> None:
    assert recognise(SMALL, "t", "web").members == SMALL
    assert recognise({"containerDefinitions": []}, "t", "web").members["family"] == "web"
    with pytest.raises(DocumentError, match=r"family: is 'web', not 'api'"):
        recognise(SMALL, "t", "api")


def test_tags_of_the_wrapper_are_lifted_in() -> None:
    tags = [{"key": "a", "value": "b"}]
    assert recognise({"taskDefinition": SMALL, "tags": tags}, "t").members["tags"] == tags
    assert "tags" not in recognise({"taskDefinition": SMALL, "tags": []}, "t").members
    own = [{"key": "own"}]
    assert recognise({"taskDefinition": {**SMALL, "tags": own}, "tags": tags}, "t").members["tags"] == own
    # What somebody wrote so is a mistake that registering tells.
    assert recognise({**SMALL, "tags": []}, "t").members["tags"] == []


@pytest.mark.parametrize("value", [1, "x", None, True, {"taskDefinition": 1}, {"taskDefinition": None}])
def test_what_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(DocumentError, match="not a JSON object; a task definition is one object"):
        recognise(value, "t")


def test_only_absent_members_are_dropped() -> None:
    container = {**CONTAINER, "dockerLabels": {"a": None}, "command": [None], "user": None, "new": {"x": None}}
    kept = {**CONTAINER, "dockerLabels": {"a": None}, "command": [None], "new": {}}
    assert without_nulls({**SMALL, "containerDefinitions": [container]})["containerDefinitions"] == [kept]


def test_the_order_of_members_is_kept() -> None:
    document = {"volumes": [], "containerDefinitions": [], "unknown": 1, "family": "web", "cpu": "1"}
    assert list(recognise(document, "t").members) == list(document)
    assert list(registerable(document)) == ["volumes", "containerDefinitions", "family", "cpu"]


def test_read_only_members_are_those_that_only_the_answer_has() -> None:
    answered = set(ecs().shape_for("TaskDefinition").members) - set(input_shape().members)
    assert answered == READ_ONLY_MEMBERS


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_samples_are_accepted_by_aws(path: Path) -> None:
    members = recognise(json.loads(path.read_bytes()), path.name).members
    assert refused_by_aws(registerable(members)) == ""


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(definitions())
def test_every_definition_of_the_model_is_accepted_by_aws(members: dict[str, Any]) -> None:
    TaskDefinition.model_validate(members, by_alias=True, by_name=False)
    assert refused_by_aws(registerable(members)) == ""


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(definitions())
def test_what_ecs_answers_registers_again(members: dict[str, Any]) -> None:
    unset = dict.fromkeys(("taskRoleArn", "pidMode", "ipcMode", "proxyConfiguration", "volumes"))
    containers = [{"links": None, "user": None, "x": 1, **item} for item in members["containerDefinitions"]]
    described = {"taskDefinition": {**unset, **members, **READ_ONLY, "containerDefinitions": containers}}
    exported = registerable(recognise(described, "t").members)
    assert refused_by_aws(exported) == ""
    assert same_definition(exported, members)
