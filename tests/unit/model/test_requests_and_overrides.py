"""Requests, overrides, reservations and manifests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.errors import DocumentError, MoorageError
from app.model.manifest import Manifest, read_manifest, write_manifest
from app.model.overrides import with_overrides
from app.model.requests import RunTaskRequest, StartTaskRequest, StopTaskRequest, TaskOverride, parse_request
from app.model.reservation import reservation
from app.model.resources import Resources, total
from tests.unit.builders import definition


def overridden(given_: dict[str, Any], **members: Any) -> Any:
    made = definition(
        {"name": "a", "cpu": 10, "environment": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]}, **members
    )
    return with_overrides(made, TaskOverride.model_validate(given_)).definition


def test_overrides_replace_and_environment_merges() -> None:
    changes = {"name": "a", "command": ["x"], "cpu": 5, "memory": 99, "environment": [{"name": "Y", "value": "3"}]}
    made = overridden({"containerOverrides": [changes], "memory": "128"})
    container = made.container("a")
    assert (container.command, container.cpu, container.memory, made.memory) == (["x"], 5, 99, "128")
    assert {pair.name: pair.value for pair in container.environment} == {"X": "1", "Y": "3"}


def test_no_overrides_change_nothing() -> None:
    made = definition({"name": "a", "unknownMember": [1]})
    assert with_overrides(made, TaskOverride()).definition == made


def test_override_for_an_unknown_container_is_refused_in_ecs_words() -> None:
    with pytest.raises(MoorageError) as caught:
        overridden({"containerOverrides": [{"name": "zz"}]})
    assert caught.value.message == "Override for container named zz is not a container in the TaskDefinition."
    assert caught.value.code == "InvalidParameterException"


@pytest.mark.parametrize(
    "bad",
    [
        {"containerOverrides": [{"name": "a", "memory": 1}]},
        {"containerOverrides": [{"name": "a", "cpu": -1}]},
        {"containerOverrides": [{"name": "a", "memoryReservation": 17}]},
        {"memory": "8"},
        {"cpu": "lots"},
    ],
)
def test_the_result_of_overrides_obeys_the_rules(bad: dict[str, Any]) -> None:
    with pytest.raises(DocumentError, match="overrides"):
        overridden(bad)


def test_requests_by_ecs_members() -> None:
    request = parse_request(RunTaskRequest, {"taskDefinition": "web", "count": 3, "startedBy": "ci/42"})
    assert (request.task_definition, request.count, request.started_by, request.cluster) == ("web", 3, "ci/42", "")


def test_every_wrong_member_of_a_request_is_named() -> None:
    members = {"count": 11, "startedBy": "a b", "clustr": "x", "overrides": {"containerOverrides": [{"cpu": 1}]}}
    with pytest.raises(MoorageError) as caught:
        parse_request(RunTaskRequest, members)
    told = caught.value.message
    for part in (
        "taskDefinition is required",
        "count: ",
        "startedBy: ",
        "did you mean cluster?",
        "[0].name is required",
    ):
        assert part in told
    assert "\n" not in told


def test_start_task_wants_one_to_ten_instances() -> None:
    for instances in ([], ["x"] * 11):
        with pytest.raises(MoorageError, match="containerInstances"):
            parse_request(StartTaskRequest, {"taskDefinition": "web", "containerInstances": instances})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["taskDefinition", "count", "overrides", "group", "cluster", "x"]), JSON))
def test_any_members_are_a_request_or_refused(members: dict[str, Any]) -> None:
    for kind in (RunTaskRequest, StopTaskRequest):
        try:
            parse_request(kind, members)
        except MoorageError as error:
            assert error.message


@pytest.mark.parametrize(
    ("containers", "members", "wanted"),
    [
        (
            [{"cpu": 100, "memory": 300, "memoryReservation": 128}, {"cpu": 0, "memory": 64}],
            {},
            Resources(100, 192),
        ),
        ([{"cpu": 1}], {"cpu": "512", "memory": "256"}, Resources(512, 256)),
        (
            [{"portMappings": [{"containerPort": 80}, {"containerPort": 53, "hostPort": 53, "protocol": "udp"}]}],
            {},
            Resources(0, 16, ports_udp=frozenset({53})),
        ),
        ([{"portMappings": [{"containerPort": 80}]}], {"networkMode": "host"}, Resources(0, 16, frozenset({80}))),
    ],
)
def test_reservations(containers: list[dict[str, Any]], members: dict[str, Any], wanted: Resources) -> None:
    assert reservation(definition(*containers, **members)) == wanted


def test_overrides_count_before_the_reservation() -> None:
    assert reservation(overridden({"containerOverrides": [{"name": "a", "cpu": 5, "memory": 99}]})) == Resources(5, 99)


PORTS = st.frozensets(st.integers(1, 9), max_size=3)
RESOURCES = st.builds(Resources, st.integers(0, 9), st.integers(0, 9), PORTS, PORTS)


@given(st.lists(RESOURCES, max_size=5))
def test_total_is_the_sum(parts: list[Resources]) -> None:
    assert total(parts) == sum(parts, Resources())


def test_manifest_round_trip() -> None:
    written = write_manifest({"family": "web"}, {"cpu": "5"})
    assert read_manifest(written) == Manifest({"family": "web"}, {"cpu": "5"})


@given(st.text() | st.sampled_from(["[]", "3", "null", '{"definition":[],"overrides":3}', "[" * 10**5, "{" * 10**5]))
def test_any_text_is_a_manifest(text: str) -> None:
    found = read_manifest(text)
    assert isinstance(found.definition, dict)
    assert isinstance(found.overrides, dict)


def test_what_is_no_whole_number_is_told_with_its_place() -> None:
    for count in ("many", "", 1.5):
        with pytest.raises(MoorageError) as caught:
            parse_request(RunTaskRequest, {"taskDefinition": "web", "count": count})
        assert caught.value.message == "count: must be a whole number"
