"""What is unlike AWS, told again from a task's record, which anybody may have written."""

from __future__ import annotations

import json

import pytest

from app.model.errors import Finding
from app.model.manifest import write_manifest
from app.operations.unhonoured import unhonoured


def definition(**members: object) -> dict[str, object]:
    container = {"name": "web", "image": "busybox", "memory": 16, **members}
    return {"family": "web", "containerDefinitions": [container]}


def test_the_warnings_of_the_definition_are_told_again() -> None:
    told = unhonoured(write_manifest(definition(versionConsistency="enabled"), {}))
    note = "each launch takes what the tag names then"
    path = "containerDefinitions[0].versionConsistency"
    assert told == (Finding(path, "is kept, but has no effect", note, "warning"),)


def test_an_honoured_definition_has_none() -> None:
    assert unhonoured(write_manifest(definition(), {})) == ()


@pytest.mark.parametrize("text", ["", "{}", "[]", json.dumps({"definition": {"family": 3}})])
def test_what_is_no_definition_has_none(text: str) -> None:
    assert unhonoured(text) == ()


def test_a_definition_that_is_too_deep_has_none() -> None:
    deep = json.loads("[" * 900 + "]" * 900)
    assert unhonoured(write_manifest(definition(x=deep), {})) == ()
