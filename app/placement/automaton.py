"""Searching in lines with the patterns of ``patterns``, in one pass: no pattern and no line can make it slow.

The automaton's sets of places become states when they are first reached, so that a character costs one look-up. Lower
case alone in a pattern finds upper case too, as in many editors; a capital in it is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.placement.patterns import Edge, Fork, Pattern, PatternError, compile_pattern

LONGEST_PATTERN = 300
"""Steps of a pattern. A set of so many is what one character costs when its state is met for the first time."""
MOST_STATES = 500
"""States that are kept; beyond, they are made again when they are needed."""
MOST_CHARACTERS = 2_000
"""Characters whose next state a state remembers."""
SPAN_BUDGET = 20_000
"""Characters that may be looked at to find where the matches in one line are; what is behind is not marked."""


class Found(NamedTuple):
    """Where a match is, with the words of ``re.Match``."""

    first: int
    last: int

    def start(self) -> int:
        return self.first

    def end(self) -> int:
        return self.last

    def span(self) -> tuple[int, int]:
        return self.first, self.last


class _State(dict[str, "_State"]):
    """The next state for each character; what is missing is made by the machine."""

    __slots__ = ("at_end", "final", "machine", "places")

    def __init__(self, machine: _Machine, places: frozenset[int], final: bool, at_end: bool) -> None:
        super().__init__()
        self.machine = machine
        self.places = places
        self.final = final
        """Nothing that follows changes that the pattern has been found."""
        self.at_end = at_end
        """It has been found if the text ends here."""

    def __missing__(self, character: str) -> _State:
        return self.machine.step(self, character)


class _Machine:
    """A pattern as states. ``anywhere``: it may begin at every character, and once found stays found."""

    def __init__(self, pattern: Pattern, *, anywhere: bool) -> None:
        self._pattern = pattern
        self._anywhere = anywhere
        self._end = len(pattern.steps)
        self._states: dict[tuple[frozenset[int], bool], _State] = {}
        self.first = self._state(self._reached([0], begins=True), begins=True)

    def step(self, state: _State, character: str) -> _State:
        """The state after one more character."""
        if state.final and self._anywhere:
            following = state
        else:
            taken = [place + 1 for place in state.places if self._pattern.takes(place, character)]
            if self._anywhere:
                taken.append(0)
            following = self._state(self._reached(taken, begins=False))
        if len(state) >= MOST_CHARACTERS:
            state.clear()
        state[character] = following
        return following

    def _state(self, places: frozenset[int], *, begins: bool = False) -> _State:
        known = self._states.get((places, begins))
        if known is None:
            if len(self._states) >= MOST_STATES:
                self._forget()
            at_end = self._end in self._reached(places, begins=begins, ends=True)
            known = _State(self, places, self._end in places, at_end)
            self._states[places, begins] = known
        return known

    def _forget(self) -> None:
        for state in self._states.values():
            state.clear()
        self._states.clear()

    def _reached(self, places: Iterable[int], *, begins: bool, ends: bool = False) -> frozenset[int]:
        reached: set[int] = set()
        left = list(places)
        while left:
            place = left.pop()
            if place in reached:
                continue
            reached.add(place)
            step = self._pattern.steps[place] if place < self._end else None
            if isinstance(step, Fork):
                left += step.to
            elif isinstance(step, Edge) and (ends if step.end else begins):
                left.append(place + 1)
        return frozenset(reached)


class LinePattern:
    """A pattern to look for in lines; it has the two methods of ``re.Pattern`` that a view needs."""

    def __init__(self, text: str) -> None:
        """Raises PatternError."""
        compiled = compile_pattern(text)
        if len(compiled.steps) > LONGEST_PATTERN:
            raise PatternError(len(text), f"the pattern is too large: it has more than {LONGEST_PATTERN} steps")
        self.text = text
        self._folds = not _has_capital(text)
        self._anywhere = _Machine(compiled, anywhere=True)
        self._here = _Machine(compiled, anywhere=False)

    def matches(self, text: str) -> bool:
        """Is the pattern somewhere in the text?"""
        state = self._anywhere.first
        for character in self._folded(text):
            state = state[character]
        return state.final or state.at_end

    def finditer(self, text: str) -> Iterator[Found]:
        """Each match, the leftmost and longest first, as far as SPAN_BUDGET reaches."""
        folded = self._folded(text)
        budget, begin = SPAN_BUDGET, 0
        while begin <= len(folded) and budget > 0:
            end, looked = self._longest(folded, begin, budget)
            budget -= looked + 1
            if end is None:
                begin += 1
                continue
            yield Found(begin, end)
            begin = max(end, begin + 1)

    def search(self, text: str) -> Found | None:
        """The first match; of a line in which it is too costly to find, the whole line."""
        if not self.matches(text):
            return None
        return next(self.finditer(text), Found(0, len(text)))

    def _longest(self, text: str, begin: int, budget: int) -> tuple[int | None, int]:
        state = self._here.first if begin == 0 else self._inside
        found = begin if state.final or (state.at_end and begin == len(text)) else None
        index = begin
        for index in range(begin, min(len(text), begin + budget)):
            state = state[text[index]]
            if not state.places:
                break
            if state.final or (state.at_end and index + 1 == len(text)):
                found = index + 1
        return found, index - begin

    @property
    def _inside(self) -> _State:
        return self._here._state(self._here._reached([0], begins=False))

    def _folded(self, text: str) -> str:
        if not self._folds:
            return text
        folded = text.lower()
        return folded if len(folded) == len(text) else text


def _has_capital(text: str) -> bool:
    """A capital that is meant: one behind a backslash is the opposite of a class."""
    return any(letter.isupper() and text[at - 1 : at] != "\\" for at, letter in enumerate(text))
