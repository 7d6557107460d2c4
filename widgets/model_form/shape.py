"""What a form needs to know of a model: kinds, limits, help and defaults of its members, from the model's JSON schema.

The schema is pydantic's own (``model_json_schema``), so any model will do: nested, recursive, with unions and maps.
Members are looked up when they are asked for; a recursive model is no problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from pydantic import BaseModel

Kind = Literal["text", "integer", "number", "boolean", "choice", "object", "list", "map", "union", "any"]
SCALARS: Final = frozenset({"text", "integer", "number", "boolean", "choice"})
Path = tuple[str | int, ...]
"""Keys and indexes from the top of a document."""


class _Absent:
    """The value of a member that is not there, which is something else than null or empty."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = _Absent()

_TYPES: Final[Mapping[str, Kind]] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
}
_LIMITS: Final = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems",
    "pattern",
)  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """One place of a model.

    Attributes:
        kind: ``any`` takes every JSON value; ``union`` has ``alternatives``.
        name: the member's name in a document; "" for elements and for the model itself.
        required: whether it must stand in the object that it is a member of.
        default: what holds when it is absent; ABSENT when nothing is known.
        help, unit: for a person.
        note: how far it has an effect, if the model says so (``level`` and ``note`` of its metadata).
        choices: the values of a ``choice``.
        limits: the schema's own words for them: ``minimum``, ``maxLength``, ``pattern`` and so on.
    """

    kind: Kind
    schema: Mapping[str, Any]
    shared: Mapping[str, Any]
    name: str = ""
    required: bool = False
    default: Any = ABSENT
    help: str = ""
    unit: str = ""
    note: str = ""
    choices: tuple[Any, ...] = ()

    @cached_property
    def members(self) -> Mapping[str, Shape]:
        """The members of an object, in the model's order; of a union, those of no alternative."""
        if self.kind != "object":
            return {}
        required = self.schema.get("required", ())
        return {
            name: _shape(part, self.shared, name, required=name in required)
            for name, part in self.schema["properties"].items()
        }

    @cached_property
    def element(self) -> Shape | None:
        """The elements of a list or the values of a map."""
        part = self.schema.get("items" if self.kind == "list" else "additionalProperties")
        if self.kind not in ("list", "map"):
            return None
        return _shape(part if isinstance(part, dict) else {}, self.shared, required=True)

    @cached_property
    def alternatives(self) -> tuple[Shape, ...]:
        """What a union may be; its alternatives have the name of their model."""
        return tuple(_shape(part, self.shared) for part in _parts(self.schema)) if self.kind == "union" else ()

    @property
    def title(self) -> str:
        """The name of the model behind it, for the alternatives of a union; else its kind."""
        return str(self.schema.get("title", self.kind)) if self.kind == "object" else self.kind

    @property
    def limits(self) -> Mapping[str, Any]:
        return {name: self.schema[name] for name in _LIMITS if name in self.schema}

    @cached_property
    def pair(self) -> tuple[str, str] | None:
        """The two members of an object that has no more than two, both scalar: it fits on one line."""
        members = list(self.members.values())
        if len(members) == 2 and all(member.kind in SCALARS for member in members):
            return members[0].name, members[1].name
        return None

    def below(self, part: str | int, value: Any = ABSENT) -> Shape:
        """What stands below under a key or an index; ``any`` where the model says nothing.

        Args:
            value: the value here, by which a union tells which alternative is meant.
        """
        if self.kind == "union":
            return self.alternative(value).below(part, value)
        if self.kind == "object" and isinstance(part, str):
            return self.members.get(part, Shape("any", {}, self.shared, part))
        return self.element or Shape("any", {}, self.shared)

    def alternative(self, value: Any) -> Shape:
        """Which alternative of a union a value is: the one whose constants and members it has; the first for none."""
        if self.kind != "union":
            return self
        return max(self.alternatives, key=lambda shape: _likeness(shape, value))


def shape_of(model: type[BaseModel]) -> Shape:
    """The shape of a model, by the names of its documents (aliases)."""
    schema = model.model_json_schema(by_alias=True)
    return _shape(schema, schema.get("$defs", {}), required=True)


def shape_at(shape: Shape, document: Any, path: Path) -> Shape:
    """The shape of a place of a document."""
    value = document
    for part in path:
        shape = shape.below(part, value)
        value = child(value, part)
    return shape


def child(value: Any, part: str | int) -> Any:
    """What stands in a value under a key or an index; ABSENT when nothing does."""
    if isinstance(value, dict):
        return value.get(part, ABSENT)
    if isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
        return value[part]
    return ABSENT


def fits(shape: Shape, value: Any) -> bool:
    """Whether a value is of the shape's kind, so that it can be shown as one; its limits do not matter."""
    match shape.kind:
        case "object" | "map":
            return isinstance(value, dict)
        case "list":
            return isinstance(value, list)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "text" | "choice":
            return isinstance(value, str)
        case "union":
            return any(fits(alternative, value) for alternative in shape.alternatives)
        case "any":
            return True


def _shape(part: Mapping[str, Any], shared: Mapping[str, Any], name: str = "", *, required: bool = False) -> Shape:
    inner = _resolved(part, shared)
    alternatives = _parts(inner)
    if len(alternatives) == 1:
        inner = _resolved(alternatives[0], shared)
    # What the member says of itself goes over what its model says.
    told = {**inner, **part}
    level, note = str(told.get("level", "")), str(told.get("note", ""))
    default = told.get("default", ABSENT)
    return Shape(
        _kind(inner),
        inner,
        shared,
        name,
        required,
        ABSENT if default is None else default,
        str(part.get("description", "")),
        str(told.get("unit", "")),
        ": ".join(word for word in (level, note) if word),
        tuple(inner["enum"]) if "enum" in inner else ((inner["const"],) if "const" in inner else ()),
    )


def _kind(schema: Mapping[str, Any]) -> Kind:
    if "enum" in schema or "const" in schema:
        return "choice"
    if len(_parts(schema)) > 1:
        return "union"
    if schema.get("type") == "object":
        return "object" if schema.get("properties") else "map"
    return _TYPES.get(str(schema.get("type")), "any")


def _parts(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The alternatives of a union without null."""
    return [part for part in schema.get("anyOf", schema.get("oneOf", ())) if part.get("type") != "null"]


def _resolved(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = shared[str(schema["$ref"]).rsplit("/", 1)[-1]]
    return schema


def _likeness(shape: Shape, value: Any) -> float:
    if not fits(shape, value):
        return -1.0
    if shape.kind == "choice":
        return 3.0 if value in shape.choices else 0.0
    if shape.kind != "object":
        return 1.0
    members = shape.members
    constants = [member for member in members.values() if member.kind == "choice" and len(member.choices) == 1]
    if any(value.get(member.name, member.default) not in member.choices for member in constants):
        return 0.0
    return 1.0 + sum(name in members for name in value) / (1 + len(value))
