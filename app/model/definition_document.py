"""A task definition document: bytes → model and findings, all of them in one pass.

Errors refuse the document; warnings say what is kept but not honoured. Nothing here reads a file.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from app.model.definition_rules import broken_rules
from app.model.errors import DocumentError, Finding
from app.model.strict_json import parse_json
from app.model.task_definition import DOCKER_MINIMUM_MEMORY, TaskDefinition

# What DescribeTaskDefinition adds to what was registered: no part of the definition, so no reason for a warning.
READ_ONLY_MEMBERS = frozenset(
    {
        "taskDefinitionArn",
        "revision",
        "status",
        "requiresAttributes",
        "compatibilities",
        "registeredAt",
        "registeredBy",
        "deregisteredAt",
        "deleteRequestedAt",
    }
)


@dataclass(frozen=True, slots=True)
class DefinitionDocument:
    """A definition that was understood: the model, and what of it is kept but not honoured."""

    definition: TaskDefinition
    warnings: tuple[Finding, ...]


def parse_definition(data: bytes, source: str) -> DefinitionDocument:
    """Understand a RegisterTaskDefinition document.

    Raises DocumentError with every finding at once, each with the path of the member and a remedy.
    """
    return definition_from(parse_json(data, source), source)


def definition_from(value: Any, source: str) -> DefinitionDocument:
    """As ``parse_definition``, from parsed JSON. ``null`` means absent, as in exports of the ECS console."""
    if not isinstance(value, dict):
        raise DocumentError(source, [Finding("", "not a JSON object", "a task definition is one object { … }")])
    members = {key: member for key, member in _without_nulls(value).items() if key not in READ_ONLY_MEMBERS}
    try:
        definition = TaskDefinition.model_validate(members, by_alias=True, by_name=False)
    except ValidationError as error:
        raise DocumentError(source, [_finding(detail, members) for detail in error.errors()]) from None
    broken = list(broken_rules(definition))
    if broken:
        raise DocumentError(source, broken)
    return DefinitionDocument(definition, (*_unhonoured(definition), *_unknown_members(definition)))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_without_nulls(member) for member in value]
    return value


def member_path(location: tuple[int | str, ...]) -> str:
    """pydantic's location as ECS writes it: ``("volumes", 0, "name")`` → ``volumes[0].name``."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


_REMEDIES = {
    "missing": "add it",
    "string_type": 'write it as a string: "…"',
    "int_type": "write a whole number without quotes",
    "bool_type": "write true or false without quotes",
    "list_type": "write a list: [ … ]",
    "model_type": "write an object: { … }",
    "dict_type": "write an object: { … }",
}


def _finding(detail: Any, members: dict[str, Any]) -> Finding:
    location = tuple(detail["loc"])
    kind = str(detail["type"])
    if kind == "missing":
        problem = "is required"
    elif kind == "string_pattern_mismatch":
        problem = f"contains invalid characters (allowed: {detail['ctx']['pattern']})"
    else:
        text = str(detail["msg"])
        problem = text[:1].lower() + text[1:]
    remedy = _REMEDIES.get(kind, "correct it")
    if kind == "missing" and (near := _misspelt(location, members)):
        remedy = f"did you mean it by {near!r}?"
    return Finding(member_path(location), problem, remedy)


def _misspelt(location: tuple[int | str, ...], members: Any) -> str | None:
    """A key that stands where ``location`` is missing and looks like it."""
    parent = members
    for part in location[:-1]:
        parent = parent[part]
    close = difflib.get_close_matches(str(location[-1]), list(parent), n=1, cutoff=0.75)
    return close[0] if close else None


def _unhonoured(definition: TaskDefinition) -> Iterator[Finding]:
    if definition.network_mode == "awsvpc":
        yield Finding("networkMode", "awsvpc is not emulated yet", "a launch is refused; use bridge or host", "warning")
    for index, container in enumerate(definition.container_definitions):
        if container.memory is not None and container.memory < DOCKER_MINIMUM_MEMORY:
            path = f"containerDefinitions[{index}].memory"
            yield Finding(path, f"Docker's minimum is {DOCKER_MINIMUM_MEMORY} MiB", "that is what it gets", "warning")


def _unknown_members(model: BaseModel, location: tuple[int | str, ...] = ()) -> Iterator[Finding]:
    known = [field.alias or name for name, field in type(model).model_fields.items()]
    for key in model.model_extra or {}:
        close = difflib.get_close_matches(key, known, n=1, cutoff=0.85)
        remedy = f"did you mean {close[0]!r}?" if close else "it is in the stored document, and is not honoured"
        yield Finding(member_path((*location, key)), "kept, but not known to this version", remedy, "warning")
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        key = field.alias or name
        if isinstance(value, BaseModel):
            yield from _unknown_members(value, (*location, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, BaseModel):
                    yield from _unknown_members(item, (*location, key, index))
