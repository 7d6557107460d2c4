"""Patterns of =~: they mean what Java's do, take linear time, and nothing else is taken."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.placement.patterns import MOST_STEPS, PatternError, compile_pattern

ATOMS = st.sampled_from(
    ["a", "b", "2", ".", "[ab]", "[^a]", "[a-c2]", "[-a]", r"\d", r"\w", r"\S", r"\.", r"[\d.]", "^", "$"]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "??"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)


@given(PATTERNS, st.text(alphabet="ab2.-c\n ", max_size=7))
def test_a_pattern_matches_what_a_backtracking_matcher_matches(pattern: str, text: str) -> None:
    # Python's $ also stands before a line break at the end.
    expected = re.fullmatch(pattern.replace("$", r"\Z"), text, re.ASCII) is not None
    assert compile_pattern(pattern).matches(text) == expected


@pytest.mark.parametrize(
    ("pattern", "fits", "fails"),
    [
        ("t2.*", ["t2", "t2.micro"], ["at2", "t3.small", ""]),
        ("(t2|g2).*", ["g2.2xlarge", "t2"], ["m2"]),
        ("us-(east|west)-[12][a-f]?", ["us-east-1", "us-west-2b"], ["us-east-3", "us-east-1g"]),
        (r"v\d+\.\d{1,3}", ["v1.20"], ["v1x20", "v1.2000", "v.1"]),
        ("", [""], ["a"]),
        ("a{0}", [""], ["a"]),
        ("a{2,}b", ["aab", "aaaab"], ["ab"]),
        ("()*x", ["x"], ["xx"]),
        ("(^a$)+", ["a"], ["aa"]),
        ("é[а-я]", ["éж"], ["éz"]),
        ("]}", ["]}"], ["]"]),
    ],
)
def test_patterns(pattern: str, fits: list[str], fails: list[str]) -> None:
    compiled = compile_pattern(pattern)
    assert [text for text in (*fits, *fails) if compiled.matches(text)] == fits


@pytest.mark.parametrize(
    ("pattern", "at", "words"),
    [
        ("a(?i)b", 1, "'(?'"),
        ("(?=a)", 0, "'(?'"),
        ("(a", 0, "no ')'"),
        ("a)", 1, "closes nothing"),
        ("a[bc", 1, "no ']'"),
        ("a[]b]", 2, "empty class"),
        ("[a[b]]", 2, "in a class"),
        ("[a&&b]", 2, "in a class"),
        ("[z-a]", 1, "range"),
        (r"[a-\d]", 1, "range"),
        ("*a", 0, "nothing before it"),
        ("a|{2}", 2, "nothing before it"),
        ("a**", 2, "after a repetition"),
        ("a*+", 2, "after a repetition"),
        ("^*", 1, "edge"),
        ("a{x}", 1, "{n}"),
        ("a{,3}", 1, "{n}"),
        ("a{3,2}", 1, "{n}"),
        ("a{101}", 1, "{n}"),
        ("a{1", 1, "{n}"),
        (r"a\b", 1, r"'\b'"),
        (r"(a)\1", 3, r"'\1'"),
        ("a\\", 1, "'\\'"),
        ("(" * 31 + ")" * 31, 30, "deeper"),
        ("((a{100}){100}){100}", 9, "too large"),
        ("abc|" * 600, 1999, "too large"),
    ],
)
def test_what_is_not_of_the_subset_is_refused_with_its_place(pattern: str, at: int, words: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert words in caught.value.problem
    assert caught.value.at == at


@pytest.mark.parametrize(
    "pattern",
    [
        "(a*)*b",
        "(a|a)*b",
        "(a|aa)+b",
        "(((a+)+)+)+b",
        "(.*.*.*)*b",
        "(a?){90}a{90}b",
        "(((a{0,9}){0,9}){0,9})b",
        "()*b",
        # A class of one character in two, far from the text's; each stands for a range of its own.
        pytest.param(f"([{''.join(map(chr, range(0x1000, 0x9000, 2)))}a]*){{100}}b", id="a large class"),
    ],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    began = time.process_time()
    assert not compile_pattern(pattern).matches("a" * 255)
    assert time.process_time() - began < 3


@given(st.text(alphabet="ab()[]{}*+?|^$\\.,-&0123456789", max_size=60), st.text(alphabet="ab0", max_size=20))
def test_any_text_is_a_pattern_or_refused(pattern: str, text: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except PatternError as error:
        assert 0 <= error.at <= len(pattern)
        assert error.problem
    else:
        assert len(compiled.steps) <= MOST_STEPS
        assert compiled.matches(text) in (True, False)
