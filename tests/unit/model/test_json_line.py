"""JSON lines told for people; nothing of them drives a terminal."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.json_line import told_json
from app.model.safe_text import safe, safe_log_line, without_sgr


def told(value: Any) -> str | None:
    line = told_json(safe_log_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
    return None if line is None else without_sgr(line)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"level": "error", "msg": "no db", "port": 5432}, "ERROR no db  port=5432"),
        ({"port": 1, "message": "hi", "severity": "Info"}, "INFO  hi  port=1"),
        ({"level": 50, "msg": "pino", "pid": 7, "ok": None}, "ERROR pino  pid=7 ok=null"),
        ({"msg": "no level"}, "no level"),
        ({"level": "warn", "list": [1, {"a": "b c"}]}, 'WARN   list=[1,{"a":"b c"}]'),
        ({"msg": "m", "name": "two words", "empty": ""}, 'm  name="two words" empty=""'),
        ({"level": True, "msg": "m"}, "m  level=true"),
        ({"level": ["x"], "msg": 5, "text": "t"}, 't  level=["x"] msg=5'),
    ],
)
def test_level_then_message_then_the_others(value: Any, shown: str) -> None:
    assert told(value) == shown


@pytest.mark.parametrize(
    "line", ["plain", "{", "{}", "[1]", '{"a": 1}', "{broken}", '{"msg": NaN', "{" * 9000 + "}", '{"msg":"x"} tail']
)
def test_what_is_none_stays_as_it_is(line: str) -> None:
    assert told(line) is None


def test_the_level_has_its_colour() -> None:
    line = told_json(safe_log_line('{"level":"error","msg":"m"}'))
    assert line is not None and line.startswith("\x1b[31mERROR\x1b[0m")


@given(
    st.dictionaries(st.text(max_size=5), st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=5))
)
def test_whatever_was_escaped_is_made_safe(members: dict[str, Any]) -> None:
    hostile = {"msg": "\x1b]0;x\x07\x9b31m\u202e", "level": "\x1b[2J", **members}
    line = told_json(safe_log_line(json.dumps(hostile)))
    if line is not None:
        rest = re.sub("\x1b\\[[0-9;]*m", "", line)
        assert safe(rest) == rest


def test_many_and_long_members_are_cut() -> None:
    line = told({"msg": "m", **{f"k{n}": "v" * 500 for n in range(100)}})
    assert line is None, "longer than what is read"
    line = told({"msg": "m", **{f"k{n}": "v" * 250 for n in range(41)}})
    assert line is not None and line.endswith("and 1 more") and "v" * 201 not in line


def test_deep_nesting_is_no_error() -> None:
    assert told('{"msg":' + "[" * 7000 + "]" * 7000 + "}") is None
