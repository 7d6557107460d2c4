"""JSON within limits: what Docker sends is read, and what would cost too much is not."""

from __future__ import annotations

import json
import sys
from typing import Any

import pydantic_core  # noqa: F401 - documents are read by it where it is loaded
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.documents import DEEPEST, MOST_VALUES, document
from app.hosts.errors import HostError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text('[]{}"a\\'), inner, max_size=5),
    max_leaves=100,
)


@given(JSON)
def test_what_is_not_deep_is_read(value: Any) -> None:
    assert document(json.dumps(value).encode()) == value


PIECES = st.sampled_from(
    [
        *b'[ ] { } , : " a 0 -0 1 1e999 0.1 NaN true null \\ \\ud800 \\u00e9 \xff \xc3\xa9 \x00'.split(b" "),
        *(b"\n", b"\t", b" ", b"9" * 4400),
    ]
)


@given(st.lists(PIECES, max_size=12).map(b"".join) | JSON.map(lambda value: json.dumps(value).encode()))
def test_it_is_the_same_whether_pydantic_is_loaded_or_not(body: bytes) -> None:
    assert "pydantic_core" in sys.modules
    quick = outcome(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "pydantic_core")
        assert outcome(body) == quick


def outcome(body: bytes) -> str:
    try:
        return repr(document(body))
    except HostError as error:
        return error.message


def nested(depth: int, *, inner: str = "1", opening: str = '{"a":', closing: str = "}") -> bytes:
    return (opening * depth + inner + closing * depth).encode()


@pytest.mark.parametrize(("opening", "closing", "levels"), [('{"a":', "}", 1), ("[", "]", 1), ('[{"]}":', "}]", 2)])
def test_depth_has_a_limit(opening: str, closing: str, levels: int) -> None:
    document(nested(DEEPEST // levels, opening=opening, closing=closing))
    for depth in (DEEPEST // levels + 1, 900, 100_000):
        with pytest.raises(HostError, match="too deeply") as caught:
            document(nested(depth, opening=opening, closing=closing))
        assert caught.value.kind == "failed"


def test_brackets_in_strings_are_no_depth() -> None:
    flat = [{"Command": "[" * 200 + "{" * 200}] * 3
    assert document(json.dumps(flat).encode()) == flat


def test_values_are_counted_before_they_are_made() -> None:
    with pytest.raises(HostError, match="more than 5,000,000 values"):
        document(b"[" + b"{}," * MOST_VALUES + b"{}]")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"NaN", b'{"a": Infinity}', b"[-Infinity]", b"1" * 5000, b"{}{}", b"'a'", b"\x1f\x8b\x08"],
)
def test_what_is_no_json_is_an_error_of_the_engine(body: bytes) -> None:
    with pytest.raises(HostError, match="cannot be read") as caught:
        document(body)
    assert caught.value.kind == "failed"
    assert len(caught.value.message) < 200


def test_bytes_that_are_no_utf8_cost_only_themselves() -> None:
    assert document(b'{"a": "\xff\xc3\xa9"}') == {"a": "\ufffdé"}
