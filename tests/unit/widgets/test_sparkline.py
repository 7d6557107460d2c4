"""Moments into equal spans, and graphs of block characters."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.sparkline import LINE, binned, graph_lines, nice_top

NAN = math.nan


def same(one: list[float], other: list[float]) -> bool:
    return [None if math.isnan(value) else value for value in one] == [
        None if math.isnan(value) else value for value in other
    ]


def test_values_are_the_means_of_their_spans() -> None:
    points = [(0.5, 9.0), (10.0, 1.0), (12.0, 3.0), (14.0, 5.0), (19.9, 7.0)]
    assert same(binned(points, 19.9, 5.0, 3), [NAN, 3.0, 7.0])
    assert same(binned([], 19.9, 5.0, 2), [NAN, NAN])
    assert binned(points, 19.9, 5.0, 0) == binned(points, 19.9, 0.0, 3) == []


def test_a_graph_moves_by_whole_spans() -> None:
    points = [(float(second), float(second)) for second in range(0, 60, 2)]
    assert binned(points, 55.0, 10.0, 4) == binned(points, 59.0, 10.0, 4)
    assert binned(points, 59.0, 10.0, 4)[1:] == binned(points, 60.0, 10.0, 4)[:3]


def test_one_answer_that_is_late_leaves_no_hole_and_silence_does() -> None:
    assert same(binned([(1.0, 4.0), (9.0, 6.0)], 9.0, 4.0, 3), [4.0, 4.0, 6.0])
    assert same(binned([(1.0, 4.0), (13.0, 6.0)], 13.0, 4.0, 4), [4.0, NAN, NAN, 6.0])
    assert same(binned([(1.0, NAN), (2.0, 4.0)], 3.0, 4.0, 1), [4.0])


@pytest.mark.parametrize(
    ("highest", "least", "binary", "top"),
    [
        (0, 0, False, 1),
        (3.1, 5, False, 5),
        (12, 5, False, 20),
        (21, 5, False, 25),
        (26, 5, False, 50),
        (100, 5, False, 100),
        (101, 5, False, 200),
        (700, 5, False, 1000),
        (NAN, 5, False, 5),
        (3 << 20, 1 << 20, True, 4 << 20),
        (4 << 20, 1 << 20, True, 4 << 20),
    ],
)
def test_scales_end_at_round_numbers(highest: float, least: float, binary: bool, top: float) -> None:
    assert nice_top(highest, least, binary=binary) == top


def test_lines_are_filled_from_below() -> None:
    assert graph_lines([0, 1, 2, 4, 8, 9, NAN], 2, 8) == ["    ██ ", "▁▂▄███ "]
    assert graph_lines([5], 0, 8) == []


def test_a_limit_is_a_dashed_line_through_what_is_blank() -> None:
    assert graph_lines([2, 8, NAN], 4, 8, line=6) == [" █ ", f"{LINE}█{LINE}", " █ ", "██ "]
    assert graph_lines([2, 2], 2, 8, line=8)[0] == LINE * 2
    assert graph_lines([2, 2], 2, 8, line=9)[0] == "  ", "it is above all that is shown"


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=20),
    st.integers(0, 6),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_every_line_has_a_cell_for_each_value(values: list[float], height: int, top: float) -> None:
    lines = graph_lines(values, height, top)
    assert len(lines) == height
    assert all(len(line) == len(values) for line in lines)
