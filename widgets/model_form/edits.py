"""Edits of a document of JSON values. Every edit gives a new document and shares what it did not touch.

So an old document stays what it was: undoing is keeping it. Members that the model does not know, and the order of
members, survive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from widgets.model_form.shape import ABSENT, Path, Shape, child


def value_at(document: Any, path: Path) -> Any:
    """The value at a place; ABSENT where there is none."""
    for part in path:
        document = child(document, part)
    return document


def with_value(document: Any, path: Path, value: Any, shape: Shape) -> Any:
    """The document with a value at a place. Objects and lists on the way that are not there are made.

    A new member stands where the model has it among those that are there; an index one past the end appends.
    """
    if not path:
        return value
    part, rest = path[0], path[1:]
    here = document if isinstance(document, dict | list) else ({} if isinstance(part, str) else [])
    below = shape.below(part, here)
    new = with_value(child(here, part), rest, value, below)
    if isinstance(here, list):
        assert isinstance(part, int)
        return [*here[:part], new, *here[part + 1 :]]
    key = str(part)
    if key in here:
        return {name: new if name == key else old for name, old in here.items()}
    return _inserted(here, key, new, list(shape.alternative(here).members))


def without(document: Any, path: Path) -> Any:
    """The document without the member or element at a place; the same document where there is none."""
    part, rest = path[0], path[1:]
    below = child(document, part)
    if below is ABSENT:
        return document
    if rest:
        return _replaced(document, part, without(below, rest))
    if isinstance(document, list):
        assert isinstance(part, int)
        return [*document[:part], *document[part + 1 :]]
    return {name: value for name, value in document.items() if name != part}


def with_element(document: Any, path: Path, index: int, value: Any, shape: Shape) -> Any:
    """The document with an element more in the list at ``path``, which is made if it is not there."""
    old = value_at(document, path)
    elements = old if isinstance(old, list) else []
    return with_value(document, path, [*elements[:index], value, *elements[index:]], shape)


def moved(document: Any, path: Path, step: int) -> Any:
    """The document with an element or a member some places further down, as far as there is room."""
    parent = value_at(document, path[:-1])
    if isinstance(parent, dict):
        keys = _shifted(list(parent), list(parent).index(str(path[-1])), step)
        new: Any = {key: parent[key] for key in keys}
    else:
        assert isinstance(path[-1], int)
        new = _shifted(parent, path[-1], step)
    return _replaced_at(document, path[:-1], new)


def renamed(document: Any, path: Path, name: str) -> Any:
    """The document with another key for the member at ``path``, in its place; the same if that key is taken."""
    parent = value_at(document, path[:-1])
    if name in parent:
        return document
    new = {name if key == path[-1] else key: value for key, value in parent.items()}
    return _replaced_at(document, path[:-1], new)


def _replaced_at(document: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    return _replaced(document, path[0], _replaced_at(child(document, path[0]), path[1:], value))


def _replaced(parent: Any, part: str | int, value: Any) -> Any:
    if isinstance(parent, list):
        assert isinstance(part, int)
        return [*parent[:part], value, *parent[part + 1 :]]
    return {key: value if key == part else old for key, old in parent.items()}


def _shifted(items: list[Any], index: int, step: int) -> list[Any]:
    target = min(max(index + step, 0), len(items) - 1)
    rest = [*items[:index], *items[index + 1 :]]
    return [*rest[:target], items[index], *rest[target:]]


def _inserted(members: dict[str, Any], key: str, value: Any, order: Sequence[str]) -> dict[str, Any]:
    place = len(members)
    if key in order:
        rank = {name: number for number, name in enumerate(order)}
        before = [index for index, name in enumerate(members) if rank.get(name, len(order)) < rank[key]]
        known = [index for index, name in enumerate(members) if name in rank]
        place = before[-1] + 1 if before else (known[0] if known else place)
    items = list(members.items())
    return dict([*items[:place], (key, value), *items[place:]])
