"""The log desk by keys: filters as chips, since and tail, raw JSON, copying, saving; and hostile text."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual import events

from app.main import main
from app.screens import log_feed
from app.screens.dashboard import Dashboard
from app.screens.logs import LogsScreen
from tests.tui.screens.driving import SIZE, screen_text, session_with, until, until_gone, until_shown
from widgets.chip_line import ChipLine
from widgets.log_view import LogView

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tests.engine_bed import Daemon

TALK = r"""
for i in 1 2 3 4 5 6 7 8; do echo "GET /healthz $i"; echo "GET /api $i"; done
sleep 0.2; echo "oops on stderr" >&2; sleep 0.2
echo '{"level":"error","msg":"no db","host":"db-1"}'
printf '\033[31mred\033[0m end\n'
sleep 1000
"""


async def opened(pilot: Pilot[Any], engine: Daemon, script: str = TALK, name: str = "talker") -> LogView:
    engine.run(["sh", "-c", script], name=name)
    await until_shown(pilot, r"● 1 live")
    await pilot.press("2")
    await until_shown(pilot, rf"▌. +{name}")
    await pilot.press("l")
    await until_shown(pilot, rf"unmanaged › {name} › logs")
    assert isinstance(pilot.app.screen, LogsScreen)
    return pilot.app.screen.query_one(LogView)


def chips(pilot: Pilot[Any]) -> tuple[str, ...]:
    return pilot.app.screen.query_one(ChipLine).chips


async def test_filters_are_stacked_shown_as_chips_and_taken_away(engine: Daemon, tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        view = await opened(pilot, engine)
        await until_shown(pilot, r"red end")
        assert view.line_count == 19
        await pilot.press("plus", *"get", "enter")
        await until(pilot, lambda: view.line_count == 16, "the lines with GET")
        await pilot.press("minus", *"healthz", "enter")
        await until(pilot, lambda: view.line_count == 8, "those without healthz")
        await pilot.press("plus", *"/[78]$/", "enter")
        await until(pilot, lambda: view.line_count == 2, "and of these two")
        assert chips(pilot) == ("+get", "−healthz", "+/[78]$/")
        assert re.search(r"\+get +−healthz +\+/\[78\]\$/", screen_text(app))
        await pilot.press("plus", *"/(x/", "enter")
        await until_shown(pilot, r"at character 2: found no '\)'")
        await pilot.press("escape", "C")
        await until(pilot, lambda: view.line_count > 2, "lines before and after")
        assert not any("healthz" in line.text for line in view.lines)
        await pilot.press("backspace")
        await until(pilot, lambda: len(chips(pilot)) == 2, "one chip less")
        await pilot.press("escape")
        await until(pilot, lambda: view.line_count == 19, "all lines")
        assert chips(pilot) == ()
        await pilot.press("E")
        await until(pilot, lambda: [line.text for line in view.lines] == ["oops on stderr"], "stderr alone")
        await until_shown(pilot, r"stderr only")


async def test_since_tail_raw_and_times(engine: Daemon, tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        view = await opened(pilot, engine)
        await until_shown(pilot, r"ERROR no db +host=db-1")
        assert re.search(r"\d\d:\d\d:\d\d ! oops on stderr", screen_text(app))
        await pilot.press("J")
        await until_shown(pilot, r'\{"level":"error","msg":"no db","host":"db-1"\}')
        await pilot.press("J", "t")
        await until_shown(pilot, r"^ +\d+s ! oops on stderr")
        await pilot.press("t")
        await until_shown(pilot, r"^ ! oops on stderr")
        await pilot.press("t", "S")
        await until_shown(pilot, r"since 1m")
        await until(pilot, lambda: view.line_count == 19, "all of the last minute")
        await pilot.press("S", "S", "S")
        await until_shown(pilot, r"1 source  all")
        await pilot.press("T", "T", "T", "T")
        await until_shown(pilot, r"last 100 ")
        await until(pilot, lambda: view.line_count == 19, "the end of it")


async def test_the_copied_command_prints_the_same_lines(
    engine: Daemon, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        view = await opened(pilot, engine)
        await until_shown(pilot, r"red end")
        await pilot.press("plus", *"api", "enter", "minus", *"7", "enter")
        await until(pilot, lambda: view.line_count == 7, "the lines that are wanted")
        shown = [line.text for line in view.lines]
        await pilot.press("Y")
        await until_shown(pilot, r"Copied command: moorage logs")
        copied = app.clipboard
    assert main(["--home", str(tmp_path), *(part for part in shlex.split(copied)[1:] if part != "--follow")]) == 0
    assert capsys.readouterr().out.splitlines() == shown


async def test_a_line_and_a_range_are_copied(engine: Daemon, tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        view = await opened(pilot, engine)
        await until_shown(pilot, r"red end")
        await pilot.press("space")
        assert view.cursor == 18
        await pilot.press("c")
        assert app.clipboard == "red end"
        await pilot.press("k", "space", "k", "c")
        assert app.clipboard == 'oops on stderr\n{"level":"error","msg":"no db","host":"db-1"}'
        await pilot.press("escape", "escape")
        assert view.cursor is None and isinstance(app.screen, LogsScreen)
        await pilot.press("F")
        assert view.following


async def test_shown_lines_are_saved_and_nothing_is_written_over_unasked(engine: Daemon, tmp_path: Path) -> None:
    target = tmp_path / "out" / "web.log"
    target.parent.mkdir()
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        view = await opened(pilot, engine)
        await until_shown(pilot, r"red end")
        await pilot.press("minus", *"get", "enter")
        await until(pilot, lambda: view.line_count == 3, "three lines")

        async def save(path: Path) -> None:
            await pilot.press("ctrl+s")
            await until_shown(pilot, r"Save 3 lines")
            await pilot.press("ctrl+u", *str(path), "enter")

        await save(target)
        await until_shown(pilot, r"Saved 3 lines to")
        assert [line.split(" ", 1)[1] for line in target.read_text().splitlines()] == [
            "oops on stderr",
            '{"level":"error","msg":"no db","host":"db-1"}',
            "red end",
        ]
        assert target.stat().st_mode & 0o777 == 0o600
        target.write_text("mine")
        await save(target)
        await until_shown(pilot, r"Write over the file\?")
        assert target.read_text() == "mine"
        await pilot.press("n")
        await until_gone(pilot, r"Write over")
        assert target.read_text() == "mine"
        await save(target)
        await until_shown(pilot, r"Write over the file\?")
        await pilot.press("y")
        await until(pilot, lambda: "red end" in target.read_text(), "the file written anew")
        await save(target.parent)
        await until_shown(pilot, r"is a folder")
        await pilot.press("escape")
        assert os.listdir(target.parent) == ["web.log"]


async def test_keys_typed_at_once_are_the_filter_and_none_is_lost(engine: Daemon, tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        view = await opened(pilot, engine)
        await until_shown(pilot, r"red end")
        for character in ["minus", *"healthz", "enter"]:
            app.post_message(events.Key(character, character if len(character) == 1 else None))
        await until(pilot, lambda: chips(pilot) == ("−healthz",), "the chip")
        await until(pilot, lambda: view.line_count == 11, "the lines that are left")


async def test_the_sources_are_listed_and_one_is_opened_alone(engine: Daemon, tmp_path: Path) -> None:
    engine.run(["sh", "-c", "echo from the other; sleep 1000"], name="another")
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("2")
        await until_shown(pilot, r"another")
        engine.run(["sh", "-c", TALK], name="talker")
        await until_shown(pilot, r"talker")
        await pilot.press("space", "j", "space", "l")
        await until_shown(pilot, r"another +from the other")
        await until_shown(pilot, r"talker +red end")
        await pilot.press("i")
        await until_shown(pilot, r"another +\S+ +● following +1 +0 +right")
        await until_shown(pilot, r"talker +\S+ +● following +19 +0 +right")
        await pilot.press("enter")
        await until_shown(pilot, r"unmanaged › (another|talker) › logs")


HOSTILE = r"""
printf '\033]0;title\007\033[2J\033[31mred\033[0m \302\233 31m \342\200\256evil\n'
printf 'bad \377\376 utf8 \355\240\200\n'
printf '{"level":"\\u001b[2J","msg":"\\u001b]52;c;eA==\\u0007 \\u202e","\\u001b[5m":"\\u009b"}\n'
head -c 10000000 /dev/zero | tr '\0' 'x'; echo
printf 'after\n'
printf '\033[31m%.0s' $(seq 1 5000); printf 'end\n'
sleep 1000
"""


async def test_hostile_text_reaches_no_screen_raw(engine: Daemon, tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        view = await opened(pilot, engine, HOSTILE)
        await until(pilot, lambda: any(line.text.endswith("end") for line in view.lines), "the last line")
        for key in ("", "J", "w", "J", "t", "t"):
            await pilot.press(*([key] if key else []))
            await pilot.pause()
            strips = app.screen._compositor.render_strips()
            text = "".join(segment.text for strip in strips for segment in strip)
            assert text.isprintable()
            assert "\u202e" not in text
        assert max(len(line.text) for line in view.lines) < 70_000
        assert any(line.text == "after" for line in view.lines)


async def test_what_is_kept_is_bounded_and_what_is_let_go_is_gone(
    engine: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_feed, "KEPT_LINES", 200)
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        view = await opened(pilot, engine, "seq 1 5000; sleep 1000")
        await pilot.press("S", "S", "S", "S")
        await until(pilot, lambda: bool(view.lines) and view.lines[-1].text == "5000", "the last line")
        assert isinstance(app.screen, LogsScreen)
        feed = app.screen._feed
        assert feed is not None
        assert len(feed.kept()) == 200
        await pilot.press("plus", *"49", "enter")
        await until(pilot, lambda: {line.text for line in view.lines} >= {"4900", "4999"}, "filtered anew")
        assert all("49" in line.text for line in view.lines)
