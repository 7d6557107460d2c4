"""The record that an engine is drained: it comes back as it was written, and counts when it can't be read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.errors import HostError
from app.hosts.labels import PREFIX
from app.hosts.reading import drains_from, records_from
from app.hosts.records import drain_labels, read_drain
from app.model.drain import DrainMark, drain_name, is_drain_name
from app.model.safe_text import SafeText, safe_line
from tests.unit.builders import NOW

NAME = drain_name("prod")
MARK = DrainMark(NAME, SafeText("ops"), NOW, SafeText("a new kernel"))
LABELS = drain_labels(MARK, "prod")
VALUE = f"{PREFIX}value"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_a_mark_comes_back(cluster: str, by: str, reason: str) -> None:
    mark = DrainMark(drain_name(cluster), safe_line(by), NOW, safe_line(reason))
    volume = {"Name": mark.name, "Labels": drain_labels(mark, cluster)}
    assert drains_from([volume]) == [mark]
    assert records_from([volume]) == []


def test_each_cluster_has_its_own_name_that_a_host_can_hold() -> None:
    longest = drain_name("x" * 255)
    assert len({NAME, longest, drain_name("prod2")}) == 3
    assert is_drain_name(longest)
    assert not is_drain_name(f"moorage-record-{'0' * 32}-task")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"by":"x"}',
        '{"by":"x","at":3,"reason":"y"}',
        '{"by":"x","at":"never","reason":"y"}',
        '{"by":"x","at":"0001-01-01T00:00:00Z","reason":"y"}',
    ],
)
def test_a_damaged_mark_counts_and_tells_nothing(value: str) -> None:
    assert read_drain(NAME, {**LABELS, VALUE: value}) == DrainMark(NAME)


def test_a_mark_without_a_value_counts() -> None:
    assert read_drain(NAME, {key: text for key, text in LABELS.items() if key != VALUE}) == DrainMark(NAME)


def test_foreign_text_is_made_safe_and_short() -> None:
    value = '{"by":"\\u001b[31mops","at":"2026-03-01T12:00:00Z","reason":"' + "x" * 10_000 + '"}'
    found = read_drain(NAME, {**LABELS, VALUE: value})
    assert found == DrainMark(NAME, SafeText("␛[31mops"), NOW, SafeText("x" * 255))


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        (NAME, None),
        (NAME, {}),
        (NAME, {**LABELS, f"{PREFIX}record": "task"}),
        ("precious", LABELS),
        (f"{NAME}0", LABELS),
    ],
)
def test_what_is_not_ours_is_no_mark(name: str, labels: dict[str, str] | None) -> None:
    assert read_drain(name, labels) is None


@given(st.lists(st.fixed_dictionaries({}, optional={"Name": JSON | st.just(NAME), "Labels": JSON})))
def test_whatever_an_engine_lists_is_read_or_refused(volumes: list[dict[str, Any]]) -> None:
    try:
        assert drains_from(volumes) == []
    except HostError as error:
        assert "cannot be read" in error.message
