"""Notices that run out while they are put on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Mount
from textual.widgets._toast import Toast

from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, session_with, until, until_shown
from widgets.notice import Notice


def test_a_notice_that_runs_out_meanwhile_has_some_time_left_still(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("textual.notifications.time", lambda: now)
    notice = Notice("it is done", timeout=4, raised_at=now)
    assert (notice.time_left, notice.has_expired) == (4, False)
    now = 104.5
    assert notice.has_expired
    assert notice.time_left > 0, "a timer with a negative delay would hold the program up for ever"


async def test_notices_of_the_dashboard_come_and_go_however_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toasts: list[Toast] = []
    mounted = Toast._on_mount

    def noted(toast: Toast, event: Mount) -> None:
        toasts.append(toast)
        mounted(toast, event)

    monkeypatch.setattr(Toast, "_on_mount", noted)
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        # As if it had run out between the look whether it has and the look how long it has.
        monkeypatch.setattr(Notice, "has_expired", False)
        app.notify("it is done", timeout=-1)
        await until(pilot, lambda: toasts, "the notice")
        await until(pilot, lambda: not app.screen.query(Toast), "no notice")
