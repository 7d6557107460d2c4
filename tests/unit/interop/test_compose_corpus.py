"""Each row of the mapping from Compose to ECS (design: ECS semantics 6)."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import check_jsonschema  # type: ignore[import-untyped]
import pytest

from app.interop.compose.keys import LOST, NO_PLACE_AT_THE_TOP, TAKEN, TOP_LEVEL
from app.model.definition_document import definition_from
from tests.unit.aws_client import refused_by_aws
from tests.unit.interop.compose_corpus import CASES, Case
from tests.unit.interop.composing import members, read

SCHEMA_FILE = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_service_becomes_what_the_mapping_says_and_losses_are_told(case: Case) -> None:
    got = read(case.text)
    (one,) = got.definitions
    base = {"name": "web", "image": "busybox:latest", "memory": 32, "stopTimeout": 10}
    if case.sized:
        del base["memory"]
    assert one.members == {
        "family": "shop",
        "containerDefinitions": [{**base, **case.container}],
        **case.task,
    }
    assert Counter(finding.path for finding in got.losses) == Counter(case.losses)
    assert {finding.severity for finding in got.losses} <= {"warning"}
    assert all(finding.problem and finding.remedy for finding in got.losses)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_comes_of_it_registers_here_and_on_aws(case: Case) -> None:
    made = members(case.text)
    definition_from(made, "compose.yaml")
    assert refused_by_aws(made) == ""


def test_every_key_of_compose_is_taken_or_told() -> None:
    shapes = SCHEMA["$defs"]
    keys = set()
    for shape in ("container_spec", "workload_spec", "service"):
        keys |= set(shapes[shape]["properties"])
    assert keys - (TAKEN | LOST.keys()) == set()
    assert not TAKEN & LOST.keys()
    assert set(SCHEMA["properties"]) == TOP_LEVEL
    assert NO_PLACE_AT_THE_TOP.keys() == TOP_LEVEL - {"version", "name", "include", "services", "volumes"}


def test_every_lost_key_is_told_by_its_path() -> None:
    for key in LOST:
        got = read(f"services:\n  web: {{image: x, mem_limit: 8m, {key}: x}}\n")
        assert [finding.path for finding in got.losses] == [f"services.web.{key}"], key
