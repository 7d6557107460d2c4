"""Patterns of =~: Java's regular expressions, as far as a text can be matched in one pass (design: ECS semantics 5.3).

What there is: characters, ``.``, classes as ``[a-z_]`` and ``[^0-9]``, ``\\d \\w \\s`` and their opposites, ``\\`` and
punctuation, groups, ``|``, ``* + ?``, ``{n} {n,} {n,m}``, ``^`` and ``$``. Anything else is refused with its place.
A pattern becomes a Thompson automaton: the time is at most the length of the text times MOST_STEPS, whatever it is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

MOST_STEPS = 2000
_DEEPEST = 30
_MOST_REPEATS = 100

Ranges = tuple[tuple[str, str], ...]
"""Characters, as ranges of a first and a last one; in order, and none overlaps another."""

_LAST = chr(0x10FFFF)


class PatternError(ValueError):
    """``at``: the index in the pattern where it goes wrong."""

    def __init__(self, at: int, problem: str) -> None:
        super().__init__(problem)
        self.at = at
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Take:
    """A step over one character of ``ranges``."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Fork:
    """A step to each of these places at once; to one alone it is a jump."""

    to: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A step that is possible only where the text begins, or where it ends."""

    end: bool


Step = Take | Fork | Edge


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that was understood. ``steps``: each goes on to the next one, unless it says otherwise."""

    text: str
    steps: tuple[Step, ...]

    def matches(self, text: str) -> bool:
        """Does the pattern match the whole of the text, as Java's ``String.matches`` does?"""
        places = self._reached([0], 0, text)
        for index, character in enumerate(text):
            if not places:
                return False
            taken = [place + 1 for place in places if self.takes(place, character)]
            places = self._reached(taken, index + 1, text)
        return len(self.steps) in places

    def takes(self, place: int, character: str) -> bool:
        """Does the step at this place go over the character?"""
        step = self.steps[place] if place < len(self.steps) else None
        if not isinstance(step, Take):
            return False
        # A class may have thousands of ranges, and is asked at every character.
        after = bisect_right(step.ranges, (character, _LAST))
        return after > 0 and character <= step.ranges[after - 1][1]

    def _reached(self, places: list[int], index: int, text: str) -> set[int]:
        """Where one can be without taking a character; the number of all steps is the end."""
        reached: set[int] = set()
        left = list(places)
        while left:
            place = left.pop()
            if place in reached:
                continue
            reached.add(place)
            step = self.steps[place] if place < len(self.steps) else None
            if isinstance(step, Fork):
                left += step.to
            elif isinstance(step, Edge) and index == (len(text) if step.end else 0):
                left.append(place + 1)
        return reached


def compile_pattern(text: str) -> Pattern:
    """Raises PatternError for what is no such pattern, or would need more than MOST_STEPS steps."""
    return Pattern(text, tuple(_Reader(text).whole()))


