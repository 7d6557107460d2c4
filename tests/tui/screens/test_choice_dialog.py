"""Dialogs that are answered once, and hear nothing while they go."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input

from app.screens.choice_dialog import Choice, ChoiceDialog
from app.screens.dashboard import Dashboard
from app.screens.form_dialog import FormDialog
from tests.tui.screens.driving import SIZE, session_with, until_gone, until_shown
from widgets.live_table import LiveTable


async def test_the_second_of_two_quick_enters_chooses_nothing_more(tmp_path: Path) -> None:
    taken: list[str] = []
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        dialog = ChoiceDialog("Which of them?", ("A", "B"), [Choice("this", "one", lambda: taken.append("this"))])
        await app.push_screen(dialog)
        await until_shown(pilot, r"Which of them")
        enter = LiveTable.RowActivated("0", dialog.query_one(LiveTable))
        dialog.post_message(enter)
        dialog.post_message(LiveTable.RowActivated("0", enter.table))
        await until_gone(pilot, r"Which of them")
    assert taken == ["this"]


async def test_what_is_entered_in_a_form_that_goes_is_nothing_to_it(tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("a")
        await until_shown(pilot, r"Add a container instance")
        dialog = app.screen
        assert isinstance(dialog, FormDialog)
        entered = Input.Submitted(dialog.query(Input).first(), "")
        dialog.action_cancel()
        dialog.post_message(entered)
        await until_gone(pilot, r"Add a container instance")
        assert not dialog._busy
