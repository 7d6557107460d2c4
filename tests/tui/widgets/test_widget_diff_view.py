"""The view of a difference: signs, gaps, and the way from change to change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import App

from widgets.diff_view import DiffRow, DiffView

Lines = Callable[[App[Any]], list[str]]
ROWS = [
    DiffRow("gap", "40 lines are the same"),
    DiffRow("same", '  "family": "web",'),
    DiffRow("removed", '  "cpu": 1,'),
    DiffRow("added", '  "cpu": 2,'),
    *[DiffRow("same", f'  "x{number}": 0,') for number in range(30)],
    DiffRow("added", '  "last": "\x1b[2J[/]"'),
]


async def test_lines_have_signs_and_control_characters_do_nothing(app_of: Callable[..., Any], lines_of: Lines) -> None:
    view = DiffView()
    app = app_of(view)
    async with app.run_test(size=(40, 10)) as pilot:
        view.set_lines(ROWS)
        await pilot.pause()
        lines = [line.rstrip("▁ ") for line in lines_of(app)]
        assert lines[:4] == [
            " ⋮ 40 lines are the same", '     "family": "web",', ' -   "cpu": 1,', ' +   "cpu": 2,',
        ]  # fmt: skip
        view.focus()
        await pilot.press("G")
        assert "\x1b" not in "".join(lines_of(app))


async def test_n_goes_from_change_to_change_and_round(app_of: Callable[..., Any], lines_of: Lines) -> None:
    view = DiffView()
    app = app_of(view)
    async with app.run_test(size=(40, 10)) as pilot:
        view.set_lines(ROWS)
        view.focus()
        assert view.changes == [2, 34]
        await pilot.press("n", "n")
        assert '"last"' in "".join(lines_of(app))
        await pilot.press("N")
        assert '"cpu": 1' in "".join(lines_of(app))


async def test_back_from_the_start_leads_to_the_last_change(app_of: Callable[..., Any], lines_of: Lines) -> None:
    """Where there is one change alone, too."""
    view = DiffView()
    app = app_of(view)
    async with app.run_test(size=(40, 10)) as pilot:
        view.focus()
        for rows in (ROWS[4:], ROWS):
            view.set_lines(rows)
            await pilot.pause()
            await pilot.press("N")
            assert '"last"' in "".join(lines_of(app))
