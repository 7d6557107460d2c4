"""Filters of log lines, stacked: each term to include must be in a line, and none to exclude. Pure.

A term is a word (in any case), or a /regex/ of ``app.placement.patterns``, which no line can make slow. A filter may
keep lines before and after each match as its context.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from app.model.errors import MoorageError
from app.placement.automaton import LinePattern
from app.placement.patterns import PatternError

MOST_TERMS = 12
LONGEST_TERM = 200

L = TypeVar("L")


@dataclass(frozen=True, slots=True)
class Term:
    """``text`` as it was typed, the slashes of a /regex/ included."""

    text: str
    excludes: bool = False

    @property
    def chip(self) -> str:
        return f"{'−' if self.excludes else '+'}{self.text}"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What is to be seen of lines. ``stream``: "" for both. ``context``: lines before and after each match."""

    terms: tuple[Term, ...] = ()
    stream: str = ""
    context: int = 0

    @property
    def hides(self) -> bool:
        return bool(self.terms or self.stream)

    def with_term(self, text: str, *, excludes: bool) -> LogFilter:
        """One more term; a ``!`` in front turns it round. Raises MoorageError for what is none."""
        text = text.strip()
        if text.startswith("!") and len(text) > 1:
            text, excludes = text[1:], not excludes
        term = Term(text, excludes)
        compiled(term)
        if term in self.terms:
            return self
        if len(self.terms) >= MOST_TERMS:
            raise MoorageError(f"there are {MOST_TERMS} filters already; take one away first")
        return replace(self, terms=(*self.terms, term))

    def without_last(self) -> LogFilter:
        return replace(self, terms=self.terms[:-1])


def filter_of(includes: Iterable[str], excludes: Iterable[str], stream: str = "") -> LogFilter:
    """Raises MoorageError for a term that is none."""
    found = LogFilter(stream=stream)
    for text in includes:
        found = found.with_term(text, excludes=False)
    for text in excludes:
        found = found.with_term(text, excludes=True)
    return found


def compiled(term: Term) -> Callable[[str], bool]:
    """Is the term in a text? Raises MoorageError."""
    text = term.text
    if not text or len(text) > LONGEST_TERM:
        raise MoorageError(f"a filter has 1 to {LONGEST_TERM} characters", code="InvalidParameterException")
    if len(text) > 2 and text[0] == text[-1] == "/":
        try:
            return LinePattern(text[1:-1]).matches
        except PatternError as error:
            raise MoorageError(
                f"{text} at character {error.at + 2}: {error.problem}", code="InvalidParameterException"
            ) from None
    word = text.lower()
    return lambda line: word in line.lower()


class Sieve(Generic[L]):
    """A filter at work on one run of lines, in their order.

    ``text_of``: a line's text and stream; None: it is always shown.
    """

    def __init__(self, wanted: LogFilter, text_of: Callable[[L], tuple[str, str] | None]) -> None:
        tests = [(compiled(term), term.excludes) for term in wanted.terms]
        self._includes = [test for test, excludes in tests if not excludes]
        self._excludes = [test for test, excludes in tests if excludes]
        self._stream = wanted.stream
        self.hides = wanted.hides
        self._context = wanted.context if self._includes else 0
        self._before: deque[L] = deque(maxlen=self._context)
        self._after = 0
        self._text_of = text_of

    def passed(self, lines: Iterable[L]) -> Iterator[L]:
        """The lines that are to be seen."""
        if not self.hides:
            yield from lines
            return
        for line in lines:
            told = self._text_of(line)
            if told is None or self._matches(*told):
                yield from self._before
                self._before.clear()
                yield line
                if told is not None:
                    self._after = self._context
            elif self._after and self._may_be_context(*told):
                self._after -= 1
                yield line
            elif self._context and self._may_be_context(*told):
                self._before.append(line)

    def _matches(self, text: str, stream: str) -> bool:
        if self._stream and stream != self._stream:
            return False
        return all(test(text) for test in self._includes) and not any(test(text) for test in self._excludes)

    def _may_be_context(self, text: str, stream: str) -> bool:
        """What is excluded is not shown as context either."""
        return self._stream in ("", stream) and not any(test(text) for test in self._excludes)
