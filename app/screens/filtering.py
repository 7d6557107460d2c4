"""Filters: words (``web``, ``/regex/``, ``!word``) and terms (``state:`` ``cluster:`` ``host:`` ``family:``…). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

TERMS = ("state", "cluster", "host", "family", "image", "health")
_LONGEST_REGEX = 200


@dataclass(frozen=True, slots=True)
class Subject:
    """What a filter looks at: the row's whole text, and its value for each term, all in lower case."""

    text: str
    terms: Mapping[str, str]


Filter = Callable[[Subject], bool]


def subject(text: str, **terms: str) -> Subject:
    return Subject(text.lower(), {name: value.lower() for name, value in terms.items()})


def parse_filter(text: str) -> Filter:
    """All parts must hold. A part that is no valid regular expression yet is taken as a word."""
    parts = [_part(word) for word in text.split()]

    def matches(row: Subject) -> bool:
        return all(part(row) for part in parts)

    return matches


def _part(word: str) -> Filter:
    if word.startswith("!") and len(word) > 1:
        inner = _part(word[1:])
        return lambda row: not inner(row)
    name, separator, value = word.partition(":")
    if separator and name.lower() in TERMS:
        wanted = value.lower()
        return lambda row: wanted in row.terms.get(name.lower(), "")
    if len(word) > 2 and word.startswith("/") and word.endswith("/") and len(word) <= _LONGEST_REGEX:
        try:
            pattern = re.compile(word[1:-1], re.IGNORECASE)
        except re.error:
            return lambda row: word.lower() in row.text
        return lambda row: pattern.search(row.text) is not None
    return lambda row: word.lower() in row.text
