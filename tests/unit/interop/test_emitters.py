"""What other tools say of documents that Moorage writes. The Compose schema is asked in ``test_compose_export``."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint_file  # type: ignore[import-untyped]
from hypothesis import HealthCheck, Phase, given, settings

from app.interop.cloudformation import to_template
from app.interop.yaml_text import render_yaml
from app.model.dialects import registerable
from tests.unit.aws_client import SAMPLES, refused_by_aws
from tests.unit.generated import definitions
from tests.unit.interop.compose_corpus import CASES
from tests.unit.interop.composing import members as imported
from tests.unit.interop.test_compose_export import FULL, repaired, sample

SHAPE = ("[E0", "[E1001", "[E3001", "[E3002", "[E3003", "[E3012")
"""Rules about names, kinds and what must be there; the others ask about ARNs and the like, which the author wrote."""
DEFINITIONS = [pytest.param(FULL, id="full"), *(pytest.param(sample(path), id=path.stem) for path in SAMPLES)]


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_cfn_lint_accepts_exported_templates(form: str, tmp_path: Path) -> None:
    assert lint([FULL, *map(sample, SAMPLES)], form, tmp_path) == []


def test_cfn_lint_accepts_templates_of_imported_compose_files(tmp_path: Path) -> None:
    assert lint([imported(case.text) for case in CASES], "yaml", tmp_path) == []


def lint(definitions: Iterable[dict[str, Any]], form: str, folder: Path) -> list[str]:
    """What cfn-lint says of the templates, put into one: most of its time goes into its start."""
    resources = {}
    for number, members in enumerate(definitions):
        known = copy.deepcopy(members)
        for container in known["containerDefinitions"]:
            container.pop("futureMember", None)
            container.get("dockerLabels", {}).pop("\n", None)
        (resource,) = to_template(known)["Resources"].values()
        resources[f"Definition{number}"] = resource
    template = {**to_template(FULL), "Resources": resources}
    path = folder / f"template.{form}"
    path.write_text(json.dumps(template, indent=2) if form == "json" else render_yaml(template), encoding="utf-8")
    return [str(match) for match in lint_file(path, config=ManualArgs(regions=["us-east-1"]))]


@pytest.mark.parametrize("members", DEFINITIONS)
def test_the_client_of_aws_accepts_what_is_registerable(members: dict[str, Any]) -> None:
    assert refused_by_aws(registerable(members)) == ""


def without_empty_keys(value: Any) -> Any:
    """A label without a name: Docker takes it, a template may not have it."""
    if isinstance(value, list):
        return [without_empty_keys(item) for item in value]
    return {key: without_empty_keys(item) for key, item in value.items() if key} if isinstance(value, dict) else value


@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(definitions())
def test_cfn_lint_accepts_templates_of_any_valid_definition(
    tmp_path_factory: pytest.TempPathFactory, members: dict[str, Any]
) -> None:
    made = repaired(members)
    if made is not None:
        made.pop("trustedExecutionConfiguration", None)  # newer than the schema that cfn-lint brings
        for container in made["containerDefinitions"]:
            container.pop("resourceRequirements", None)  # a GPU's sharingStrategy is newer too
        made = without_empty_keys(made)
        found = lint([made], "yaml", tmp_path_factory.mktemp("lint"))
        assert [line for line in found if line.startswith(SHAPE)] == []
