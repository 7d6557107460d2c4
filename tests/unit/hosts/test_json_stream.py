"""Lines of JSON, however they are cut; one that is too long stands for itself alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.errors import HostError
from app.hosts.json_stream import LINE_BYTES, TOO_LONG, JsonLines


def read(data: bytes, cuts: list[int]) -> list[Any]:
    lines, found, before = JsonLines(), [], 0
    for cut in [*sorted(cut for cut in cuts if cut < len(data)), len(data)]:
        found += lines.feed(data[before:cut])
        before = cut
    return found + lines.end()


@given(st.lists(st.dictionaries(st.text(), st.integers(), max_size=3), max_size=8), st.lists(st.integers(0, 300)))
def test_any_split_gives_the_same_objects(objects: list[dict[str, int]], cuts: list[int]) -> None:
    data = b"\r\n".join(json.dumps(one).encode() for one in objects)
    assert read(data, cuts) == objects
    assert read(data + b"\n", cuts) == objects


@given(st.lists(st.integers(0, 3 * LINE_BYTES), max_size=6))
def test_a_line_that_is_too_long_is_skipped_and_told(cuts: list[int]) -> None:
    long = b'{"a":"' + b"x" * (2 * LINE_BYTES) + b'"}'
    assert read(b'{"n":1}\n' + long + b'\n{"n":2}\n' + long, cuts) == [{"n": 1}, TOO_LONG, {"n": 2}, TOO_LONG]


def test_nothing_of_what_is_skipped_is_kept() -> None:
    lines = JsonLines()
    for _ in range(100):
        assert lines.feed(b"x" * LINE_BYTES) == []
        assert len(lines._rest) <= LINE_BYTES
    assert lines.feed(b"\n") == [TOO_LONG]


def test_what_is_no_json_is_an_error() -> None:
    with pytest.raises(HostError, match="cannot be read"):
        JsonLines().feed(b'{"a":1}\nhello\n')
