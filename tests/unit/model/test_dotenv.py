"""Lines of a .env file that somebody pastes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.dotenv import env_pairs


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("A=1\nB = two words \n", [("A", "1"), ("B", "two words")]),
        ("# no\n\nexport A=1 # why\n", [("A", "1")]),
        ('A=\'$x # y\'\nB="a\\nb\\t\\"q\\""', [("A", "$x # y"), ("B", 'a\nb\t"q"')]),
        ('CERT="-----BEGIN\nline\n-----END"\nB=2', [("CERT", "-----BEGIN\nline\n-----END"), ("B", "2")]),
        ("A=\nB=''\r\nnonsense\nC=a=b#c", [("A", ""), ("B", ""), ("C", "a=b#c")]),
        ("A=1\nA=2", [("A", "1"), ("A", "2")]),
        ("=x\n'q'=1", []),
    ],
)
def test_names_and_values(text: str, pairs: list[tuple[str, str]]) -> None:
    assert env_pairs(text) == pairs


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert all(name for name, _ in env_pairs(text))


@pytest.mark.parametrize(
    "text", ['A="' * 50_000, "A='" + "\\" * 200_000, "export " * 50_000, "A" * 500_000, "=" * 500_000]
)
def test_a_text_that_is_made_to_be_slow_is_not(text: str) -> None:
    began = time.process_time()
    env_pairs(text)
    spent = time.process_time() - began
    print(f"{text[:8]}… {spent:.2f} s")
    assert spent < 2  # far above what it takes: a guard against what grows with the square
