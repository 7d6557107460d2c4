"""Screens that were left are gone with all that was painted, and not only once Python happens to look for them."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.screens.dashboard import Dashboard
from app.screens.tidying import Tidier
from tests.tui.screens.driving import SIZE, session_with, until, until_gone, until_shown


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Python's own collector would take them, too, sooner or later."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
async def test_screens_that_were_left_are_gone(tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path))
    app.tidier = Tidier(freeze=lambda: None)
    left: list[weakref.ref[Any]] = []
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        for key, shown in (("question_mark", r"Keys of this screen"), ("6", r"moorage › alerts")) * 3:
            await pilot.press(key)
            await until_shown(pilot, shown)
            left.append(weakref.ref(app.screen))
            left += [weakref.ref(widget._styles_cache) for widget in app.screen.query("*")]
            await pilot.press("escape")
            await until_gone(pilot, shown)
        await until(pilot, lambda: not any(ref() for ref in left), "all screens that were left are gone")
