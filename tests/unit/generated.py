"""Task definitions made up by hypothesis from the models themselves: every member, valid by its own limits."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from app.model.member_tree import Member, definition_tree
from app.model.task_definition import TaskDefinition

_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
_UNKNOWN = st.sampled_from(["xyz", "port_mappings", "model_dump"])


@cache
def definitions() -> st.SearchStrategy[dict[str, Any]]:
    """Members of RegisterTaskDefinition. Rules across members need not hold."""
    schema = TaskDefinition.model_json_schema(by_alias=True)
    made: st.SearchStrategy[dict[str, Any]] = _made(schema, schema["$defs"])
    return made


@st.composite
def with_unknown_members(draw: st.DrawFn) -> dict[str, Any]:
    """As ``definitions``, with members here and there that ECS does not have, Python's spelling of some among them."""
    document = draw(definitions())
    for place in _objects(document, definition_tree()):
        place.update(draw(st.dictionaries(_UNKNOWN, st.integers(), max_size=1)))
    return document


def _objects(value: Any, member: Member | None) -> list[dict[str, Any]]:
    if member is None:
        return []
    if isinstance(value, list):
        return [found for item in value for found in _objects(item, member.element)]
    if member.kind != "object":
        return []
    return [value, *(found for name, item in value.items() for found in _objects(item, member.below(name)))]


def _made(schema: dict[str, Any], shared: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _made(shared[schema["$ref"].rsplit("/", 1)[-1]], shared)
    if "anyOf" in schema:
        return st.one_of([_made(part, shared) for part in schema["anyOf"] if part.get("type") != "null"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    return {
        "object": _object,
        "array": _array,
        "string": _string,
        "integer": _integer,
        "boolean": lambda *_: st.booleans(),
    }[schema["type"]](schema, shared)


def _object(schema: dict[str, Any], shared: dict[str, Any]) -> Any:
    if "properties" not in schema:
        return st.dictionaries(_WORDS.filter(lambda key: key != "Ref"), _made(schema["additionalProperties"], shared))
    members = {name: _made(member, shared) for name, member in schema["properties"].items()}
    # A shape of this name takes exactly one of its members, of which there is one so far.
    needed = schema["properties"] if schema["title"] == "SharingStrategy" else schema.get("required", ())
    required = {name: members.pop(name) for name in needed}
    return st.fixed_dictionaries(required, optional=members)


def _array(schema: dict[str, Any], shared: dict[str, Any]) -> Any:
    return st.lists(
        _made(schema["items"], shared), min_size=schema.get("minItems", 0), max_size=min(2, schema.get("maxItems", 2))
    )


def _string(schema: dict[str, Any], _: dict[str, Any]) -> Any:
    if "pattern" in schema:
        pattern = st.from_regex(schema["pattern"], fullmatch=True)
        return pattern.filter(lambda text: len(text) >= schema.get("minLength", 0)).map(lambda text: text[:255])
    return _WORDS.filter(lambda text: len(text) >= schema.get("minLength", 0))


def _integer(schema: dict[str, Any], _: dict[str, Any]) -> Any:
    return st.integers(schema.get("minimum", 0), schema.get("maximum", 2**31))
