"""A flood on the log desk, of a real engine: what it shows, lets go and skips adds up to what was written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.operations import log_desk
from app.screens import log_feed
from app.screens.dashboard import Dashboard
from app.screens.log_feed import LogFeed
from app.screens.logs import LogsScreen
from tests.tui.screens.driving import SIZE, session_with, until, until_shown
from widgets.chip_line import ChipLine
from widgets.log_lines import LaterLine
from widgets.log_view import LogLine, LogView

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tests.engine_bed import Daemon

LINES = 40_000
SKIPPED = re.compile(r"([\d,]+) lines? of flood skipped: they came faster than they could be shown")
FLOOD = "until [ -e /tmp/go ]; do sleep 0.05; done; seq 1 %d; echo the-end; sleep 1000"


async def flooded(pilot: Pilot[Any], engine: Daemon, lines: int = LINES) -> tuple[LogView, LogFeed]:
    """The log of a container that waits until it is followed, and then writes all at once; until its last line."""
    container = engine.run(["sh", "-c", FLOOD % lines], name="flood")
    await until_shown(pilot, r"● 1 live")
    await pilot.press("2")
    await until_shown(pilot, r"▌. +flood")
    await pilot.press("l")
    await until_shown(pilot, r"unmanaged › flood › logs")
    screen = pilot.app.screen
    assert isinstance(screen, LogsScreen)
    feed, view = screen._feed, screen.query_one(LogView)
    assert feed is not None
    await until(pilot, lambda: [source.state for source in feed.sources] == ["following"], "followed")
    engine.api.exec_start(engine.api.exec_create(container, ["touch", "/tmp/go"])["Id"])
    await until(pilot, lambda: view.line_count and last_of(view) == "the-end", "the last line")
    return view, feed


def last_of(view: LogView) -> str:
    return view.line_text(view.line_numbers()[-1])


def written(lines: list[LogLine]) -> list[LogLine]:
    return [line for line in lines if line.mark in ("", "stderr")]


async def test_each_gap_is_told_with_the_lines_that_are_missing(
    engine: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_desk, "MOST_LINES", 500)
    monkeypatch.setattr(log_feed, "_PACE", 0.2)
    monkeypatch.setattr(log_feed, "_LONGEST_PACE", 0.2)
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        view, feed = await flooded(pilot, engine)
        (source,) = feed.sources
        assert source.lines == LINES + 1
        assert feed.skipped > LINES // 2
        before, missing = 0, 0
        for line in view.lines:
            if line.mark == "warn":
                told = SKIPPED.fullmatch(line.text)
                assert told is not None
                missing += int(told[1].replace(",", ""))
            elif line.text != "the-end":
                assert int(line.text) == before + missing + 1
                before, missing = int(line.text), 0
        assert before + missing == LINES
        assert source.lines == len(written(view.lines)) + feed.skipped
        await until_shown(pilot, rf"{feed.skipped:,} skipped  following")


async def test_what_is_kept_let_go_and_filtered_adds_up(
    engine: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_feed, "KEPT_LINES", 3_000)
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        view, feed = await flooded(pilot, engine)
        (source,) = feed.sources
        kept = written(feed.kept())
        assert len(feed.kept()) == 3_000
        assert source.lines == LINES + 1 == len(kept) + feed.let_go + feed.skipped
        assert sum(isinstance(line, LaterLine) for line in feed._kept) == len(kept), "none was made to be kept"
        await pilot.press("plus", *"99", "enter")
        matching = [line.text for line in kept if "99" in line.text]
        await until(pilot, lambda: [line.text for line in written(view.lines)] == matching, "those with 99")
        await pilot.press("backspace")
        await until(pilot, lambda: len(written(view.lines)) == len(kept), "all again")
        assert written(view.lines) == kept


async def test_no_more_lines_wait_than_may(engine: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most: list[int] = []
    taken = LogFeed._take

    def take(feed: LogFeed, items: Any) -> None:
        merger = feed._logs._merger
        most.append(max(merger.lines(source.key) for source in feed.sources))
        most.append(sum(len(bundle.lines) for bundle in feed._waiting))
        taken(feed, items)

    monkeypatch.setattr(LogFeed, "_take", take)
    monkeypatch.setattr(log_desk, "MOST_LINES", 1_000)
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        view, feed = await flooded(pilot, engine)
        await pilot.press("w")
        await pilot.press("slash", *"the-end", "enter", "n")
        assert len(feed._kept) <= log_feed.KEPT_LINES
        assert view.line_count <= log_feed.KEPT_LINES
        assert last_of(view) == "the-end"
    assert max(most) <= max(1_000, log_feed.MOST_WAITING + log_feed.CHUNK)


async def test_what_comes_while_the_screen_is_taken_down_is_no_error(engine: Daemon, tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        _, feed = await flooded(pilot, engine, 10)
        # Its widgets go one after the other; the log may still be there when the line above it is not.
        await app.screen.query_one(ChipLine).remove()
        feed.tell()
        await pilot.press("escape")
        await until_shown(pilot, r"▌. +flood")
