"""A dialog of fields and boxes: by the keys that its lower end names."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from app.screens.dashboard import Dashboard
from app.screens.form_dialog import Field, FormDialog, Values
from tests.tui.screens.driving import SIZE, session_with, until_gone, until_shown


async def test_enter_goes_through_boxes_too_and_leaves_them_as_they_are(tmp_path: Path) -> None:
    given: list[Values] = []
    app = Dashboard(session_with(tmp_path))

    def work(values: Values) -> str:
        given.append(values)
        return "it is done"

    fields = [Field("name", "Name", "web"), Field("one", "One", box=True), Field("two", "Two", box=True)]
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await app.push_screen(FormDialog(app.desk, "Make it", fields, "Make", work))
        await until_shown(pilot, r"enter next")
        await pilot.press("enter", "space", "enter", "enter")
        await until_gone(pilot, r"enter next")
    assert given == [{"name": "web", "one": "true", "two": ""}]


@pytest.mark.parametrize("onward", ["tab", "enter"])
async def test_keys_that_come_all_at_once_go_where_they_were_typed(tmp_path: Path, onward: str) -> None:
    """As a terminal hands them on that was busy, or a person who knows the form: none waits for the one before it."""
    given: list[Values] = []
    app = Dashboard(session_with(tmp_path))

    def work(values: Values) -> str:
        given.append(values)
        return "it is done"

    fields = [Field("name", "Name"), Field("tag", "Tag"), Field("note", "Note")]
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await app.push_screen(FormDialog(app.desk, "Make it", fields, "Make", work))
        await until_shown(pilot, r"enter next")
        for key in (*"web", onward, *"v7", onward, *"old", "enter"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until_gone(pilot, r"enter next")
    assert given == [{"name": "web", "tag": "v7", "note": "old"}]
