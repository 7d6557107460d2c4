"""Tables: sorting by a column, columns that are hidden, the filter in the header, and ten thousand rows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.operations.session import Session
from app.screens import rows
from app.screens.dashboard import Dashboard
from bench.many_tasks import fill
from tests.tui.screens.driving import SIZE, home_at, screen_text, session_with, until, until_gone, until_shown
from tests.tui.screens.still import still_dashboard
from widgets.live_table import LiveTable


def _tasks(app: Dashboard) -> list[str]:
    return re.findall(r"^.([0-9a-f]{8}) ", screen_text(app), re.MULTILINE)


async def test_o_sorts_by_a_column_again_turns_round_and_the_cursor_stays_on_its_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"▌c0c0c0c0")
        assert _tasks(app) == ["c0c0c0c0", "3f3f3f3f", "77777777", "91919191"]
        await pilot.press("o", "j", "j", "enter")
        await until_shown(pilot, r"DEFINITION▲")
        assert _tasks(app) == ["91919191", "77777777", "c0c0c0c0", "3f3f3f3f"]
        table = app.screen.query_one("#tasks", LiveTable)
        assert str(table.cursor_key).startswith("c0c0")
        await pilot.press("o", "enter")
        await until_shown(pilot, r"DEFINITION▼")
        assert _tasks(app) == ["3f3f3f3f", "c0c0c0c0", "77777777", "91919191"]
        assert str(table.cursor_key).startswith("c0c0")
        path = tmp_path / "state" / "tables.json"
        await until(
            pilot, lambda: path.exists() and json.loads(path.read_text())["tasks"]["descending"], "the file of tables"
        )
        await pilot.press("o", "backspace", "escape")
        await until_gone(pilot, r"DEFINITION▼")
        assert _tasks(app)[0] == "c0c0c0c0"


async def test_columns_are_hidden_for_this_session_and_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"INSTANCE")
        await pilot.press("O", "enter")
        await until_shown(pilot, r"The first column stays")
        await pilot.press("j", "enter", "j", "space", "escape")
        await until_gone(pilot, r"DEFINITION|STATUS")
        assert re.search(r"3f3f3f3f +- +prod", screen_text(app))
        path = tmp_path / "state" / "tables.json"
        await until(pilot, lambda: path.exists() and len(json.loads(path.read_text())["tasks"]["hidden"]) == 2, "kept")
    again = still_dashboard(tmp_path, monkeypatch)
    async with again.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"^ TASK +HEALTH")


@pytest.mark.parametrize("size", [(80, 24), SIZE])
async def test_the_filter_is_in_the_header_with_how_many_it_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=size) as pilot:
        await pilot.press("2", "slash", *"state:stop", "tab")
        await until_shown(pilot, r"tasks +2 of 5 /state:stopped")
        await pilot.press("backspace", "backspace", "backspace", "enter")
        await until_shown(pilot, r"tasks +2 of 5 /state:stop ")
        await pilot.press("slash", "ctrl+u", *"stat:x")
        await until_shown(pilot, r"there is no term stat: – did you mean state:\?")
        await until_shown(pilot, r"tasks +0 of 5 /stat:x")
        await pilot.press("escape", "escape")
        await until_gone(pilot, r"of 5")


async def test_a_change_among_ten_thousand_tasks_makes_only_the_rows_in_sight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_with(tmp_path)
    app = Dashboard(Session(home_at(tmp_path)))
    fill(app, 10_000)
    made: list[str] = []
    original = rows.task_row

    def counted(task, *rest):  # type: ignore[no-untyped-def]
        made.append(task.id)
        return original(task, *rest)

    monkeypatch.setattr("app.screens.tables.task_list.task_row", counted)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"▌[0-9a-f]{8} +svc")
        await pilot.press("G")
        table = app.screen.query_one("#tasks", LiveTable)
        last = table.cursor_key
        made.clear()
        app.screen.refresh_now(None)  # type: ignore[attr-defined]
        await until(pilot, lambda: made, "rows made again")
        assert len(set(made)) <= 2 * SIZE[1]
        await pilot.press("o", "j", "enter")
        await until_shown(pilot, r"TASK▲")
        assert table.cursor_key == last
        assert last is not None
        assert last[:8] in screen_text(app), "the cursor stays in view"
