"""One edit of a document made in its text: what did not change keeps the way in which somebody wrote it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from widgets.json_places import JsonPlaces, Path, Place

_INDENTED: Final = re.compile(r"\n([ \t]+)\S")
_SPACE: Final = re.compile(r"\s*\Z")


@dataclass(frozen=True, slots=True)
class _Change:
    """The innermost difference: ``kind`` at ``path``; for insert and remove the last part is the member's."""

    kind: str
    path: Path
    value: Any = None
    before: str | int | None = None
    after: str | int | None = None


def rendered(document: Any, unit: str | int | None = 2) -> str:
    """A document as text: indented by ``unit`` (None: all on one line), in the characters that people wrote."""
    return json.dumps(document, indent=unit, ensure_ascii=False)


def spliced(text: str, old: Any, new: Any) -> str:
    """The text of ``new``, made from the text of ``old`` with no more changed than differs.

    Where that can't be done (much has changed at once, the text is not that of ``old``) the whole is written anew, with
    the text's own indentation.
    """
    if _same(old, new):
        return text
    unit = _unit(text)
    try:
        result = _applied(text, _difference(old, new, ()), unit)
        if _exactly(json.loads(result), new):
            return result
    except (ValueError, LookupError, RecursionError):
        pass
    return rendered(new, unit) + ("\n" if text.endswith("\n") or not text else "")


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and one == other and _exactly(one, other))


def _exactly(one: Any, other: Any) -> bool:
    """Equal in order too, and with true told from 1."""
    return rendered(one, None) == rendered(other, None)


def _difference(old: Any, new: Any, path: Path) -> _Change:
    if isinstance(old, dict) and isinstance(new, dict):
        return _difference_of_members(old, new, path)
    if isinstance(old, list) and isinstance(new, list):
        return _difference_of_elements(old, new, path)
    return _Change("replace", path, new)


def _difference_of_members(old: dict[str, Any], new: dict[str, Any], path: Path) -> _Change:
    if list(old) == list(new):
        changed = [key for key in old if not _same(old[key], new[key])]
        return (
            _difference(old[changed[0]], new[changed[0]], (*path, changed[0]))
            if len(changed) == 1
            else _Change("replace", path, new)
        )
    more, fewer = [key for key in new if key not in old], [key for key in old if key not in new]
    if len(more) == 1 and not fewer and [key for key in new if key != more[0]] == list(old):
        keys = list(new)
        return _inserted(path, keys, keys.index(more[0]), new[more[0]])
    if len(fewer) == 1 and not more and [key for key in old if key != fewer[0]] == list(new):
        keys = list(old)
        return _removed(path, keys, keys.index(fewer[0]))
    return _Change("replace", path, new)


def _difference_of_elements(old: list[Any], new: list[Any], path: Path) -> _Change:
    first = next(
        (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if not _same(a, b)), min(len(old), len(new))
    )
    if len(old) == len(new):
        if all(_same(a, b) for a, b in zip(old[first + 1 :], new[first + 1 :], strict=True)):
            return _difference(old[first], new[first], (*path, first))
    elif len(new) == len(old) + 1:
        return _inserted(path, list(range(len(new))), first, new[first])
    elif len(new) == len(old) - 1:
        return _removed(path, list(range(len(old))), first)
    return _Change("replace", path, new)


def _inserted(path: Path, keys: list[Any], place: int, value: Any) -> _Change:
    """Its neighbours are called as they are in the old text: an element's follower has its number there."""
    before = keys[place - 1] if place else None
    after = None
    if place + 1 < len(keys):
        after = keys[place] if isinstance(keys[place], int) else keys[place + 1]
    return _Change("insert", (*path, keys[place]), value, before, after)


def _removed(path: Path, keys: list[Any], place: int) -> _Change:
    before = keys[place - 1] if place else None
    after = keys[place + 1] if place + 1 < len(keys) else None
    return _Change("remove", (*path, keys[place]), None, before, after)


def _applied(text: str, change: _Change, unit: str | int | None) -> str:
    places = JsonPlaces(text)

    def place(path: Path) -> Place:
        found = places.place(path)
        if found is None:
            raise LookupError(path)
        return found

    above = change.path[:-1]
    if change.kind == "replace":
        here = place(change.path)
        # What stood on one line stays on one line.
        one_line = "\n" not in text[here.start : here.end] and here.end - here.start > 2
        value = _told(change.value, _line_indent(text, here.begin), None if one_line else unit)
        return text[: here.start] + value + text[here.end :]
    if change.before is None and change.after is None:
        return _first_or_last(text, change, place(above), unit)
    before = place((*above, change.before)) if change.before is not None else None
    after = place((*above, change.after)) if change.after is not None else None
    if change.kind == "remove":
        here = place(change.path)
        if before is not None:
            return text[: before.end] + text[here.end :]
        assert after is not None
        return text[: here.begin] + text[after.begin :]
    return _with_member(text, change, before, after, unit)


def _with_member(text: str, change: _Change, before: Place | None, after: Place | None, unit: str | int | None) -> str:
    """A member or element more, laid out as the one beside it."""
    neighbour = before or after
    assert neighbour is not None
    found = _SPACE.search(text, 0, neighbour.begin)
    space = found[0] if found else ""
    lines = "\n" in space
    key = change.path[-1]
    name = f"{json.dumps(key, ensure_ascii=False)}: " if isinstance(key, str) else ""
    member = name + _told(change.value, space.rpartition("\n")[2] if lines else "", unit if lines else None)
    if before is not None:
        return text[: before.end] + "," + (space if lines else " ") + member + text[before.end :]
    return text[: neighbour.begin] + member + "," + (space if lines else " ") + text[neighbour.begin :]


def _first_or_last(text: str, change: _Change, parent: Place, unit: str | int | None) -> str:
    """The only member of its object or list comes or goes."""
    is_list = isinstance(change.path[-1], int)
    if change.kind == "remove":
        return text[: parent.start] + ("[]" if is_list else "{}") + text[parent.end :]
    value = [change.value] if is_list else {change.path[-1]: change.value}
    return text[: parent.start] + _told(value, _line_indent(text, parent.begin), unit) + text[parent.end :]


def _told(value: Any, indent: str, unit: str | int | None) -> str:
    return rendered(value, unit).replace("\n", "\n" + indent)


def _line_indent(text: str, offset: int) -> str:
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line[: len(line) - len(line.lstrip())]


def _unit(text: str) -> str | int | None:
    """How the text indents: its first indented line tells; None for a text of one line."""
    found = _INDENTED.search(text)
    if found is not None:
        return found[1]
    return None if "\n" not in text.strip() and len(text.strip()) > 2 else 2
