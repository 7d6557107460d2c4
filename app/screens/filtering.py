"""Filters: words (``web``, ``"two words"``, ``/regex/``, ``!word``) and terms (``state:`` ``cluster:``…). Pure.

Whatever is typed, a row is looked at in one pass: regular expressions are those of ``app.placement.automaton``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.model.event import WHATS

TASK_TERMS = ("state", "cluster", "host", "family", "image", "health", "group")
EVENT_TERMS = ("cluster", "host", "family", "task", "kind")
TERMS = (*TASK_TERMS, "task", "kind")
LONGEST = 500
"""Characters of a filter that are read."""
STATES = ("pending", "running", "stopping", "stopped")
INSTANCE_TERMS = ("state", "cluster", "host")
IMAGE_TERMS = ("state", "host", "image")
CLUSTER_TERMS, FAMILY_TERMS = ("cluster",), ("family", "state")
CLOSED: Mapping[str, tuple[str, ...]] = {
    "state": (
        *(*STATES, "failed", "live", "stale", "unreachable", "connecting", "draining", "active", "inactive"),
        *("dangling", "unused", "moved", "missing"),
    ),
    "health": ("healthy", "unhealthy", "unknown"),
    "kind": ("container", "task", "instance", "call", *WHATS),
}
"""Terms that have only these values; rows of some tables have others of them than those of others."""
_PART = re.compile(r'!*(?:[a-zA-Z]*:=?)?(?:/(?:[^/\\]|\\.)*/(?=\s|\Z)|"[^"]*"?)|\S+')
_TERM = re.compile(r"([a-zA-Z]+):(=?)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a filter looks at: the row's whole text as it is, and its value for each term in lower case."""

    text: str
    terms: Mapping[str, str]
    lower: str


Filter = Callable[[Subject], bool]


def subject(text: str, **terms: str) -> Subject:
    return Subject(text, {name: value.lower() for name, value in terms.items()}, text.lower())


def parse_filter(text: str) -> Filter:
    """All parts must hold. A part that is no valid regular expression yet is taken as a word."""
    parts = [_part(word)[0] for word in words_of(text)]

    def matches(row: Subject) -> bool:
        return all(part(row) for part in parts)

    return matches


def filter_problems(text: str, terms: Sequence[str] = TERMS) -> list[str]:
    """What is wrong with a filter, one line each, with a remedy.

    Args:
        terms: those that the rows of the table have values for.
    """
    found = [] if len(text) <= LONGEST else [f"a filter has at most {LONGEST} characters; the rest is not read"]
    for word in words_of(text):
        _, problem = _part(word)
        if problem:
            found.append(problem)
        elif term := _TERM.fullmatch(word.lstrip("!")):
            found += _wrong_term(term[1].lower(), term[3].strip('"').lower(), terms)
    return found


def words_of(text: str) -> list[str]:
    """The parts of a filter; an expression and what is in quotes may have blanks."""
    return _PART.findall(text[:LONGEST])


def exactly(term: str, value: str) -> str:
    """A part that only this value matches: ``host:=edge-1`` leaves edge-10 out."""
    return f'{term}:="{value}"' if re.search(r'[\s"/]', value) else f"{term}:={value}"


def completions(text: str, values: Callable[[str], Iterable[str]], terms: Sequence[str] = TERMS) -> list[str]:
    """What the last part may become, as whole filters: terms by their first letters, then values of a term.

    Args:
        values: gives the values there are for a term.
    """
    head, last = (text[: found.start()], found[0]) if (found := re.search(r"\S+\Z", text)) else (text, "")
    if not last or len(text) > LONGEST:
        return []
    bare = last.lstrip("!")
    start = head + last[: len(last) - len(bare)]
    name, colon, typed = bare.partition(":")
    if not colon:
        return [f"{start}{term}:" for term in terms if name and term.startswith(name.lower()) and term != name]
    if name.lower() not in terms:
        return []
    equal, typed = typed.startswith("="), typed.removeprefix("=")
    wanted = typed.lower()
    known = sorted({value for value in values(name.lower()) if value.lower().startswith(wanted)})
    return [
        start + (exactly(name, value) if equal else f"{name}:{value}") for value in known if value.lower() != wanted
    ]


def _wrong_term(name: str, value: str, terms: Sequence[str]) -> list[str]:
    if name not in TERMS:
        # web:7 and nginx:1.27 are words; only what is nearly a term is taken for a slip.
        close = difflib.get_close_matches(name, terms, n=1, cutoff=0.74)
        return [f"there is no term {name}: – did you mean {close[0]}:?"] if close else []
    if name not in terms:
        return [f"nothing here has {name}: – there are {', '.join(f'{term}:' for term in terms)}"]
    known = CLOSED.get(name, ())
    if not value or not known or any(value in one for one in known):
        return []
    close = difflib.get_close_matches(value, known, n=1)
    return [f"there is no {name} {value!r}" + (f" – did you mean {close[0]}?" if close else "")]


def _part(word: str) -> tuple[Filter, str]:
    """A part as a filter, and what is wrong with it."""
    if word.startswith("!") and len(word) > 1:
        inner, problem = _part(word[1:])
        return (lambda row: not inner(row)), problem
    term = _TERM.fullmatch(word)
    if term is not None and term[1].lower() in TERMS:
        name, value = term[1].lower(), term[3].strip('"').lower()
        if term[2]:
            return (lambda row: value in (there := row.terms.get(name, "")).split() or value == there), ""
        return (lambda row: value in row.terms.get(name, "")), ""
    if len(word) > 2 and word.startswith("/") and word.endswith("/"):
        # Not before somebody writes one: the first frame does without.
        from app.placement.automaton import LinePattern
        from app.placement.patterns import PatternError

        try:
            pattern = LinePattern(word[1:-1])
        except PatternError as error:
            problem = f"{word}: character {error.at + 1}: {error.problem}; it is taken as a word"
            return _word(word), problem
        return (lambda row: pattern.matches(row.text)), ""
    return _word(word.strip('"') if len(word) > 1 and word.startswith('"') else word), ""


def _word(word: str) -> Filter:
    wanted = word.lower()
    return lambda row: wanted in row.lower
