"""Where the members of a JSON text stand in it: place of the document ⇄ line and column."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

Path = tuple[str | int, ...]

# Linear: nothing that one alternative consumes is tried by another.
_TOKEN: Final = re.compile(
    r'(?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+")(?P<colon>\s*+:)?|(?P<open>[\[{])|(?P<close>[\]}])|(?P<comma>,)'
    r"|(?P<literal>[^\s\[\]{},:\"]+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Offsets into the text: where the member begins (its key, if it has one), and its value from start to end."""

    begin: int
    start: int
    end: int


class JsonPlaces:
    """The places of one JSON text. Of a text that is no JSON it knows what it could make of it, and never raises."""

    def __init__(self, text: str) -> None:
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._places: dict[Path, Place] = {}
        self._scan(text)
        self._order = sorted((place.begin, len(path), path) for path, place in self._places.items())
        self._begins = [begin for begin, _, _ in self._order]

    def place(self, path: Path) -> Place | None:
        """Where a member is; None for one that is not there."""
        return self._places.get(path)

    def nearest(self, path: Path) -> Place | None:
        """Where a member is, or the nearest above it that is there."""
        for length in range(len(path), -1, -1):
            if (place := self._places.get(path[:length])) is not None:
                return place
        return None

    def path_at(self, offset: int) -> Path:
        """The innermost member that an offset is in; () for none."""
        index = bisect_right(self._begins, offset) - 1
        if index < 0:
            return ()
        path = self._order[index][2]
        while path and offset > self._places[path].end:
            path = path[:-1]
        return path

    def location(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, from 0."""
        line = bisect_right(self._line_starts, offset) - 1
        return line, offset - self._line_starts[line]

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column, from 0."""
        return self._line_starts[min(line, len(self._line_starts) - 1)] + column

    def _scan(self, text: str) -> None:
        path: list[str | int] = []
        opened: list[tuple[int, int]] = []
        in_list: list[bool] = []
        begin: int | None = None

        def started(at: int) -> int:
            nonlocal begin
            first, begin = (at if begin is None else begin), None
            return first

        for token in _TOKEN.finditer(text):
            kind = token.lastgroup
            if kind == "colon" and in_list and not in_list[-1]:
                begin = token.start()
                path[-1] = _unquoted(token["string"])
            elif kind == "open":
                opened.append((started(token.start()), token.start()))
                in_list.append(token[0] == "[")
                path.append(0 if in_list[-1] else "")
            elif kind == "close":
                if not opened:
                    return
                path.pop()
                in_list.pop()
                first, start = opened.pop()
                self._places[tuple(path)] = Place(first, start, token.end())
            elif kind == "comma":
                if path and in_list and in_list[-1]:
                    last = path[-1]
                    path[-1] = last + 1 if isinstance(last, int) else 0
            elif kind in ("string", "literal"):
                self._places[tuple(path)] = Place(started(token.start()), token.start(), token.end())


def _unquoted(raw: str) -> str:
    try:
        return str(json.loads(raw, strict=False))
    except ValueError:
        return raw[1:-1]
