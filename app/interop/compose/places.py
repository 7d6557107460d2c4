"""Lines and columns of places in a YAML document, for its findings."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from app.model.locations import Location

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "<<"
_LARGEST = 128 * 1024
"""Bytes; in a larger document it takes longer than anybody waits for an error."""


def places(data: bytes, locations: Iterable[Location]) -> dict[Location, str]:
    """``line L, column C`` of each location, or of the nearest that is there. Only for a document that was parsed."""
    if len(data) > _LARGEST:
        return {}
    try:
        root = yaml.compose(data.decode("utf-8-sig"), Loader=_LOADER)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return {at: _place(root, at) for at in locations if at} if root is not None else {}


def _place(root: yaml.Node, location: Location) -> str:
    node, place = root, ""
    for part in location:
        found = _below(node, part, 0)
        if found is None:
            break
        mark, node = found
        place = f"line {mark.line + 1}, column {mark.column + 1}"
    return place


def _below(node: yaml.Node, part: int | str, depth: int) -> tuple[yaml.Mark, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        return (node.value[part].start_mark, node.value[part]) if part < len(node.value) else None
    if not isinstance(node, yaml.MappingNode):
        return None
    merged: list[yaml.Node] = []
    for key, value in node.value:
        if key.value == part:
            return key.start_mark, value
        if key.value == _MERGE and depth < 8:
            merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
    found = (_below(other, part, depth + 1) for other in merged)
    return next((place for place in found if place is not None), None)
