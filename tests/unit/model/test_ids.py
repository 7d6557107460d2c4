"""Ids, ARNs and references to task definitions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model import ids


def test_new_ids_are_ids_and_differ() -> None:
    made = {ids.new_id() for _ in range(50)}
    assert len(made) == 50
    assert all(ids.is_id(one) for one in made)


@pytest.mark.parametrize("text", ["", "0" * 31, "0" * 33, "G" * 32, "A" * 32, "0" * 32 + "\n", "٠" * 32])
def test_not_an_id(text: str) -> None:
    assert not ids.is_id(text)


def test_arns_are_ecs_long_format() -> None:
    assert ids.cluster_arn("c") == "arn:aws:ecs:local-1:000000000000:cluster/c"
    assert ids.task_arn("c", "ab") == "arn:aws:ecs:local-1:000000000000:task/c/ab"
    assert ids.instance_arn("c", "ab") == "arn:aws:ecs:local-1:000000000000:container-instance/c/ab"
    assert ids.definition_arn("web", 3) == "arn:aws:ecs:local-1:000000000000:task-definition/web:3"


def test_a_containers_arn_is_its_own_and_never_changes() -> None:
    arn, other = (ids.container_arn("c", "ab" * 16, name) for name in ("web", "db"))
    prefix, _, uuid = arn.rpartition("/")
    assert prefix == "arn:aws:ecs:local-1:000000000000:container/c/" + "ab" * 16
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid)
    assert arn == ids.container_arn("c", "ab" * 16, "web") != other


def test_short_id_takes_arn_or_id() -> None:
    assert ids.short_id(ids.task_arn("c", "ab")) == "ab"
    assert ids.short_id("ab") == "ab"


@pytest.mark.parametrize(
    ("reference", "parsed"),
    [
        ("web", ("web", None)),
        ("web:3", ("web", 3)),
        ("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:12", ("web", 12)),
        ("arn:aws:ecs:eu-west-1:123456789012:task-definition/web", ("web", None)),
    ],
)
def test_references(reference: str, parsed: tuple[str, int | None]) -> None:
    assert ids.parse_definition_reference(reference) == parsed


@pytest.mark.parametrize("reference", ["web:", "web:0", "web:-1", "web:x", "web:1:2", "web:٣", "web:" + "9" * 10])
def test_references_with_a_bad_revision(reference: str) -> None:
    with pytest.raises(ValueError, match="is not a revision"):
        ids.parse_definition_reference(reference)


@given(st.text())
def test_any_reference_is_parsed_or_refused(reference: str) -> None:
    try:
        family, revision = ids.parse_definition_reference(reference)
    except ValueError:
        return
    assert ids.short_id(reference) == (family if revision is None else reference.rsplit("/", 1)[-1])
    assert revision is None or revision >= 1
