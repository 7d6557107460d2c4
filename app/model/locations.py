"""Where something stands in a document, and what is broken there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

Location = tuple[int | str, ...]
"""Keys and indexes from the top: ``("volumes", 0, "name")``."""

ANY = "*"
"""In a premise: whichever index."""
ITSELF = ""
"""In a premise, after a list: the list as such, whatever its elements are."""

_END = -1
_LONGEST_WORD = 60


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a document breaks.

    ``premises`` are the members on which the finding rests, absent: the one at ``at``. When one has a mistake of
    its own, nothing follows.
    """

    at: Location
    problem: str
    remedy: str
    severity: Literal["error", "warning"] = "error"
    premises: tuple[Location, ...] = ()


class Mistakes:
    """Members that are wrong in themselves, to be asked whether a finding follows from one of them."""

    def __init__(self, locations: Iterable[Location]) -> None:
        self._tree: dict[int | str, Any] = {}
        for location in locations:
            # Under every index that a premise may leave open; there are three at most in one place.
            ways: list[Location] = [(part, ANY) if isinstance(part, int) else (part,) for part in location]
            for way in product(*ways):
                node = self._tree
                for part in way:
                    node = node.setdefault(part, {})
                node[_END] = {}

    def explain(self, broken: Broken) -> bool:
        """Whether one of the finding's premises is, holds, or is part of, a member that is wrong."""
        return any(self._touch(premise) for premise in broken.premises or (broken.at,))

    def _touch(self, premise: Location) -> bool:
        node = self._tree
        for part in premise:
            if _END in node:
                return True
            if (below := node.get(part)) is None:
                return False
            node = below
        return True


def member_path(location: Location) -> str:
    """A location as ECS writes it: ``("volumes", 0, "name")`` → ``volumes[0].name``."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{short(part)}" if path else short(part)
    return path


def short(text: str) -> str:
    """Foreign text, cut to a length that a line can hold."""
    return text if len(text) <= _LONGEST_WORD else text[:_LONGEST_WORD] + "…"


class DocumentOrder:
    """Sorts locations as they come in the document; a member that is missing comes after those that are there."""

    def __init__(self, document: Any) -> None:
        self._positions: dict[int, dict[str, int]] = {}
        # Places with the key that they sort by. Of thousands of findings most share what they are in.
        self._known: dict[Location, tuple[tuple[int, ...], Any]] = {(): ((), document)}

    def __call__(self, location: Location) -> tuple[int, ...]:
        if not location:
            return ()
        key, here = self._place(location[:-1])
        return (*key, self._step(here, location[-1])[0])

    def _place(self, location: Location) -> tuple[tuple[int, ...], Any]:
        if location not in self._known:
            key, here = self._place(location[:-1])
            rank, below = self._step(here, location[-1])
            self._known[location] = (*key, rank), below
        return self._known[location]

    def _step(self, here: Any, part: int | str) -> tuple[int, Any]:
        if isinstance(here, dict):
            return self._places(here).get(str(part), len(here)), here.get(part)
        if isinstance(here, list) and isinstance(part, int):
            return part, here[part] if part < len(here) else None
        return 0, None

    def _places(self, members: dict[str, Any]) -> dict[str, int]:
        if id(members) not in self._positions:
            self._positions[id(members)] = {name: number for number, name in enumerate(members)}
        return self._positions[id(members)]
