"""Lines that are made when they are looked at are those that would have been made at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.log_lines import RawPattern
from app.model.safe_text import SafeText
from app.operations.log_merge import DeskRun, Item, Source
from app.screens.log_maker import DeskMaker, looked_at
from widgets.log_lines import LaterLine, LogLine, made

START = datetime(2025, 1, 31, 22, 59, 50, tzinfo=UTC)
TEXTS = [b"plain", b"", b"\xff\x00", b"\x1b[31mred\x1b[0m", '{"level":"warn","msg":"☃ disk"}'.encode(), b"{", b"cr\r"]


def source(name: str, offset: float) -> Source:
    return Source(name, SafeText(name), "edge-1", cast("Any", None), offset=timedelta(seconds=offset), tone=len(name))


def run(of: Source, lines: list[tuple[float, int, int]]) -> DeskRun:
    """Lines of (seconds, number of a text, stream)."""
    data = b""
    for seconds, text, kind in sorted(lines):
        stamp = (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f789Z").encode()
        body = stamp + b" " + TEXTS[text] + b"\n"
        data += bytes([kind, 0, 0, 0]) + len(body).to_bytes(4, "big") + body
    found, _ = RawPattern(b"", b"\n").take(data, 0)
    assert found is not None
    return DeskRun(found.first - of.offset, of, found, found.last - of.offset)


def opened(items: list[Item]) -> list[Item]:
    return [line for item in items for line in (item.opened() if isinstance(item, DeskRun) else [item])]


lines = st.tuples(st.floats(0, 90_000), st.integers(0, len(TEXTS) - 1), st.sampled_from([1, 2]))


@given(
    st.lists(st.lists(lines, min_size=1, max_size=8), max_size=6),
    st.sampled_from([0.0, 0.75, -3600.25, 7.0]),
    st.booleans(),
)
def test_made_later_they_are_the_same(runs: list[list[tuple[float, int, int]]], offset: float, single: bool) -> None:
    of = source("web", offset)
    items: list[Item] = [run(of, some) for some in runs]
    now, later = DeskMaker(), DeskMaker()
    now.single = later.single = single
    expected = now.made(opened(items))
    found = later.made(items)
    assert [made(line) for line in found] == expected
    assert [looked_at(line) for line in found] == [looked_at(line) for line in expected]


def test_a_run_within_a_day_is_not_read() -> None:
    maker = DeskMaker()
    first, *others = maker.made([run(source("web", 0), [(second, 0, 1) for second in range(5)])])
    assert isinstance(first, LogLine) and first.mark == "quiet", "the day, as it is not today's"
    assert all(isinstance(line, LaterLine) for line in others)
    assert {line.maker.source for line in others if isinstance(line, LaterLine)} == {"web"}


@pytest.mark.parametrize("kind", [1, 2])
def test_what_the_view_asks_of_lines_that_are_not_made(kind: int) -> None:
    (_, line) = DeskMaker().made([run(source("web", 0), [(0, 2, kind)])])
    assert isinstance(line, LaterLine)
    assert line.maker.widest([line.raw]) == 2
    assert line.maker.any_stderr([line.raw]) == (kind == 2)
    assert line.maker.time_width == len(made(line).time)
