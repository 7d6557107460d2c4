"""YAML within budgets: what is taken, what stays text, what is refused and where."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.interop import yaml_text
from app.interop.yaml_text import MAX_NODES, parse_yaml, render_yaml
from app.model.errors import DocumentError

TAGS = {"!Ref": "Ref", "!Sub": "Fn::Sub", "!Join": "Fn::Join"}


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both parsers that PyYAML may have: the one in C is missing where it was built without libyaml."""
    if not hasattr(yaml, request.param):
        pytest.skip("PyYAML has no libyaml here")
    monkeypatch.setattr(yaml_text, "_LOADER", getattr(yaml, request.param))
    return str(request.param)


def read(text: str | bytes) -> Any:
    return parse_yaml(text.encode() if isinstance(text, str) else text, "t.yaml", TAGS)


def refusal(text: str | bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        read(text)
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("True", True), ("FALSE", False), ("null", None), ("~", None), ("a:", {"a": None}),
        ("0", 0), ("-5", -5), ("+5", 5), ("1.5", 1.5), (".5", 0.5), ("-1.", -1.0), ("1.5e3", 1500.0),
        ("'5'", "5"), ('"true"', "true"), ("!!str 5", "5"), ("! 5", "5"), ("|\n  5\n", "5\n"),
        ("[]", []), ("{}", {}), ("[a, 1]", ["a", 1]), ("!!map {a: 1}", {"a": 1}), ("- a\n-\n", ["a", None]),
        ("\ufeffa: é", {"a": "é"}), ("--- a\n...\n", "a"), ("%YAML 1.1\n--- a\n", "a"),
    ],
)  # fmt: skip
def test_values(text: str, value: Any) -> None:
    assert read(text) == value
    assert type(read(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "yes", "no", "on", "off", "Yes", "y", "n", "NO", "0755", "00", "012345678901", "0x1f", "0o17", "0b1", "1_000",
        "1e3", "12:30", "12:30:45", "2025-01-31", "2025-01-31T09:30:00Z", "1.2.3", "1.5 GB", ".5 vcpu", "-", "+", "=",
        "-.", "nan", "inf", "tRUE", "nULL", "1.e", "é",
    ],
)  # fmt: skip
def test_what_readers_disagree_on_is_text(text: str) -> None:
    if text == "-":
        assert read(f"'{text}'") == text
    else:
        assert read(text) == text
        assert read(f"a: {text}") == {"a": text}


def test_keys_are_text_always() -> None:
    assert read("80: a\ntrue: b\n~: c\nyes: d\n1.50: e\n'': f") == {
        "80": "a", "true": "b", "~": "c", "yes": "d", "1.50": "e", "": "f"
    }  # fmt: skip


def test_short_tags_become_objects() -> None:
    text = "a: !Ref Name\nb: !Sub '${Name}-x'\nc: !Join [',', [a, !Ref B]]\nd: !Sub\n  - x\n  - {y: !Ref Z}\n"
    assert read(text) == {
        "a": {"Ref": "Name"},
        "b": {"Fn::Sub": "${Name}-x"},
        "c": {"Fn::Join": [",", ["a", {"Ref": "B"}]]},
        "d": {"Fn::Sub": ["x", {"y": {"Ref": "Z"}}]},
    }
    assert read("!Ref 012") == {"Ref": "012"}


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("", "line 1, column 1", "the document is empty"),
        ("# nothing\n", "line 1, column 1", "the document is empty"),
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1", "the key 'a' is there twice"),
        ("{a: 1, 'a': 2}", "line 1, column 8", "the key 'a' is there twice"),
        ("a: {b: 1,\n    b: 2}", "line 2, column 5", "the key 'b' is there twice"),
        ("a: 1\n---\nb: 1\n", "line 2, column 1", "a second document"),
        ("a: 1\n[b]: 2\n", "line 2, column 1", "a key is no plain text"),
        ("? {a: 1}\n: 2\n", "line 1, column 3", "a key is no plain text"),
        ("a: &x 1\n*x : 2\n", "line 2, column 1", "a key is an alias"),
        ("!Ref a: 1", "line 1, column 1", "a key has a tag"),
        ("a: .nan", "line 1, column 4", ".nan is no number"),
        ("a: -.INF", "line 1, column 4", "-.INF is no number"),
        (f"a: {'1' * 41}", "line 1, column 4", "more than 40 digits"),
        ("a: 1.5e999", "line 1, column 4", "a number is too large"),
        ("a: *x", "line 1, column 4", "no finished anchor"),
        ("a: &x [*x]", "line 1, column 8", "no finished anchor"),
        ("a: &x 1\nb: &x [*x]", "line 2, column 8", "no finished anchor"),
        ("a: {<<: 1}", "line 1, column 9", "<< is followed by no mapping"),
        ("a: !Nope 1", "line 1, column 4", "the tag '!Nope' is not known here"),
        ("a: !!python/object/apply:os.system [ls]", "line 1, column 4", "is not known here"),
        ("a: !!python/name:os.system ''", "line 1, column 4", "is not known here"),
        ("a: !!binary aGk=", "line 1, column 4", "is not known here"),
        ("a: !!timestamp 2025-01-31", "line 1, column 4", "is not known here"),
        ("a: !!set {b, c}", "line 1, column 4", "is not known here"),
        ("%TAG ! tag:evil,2025:\n--- !Ref a\n", "line 2, column 5", "is not known here"),
        ("a: [1,\n", "line 2, column 1", "not YAML: "),
        ("a:\n\t- b", "line 2, column 1", "not YAML: "),
        ("a: b: c", "line 1, column 5", "not YAML: "),
        ("a: @b", "line 1, column 4", "not YAML: "),
        ("%YAML 2.0\n--- a", "line 1, column 1", "not YAML: "),
    ],
)
def test_refused_with_its_place(text: str, where: str, words: str) -> None:
    assert words in refusal(text)
    assert refusal(text).startswith(f"t.yaml: {where}: ")


