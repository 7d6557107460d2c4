"""The manifest of a record: it comes from a label, so anything may stand there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.model.manifest import Manifest, read_manifest, write_manifest

NOTHING = Manifest({}, {})


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"x": value}
    return value


def test_what_is_written_is_read() -> None:
    definition = {"family": "web", "containerDefinitions": [{"name": "a"}, {"name": "b"}]}
    overrides = {"containerOverrides": [{"name": "b", "cpu": 3}]}
    found = read_manifest(write_manifest(definition, overrides))
    assert found == Manifest(definition, overrides)
    assert found.containers == [{"name": "a"}, {"name": "b"}]
    assert found.container_overrides == [{"name": "b", "cpu": 3}]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "NaN", '{"definition": [], "overrides": 3}', "[" * 10**5])
def test_what_is_no_manifest_is_empty(text: str) -> None:
    assert read_manifest(text) == NOTHING


@pytest.mark.parametrize("containers", [None, 3, {"a": 1}, "ab", [None, [], "a"]])
def test_containers_are_objects_or_are_not_there(containers: object) -> None:
    found = Manifest({"containerDefinitions": containers}, {"containerOverrides": containers})
    assert found.containers == found.container_overrides == []


def test_a_definition_as_deep_as_a_document_may_be_is_read() -> None:
    assert read_manifest(write_manifest(nested(64), {})).definition == nested(64)


@pytest.mark.parametrize("levels", [70, 900])
def test_one_that_is_deeper_counts_as_unreadable(levels: int) -> None:
    assert read_manifest(json.dumps({"definition": nested(levels), "overrides": {}})) == NOTHING
