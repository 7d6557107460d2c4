"""Searching in lines: agrees with ``re`` where both understand a pattern, and nothing can make it slow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.placement.automaton import LONGEST_PATTERN, MOST_STATES, SPAN_BUDGET, LinePattern
from app.placement.patterns import PatternError

PATTERNS = [
    "err.*time",
    "^a",
    "a$",
    "^$",
    "x*",
    "[0-9]{3}",
    "5\\d\\d",
    "(a|ab)+c?$",
    "[^a]b",
    "(ab|cd){2,3}",
    "",
    ".b?.",
]


@given(st.sampled_from(PATTERNS), st.text("abcdxtime5019 \n", max_size=30))
def test_it_finds_what_re_finds(pattern: str, text: str) -> None:
    expected = re.search(pattern.replace("$", r"\Z"), text)
    assert LinePattern(pattern).matches(text) == (expected is not None)
    found = LinePattern(pattern).search(text)
    assert (found and found.start()) == (expected and expected.start())


@pytest.mark.parametrize(
    ("pattern", "text", "spans"),
    [
        ("5\\d\\d", "GET 500 501", [(4, 7), (8, 11)]),
        ("a+", "xaaxa", [(1, 3), (4, 5)]),
        ("error|err", "an error", [(3, 8)]),
        ("b$", "bb", [(1, 2)]),
        ("^b", "bb", [(0, 1)]),
    ],
)
def test_spans_are_the_leftmost_and_longest(pattern: str, text: str, spans: list[tuple[int, int]]) -> None:
    assert [found.span() for found in LinePattern(pattern).finditer(text)] == spans


def test_lower_case_finds_capitals_and_a_capital_is_meant() -> None:
    assert LinePattern("error").matches("An ERROR")
    assert not LinePattern("Error").matches("an error")
    assert LinePattern("x\\D").matches("Xy")
    assert LinePattern("i").matches("\u0130 i"), "a text whose lower case is longer is looked at as it is"


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+b", "(.*a){20}b", "(a*)*b", ".*.*.*.*x", "(a|b)*a(a|b){12}c"])
def test_patterns_that_hang_others_look_at_each_character_once(pattern: str) -> None:
    machine = LinePattern(pattern)
    steps = 0
    step = machine._anywhere.step

    def counted(*arguments: object) -> object:
        nonlocal steps
        steps += 1
        return step(*arguments)  # type: ignore[arg-type]

    machine._anywhere.step = counted  # type: ignore[method-assign, assignment]
    text = "ab" * 2000 + "a" * 4000
    machine.matches(text)
    assert steps <= len(text)
    assert len(machine._anywhere._states) <= MOST_STATES
    assert machine.search(text) is None or machine.search(text)


def test_marking_is_given_up_after_its_budget() -> None:
    text = "a" * 400
    found = list(LinePattern("a*b|aa").finditer(text * 10))
    assert 0 < len(found) < 4000 / 2
    assert (len(text) * 10) ** 2 > SPAN_BUDGET


def test_a_pattern_that_is_too_large_is_refused() -> None:
    with pytest.raises(PatternError, match="too large"):
        LinePattern("a" * (LONGEST_PATTERN + 1))
    with pytest.raises(PatternError):
        LinePattern("(a")
