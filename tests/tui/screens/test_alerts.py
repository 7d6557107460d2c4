"""Alerts: the badge, the two lists that are one, acknowledging by a key, and a bell that rings seldom."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.fleet.changes import ChangeSet
from app.hosts.stats import Stats
from app.model.update import ContainerSeen
from app.screens.alerts.watch import AlertWatch
from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, screen_text, until, until_gone, until_shown
from tests.tui.screens.still import CLOCK, HOSTS, still_dashboard
from tests.unit.builders import container, tag


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    return still_dashboard(tmp_path, monkeypatch)


@pytest.mark.parametrize("size", [(80, 24), SIZE])
async def test_the_badge_leads_to_the_list_and_acknowledged_ones_count_no_more(
    app: Dashboard, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size, notifications=True) as pilot:
        await until_shown(pilot, r"moorage › fleet.*▲ 3 alerts")
        await pilot.press("2", "6")
        await until_shown(pilot, r"moorage › alerts")
        await until_shown(pilot, r"▌◐ edge-3")
        await until_shown(pilot, r"✕ batch:7 77777777 +edge-2 +exit 137 of job")
        await pilot.press("z")
        await until_shown(pilot, r"▲ 2 alerts")
        await pilot.press("slash", *"host:edge-2", "enter")
        await until_shown(pilot, r"1 of 3 /host:edge-2")
        await pilot.press("Z")
        await until_shown(pilot, r"▲ 1 alert ")
        await pilot.press("escape", "Z")
        await until_gone(pilot, r"▲ \d alert")
        await until_shown(pilot, r"edge-3")
        await pilot.press("1")
        await until_shown(pilot, r"moorage › fleet")
        assert "77777777" not in screen_text(app), "what was seen needs no look any more"
        assert "c0c0c0c0" in screen_text(app), "what is on its way is still there"


async def test_on_the_fleet_an_alert_is_acknowledged_where_it_stands(app: Dashboard) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"▲ 3 alerts")
        await pilot.press("z")
        await pilot.press("tab")
        await until_shown(pilot, r"z seen")
        assert "▲ 3 alerts" in screen_text(app), "z is for the pane below alone"
        await pilot.press("j", "z")
        await until_shown(pilot, r"▲ 2 alerts")
        await until_gone(pilot, r"77777777")


async def test_enter_leads_from_an_alert_to_what_it_is_about(app: Dashboard) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("6")
        await until_shown(pilot, r"▌◐ edge-3")
        await pilot.press("enter")
        await until_shown(pilot, r"moorage › prod › edge-3 .*◐ stale")
        await pilot.press("escape", "j", "enter")
        await until_shown(pilot, r"batch:7 › 77777777|app:1 › 91919191")


async def test_a_crash_of_many_is_one_line_and_leads_to_them_all(app: Dashboard) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"▲ 3 alerts")
        for number in range(30):
            _fail(app, number)
        await until_shown(pilot, r"▲ 4 alerts")
        await pilot.press("6")
        await until_shown(pilot, r"✕ storm:1 × 30 +edge-1 +the last: exit 3 of web")
        await pilot.press(*"/storm", "enter", "enter")
        await until_shown(pilot, r"tasks +30 of \d+ /family:=storm cluster:=prod state:failed")


def _fail(app: Dashboard, number: int) -> None:
    marked = tag(task_id=f"{number:02x}ab" * 8, cluster="prod", family="storm", group="family:storm")
    seen = container(marked, "exited", exit_code=3, id=f"{number:064x}")
    app.desk.monitor._inbox.put(ContainerSeen(HOSTS[0], seen))


async def test_the_bell_rings_once_for_many_and_not_for_what_was_there_before(
    app: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"▲ 3 alerts")
        watch = AlertWatch(app.desk, lambda: rung.append(1))
        watch.tick()
        assert rung == [], "the three are older than this session"
        monkeypatch.setattr(watch, "_began", container().created_at)
        for number in range(3):
            _fail(app, number)
        await until(pilot, lambda: len(app.desk.fleet.tasks()) == 7, "the failures in the fleet")
        watch.consider(ChangeSet(tasks={task.id for task in app.desk.fleet.tasks()}))
        watch.tick()
        assert rung == [1]
        _fail(app, 3)
        await until(pilot, lambda: len(app.desk.fleet.tasks()) == 8, "one more failure")
        watch.consider(ChangeSet(tasks={task.id for task in app.desk.fleet.tasks()}))
        watch.tick()
        assert rung == [1], "not twice within ten seconds"


async def test_memory_that_is_measured_to_be_high_for_a_minute_is_an_alert(
    app: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"▲ 3 alerts")
        monkeypatch.setattr(app.desk.stats, "of", lambda _: Stats(at=0, memory=95, limit=100))
        watch = AlertWatch(app.desk, None)
        for second in (0, 0, 30, 30, 60, 60):
            monkeypatch.setattr(
                type(app.desk.fleet), "host_now", lambda *_, second=second: CLOCK + timedelta(0, second)
            )
            watch.tick()
        kinds = [alert.kind for alert in app.desk.alerts.unseen(app.desk.fleet, CLOCK)]
        assert "memory" in kinds
        await pilot.press("6")
        await until_shown(pilot, r"▲ web:7 3f3f3f3f +edge-1 +\w+ uses more than 90% of its memory")
