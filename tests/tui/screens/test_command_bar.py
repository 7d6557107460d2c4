"""The command bar: everything by its name, keys typed in a burst, what was said before, slips; and the palette."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual import events

from app.operations.session import Session
from app.screens.command.bar import CommandBar
from app.screens.command.entries import MOST_TASKS, entries, tasks_named
from app.screens.dashboard import Dashboard
from app.screens.frame import FrameScreen
from bench.many_tasks import fill
from tests.tui.screens.driving import SIZE, home_at, screen_text, session_with, until, until_gone, until_shown
from tests.tui.screens.still import still_dashboard


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    return still_dashboard(tmp_path, monkeypatch)


async def test_a_screen_a_cluster_an_instance_and_a_task_are_gone_to_by_name(app: Dashboard) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("colon", *"tasks", "enter")
        await until_shown(pilot, r"moorage › tasks")
        await pilot.press("colon", *"prod", "enter")
        await until_shown(pilot, r"moorage › prod › tasks")
        await pilot.press("colon", *"edge-2", "enter")
        await until_shown(pilot, r"moorage › prod › edge-2")
        await pilot.press("colon", *"task 77", "enter")
        await until_shown(pilot, r"prod › batch:7 › 77777777")


async def test_keys_typed_right_behind_the_colon_are_its_text(app: Dashboard) -> None:
    """``x`` and ``q`` are keys of the screen below."""
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("2")
        await until_shown(pilot, r"moorage › tasks")
        await pilot.press("colon", "q", "x", "q")
        await until_shown(pilot, r"^ : qxq")
        await pilot.press("escape")
        await until_gone(pilot, r"^ :")
        assert "moorage › tasks" in screen_text(app)


async def test_a_whole_line_that_comes_at_once_is_understood_as_a_whole(app: Dashboard) -> None:
    """enter overtakes the letters that wait for the input: ``sort`` alone would be another command."""
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"▌c0c0c0c0")
        for line in ("sort age", "sort instance", "sort age"):
            for key in ("colon", *line, "enter"):
                character = {"colon": ":", "enter": None, " ": " "}.get(key, key)
                app.post_message(events.Key("space" if key == " " else key, character))
            await until_shown(pilot, rf"{line.removeprefix('sort ').upper()[:7]}[▲▼]")


async def test_an_action_of_the_screen_is_done_and_a_slip_is_told_with_the_nearest(app: Dashboard) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"▌c0c0c0c0")
        await pilot.press("colon", *"lokks")
        await until_shown(pilot, r"no such command – did you mean logs\? tab takes it")
        await pilot.press("enter")
        await pilot.press("tab")
        await until_shown(pilot, r"^ : logs")
        await pilot.press("ctrl+u", *"sto", "enter")
        await until_shown(pilot, r"Stop task c0c0c0c0\?")
        await pilot.press("escape")
        await pilot.press("colon", *"sort mem", "enter")
        await until_shown(pilot, r"MEM▼|MEMORY▼")


async def test_what_was_said_comes_first_the_next_time_and_in_the_next_session(
    app: Dashboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("colon", *"secret-that-is-no-command", "enter", "escape")
        await pilot.press("colon", *"inst", "enter")
        await until_shown(pilot, r"moorage › instances")
        await pilot.press("colon")
        await until_shown(pilot, r"^▌instances")
        await pilot.press("escape")
        path = tmp_path / "state" / "commands.json"
        await until(pilot, path.exists, "the file of commands")
        assert json.loads(path.read_text()) == ["instances"]
    again = still_dashboard(tmp_path, monkeypatch)
    async with again.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("colon")
        await until_shown(pilot, r"^▌instances")


async def test_a_filter_may_be_typed_here_too_and_is_not_kept(app: Dashboard, tmp_path: Path) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"▌c0c0c0c0")
        await pilot.press("colon", *"/state:failed", "enter")
        await until_shown(pilot, r"2 of 5 /state:failed")
        assert not (tmp_path / "state" / "commands.json").exists()


async def test_a_theme_changes_the_colours(app: Dashboard) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("colon", *"theme moorage-light", "enter")
        await until(pilot, lambda: app.theme == "moorage-light", "another theme")


async def test_a_colon_in_an_input_is_text(app: Dashboard) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2", "slash", *"state:run")
        await until_shown(pilot, r"/ state:run")


async def test_the_palette_has_the_same_entries(app: Dashboard) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("ctrl+p", *"edge-3")
        await until_shown(pilot, r"› edge-3(.|\n)*instance edge-3")
        await pilot.press("enter")
        await until_shown(pilot, r"moorage › prod › edge-3")


async def test_the_palette_opens_while_text_is_typed_and_gives_the_text_back(app: Dashboard) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2", "slash", *"state:run", "ctrl+p", *"budg")
        await until_shown(pilot, r"› budg(.|\n)*What each host is asked(.|\n)*/ state:run")
        await pilot.press("escape", *"ning")
        await until_shown(pilot, r"/ state:running")
        await until_gone(pilot, r"What each host is asked")


async def test_the_bar_and_the_palette_are_one_and_each_key_moves_it(app: Dashboard) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("colon", *"theme moor", "ctrl+p")
        await until_shown(pilot, r"› theme moor(.|\n)*theme moorage-light")
        bar = app.screen.query_one(CommandBar)
        assert bar.region.y < 5
        await pilot.press("ctrl+p", "escape")
        await until_gone(pilot, r"› theme moor")
        await pilot.press("colon")
        await until_shown(pilot, r"^ : a command")
        assert bar.region.bottom == SIZE[1] - 1


async def test_keys_and_clicks_beside_a_palette_that_goes_do_no_harm(app: Dashboard) -> None:
    """Textual's own palette took a second click, or an enter, as one more screen to close, and ended the program."""
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"moorage › tasks")
        for _ in range(5):
            await pilot.press("ctrl+p", "pageup", "pagedown", "enter", "enter", "escape", "escape")
            await pilot.press("ctrl+p")
            await pilot.click(offset=(60, 30))
            await pilot.click(offset=(60, 30))
            await pilot.press("ctrl+p", "ctrl+p", "1", "escape", "2")
        await until_shown(pilot, r"moorage › (tasks|fleet)")
        assert len(app.screen_stack) == 1


async def test_what_is_offered_among_ten_thousand_tasks_is_bounded(tmp_path: Path) -> None:
    app = Dashboard(Session(home_at(tmp_path)))
    fill(app, 10_000)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        screen = app.screen
        assert isinstance(screen, FrameScreen)
        assert not [entry for entry in entries(screen) if entry.words.startswith("task ")]
        assert len(entries(screen)) < 300
        assert tasks_named(screen, "s") == []
        assert len(tasks_named(screen, "svc")) == MOST_TASKS


async def test_what_filters_a_screen_that_was_left_meanwhile_does_nothing(tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("U")
        await until_shown(pilot, r"Nothing is under way")
        below = app.screen
        assert isinstance(below, FrameScreen)
        await pilot.press("escape")
        await until_shown(pilot, r"moorage › fleet")
        await until(pilot, lambda: not below.children, "its widgets are gone")
        below.show_filtered("web")
        assert app.screen is not below
