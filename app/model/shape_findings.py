"""Mistakes of shape, as pydantic tells them, in ECS's words where these are known (design: ECS semantics 7.4).

No value of the document is ever quoted: it could be a secret.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import islice
from typing import Any

from pydantic_core import ErrorDetails

from app.model.container_definition import IMAGE_PATTERN
from app.model.locations import ANY, Broken, Location, short
from app.model.names import ABSOLUTE_PATH_PATTERN, CONTAINER_NAME_PATTERN, FAMILY_NAME_PATTERN
from app.model.task_definition import CPU_PATTERN, MEMORY_PATTERN

_REMEDIES = {
    "missing": "add it",
    "string_type": 'write it as a string: "…"',
    "int_type": "write a whole number without quotes",
    "bool_type": "write true or false without quotes",
    "list_type": "write a list: [ … ]",
    "model_type": "write an object: { … }",
    "dict_type": "write an object: { … }",
    "too_long": "remove some",
    "too_short": "add one",
    "string_too_long": "make it shorter",
    "string_too_short": "write something",
    "literal_error": "write one of these",
}
_REMEDIES_OF_PATTERNS = {
    ABSOLUTE_PATH_PATTERN: "write an absolute path without a colon",
    CONTAINER_NAME_PATTERN: "use letters, digits, - and _",
    FAMILY_NAME_PATTERN: "use letters, digits, - and _, and begin with a letter or digit",
    IMAGE_PATTERN: "write it as docker run takes it",
    CPU_PATTERN: 'write CPU units, as in "1024", or "1 vCPU"',
    MEMORY_PATTERN: 'write MiB, as in "2048", or "2 GB"',
}
_NONE_OR_EMPTY = frozenset({"missing", "string_too_short", "too_short"})
_MOST_NEIGHBOURS = 200


def shape_finding(mistake: ErrorDetails, members: dict[str, Any]) -> Broken:
    location: Location = tuple(mistake["loc"])
    kind = mistake["type"]
    remedy = _remedy(mistake)
    if kind == "missing" and (near := _misspelt(location, members)):
        remedy = f"did you mean it by {near!r}?"
    return Broken(location, _in_words_of_ecs(location, kind, members) or _in_our_words(mistake), remedy)


def _remedy(mistake: ErrorDetails) -> str:
    limits = mistake.get("ctx", {})
    match mistake["type"]:
        case "string_pattern_mismatch":
            return _REMEDIES_OF_PATTERNS.get(limits["pattern"], "correct it")
        case "greater_than_equal":
            return f"write {limits['ge']} or more"
        case "less_than_equal":
            return f"write {limits['le']} or less"
    return _REMEDIES.get(mistake["type"], "correct it")


def _in_our_words(mistake: ErrorDetails) -> str:
    if mistake["type"] == "missing":
        return "is required"
    if mistake["type"] == "string_pattern_mismatch":
        return f"contains invalid characters (allowed: {mistake['ctx']['pattern']})"
    if mistake["type"] == "too_long":
        return f"has {mistake['ctx']['actual_length']} elements; the limit is {mistake['ctx']['max_length']}"
    text = mistake["msg"]
    return text[:1].lower() + text[1:]


def _in_words_of_ecs(location: Location, kind: str, members: dict[str, Any]) -> str:
    """What ECS says to it, "" when that is not known."""
    empty, pattern = kind in _NONE_OR_EMPTY, kind == "string_pattern_mismatch"
    match tuple(ANY if isinstance(part, int) else part for part in location):
        case ("family",) if pattern:
            return "Family contains invalid characters."
        case ("containerDefinitions",) if empty:
            return "Container list cannot be empty."
        case ("containerDefinitions", _, "name" | "image" as member) if empty:
            return f"Container.{member} should not be null or empty."
        case ("containerDefinitions", _, "image") if pattern:
            return "Container.image contains invalid characters."
        case ("containerDefinitions", _, "portMappings", _, "containerPort"):
            return f"Invalid 'containerPort' setting for container '{_container_name(location, members)}'."
        case ("cpu" | "memory" as member,) if pattern:
            return f"Invalid '{member}' setting for task."
        case ("placementConstraints", _, "type") if _at(location, members) == "distinctInstance":
            return "constraint.type 'distinctInstance' is not supported."
    return ""


def _container_name(location: Location, members: dict[str, Any]) -> str:
    name = _at((*location[:2], "name"), members)
    return short(name) if isinstance(name, str) else ""


def _at(location: Sequence[int | str], members: Any) -> Any:
    """What stands there; None when there is nothing."""
    here = members
    for part in location:
        if isinstance(part, int):
            here = here[part]
        elif (here := here.get(part)) is None:
            return None
    return here


def _misspelt(location: Location, members: Any) -> str | None:
    """A key that stands where ``location`` is missing and looks like it."""
    parent = _at(location[:-1], members)
    # Hundreds of keys are no slip of the pen, and comparing takes its time.
    keys = [short(key) for key in islice(parent or {}, _MOST_NEIGHBOURS)]
    close = difflib.get_close_matches(str(location[-1]), keys, n=1, cutoff=0.75)
    return close[0] if close else None
