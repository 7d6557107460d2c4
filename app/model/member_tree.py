"""The members of RegisterTaskDefinition as a tree, walked once from the pydantic models: names, kinds and depth.

Whoever has to tell an object from a map, or a known member from an unknown one, asks here; there is no second list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from app.model.honour import plain_type
from app.model.task_definition import TaskDefinition

Kind = Literal["object", "list", "map", "string", "integer", "number", "boolean"]


@dataclass(frozen=True, slots=True)
class Member:
    """What stands at one place of the document: an object of members, a list or map of one element, or a scalar.

    ``members`` is by the names of the document (``containerDefinitions``), and only for an object; ``element`` only
    for a list or a map, whose keys are data.
    """

    kind: Kind
    members: Mapping[str, Member] = field(default_factory=dict)
    element: Member | None = None

    def below(self, key: str) -> Member | None:
        """The member of that name or key; None when it is not known."""
        return self.element if self.kind == "map" else self.members.get(key)


@cache
def definition_tree() -> Member:
    """The tree of a task definition."""
    return model_tree(TaskDefinition)


def model_tree(model: type[BaseModel]) -> Member:
    """The tree of any model whose fields are documents, lists, maps and scalars; TypeError for another one."""
    fields = model.model_fields.items()
    return Member("object", {field.alias or name: _member(field.annotation) for name, field in fields})


_SCALARS: tuple[tuple[type, Kind], ...] = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))


def _member(annotation: Any) -> Member:
    plain = plain_type(annotation)
    origin = get_origin(plain)
    if origin is list:
        return Member("list", element=_member(get_args(plain)[0]))
    if origin is dict:
        return Member("map", element=_member(get_args(plain)[1]))
    if origin is Literal:
        plain = type(get_args(plain)[0])
    if isinstance(plain, type) and issubclass(plain, BaseModel):
        return model_tree(plain)
    for scalar, kind in _SCALARS:
        if isinstance(plain, type) and issubclass(plain, scalar):
            return Member(kind)
    raise TypeError(f"a document cannot hold {annotation!r}")


def as_wanted(value: Any, member: Member | None) -> Any:
    """The value with its scalars as the model wants them: ``"80"`` → 80, ``"true"`` → true, 8080 → ``"8080"``.

    For what comes from where such differences are not written: templates, shorthand. What cannot be brought to the
    member's kind stays as it is, for the validator to tell.
    """
    if member is None:
        return value
    if isinstance(value, dict):
        return {key: as_wanted(item, member.below(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [as_wanted(item, member.element) for item in value]
    return _scalar(value, member.kind)


_WHOLE = re.compile(r"-?[0-9]{1,18}")


def _scalar(value: Any, kind: Kind) -> Any:
    if kind == "string" and isinstance(value, bool):
        return "true" if value else "false"
    if kind == "string" and isinstance(value, int | float):
        return str(value)
    if kind == "integer" and isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if kind == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value
