"""What of a folder goes to the engine that builds: the patterns of a ``.dockerignore``, as Docker reads them. Pure.

The last pattern that matches a path, or a folder on the way to it, decides; ``!`` makes an exception. ``*`` and ``?``
stop at a slash, ``**/`` is any number of folders, ``[…]`` and ``\\`` are those of Go's ``filepath.Match``. As BuildKit
does, and other than docker's old client, an exception below an excluded folder is found wherever it is.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from app.model.errors import MoorageError

MOST_BYTES: Final = 256 << 10
MOST_PATTERNS: Final = 1000
LONGEST_PATTERN: Final = 1000
_MOST_STATES: Final = 500
_META: Final = frozenset("*?[]\\")

_Takes = Callable[[str], bool]
_Step = tuple[str, _Takes | None]
"""What a place of a pattern does with a character: "one" takes it, "many" any number of them, "deep" any number that
end with a slash; "maybe" takes none, and what comes after it may be left out."""


class IgnoreError(MoorageError):
    """A pattern that is none. ``line``: of the file, from 1."""

    def __init__(self, line: int, pattern: str, why: str) -> None:
        super().__init__(f"line {line}: {pattern[:60]!r}: {why}", code="InvalidParameterException")


class _State(dict[str, "_State"]):
    """Where a pattern can be after some characters; the next state for each character is made when it is asked for."""

    __slots__ = ("dead", "glob", "matches", "places")

    def __init__(self, glob: _Glob, places: frozenset[int], *, matches: bool) -> None:
        super().__init__()
        self.glob = glob
        self.places = places
        self.matches = matches
        self.dead = not places
        """Nothing that begins like this can match."""

    def __missing__(self, character: str) -> _State:
        following = self[character] = self.glob.after(self, character)
        return following


class _Glob:
    """One pattern as an automaton: a character costs one look-up, whatever the pattern is."""

    def __init__(self, steps: Sequence[_Step]) -> None:
        self._steps = steps
        self._states: dict[frozenset[int], _State] = {}
        self.first = self._state({0})

    def after(self, state: _State, character: str) -> _State:
        reached: set[int] = set()
        for place in state.places:
            if place == len(self._steps):
                continue
            kind, takes = self._steps[place]
            if kind == "maybe" or (takes is not None and not takes(character)):
                continue
            if kind != "one":
                reached.add(place)
            if kind == "one" or (kind == "deep" and character == "/"):
                reached.add(place + 1)
        return self._state(reached)

    def _state(self, places: Iterable[int]) -> _State:
        closed: set[int] = set()
        left = list(places)
        while left:
            place = left.pop()
            if place in closed:
                continue
            closed.add(place)
            kind = self._steps[place][0] if place < len(self._steps) else ""
            if kind in ("many", "maybe"):
                left.append(place + 1)
            if kind == "maybe":
                left.append(place + 2)
        key = frozenset(closed)
        if key not in self._states:
            if len(self._states) >= _MOST_STATES:
                for state in self._states.values():
                    state.clear()
                self._states.clear()
            self._states[key] = _State(self, key, matches=len(self._steps) in key)
        return self._states[key]


@dataclass(frozen=True, slots=True)
class _Pattern:
    glob: _Glob
    exception: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A path, and what the patterns make of it.

    Attributes:
        excluded: it is not sent.
        hopeless: nor can anything below it be.
    """

    rules: IgnoreRules
    path: str
    states: tuple[_State, ...]
    """Of each pattern, after the path and a slash."""
    matched: tuple[bool, ...]
    """By each pattern: it, or a folder on the way to it."""
    excluded: bool = False
    hopeless: bool = False

    def below(self, name: str) -> Place:
        """What has this name in it."""
        return self.rules._below(self, name)


