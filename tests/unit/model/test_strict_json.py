from __future__ import annotations

import json
import math
import re
import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.errors import DocumentError
from app.model.strict_json import MAX_BYTES, parse_json, place

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    # Every character but the surrogates, which UTF-8 cannot hold.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=30,
)
JSON_LIKE = st.lists(
    st.sampled_from(
        ['{', '}', '[', ']', ',', ':', '"a"', '"\\u0061"', '"b"', '1', '-', 'e9', 'e999', '0', '.', ' ', '\n', '\\',
         '"', 'NaN', 'Infinity', '"\\ud800"', '"\\\\ud800"', '"\\ud83d\\ude00"', 'null', 'true', '\r\n', '\x00', 'é',
         '\ufeff']
    ),
    max_size=40,
).map("".join)  # fmt: skip


def problem_of(data: bytes | str) -> str:
    with pytest.raises(DocumentError) as caught:
        parse_json(data.encode() if isinstance(data, str) else data, "web.json")
    assert len(caught.value.findings) == 1
    return str(caught.value)


@given(JSON_VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_a_valid_document_is_what_json_loads_makes_of_it(
    value: Any, ascii_only: bool, indent: int | str | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert parse_json(text.encode(), "x") == json.loads(text) == value


@given(
    st.binary(max_size=300)
    | JSON_LIKE.map(str.encode)
    | st.text(max_size=100).map(lambda s: s.encode("utf-8", "ignore"))
)
def test_garbage_gives_a_value_or_a_document_error(data: bytes) -> None:
    try:
        value, place_told = parse_json(data, "x"), ""
    except DocumentError as error:
        value, place_told = None, error.findings[0].path
    if place_told:
        assert re.fullmatch(r"line \d+, column \d+", place_told)
    else:
        assert value == json.loads(data)


def _twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise KeyError("twice")
    return dict(pairs)


def _refuse(name: str) -> Any:
    raise KeyError(name)


@given(JSON_LIKE)
def test_the_scan_and_the_parser_agree_on_what_is_refused(text: str) -> None:
    """The scan must see each key and number as the parser does: its verdict equals that of hooks in the parser."""
    try:
        value = json.loads(text, object_pairs_hook=_twice, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        expected = True
    except (KeyError, ValueError):
        expected = False
    try:
        parse_json(text.encode(), "x")
        accepted = True
    except DocumentError:
        accepted = False
    assert accepted == (expected or (text.startswith("\ufeff") and accepted))


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("", "line 1, column 1", "empty"),
        (" \n ", "line 2, column 2", "empty"),
        ('{\n  "a": 1,\n  "a": 2\n}', "line 3, column 3", "key 'a' is there twice"),
        ('{"a": {"b": 1}, "c": {"b": 1, "\\u0062": 2}}', "line 1, column 31", "key 'b' is there twice"),
        ('[1,\n NaN]', "line 2, column 2", "NaN is not JSON"),
        ("[-Infinity]", "line 1, column 2", "-Infinity is not JSON"),
        ("[1e999]", "line 1, column 2", "too large"),
        ("[-1e999]", "line 1, column 2", "too large"),
        (f"[{'9' * 41}]", "line 1, column 2", "more than 40 digits"),
        (f"[0.{'1' * 5000}]", "line 1, column 2", "more than 40 digits"),
        ('["\\ud800"]', "line 1, column 2", "lone surrogate"),
        ('{"\\udc00x": 1}', "line 1, column 2", "lone surrogate"),
        ("[" * 65 + "]" * 65, "line 1, column 65", "deeper than 64"),
        ('{"a":' * 100_000, "line 1, column 321", "deeper than 64"),
        ('{\r\n "a" 1}', "line 2, column 6", "not JSON"),
        ('{"é": x}', "line 1, column 7", "not JSON"),
        ('["a', "line 1, column 2", "not JSON"),
        ("[1] 2", "line 1, column 5", "not JSON"),
        ('["tab\there"]', "line 1, column 6", "not JSON"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_with_its_place(text: str, where: str, words: str) -> None:
    message = problem_of(text)
    assert message.startswith(f"web.json: {where}: ")
    assert words in message


def test_other_encodings_are_refused() -> None:
    assert "line 2, column 3: the text is not UTF-8" in problem_of(b'{\n "\xff": 1}')
    assert "UTF-16" in problem_of('{"a": 1}'.encode("utf-16"))
    assert "UTF-16" in problem_of('{"a": 1}'.encode("utf-16-le"))
    assert "UTF-16 or UTF-32" in problem_of('{"a": 1}'.encode("utf-32"))


def test_byte_order_mark_and_crlf_are_taken() -> None:
    assert parse_json(b'\xef\xbb\xbf{\r\n"a": 1\r\n}\r\n', "x") == {"a": 1}


def test_limits_are_inclusive() -> None:
    assert parse_json(("[" * 64 + "]" * 64).encode(), "x") is not None
    assert parse_json(("9" * 40).encode(), "x") == int("9" * 40)
    assert parse_json(b'"' + b"a" * (MAX_BYTES - 2) + b'"', "x") == "a" * (MAX_BYTES - 2)
    assert "limit is 1,048,576" in problem_of(b" " * (MAX_BYTES + 1))


def test_brackets_and_keys_inside_strings_do_not_count() -> None:
    text = json.dumps({"a": "[" * 200 + '{"a": 1, "a": NaN}' + "9" * 50, "b": '\\"'})
    assert parse_json(text.encode(), "x") == json.loads(text)


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert parse_json(b'"\\ud83d\\ude00 \\\\ud800"', "x") == "\U0001f600 \\ud800"


def test_a_deep_stack_of_the_caller_is_no_traceback() -> None:
    def descend(levels: int) -> object:
        if levels:
            return descend(levels - 1)
        return parse_json(("[" * 60 + "]" * 60).encode(), "x")

    outcomes = set()
    limit = sys.getrecursionlimit()
    for levels in range(limit - 200, limit, 4):
        try:
            descend(levels)
            outcomes.add("value")
        except DocumentError:
            outcomes.add("refused")
        except RecursionError:
            break  # the caller's own
    assert "value" in outcomes


BOMBS = {
    "escapes without an end": '"\\' * 500_000,
    "many strings": "[" + '"a",' * 200_000,
    "broken escapes": '"' + "\\u00" * 200_000,
    "minus signs": "-" * 1_000_000,
    "dots": "1." * 500_000,
    "spaces": '"a"' + " " * 1_000_000 + "x",
    "digits": '{"a":' + "1" * 1_000_000,
    "quotes": '"' * 1_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_documents_are_refused_in_linear_time(name: str) -> None:
    started = time.process_time()
    assert "line " in problem_of(BOMBS[name])
    assert time.process_time() - started < 5.0  # quadratic would be minutes


def test_place_counts_from_one() -> None:
    assert place("", 0) == "line 1, column 1"
    assert place("ab\ncd", 3) == "line 2, column 1"
    assert place("ab\ncd", 5) == "line 2, column 3"


def test_floats_that_fit_are_kept() -> None:
    assert parse_json(b"[1e308, -0.5, 1E-9]", "x") == [1e308, -0.5, 1e-9]
    assert math.copysign(1, parse_json(b"-0.0", "x")) == -1