@pytest.mark.parametrize(
    "text",
    [
        b"a: \xff", b"\xff\xfea\0", b"a: b\0c", b"a: \x1b[31m", b'"\\ud800"', b'"\\ud800": 1', b'"\\U00110000"',
        b"%YAML 99999999999999999999.1\n--- a", b"*" + b"a" * 1000, b"a: " + b"[" * 100_000, b"a: 1\n" * 2,
        b"a: " + b" " * (1024 * 1024),
    ],
    ids=range(12),
)  # fmt: skip
def test_attacks_are_one_line(text: bytes) -> None:
    assert refusal(text).startswith("t.yaml: line ")
    assert "\n" not in refusal(text)
    assert len(refusal(text)) < 300


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "!Sub [", "[\n"])
def test_nesting_has_a_limit(opening: str) -> None:
    assert "nested deeper than 64 levels" in refusal(opening * 65) or "a key is no plain text" in refusal(opening * 65)
    assert read("[" * 64 + "]" * 64) is not None
    assert read("a: &x " + "[" * 63 + "]" * 63) is not None
    assert "nested deeper" in refusal("a: &x " + "[" * 62 + "]" * 62 + "\nb: [[*x]]")


def test_aliases_and_merges() -> None:
    text = """
    base: &base {image: busybox, memory: 16}
    more: &more {memory: 32, user: root}
    a: {<<: *base, memory: 64}
    b: {<<: [*more, *base], name: b}
    c: *base
    """
    value = read(text)
    assert value["a"] == {"image": "busybox", "memory": 64}
    assert value["b"] == {"name": "b", "memory": 32, "user": "root", "image": "busybox"}
    assert value["c"] == value["base"]
    assert read("'<<': 1") == {"<<": 1}


def test_a_billion_laughs_are_refused_soon() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    began = time.monotonic()
    assert f"more than {MAX_NODES:,} values" in refusal("\n".join(lines))
    many = "x: &x {" + ", ".join(f"k{n}: 1" for n in range(5000)) + "}\n"
    assert "aliases written out" in refusal(many + "y: {<<: [" + ", ".join(["*x"] * 2000) + "]}")
    assert time.monotonic() - began < 5


def test_a_large_document_is_read_in_time() -> None:
    text = "".join(f"key{n}: 'value {n}'\n" for n in range(40_000))
    began = time.monotonic()
    assert len(read(text)) == 40_000
    assert time.monotonic() - began < 20


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_document_error(data: bytes) -> None:
    try:
        read(data)
    except DocumentError as error:
        assert error.message.startswith("t.yaml: ")


@given(st.text(alphabet="ab&*!<>|[]{}:,#-?%@'\"\\ \n\t01.e~", max_size=60))
def test_any_text_that_looks_like_yaml_is_a_value_or_a_document_error(text: str) -> None:
    try:
        read(text)
    except DocumentError as error:
        assert error.message.startswith("t.yaml: ")


_TEXT = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ["yes", "0755", "12:30", "1e3", "null", "=", "<<", "2025-01-31", ".nan", "- a", "a: b", "# a", "a\n\n b\n", "a "]
)
_SCALAR = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(-1e6, 1e6) | _TEXT


@given(st.recursive(_SCALAR, lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner), max_leaves=15))
def test_what_is_rendered_is_read_the_same(value: Any) -> None:
    text = render_yaml(value)
    assert text.isascii()
    assert read(text) == value
    assert yaml.safe_load(text) == value


def test_rendered_yaml_reads_well() -> None:
    value = {"Resources": {"Web": {"Image": "nginx:1.28", "Command": ["sh", "-c", "exit 0"], "Port": 80, "On": "yes"}}}
    assert render_yaml(value) == (
        "Resources:\n  Web:\n    Image: nginx:1.28\n    Command:\n      - sh\n"
        "      - \"-c\"\n      - exit 0\n    Port: 80\n    'On': 'yes'\n"
    )
