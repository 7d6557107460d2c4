from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from app.model.errors import DocumentError, MoorageError
from app.store.toml_text import MAX_BYTES, parse_toml, render_toml

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT
TABLES = st.dictionaries(
    TEXT,
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
    ),
    max_size=5,
)
TOML_LIKE = st.lists(
    st.sampled_from(
        ["a", "b.c", "=", "1", '"', '"""', "'", "'''", "#", "\n", "[", "]", "[[", "]]", "{", "}", ",", ".", "\\", " ",
         "x = 1\n", "[t]\n", "[[u]]\n", "\r\n", "\x00", "é", "2025-01-31", "inf", "0x" + "f" * 40]
    ),
    max_size=40,
).map("".join)  # fmt: skip

SAMPLE = """# a comment with " and [
name = "prod" # [[instance]]
text = \"\"\"
name = "not a key"
[[instance]]
""\\"" \"\"\"
'quoted key' = 1
dotted . "a\\u002Eb" = [
  1, # ]
  2,
]

[[instance]]
id = 1
  [instance.attributes]
  gpu = 'x'

[[instance]]
id = 2
  [[instance.disk]]
  size = 1
  [[instance.disk]]
  size = 2
inline = { deep = { deeper = 1 } }
"""


def problem_of(data: bytes | str) -> str:
    with pytest.raises(DocumentError) as caught:
        parse_toml(data.encode() if isinstance(data, str) else data, "prod.toml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("name",), 2, 1),
        (("text",), 3, 1),
        (("quoted key",), 7, 1),
        (("dotted", "a.b"), 8, 1),
        (("instance", 0), 13, 1),
        (("instance", 0, "id"), 14, 1),
        (("instance", 0, "attributes"), 15, 3),
        (("instance", 0, "attributes", "gpu"), 16, 3),
        (("instance", 1, "id"), 19, 1),
        (("instance", 1, "disk", 0, "size"), 21, 3),
        (("instance", 1, "disk", 1, "size"), 23, 3),
        (("instance", 1, "disk", 1, "inline", "deep", "deeper"), 24, 1),
        (("instance", 1, "missing"), 18, 1),
        (("nothing",), 1, 1),
    ],
)
def test_the_place_of_a_key(path: tuple[str | int, ...], line: int, column: int) -> None:
    document = parse_toml(SAMPLE.encode(), "x")
    assert document.values == tomllib.loads(SAMPLE)
    assert document.place(path) == f"line {line}, column {column}"


def test_comments_are_found_outside_of_strings_only() -> None:
    assert parse_toml(SAMPLE.encode(), "x").comments() == ['# a comment with " and [', "# [[instance]]", "# ]"]


@given(TABLES)
def test_what_is_written_is_read_again(values: dict[str, Any]) -> None:
    data = render_toml(values, Path("x"), "# header\n")
    document = parse_toml(data, "x")
    assert document.values == values
    assert all(document.place((key,)).startswith("line ") for key in values)


@given(TABLES)
def test_every_top_level_key_is_placed_on_its_own_line(values: dict[str, Any]) -> None:
    text = "".join(
        tomli_w.dumps({key: value}) + "\n" for key, value in values.items() if not isinstance(value, dict | list)
    )
    document = parse_toml(text.encode(), "x")
    for key in document.values:
        line = int(document.place((key,)).split(",")[0].removeprefix("line "))
        assert tomllib.loads(text.split("\n")[line - 1]) == {key: values[key]}


@given(st.binary(max_size=200) | TOML_LIKE.map(str.encode))
def test_garbage_gives_values_or_a_document_error(data: bytes) -> None:
    try:
        document, place_told = parse_toml(data, "x"), ""
    except DocumentError as error:
        document, place_told = parse_toml(b"", "x"), error.findings[0].path
    if place_told:
        assert place_told.startswith("line ")
    else:
        assert document.values == tomllib.loads(data.decode("utf-8").removeprefix("\ufeff"))
        document.comments()
        assert document.place(("a", 0, "b")).startswith("line ")


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("a = 1\nb = = 2", "line 2, column 5", "invalid value"),
        ('a = "x', "line 1, column 7", "not TOML"),
        ("a = 1\na = 2", "line 2, column 6", "cannot overwrite"),
        ("a = 1\n[t", "line 2, column 3", "not TOML"),
        ("a.b.c.d.e.f.g.h.i.j = 1", "line 1, column 18", "more than 8 dots"),
        ("x = 1\n[a . b.'c'.\"d\".e.f.g.h.i.j]", "line 2, column 25", "more than 8 dots"),
        ("a = " + "[" * 40 + "]" * 40, "line 1, column 1", "deeper than 32"),
        ("a = " + "[" * 100_000, "line 1, column 1", "deeper than 32"),
        ("a = " + "{a=" * 60_000, "line 1, column 1", "deeper than 32"),
        ("b = 1\na = 9223372036854775808", "line 2, column 1", "too large"),
        ("a = " + "9" * 5000, "line 1, column 1", "out of range"),
        ("a = 2025-02-31", "line 1, column 5", "invalid date"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_what_is_refused_is_told_with_its_place(text: str, where: str, words: str) -> None:
    message = problem_of(text)
    assert message.startswith(f"prod.toml: {where}: ")
    assert words in message


def test_dots_in_strings_comments_and_values_do_not_count() -> None:
    text = (
        '# a.b.c.d.e.f.g.h.i.j.k\n"a.b.c.d.e.f.g.h.i.j" = [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5]\nb = "'
        + "." * 100
        + '"'
    )
    assert parse_toml(text.encode(), "x").values == tomllib.loads(text)


def test_byte_order_mark_and_crlf() -> None:
    document = parse_toml(b'\xef\xbb\xbfa = 1\r\nb = """x\r\ny"""\r\n', "x")
    assert document.values == {"a": 1, "b": "x\ny"}
    assert document.place(("b",)) == "line 2, column 1"
    assert "line 2, column 5: the text is not UTF-8" in problem_of(b"\xef\xbb\xbfa = 1\r\nb = \xff")


def test_the_size_limit() -> None:
    assert "limit is 262,144" in problem_of(b"#" * (MAX_BYTES + 1))
    assert parse_toml(b"#" * MAX_BYTES, "x").values == {}


BOMBS = {
    "dotted key": "a" + ".a" * 100_000 + " = 1",
    "dotted header": "[a" + ".a" * 100_000 + "]",
    "triple quotes": 'a = """' + '\\"""' * 60_000,
    "single quotes": "a = '''" + "''" * 60_000 + "x",
    "escapes": 'a = "' + "\\" * 200_001,
    "tables": "".join(f"[a{n}]\n" for n in range(25_000)) + "!",
    "array": "a = [" + "1," * 120_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_documents_are_refused_in_linear_time(name: str) -> None:
    started = time.process_time()
    assert "line " in problem_of(BOMBS[name][:MAX_BYTES])
    assert time.process_time() - started < 5.0  # the dotted key alone takes tomllib 48 s


@pytest.mark.parametrize("value", [None, "\ud800", object()])
def test_values_that_toml_lacks_are_told(value: object) -> None:
    with pytest.raises(MoorageError, match="cannot write /x"):
        render_toml({"a": value}, Path("/x"))
