"""Screens that are left before they are there, and typed to before and after: keys come faster than screens do.

Textual makes no parts for a screen that goes, but tells it nevertheless that it is mounted, shown and resized.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.screen import Screen
from textual.widgets import Static

from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import until
from tests.tui.screens.views import VIEWS, View, furnished, go_to

TURNS = 8
"""Of the loop, that a screen lives: from none to so many, after which it is there or nearly so."""
_OPENED = frozenset(
    {
        *("instance", "cluster", "budget", "task-logs", "past-task", "container", "logs", "logs-sources", "json"),
        *("describe", "stop", "shell-choice", "shell-opening", "command", "output", "sort", "help", "new-cluster"),
        *("contexts", "run", "editor", "register", "comparison", "new-definition", "drafts", "alerts"),
    }
)
"""One view of each screen and dialog that is opened from others."""
_MADE_WITH = "made_with"


@pytest.fixture(autouse=True)
def _made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Screens know what they were made with, so that the same can be made again."""

    def made(cls: type[Any], *arguments: object, **named: object) -> Any:
        thing = type.__call__(cls, *arguments, **named)
        if isinstance(thing, Screen):
            thing.__dict__[_MADE_WITH] = arguments, named
        return thing

    # Not Screen.__new__: a class that once had one of its own takes no arguments any more.
    monkeypatch.setattr(type(Screen), "__call__", made, raising=False)


@pytest.mark.parametrize("view", [view for view in VIEWS if view.name in _OPENED], ids=lambda view: view.name)
async def test_a_screen_that_is_left_before_it_is_there_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, view: View
) -> None:
    raised: list[str] = []
    turns = 0
    app = furnished(tmp_path, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        await go_to(pilot, view)
        known = app.screen
        assert len(app.screen_stack) > 1, "it was opened from another"
        arguments, named = known.__dict__[_MADE_WITH]
        monkeypatch.setattr(Dashboard, "_handle_exception", lambda _, error: raised.append(f"{turns} turns: {error!r}"))
        for turns in range(TURNS):
            again = type(known)(*arguments, **named)
            app.push_screen(again)
            for _ in range(turns):
                await asyncio.sleep(0)
            app.pop_screen()
            await until(pilot, lambda again=again: again not in app._registry, "it is gone")  # type: ignore[misc]
        assert app.screen is known
        # The keys of a screen are looked at as soon as it is the top one.
        again = type(known)(*arguments, **named)
        app.push_screen(again)
        await _press_all(app, again)
        app.action_help()
        assert app.screen is again
        app.pop_screen()
        await until(pilot, lambda: again not in app._registry, "it is gone")
        await _press_all(app, again)
        app.push_screen(type(known)(*arguments, **named))
        app.exit()
    assert raised == []


async def _press_all(app: Dashboard, screen: Screen[Any]) -> None:
    """Whatever it has keys for, except what is the dashboard's."""
    for _, binding in list(screen._bindings):
        if not binding.action.startswith("app."):
            assert not await app.run_action(binding.action, screen)


async def test_a_click_on_what_was_just_taken_away_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no parent any more, but is painted until the next layout."""
    app = furnished(tmp_path, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.screen.query("#clusters"), "the fleet")
        words = Static("to be taken away")
        await app.screen.mount(words)
        await until(pilot, lambda: words.region.area, "it is painted")
        x, y = words.region.offset
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(words, "_parent", None)
            await app.on_event(_pressed(x, y))
            assert app.screen._select_state is None


def _pressed(x: int, y: int) -> events.MouseDown:
    return events.MouseDown(None, x, y, 0, 0, 1, shift=False, meta=False, ctrl=False, screen_x=x, screen_y=y)
