"""The dialects in which a task definition comes as JSON, and the one in which ``aws`` takes it back.

Accepted are the input of RegisterTaskDefinition, the output of DescribeTaskDefinition (bare, or in its wrapper), the
console's export with explicit nulls, and a bare array of container definitions (design: ECS semantics 0.5, 0.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from app.model.errors import DocumentError, Finding
from app.model.locations import short
from app.model.member_tree import Member, definition_tree

Dialect = Literal["register", "describe", "console", "containers"]

# What DescribeTaskDefinition adds to what was registered: no part of the definition.
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

_WRAPPER = "taskDefinition"
_AN_OBJECT = "a task definition is one object { … }"


@dataclass(frozen=True, slots=True)
class Recognised:
    """A document whose dialect was told, as members of RegisterTaskDefinition.

    Attributes:
        members: without nulls and read-only members, in the document's order; their values are not checked.
        prefix: where the members stand in the document: "" or "taskDefinition".
    """

    dialect: Dialect
    members: dict[str, Any]
    prefix: str


def recognise(value: Any, source: str, family: str = "") -> Recognised:
    """Tell the dialect of parsed JSON and bring it to the members of RegisterTaskDefinition.

    Args:
        family: the family that it is registered under; "" when only the document says. A document that names none
            gets this one.

    Raises:
        DocumentError: no task definition, an array without a family, or a family other than the document's.
    """
    if isinstance(value, list):
        return Recognised("containers", _from_containers(value, source, family), "")
    if not isinstance(value, dict):
        raise DocumentError(source, [Finding("", "not a JSON object", _AN_OBJECT)])
    wrapped = _WRAPPER in value and "containerDefinitions" not in value
    document = value[_WRAPPER] if wrapped else value
    if not isinstance(document, dict):
        raise DocumentError(source, [Finding(_WRAPPER, "not a JSON object", _AN_OBJECT)])
    given = dict(document)
    if wrapped and given.get("tags") is None:
        given["tags"] = value.get("tags")
    dialect: Dialect = "describe" if wrapped else _dialect(value)
    members = {key: member for key, member in without_nulls(given).items() if key not in READ_ONLY_MEMBERS}
    if dialect != "register" and members.get("tags") == []:  # an export writes it so, and registering refuses it
        del members["tags"]
    _check_family(members, source, family)
    if family and "family" not in members:
        members = {"family": family, **members}
    return Recognised(dialect, members, _WRAPPER if wrapped else "")


def registerable(members: dict[str, Any]) -> dict[str, Any]:
    """The members as ``aws ecs register-task-definition --cli-input-json`` accepts them.

    Nulls, read-only and unknown members are gone at every depth, since the command refuses them before it asks ECS
    (design: ECS semantics 0.6); so is an empty list of tags. Values are kept as they are, in their order.
    """
    kept: dict[str, Any] = _known(without_nulls(members), definition_tree())
    if kept.get("tags") == []:
        del kept["tags"]
    return kept


def without_nulls(members: dict[str, Any]) -> dict[str, Any]:
    """The members without those that are null, at every depth: ``null`` is absent (design: ECS semantics 0.5).

    A null in a list, or under a key of a map, is somebody's mistake and no absent member: it is left where it is.
    """
    stripped: dict[str, Any] = _without_nulls(members, definition_tree())
    return stripped


def _from_containers(value: list[Any], source: str, family: str) -> dict[str, Any]:
    if not family:
        remedy = "give it with --family NAME, or write { family, containerDefinitions }"
        raise DocumentError(source, [Finding("", "an array of container definitions names no family", remedy)])
    return without_nulls({"family": family, "containerDefinitions": value})


def _dialect(document: dict[str, Any]) -> Dialect:
    if document != without_nulls(document):
        return "console"
    return "register" if READ_ONLY_MEMBERS.isdisjoint(document) else "describe"


def _check_family(members: dict[str, Any], source: str, family: str) -> None:
    named = members.get("family")
    if family and isinstance(named, str) and named != family:
        remedy = f"change the one or the other: {family!r} was asked for"
        raise DocumentError(source, [Finding("family", f"is {short(named)!r}, not {family!r}", remedy)])


def _without_nulls(value: Any, member: Member | None) -> Any:
    if isinstance(value, dict):
        is_map = member is not None and member.kind == "map"
        return {
            key: _without_nulls(item, member.below(key) if member else None)
            for key, item in value.items()
            if is_map or item is not None
        }
    if isinstance(value, list):
        element = member.element if member else None
        return [_without_nulls(item, element) for item in value]
    return value


def _known(value: Any, member: Member) -> Any:
    if isinstance(value, dict) and member.kind in ("object", "map"):
        below = {key: member.below(key) for key in value}
        return {key: _known(value[key], known) for key, known in below.items() if known is not None}
    if isinstance(value, list) and member.element is not None:
        return [_known(item, member.element) for item in value]
    return value
