"""SafeText: whatever goes in, nothing that drives a terminal comes out."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.errors import DocumentError, Finding, MoorageError, NotFoundError
from app.model.safe_text import safe, safe_line

DANGEROUS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
ANY_TEXT = st.text(st.characters())


def dangerous(text: str) -> list[str]:
    return [character for character in text if unicodedata.category(character) in DANGEROUS]


def test_no_character_of_unicode_gets_through() -> None:
    everything = "".join(map(chr, range(0x110000)))
    assert set(dangerous(safe(everything))) == {"\n", "\t"}
    assert dangerous(safe_line(everything)) == []


@given(ANY_TEXT)
def test_safe_is_idempotent(text: str) -> None:
    once = safe(text)
    assert safe(once) == once
    assert set(dangerous(once)) <= {"\n", "\t"}
    once.encode("utf-8")


@given(ANY_TEXT)
def test_safe_line_is_one_line_and_idempotent(text: str) -> None:
    once = safe_line(text)
    assert safe_line(once) == once
    assert len(once.splitlines()) <= 1
    assert dangerous(once) == []


@given(st.text(st.characters(exclude_categories=("C", "Z", "M"))))
def test_letters_digits_and_signs_stay_as_they_are(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b]52;c;cHduZWQ=\x07", "␛]52;c;cHduZWQ=␇"),
        ("\x9b31m", "\\u{9b}31m"),
        ("a\x7fb", "a␡b"),
        ("user\u202egnp.exe", "user\\u{202e}gnp.exe"),
        ("\udc80", "\\u{dc80}"),
        ("[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
        ("a\r\nb", "a␍\nb"),
    ],
)
def test_what_is_taken_out_stays_visible(raw: str, shown: str) -> None:
    assert safe(raw) == shown


def test_stacked_marks_are_cut() -> None:
    assert safe("a" + "\u0301" * 200) == "a" + "\u0301" * 4


def test_anything_can_be_made_safe() -> None:
    assert safe(None) == "None"
    assert safe(b"\x1b") == "b'\\x1b'"


def test_errors_are_safe_to_show() -> None:
    assert dangerous(MoorageError("bad \x1b[31m").message) == []
    assert dangerous(NotFoundError("cluster", "\x1b]0;x", ["\u202ea"]).message) == []
    finding = Finding("a\x00", "b\x1b", "c\u2028")
    assert dangerous(str(finding)) == []
    assert set(dangerous(DocumentError("f\x1b", [finding, finding]).message)) == {"\n"}
