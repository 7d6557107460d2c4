"""Two task definitions side by side, line by line, as JSON that reads well.

Members stand in the order of the model and environments by name, so that only a difference that means something shows.
"""

from __future__ import annotations

import difflib
import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from app.model.masking import Masker
from app.model.member_tree import Member, definition_tree

_CONTAINERS: Final = "containerDefinitions"
_BY_NAME: Final = frozenset({"environment", "secrets"})
"""Lists of a container in which ECS keeps no order."""
_DEEPEST: Final = 8
_MOST_STEPS: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class DiffLine:
    """``gap`` stands for lines that are the same on both sides and left out; ``text`` then says how many."""

    kind: Literal["same", "removed", "added", "gap"]
    text: str


def diff_lines(left: Any, right: Any, *, masker: Masker | None = None, context: int = 3) -> list[DiffLine]:
    """How the right document differs from the left one; no line but a gap when it does not.

    Args:
        left: members, or None for nothing at all: then everything is added.
        masker: masks secrets on both sides; equal ones stay equal.
        context: how many equal lines are kept around a difference.
    """
    before, after = _lines(_aligned(left, right), masker), _lines(right, masker)
    # A comma at a line's end tells of the line after it: it is no difference of this one.
    compared = _Comparison().lines([line.rstrip(",") for line in before], [line.rstrip(",") for line in after])
    return list(_with_gaps(_as_written(compared, before, after), context))


def environment_of(members: Any) -> Any:
    """Of each container what it gets as its environment, by name; references to secrets stay ``valueFrom``."""
    containers = members.get(_CONTAINERS) if isinstance(members, dict) else None
    found = {}
    for index, container in enumerate(containers if isinstance(containers, list) else ()):
        if isinstance(container, dict):
            found[str(container.get("name", index + 1))] = {
                name: _by_name(container[name], value)
                for name, value in (("environment", "value"), ("secrets", ""), ("environmentFiles", None))
                if container.get(name)
            }
    return dict(sorted(found.items()))


def _by_name(pairs: Any, value: str | None) -> Any:
    """By name the member ``value`` of each, or with "" all but its name."""
    named = isinstance(pairs, list) and all(
        isinstance(pair, dict) and isinstance(pair.get("name"), str) for pair in pairs
    )
    if value is None or not named:
        return pairs
    return {
        pair["name"]: pair.get(value) if value else {key: item for key, item in pair.items() if key != "name"}
        for pair in pairs
    }


def _lines(document: Any, masker: Masker | None) -> list[str]:
    if document is None:
        return []
    shown = masker.masked(document) if masker else document
    return json.dumps(_in_order(shown, definition_tree()), indent=2, ensure_ascii=False).split("\n")


def _aligned(left: Any, right: Any) -> Any:
    """The left document with its containers in the order of the right one: between containers there is none."""
    names, wanted = _container_names(left), {name: index for index, name in enumerate(_container_names(right))}
    places = [wanted[name] for name in names if name in wanted]
    if places == sorted(places):
        return left
    containers = sorted(left[_CONTAINERS], key=lambda container: wanted.get(container["name"], len(wanted)))
    return {**left, _CONTAINERS: containers}


def _container_names(members: Any) -> list[str]:
    """None at all where they do not tell each container from the others."""
    containers = members.get(_CONTAINERS) if isinstance(members, dict) else None
    found = (
        [item.get("name") for item in containers or () if isinstance(item, dict)]
        if isinstance(containers, list)
        else []
    )
    names = [name for name in found if isinstance(name, str)]
    return names if len(set(names)) == len(containers or ()) else []


def _in_order(value: Any, member: Member | None, name: str = "") -> Any:
    if isinstance(value, dict):
        known = list(member.members) if member is not None and member.kind == "object" else sorted(value)
        rank = {key: number for number, key in enumerate(known)}
        keys = sorted(value, key=lambda key: rank.get(key, len(rank)))
        return {key: _in_order(value[key], member.below(key) if member else None, key) for key in keys}
    if isinstance(value, list):
        items = [_in_order(item, member.element if member else None) for item in value]
        return sorted(items, key=_name_of) if name in _BY_NAME else items
    return value


