"""What came in goes out: every member, known or not, given or absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from app.model.definition_document import parse_definition
from app.model.definition_repair import understand
from app.model.honour import honours
from app.model.task_definition import TaskDefinition
from tests.unit.generated import with_unknown_members
from tests.unit.model.definitions import container, definition

SAMPLES = sorted((Path(__file__).parents[3] / "sample_defs").glob("*.json"))


def understood(members: dict[str, Any]) -> TaskDefinition:
    made, mistakes = understand(members)
    assert made is not None
    assert mistakes == []
    return made


@given(with_unknown_members())
def test_json_to_model_to_json_keeps_every_member(members: dict[str, Any]) -> None:
    assert understood(members).model_dump(by_alias=True, exclude_unset=True) == members


@given(with_unknown_members())
def test_model_to_json_to_model_is_identity(members: dict[str, Any]) -> None:
    made = understood(members)
    written = json.dumps(made.model_dump(by_alias=True, exclude_unset=True))
    again = understood(json.loads(written))
    assert again == made
    assert again.model_fields_set == made.model_fields_set


def test_absent_is_not_empty() -> None:
    given_empty = understood(definition(container("a", environment=[], essential=True)))
    absent = understood(definition(container("a")))
    assert "environment" in given_empty.container_definitions[0].model_fields_set
    assert "environment" not in absent.container_definitions[0].model_fields_set
    assert given_empty.container_definitions[0].environment == absent.container_definitions[0].environment


def test_an_unknown_member_in_pythons_spelling_does_not_count_as_the_member() -> None:
    members = definition(container("a", port_mappings=3, healthCheck={"command": ["CMD", "x"], "start_period": 1}))
    made = understood(members).container_definitions[0]
    assert "port_mappings" not in made.model_fields_set
    assert made.health_check is not None
    assert made.health_check.model_fields_set == {"command"}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_samples_are_right_and_keep_every_member(sample: Path) -> None:
    data = sample.read_bytes()
    parsed = parse_definition(data, sample.name)
    assert parsed.definition.model_dump(by_alias=True, exclude_unset=True) == json.loads(data)
    assert not any("not known" in finding.problem for finding in parsed.warnings)


def test_names_that_the_plain_rule_would_get_wrong() -> None:
    members = definition(
        container("a"),
        ephemeralStorage={"sizeInGiB": 21},
        volumes=[{"name": "v", "s3filesVolumeConfiguration": {"fileSystemArn": "x"}}],
    )
    made = understood(members)
    assert made.model_extra == {}
    assert made.ephemeral_storage is not None
    assert made.ephemeral_storage.size_in_gib == 21
    assert made.volumes[0].s3files_volume_configuration is not None


def test_every_member_has_a_level_and_a_description() -> None:
    found = list(honours(TaskDefinition))
    assert len(found) == len({honour.path for honour in found})
    assert all(honour.level in ("honoured", "emulated", "kept") and honour.description for honour in found)
    assert all(honour.note for honour in found if honour.level != "honoured")
    paths = [honour.path for honour in found]
    assert sum("." not in path for path in paths) == 19
    assert sum(path.count(".") == 1 and path.startswith("containerDefinitions[].") for path in paths) == 42


@pytest.mark.parametrize(
    ("cpu", "units"), [("256", 256), ("1 vCPU", 1024), (".5 vcpu", 512), ("1.5vCPU", 1536), ("0.25 VCPU", 256)]
)
def test_cpu_of_a_task_keeps_its_text_and_is_read_as_units(cpu: str, units: int) -> None:
    made = understood(definition(container("a"), cpu=cpu))
    assert (made.cpu, made.cpu_units, made.memory_mib) == (cpu, units, None)


@pytest.mark.parametrize(("memory", "mib"), [("512", 512), ("2 GB", 2048), ("0.5GB", 512), (".5 gb", 512)])
def test_memory_of_a_task_keeps_its_text_and_is_read_as_mib(memory: str, mib: int) -> None:
    made = understood(definition(container("a"), memory=memory))
    assert (made.memory, made.memory_mib, made.cpu_units) == (memory, mib, None)