class IgnoreRules:
    """``always``: paths that are sent whatever the patterns say."""

    def __init__(self, patterns: Sequence[_Pattern] = (), always: Iterable[str] = ()) -> None:
        self._patterns = tuple(patterns)
        self._always = frozenset(always)

    def sending(self, *paths: str) -> IgnoreRules:
        """The same rules, but these are always sent."""
        return IgnoreRules(self._patterns, self._always | set(paths))

    @property
    def root(self) -> Place:
        """The folder itself, which is never excluded."""
        count = len(self._patterns)
        return Place(self, "", tuple(pattern.glob.first for pattern in self._patterns), (False,) * count)

    def excludes(self, path: str) -> bool:
        """``path``: from the folder, with slashes."""
        place = self.root
        for name in path.split("/"):
            place = place.below(name)
        return place.excluded

    def _below(self, parent: Place, name: str) -> Place:
        path = f"{parent.path}/{name}" if parent.path else name
        excluded = False
        states, matched = [], []
        for pattern, begun, known in zip(self._patterns, parent.states, parent.matched, strict=True):
            state = begun
            if not state.dead:
                for character in name:
                    state = state[character]
                    if state.dead:
                        break
            found = known or state.matches
            if found:
                excluded = not pattern.exception
            matched.append(found)
            states.append(state if state.dead else state["/"])
        needed = any(path == one or one.startswith(f"{path}/") for one in self._always)
        hopeless = excluded and not needed and not self._has_hope(states, matched)
        excluded = excluded and path not in self._always
        return Place(self, path, tuple(states), tuple(matched), excluded, hopeless)

    def _has_hope(self, states: Sequence[_State], matched: Sequence[bool]) -> bool:
        """Can an exception match below? Only one that comes after the last pattern that excludes all that is below."""
        for pattern, state, found in zip(reversed(self._patterns), reversed(states), reversed(matched), strict=True):
            if pattern.exception and not state.dead:
                return True
            if found:
                return pattern.exception
        return False


NOTHING_IGNORED: Final = IgnoreRules()


def parse_dockerignore(data: bytes) -> IgnoreRules:
    """Raises IgnoreError for what Docker refuses, and for what is beyond our budget."""
    if len(data) > MOST_BYTES:
        raise MoorageError(f"has more than the {MOST_BYTES:,} bytes allowed")
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    patterns: list[_Pattern] = []
    for number, line in enumerate(text.split("\n"), 1):
        found = _pattern(number, line)
        if found is not None:
            patterns.append(found)
        if len(patterns) > MOST_PATTERNS:
            raise IgnoreError(number, line, f"more than {MOST_PATTERNS:,} patterns are not taken")
    return IgnoreRules(patterns)


def _pattern(number: int, line: str) -> _Pattern | None:
    if line.startswith("#"):
        return None
    text = line.strip()
    exception = text.startswith("!")
    if exception:
        text = text[1:].strip()
        if not text:
            raise IgnoreError(number, line.strip(), "after ! comes a pattern")
    if not text:
        return None
    if len(text) > LONGEST_PATTERN:
        raise IgnoreError(number, text, f"a pattern has at most {LONGEST_PATTERN:,} characters")
    # Two slashes at the beginning mean something to POSIX, and nothing to Go.
    text = posixpath.normpath("/" + text.lstrip("/") if text.startswith("/") else text)
    text = text.removeprefix("/") or "/"
    try:
        return _Pattern(_Glob(_steps(text)), exception)
    except ValueError as error:
        raise IgnoreError(number, text, str(error)) from None


def _steps(text: str) -> list[_Step]:
    """Raises ValueError with what is wrong."""
    if text.startswith("**") and not _META & set(text[2:]) and not text[2:].startswith("/"):
        return [("many", None), *map(_literal, text[2:])]  # an end of a name, in any folder
    steps: list[_Step] = []
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "*" and text.startswith("*", at):
            at += 1
            if text.startswith("/", at):
                at += 1
            steps += [("many", None)] if at == len(text) else [("maybe", None), ("deep", None)]
        elif character == "*":
            steps.append(("many", _no_slash))
        elif character == "?":
            steps.append(("one", _no_slash))
        elif character == "[":
            takes, at = _class(text, at)
            steps.append(("one", takes))
        elif character == "\\":
            if at == len(text):
                raise ValueError("a \\ at the end escapes nothing")
            steps.append(_literal(text[at]))
            at += 1
        else:
            steps.append(_literal(character))
    return steps


def _literal(character: str) -> _Step:
    return "one", character.__eq__


def _no_slash(character: str) -> bool:
    return character != "/"


def _class(text: str, at: int) -> tuple[_Takes, int]:
    """What comes after ``[``: which characters it takes, and where it ends."""
    negated = text.startswith("^", at)
    at += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and text.startswith("]", at)):
        low, at = _class_character(text, at)
        high = low
        if text.startswith("-", at):
            high, at = _class_character(text, at + 1)
        if low > high:
            raise ValueError(f"the range {low}-{high} runs backwards")
        ranges.append((low, high))

    def takes(character: str) -> bool:
        return any(low <= character <= high for low, high in ranges) != negated

    return takes, at + 1


def _class_character(text: str, at: int) -> tuple[str, int]:
    escaped = text.startswith("\\", at)
    at += escaped
    if at >= len(text):
        raise ValueError("a [ has no ]")
    if not escaped and text[at] in "-]":
        raise ValueError(f"in [ ] a {text[at]} is written with a \\ before it")
    return text[at], at + 1