def _name_of(item: Any) -> str:
    return str(item.get("name", "")) if isinstance(item, dict) else ""


class _Comparison:
    """Lines that both sides have once are matched first, and then what is between two of them in the same way.

    Only where there is none such is SequenceMatcher asked: its time grows with up to the cube of the lines. What is
    left of so many steps in all tells whether it may be.
    """

    def __init__(self) -> None:
        self._steps = _MOST_STEPS

    def lines(self, before: list[str], after: list[str], depth: int = 0) -> Iterator[DiffLine]:
        head = _equal(before, after)
        tail = _equal(before[head:][::-1], after[head:][::-1])
        yield from _told("same", before[:head])
        yield from self._between(before[head : len(before) - tail], after[head : len(after) - tail], depth)
        yield from _told("same", before[len(before) - tail :])

    def _between(self, old: list[str], new: list[str], depth: int) -> Iterator[DiffLine]:
        matches = _once_in_both(old, new) if depth < _DEEPEST else []
        if not matches:
            yield from self._matched(old, new)
            return
        i = k = 0
        for here, there in matches:
            yield from self.lines(old[i:here], new[k:there], depth + 1)
            yield DiffLine("same", old[here])
            i, k = here + 1, there + 1
        yield from self.lines(old[i:], new[k:], depth + 1)

    def _matched(self, old: list[str], new: list[str]) -> Iterator[DiffLine]:
        steps = len(old) * len(new) * min(len(old), len(new))
        if steps > self._steps or set(old).isdisjoint(new):
            yield from _told("removed", old)
            yield from _told("added", new)
            return
        self._steps -= steps
        for tag, i, j, k, n in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag == "equal":
                yield from _told("same", old[i:j])
            else:
                yield from _told("removed", old[i:j])
                yield from _told("added", new[k:n])


def _told(kind: Literal["same", "removed", "added"], lines: list[str]) -> Iterator[DiffLine]:
    return (DiffLine(kind, line) for line in lines)


def _once_in_both(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Where lines stand that each side has once: as many as stand in the same order on both."""
    counts, others = Counter(old), Counter(new)
    places = {line: index for index, line in enumerate(new) if others[line] == 1}
    pairs = [(index, places[line]) for index, line in enumerate(old) if counts[line] == 1 and line in places]
    # The longest ascending row of places: the last one of the best row of each length, and who stands before it.
    lasts: list[int] = []
    best: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(lasts, place)
        lasts[length : length + 1] = [place]
        best[length : length + 1] = [number]
        before.append(best[length - 1] if length else -1)
    found = []
    number = best[-1] if best else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _as_written(lines: Iterator[DiffLine], before: list[str], after: list[str]) -> Iterator[DiffLine]:
    """The compared lines with their commas; what is the same stands as on the right."""
    old, new = iter(before), iter(after)
    for line in lines:
        left = next(old) if line.kind != "added" else ""
        right = next(new) if line.kind != "removed" else ""
        yield DiffLine(line.kind, right or left)


def _equal(one: list[str], other: list[str]) -> int:
    """How many lines are the same from the beginning."""
    return next(
        (number for number, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _with_gaps(lines: Iterator[DiffLine], context: int) -> Iterator[DiffLine]:
    same: list[DiffLine] = []
    changed = False
    for line in lines:
        if line.kind == "same":
            same.append(line)
            continue
        yield from _shortened(same, context if changed else 0, context)
        same, changed = [], True
        yield line
    yield from _shortened(same, context if changed else 0, 0)


def _shortened(same: list[DiffLine], first: int, last: int) -> Iterator[DiffLine]:
    left_out = len(same) - first - last
    if left_out <= 1:  # a gap of one line is no shorter than the line
        yield from same
        return
    yield from same[:first]
    yield DiffLine("gap", f"{left_out} lines are the same")
    if last:
        yield from same[-last:]
