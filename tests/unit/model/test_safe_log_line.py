"""Log lines: colours stay, everything else that could drive a terminal is made visible."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.safe_text import safe, safe_log_line, without_sgr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a\tb", "a\tb"),
        ("\x1b[1;31mred\x1b[m", "\x1b[1;31mred\x1b[m"),
        ("\x1b[38;2;1;2;3mrgb", "\x1b[38;2;1;2;3mrgb"),
        ("\x1b[38:5:1mcolon", "\x1b[38:5:1mcolon"),
        ("\x1b[2J", "␛[2J"),
        ("\x1b]8;;http://x\x1b\\link", "␛]8;;http://x␛\\link"),
        ("\x1b[?25l", "␛[?25l"),
        ("\x1b[1\x1b[0m", "␛[1\x1b[0m"),
        ("\x9b31m", "\\u{9b}31m"),
        ("a\rb\nc", "a␍b␤c"),
        ("\x1b[0mx\ny", "\x1b[0mx␤y"),
        ("\x1b[" + "1;" * 32 + "m", "\x1b[" + "1;" * 32 + "m"),
        ("\x1b[" + "1;" * 33 + "m", "␛[" + "1;" * 33 + "m"),
    ],
)
def test_only_colours_stay(text: str, expected: str) -> None:
    assert safe_log_line(text) == expected


def test_colours_do_not_hide_stacked_marks() -> None:
    text = "a" + "\u0301\x1b[0m" * 50
    assert without_sgr(safe_log_line(text)).count("\u0301") <= 4


@given(st.text(alphabet=st.sampled_from("a\x1b[0;1m:\n\r\t\x07\x9b\u202e☃"), max_size=60))
def test_without_colours_it_is_safe_and_a_second_time_changes_nothing(text: str) -> None:
    line = safe_log_line(text)
    assert safe_log_line(line) == line
    plain = without_sgr(line)
    assert "\n" not in plain
    assert plain == safe(plain)
    assert re.sub(r"\x1b\[[0-9;:]{0,64}m", "", line) == plain
