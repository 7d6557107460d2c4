"""The manifest in a task's record: the definition as it was launched, and the overrides given with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Manifest:
    """JSON objects in ECS's members; both empty when a record's manifest could not be read."""

    definition: dict[str, Any]
    overrides: dict[str, Any]


def write_manifest(definition: dict[str, Any], overrides: dict[str, Any]) -> str:
    return json.dumps({"definition": definition, "overrides": overrides}, separators=(",", ":"))


def read_manifest(text: str) -> Manifest:
    """A manifest is read from a label, so it may hold anything: what is not as it should be counts as empty."""
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        value = {}
    parts = value if isinstance(value, dict) else {}
    definition, overrides = parts.get("definition"), parts.get("overrides")
    return Manifest(
        definition if isinstance(definition, dict) else {}, overrides if isinstance(overrides, dict) else {}
    )
