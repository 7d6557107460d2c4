"""The dashboard on a simulated fleet of many hosts: all of it comes in, while things go on, and keys go on working."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from app.demo.options import DemoOptions
from app.demo.plan import make_plan
from app.demo.simulator import Simulator, demo_home
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, screen_text, until, until_shown

HOSTS, TASKS = 24, 400


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(DemoOptions(HOSTS, TASKS, events_per_second=100, trouble=False)) as simulator:
        yield simulator


async def test_a_fleet_of_many_hosts_is_shown_whole_while_it_is_busy(simulator: Simulator) -> None:
    planned = {task.id for task in make_plan(HOSTS, TASKS).tasks}
    app = Dashboard(Session(demo_home(simulator.folder)))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet +◇ SIMULATED")
        fleet = app.desk.fleet
        await until(pilot, lambda: planned <= {task.id for task in fleet.tasks()}, "all tasks", within=60)
        await until_shown(pilot, f"● {HOSTS} live")
        jobs = len([found for state in fleet.instances.values() for found in state.unmanaged])
        await until(pilot, lambda: app.desk.events.journal().written > 200, "events", within=60)
        await pilot.press("2")
        await until_shown(pilot, r"moorage › tasks +◇ SIMULATED")
        # Tasks that were there are in no motion: the cursor goes down them one by one.
        before = re.findall(r"▌(\w{8})", screen_text(app))
        await pilot.press("j", "j")
        await until(pilot, lambda: re.findall(r"▌(\w{8})", screen_text(app)) != before, "the cursor moves")
        states = {task.id: task for task in fleet.tasks() if task.id in planned}
        assert {task.last_status for task in states.values()} <= {"RUNNING", "STOPPED"}
        assert jobs > HOSTS  # at least the exporter on each
        await pilot.press("3")
        await until_shown(pilot, r"moorage › instances +◇ SIMULATED")
        await until_shown(pilot, r"prod-01 +● live")
