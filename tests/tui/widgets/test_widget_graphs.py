"""The pane of graphs at every size: what does not fit is left out, and nothing is painted that did not change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.app import App
from textual.message import Message
from textual.pilot import Pilot

from tests.tui.widgets.conftest import OneWidget
from widgets.cells import cell
from widgets.graphs import Graph, Graphs

Lines = Callable[[App[Any]], list[str]]
Until = Callable[[Pilot[Any], Callable[[], bool]], Awaitable[None]]


def graph(name: str, *values: float, line: float | None = None) -> Graph:
    points = tuple((place * 10.0, value) for place, value in enumerate(values))
    return Graph(name, cell(f"{name} now"), points, points[-1][0], 5.0, lambda value: f"{value:.0f}%", line)


LARGE = [graph("CPU", 1, 2, 3, 4), graph("MEM", 40, 50, 60, 50, line=100)]
SMALL = [graph("net received", 1, 2), graph("net sent", 2, 1), graph("pids", 1, 1)]


async def test_graphs_have_a_scale_a_line_and_small_ones_below(lines_of: Lines) -> None:
    pane = Graphs(600)
    async with OneWidget(pane).run_test(size=(80, 14)) as pilot:
        pane.show(LARGE, SMALL)
        await pilot.pause()
        lines = [line.rstrip() for line in lines_of(pilot.app)]
        assert lines[0].startswith(" CPU now")
        assert lines[0].endswith("last 10 min")
        assert lines[1].startswith("     5%")
        assert lines[4].startswith("      0")
        assert lines[5].startswith(" MEM now")
        assert lines[6].startswith("   100% ╌╌╌╌")
        assert [line.split()[0] for line in lines[-3:]] == ["net", "net", "pids"]


async def test_in_a_wide_pane_there_are_two_columns(lines_of: Lines) -> None:
    pane = Graphs(600)
    async with OneWidget(pane).run_test(size=(120, 12)) as pilot:
        pane.show(LARGE, SMALL)
        await pilot.pause()
        lines = lines_of(pilot.app)
        assert "CPU now" in lines[0]
        assert "MEM now" in lines[0]
        assert "net received" in lines[-2]
        assert "net sent" in lines[-2]


@pytest.mark.parametrize("size", [(80, 3), (80, 7), (20, 5), (100, 4), (3, 2), (1, 1)])
async def test_what_has_no_room_is_left_out(lines_of: Lines, size: tuple[int, int]) -> None:
    pane = Graphs(600)
    async with OneWidget(pane).run_test(size=size) as pilot:
        pane.show(LARGE, SMALL)
        await pilot.pause()
        lines = lines_of(pilot.app)
        assert len(lines) == size[1]
        assert all(len(line) == size[0] for line in lines)


async def test_the_same_again_is_not_painted_and_nothing_is_said(lines_of: Lines, drawn_by: Any, until: Until) -> None:
    pane = Graphs(600)
    async with OneWidget(pane).run_test(size=(80, 14)) as pilot:
        pane.show([], [], "db does not run, so it uses nothing.")
        await until(pilot, lambda: "db does not run" in lines_of(pilot.app)[1])
        pane.show(LARGE, SMALL)
        await until(pilot, lambda: "CPU" in lines_of(pilot.app)[0])
        drawn = drawn_by(pane)
        pane.show(list(LARGE), list(SMALL))
        await pilot.pause()
        assert drawn == []


async def test_up_and_down_ask_for_another(until: Until) -> None:
    pane = Graphs(600)
    app = OneWidget(pane)
    asked: list[int] = []

    def hook(message: Message) -> None:
        if isinstance(message, Graphs.Other):
            asked.append(message.step)

    async with app.run_test(size=(80, 14), message_hook=hook) as pilot:
        pane.focus()
        await pilot.press("j", "k")
        await until(pilot, lambda: {1, -1} == set(asked))
