"""The manifest in a task's record: the definition as it was launched, and the overrides given with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from app.model.strict_json import MAX_DEPTH

# A document as deep as it may be, two levels down.
_MOST_LEVELS = MAX_DEPTH + 2


@dataclass(frozen=True, slots=True)
class Manifest:
    """JSON objects in ECS's members; both empty when a record's manifest could not be read."""

    definition: dict[str, Any]
    overrides: dict[str, Any]

    @property
    def containers(self) -> list[dict[str, Any]]:
        """The container definitions that are objects, as they are."""
        return _objects(self.definition.get("containerDefinitions"))

    @property
    def container_overrides(self) -> list[dict[str, Any]]:
        """The overrides of containers that are objects, as they are."""
        return _objects(self.overrides.get("containerOverrides"))


def write_manifest(definition: dict[str, Any], overrides: dict[str, Any]) -> str:
    return json.dumps({"definition": definition, "overrides": overrides}, separators=(",", ":"))


def read_manifest(text: str) -> Manifest:
    """A manifest is read from a label, so it may hold anything: what is not as it should be counts as empty."""
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        value = {}
    parts = value if isinstance(value, dict) and not _too_deep(value) else {}
    definition, overrides = parts.get("definition"), parts.get("overrides")
    return Manifest(
        definition if isinstance(definition, dict) else {}, overrides if isinstance(overrides, dict) else {}
    )


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _too_deep(value: Any) -> bool:
    """Is it nested deeper than any document that is registered? Whoever walks it further on could fail at that."""
    level = [value]
    for _ in range(_MOST_LEVELS):
        below = (part.values() if isinstance(part, dict) else part for part in level if isinstance(part, dict | list))
        level = [item for items in below for item in items]
    return bool(level)
