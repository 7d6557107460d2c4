"""Notices that run out while they are put on the screen."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from textual.events import Mount
from textual.widgets._toast import Toast

from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, session_with, until, until_shown
from widgets.notice import MOST_SHOWN, SAME_FOR, Notice, Notices


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


def test_of_many_the_last_few_are_shown() -> None:
    shown = Notices()
    for number in range(500):
        shown.add(Notice(f"no {number}", timeout=8))
    assert [notice.message for notice in shown] == [f"no {number}" for number in range(500 - MOST_SHOWN, 500)]


def test_the_same_again_is_no_news_until_a_while_later() -> None:
    shown, now = Notices(), time.time()
    first, other = Notice("nothing is marked", timeout=8, raised_at=now), Notice("else", timeout=8, raised_at=now)
    for notice in (first, other, Notice("nothing is marked", timeout=8, raised_at=now + SAME_FOR / 2)):
        shown.add(notice)
    assert list(shown) == [first, other]
    later = Notice("nothing is marked", timeout=8, raised_at=now + SAME_FOR)
    assert list(shown.add(later)) == [other, later]
    assert len(shown.add(Notice("nothing is marked", severity="error", raised_at=now))) == 3


async def test_a_dashboard_with_many_notices_has_few_to_lay_out(tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        for number in range(300):
            app.notify(f"no {number}", markup=False)
        await until(pilot, lambda: [str(one.message) for one in app._notifications][-1:] == ["no 299"], "all are told")
        await until(pilot, lambda: len(app.screen.query(Toast)) == MOST_SHOWN, "the last few")
