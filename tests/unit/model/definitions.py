"""Definitions for tests, and what is told of them."""

from __future__ import annotations

from typing import Any

from app.model.definition_document import definition_from
from app.model.errors import DocumentError


def container(name: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "image": "busybox", "memory": 16, **members}


def definition(*containers: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"family": "web", "containerDefinitions": list(containers), **members}


def errors(*containers: dict[str, Any], **members: Any) -> list[tuple[str, str]]:
    """Path and problem of everything that a definition is refused for, in the order in which it is told."""
    try:
        definition_from(definition(*containers, **members), "t")
    except DocumentError as error:
        assert all(finding.remedy and finding.severity == "error" for finding in error.findings)
        return [(finding.path, finding.problem) for finding in error.findings]
    return []


def warnings(*containers: dict[str, Any], **members: Any) -> list[tuple[str, str]]:
    found = definition_from(definition(*containers, **members), "t").warnings
    assert all(finding.remedy and finding.severity == "warning" for finding in found)
    return [(finding.path, finding.problem) for finding in found]
