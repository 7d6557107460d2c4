"""Keys that come faster than they can be answered: a key that is held down, a paste that the terminal does not mark."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from app.screens.dashboard import Dashboard
from app.screens.frame import FrameScreen
from app.screens.json_screen import JsonScreen
from tests.tui.screens.driving import SIZE, session_with, still_text, until, until_shown
from widgets.paced_input import MOST_KEYS

KEYS = 40


async def test_after_a_few_keys_that_are_typed_all_else_has_its_turn(tmp_path: Path) -> None:
    beats = 0
    loop = asyncio.get_running_loop()
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.focused, Input), "the bar is open")
        typed = app.screen.query_one("#command-input", Input)
        beat_at_key: list[int] = []

        def beat() -> None:
            nonlocal beats
            beats += 1
            if len(typed.value) < KEYS:
                loop.call_soon(beat)

        def changed(_: str) -> None:
            beat_at_key.append(beats)

        app.screen.watch(typed, "value", changed, init=False)
        beat()
        for _ in range(KEYS):
            app.post_message(events.Key("x", "x"))
        await until(pilot, lambda: typed.value == "x" * KEYS, "all keys are typed")
    assert len(beat_at_key) == KEYS
    assert max(Counter(beat_at_key).values()) <= MOST_KEYS, "within one turn of the loop"


async def test_screens_that_are_left_at_once_are_not_brought_up_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each was laid out anew when the terminal had another size before: a dozen of them took a third of a second."""
    brought_up: list[str] = []
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        for number in range(4):
            app.push_screen(JsonScreen(app.desk, [f"number {number}"], {}))
            await until_shown(pilot, rf"number {number}")
        await pilot.resize_terminal(90, 30)
        await until(pilot, lambda: app.screen.size == (90, 30), "the upper one has its size")
        await still_text(pilot)
        refresh_layout = FrameScreen._refresh_layout

        def noted(screen: FrameScreen, *arguments: object, **named: object) -> None:
            brought_up.append(type(screen).__name__)
            refresh_layout(screen, *arguments, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(FrameScreen, "_refresh_layout", noted)
        await pilot.press("1")
        await until(pilot, lambda: app.screen.size == app.size and len(app.screen_stack) == 1, "the fleet is there")
        await until_shown(pilot, r"moorage › fleet")
    assert set(brought_up) == {"FleetScreen"}


async def test_what_was_covered_when_the_size_changed_has_it_when_it_is_seen_again(tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        fleet = app.screen
        app.push_screen(JsonScreen(app.desk, ["over it"], {}))
        await until_shown(pilot, r"over it")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: app.screen.size == (80, 24), "the upper one has it")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is fleet and fleet.size == (80, 24), "the lower one has it")
        assert fleet.has_class("-narrow")
        await pilot.press("n")
        await until_shown(pilot, r"New cluster")
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: fleet.size == (120, 36), "so has one that a dialog lets through, at once")
        assert fleet.has_class("-wide")