class _Reader:
    """Reads a pattern from left to right. Each part is a list of steps with places relative to its own beginning."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def whole(self) -> list[Step]:
        steps = self._either()
        if self._at < len(self._text):
            raise PatternError(self._at, "found ')' that closes nothing")
        return steps

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self, text: str) -> bool:
        found = self._text.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found

    def _checked(self, size: int, at: int) -> None:
        if size > MOST_STEPS:
            raise PatternError(at, f"the pattern is too large: with this it has more than {MOST_STEPS} steps")

    def _either(self) -> list[Step]:
        branches = [self._sequence()]
        while self._skip("|"):
            branches.append(self._sequence())
            self._checked(sum(len(branch) + 1 for branch in branches) + 1, self._at)
        if len(branches) == 1:
            return branches[0]
        steps: list[Step] = []
        begins, end = [], sum(len(branch) + 1 for branch in branches) + 1
        for branch in branches:
            begins.append(len(steps) + 1)
            steps += [*_moved(branch, len(steps) + 1), Fork((end,))]
        return [Fork(tuple(begins)), *steps]

    def _sequence(self) -> list[Step]:
        steps: list[Step] = []
        while self._next() not in ("", "|", ")"):
            begin = self._at
            part = self._one()
            part = self._repeated(part, begin)
            self._checked(len(steps) + len(part), begin)
            steps += _moved(part, len(steps))
        return steps

    def _one(self) -> list[Step]:
        at, character = self._at, self._next()
        self._at += 1
        match character:
            case "(":
                return self._group(at)
            case "[":
                return [Take(self._class(at))]
            case "\\":
                return [Take(self._escape(at))]
            case ".":
                return [Take(_NO_LINE_BREAK)]
            case "^" | "$":
                return [Edge(character == "$")]
            case "*" | "+" | "?" | "{":
                raise PatternError(at, f"found {character!r}, with nothing before it to repeat")
        return [Take(((character, character),))]

    def _group(self, at: int) -> list[Step]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise PatternError(at, f"groups are nested deeper than {_DEEPEST}")
        if self._next() == "?" and not self._skip("?:"):
            raise PatternError(at, "found '(?', of which there is '(?:' alone")
        steps = self._either()
        if not self._skip(")"):
            raise PatternError(at, "found no ')' for this '('")
        self._depth -= 1
        return steps

    # --- repetition ------------------------------------------------------------------------------------------------

    def _repeated(self, part: list[Step], begin: int) -> list[Step]:
        at = self._at
        if (times := self._times()) is None:
            return part
        if part and isinstance(part[0], Edge) and self._text[begin] in "^$":
            raise PatternError(at, "found a repetition of the edge of the text")
        # A ? after it means as few as possible, which is the same when the whole text has to match.
        self._skip("?")
        if self._next() in ("*", "+", "?", "{"):
            raise PatternError(self._at, f"found {self._next()!r} after a repetition; put the repetition into a group")
        least, most = times
        self._checked((max(least, 1) if most is None else most) * (len(part) + 1) + 1, at)
        steps: list[Step] = []
        for _ in range(least):
            steps += _moved(part, len(steps))
        if most is None:
            again = len(steps) - len(part)
            return [*steps, Fork((again, len(steps) + 1))] if least else _any_number(part)
        end = least * len(part) + (most - least) * (len(part) + 1)
        for _ in range(most - least):
            steps += [Fork((len(steps) + 1, end)), *_moved(part, len(steps) + 1)]
        return steps

    def _times(self) -> tuple[int, int | None] | None:
        """How often at least and at most (None: any number), when a repetition stands here."""
        at = self._at
        if self._skip("*"):
            return 0, None
        if self._skip("+"):
            return 1, None
        if self._skip("?"):
            return 0, 1
        if not self._skip("{"):
            return None
        end = self._text.find("}", at)
        least, comma, most = self._text[at + 1 : max(end, at + 1)].partition(",")
        if not _is_count(least) or (most and not _is_count(most)) or (most and int(most) < int(least)):
            raise PatternError(at, f"found '{{', expected {{n}}, {{n,}} or {{n,m}} with numbers up to {_MOST_REPEATS}")
        self._at = end + 1
        return int(least), (int(most) if most else None) if comma else int(least)

    # --- characters ------------------------------------------------------------------------------------------------

    def _escape(self, at: int) -> Ranges:
        character = self._next()
        self._at += 1
        if character in _ESCAPES:
            return _ESCAPES[character]
        if character == "" or character.isalnum():
            raise PatternError(
                at, f"found '\\{character}', expected \\d \\w \\s, their capitals, or \\ and punctuation"
            )
        return ((character, character),)

    def _class(self, at: int) -> Ranges:
        found: list[tuple[str, str]] = []
        outside = self._skip("^")
        if self._next() == "]":
            raise PatternError(self._at, "found ']' in an empty class; write \\ before it")
        while not self._skip("]"):
            if self._next() == "":
                raise PatternError(at, "found no ']' for this '['")
            found += self._class_part()
        others = _opposite(found)
        return others if outside else _opposite(others)

    def _class_part(self) -> Ranges:
        at, first = self._at, self._class_character()
        if self._next() != "-" or self._text[self._at + 1 : self._at + 2] in ("", "]"):
            return first
        self._at += 1
        last = self._class_character()
        single = len(first) == len(last) == 1 and first[0][0] == first[0][1] and last[0][0] == last[0][1]
        if not single or last[0][0] < first[0][0]:
            raise PatternError(at, "found a range in a class that does not go from one character to a later one")
        return ((first[0][0], last[0][0]),)

    def _class_character(self) -> Ranges:
        at, character = self._at, self._next()
        if character == "[" or self._text.startswith("&&", at):
            raise PatternError(at, f"found {character!r} in a class; write \\ before it")
        self._at += 1
        return self._escape(at) if character == "\\" else ((character, character),)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= _MOST_REPEATS


def _any_number(part: list[Step]) -> list[Step]:
    return [Fork((1, len(part) + 2)), *_moved(part, 1), Fork((0,))]


def _moved(steps: list[Step], by: int) -> list[Step]:
    return [Fork(tuple(place + by for place in step.to)) if isinstance(step, Fork) else step for step in steps]


def _opposite(ranges: Iterable[tuple[str, str]]) -> Ranges:
    gaps, begin = [], 0
    for first, last in sorted(ranges):
        if ord(first) > begin:
            gaps.append((chr(begin), chr(ord(first) - 1)))
        begin = max(begin, ord(last) + 1)
    if begin <= ord(_LAST):
        gaps.append((chr(begin), _LAST))
    return tuple(gaps)


_ASCII: dict[str, Ranges] = {
    "d": (("0", "9"),),
    "w": (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z")),
    "s": (("\t", "\r"), (" ", " ")),
}
_ESCAPES = {**_ASCII, **{name.upper(): _opposite(ranges) for name, ranges in _ASCII.items()}}
_NO_LINE_BREAK = _opposite([("\n", "\n"), ("\r", "\r"), ("\x85", "\x85"), ("\u2028", "\u2029")])
