"""The screen of one instance: what is on it, what that uses, its tabs and keys; live on a real engine, and stale."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from syrupy.assertion import SnapshotAssertion

from app.model.instance import Freshness
from app.model.requests import RunTaskRequest
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold
from app.operations.launch import run_task
from app.screens.dashboard import Dashboard
from app.store.table_memory import Arrangement
from tests.tui.screens.driving import (
    SIZE,
    register,
    screen_text,
    session_with,
    still_text,
    until,
    until_gone,
    until_shown,
)
from tests.tui.screens.fed import Fed
from tests.tui.screens.still import HOSTS, still_dashboard
from tests.unit.builders import at
from widgets.live_table import LiveTable

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

HOLDS = {
    "family": "holds",
    "containerDefinitions": [
        {
            "name": "main",
            "image": "busybox",
            "cpu": 128,
            "memory": 64,
            "command": ["sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=1M count=20 2>/dev/null; sleep 1000"],
            "stopTimeout": 2,
        }
    ],
}


@pytest.fixture
def fed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fed:
    """What is on edge-1 has been looked at for a minute, and uses 160% of a core, 481 MiB."""
    made = Fed(still_dashboard(tmp_path, monkeypatch), monkeypatch)
    for step in range(30):
        made.now += 2
        made.tell("web", 160 + step, [10.0])
        made.tell("db", 21, [0.0])
        made.tell("by-hand", 300 - step, [150.0])
        made.app.desk.host_histories.note(made.app.desk.fleet.instances.values())
    return made


async def opened(pilot: Any, number: int = 1) -> None:
    await until_shown(pilot, r"moorage › fleet")
    await pilot.press("3")
    await until_shown(pilot, r"▌edge-1")
    await pilot.press(*["j"] * (number - 1), "enter")
    await until_shown(pilot, rf"moorage › prod › edge-{number}")


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120", "80"])
async def test_an_instance(fed: Fed, snapshot: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with fed.app.run_test(size=size) as pilot:
        await opened(pilot)
        await until_shown(pilot, r"CPU 40% of 4 cores, 12% reserved")
        await until_shown(pilot, r"12% reserved 40% used")
        assert await still_text(pilot) == snapshot


async def test_everything_on_it_is_asked_for_and_rows_in_sight_oftener(fed: Fed) -> None:
    async with fed.app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        ids = fed.ids()
        fed.wanted.clear()
        fed.app.screen.refresh_now(None)  # type: ignore[attr-defined]
        assert {fed.wanted[ids[name]] for name in ("web", "db", "by-hand")} == {2.0}
        await pilot.press("4")
        await until_shown(pilot, r"moorage › definitions")
        fed.wanted.clear()
        fed.app._tick()
        assert not fed.wanted, "nobody looks"


async def test_its_tabs(fed: Fed) -> None:
    async with fed.app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await pilot.press("tab")
        await until_shown(pilot, r"MEM 481M of 7.81G, 1G reserved")
        await pilot.press("tab")
        await until_shown(pilot, r"● edge-1 .* of 7.81G left")
        await pilot.press("m")
        await until_shown(pilot, r"of 4 cores left")
        await pilot.press("tab")
        await until_shown(pilot, r"No events yet")
        await pilot.press("tab")
        await until_shown(pilot, r"Endpoint +unix:///run/edge-1.sock$")
        await until_shown(pilot, r"Unmanaged +1 container, 1 running")
        await pilot.press("tab")
        await until_shown(pilot, r'"containerInstanceArn"')
        await pilot.press("tab")
        await until(pilot, lambda: fed.app.focused is fed.app.screen.query_one("#tasks"), "the rows have the keys")


async def test_keys_are_for_the_row_and_in_tabs_about_the_instance_for_that(fed: Fed) -> None:
    async with fed.app.run_test(size=SIZE, notifications=True) as pilot:
        await opened(pilot)
        await until_shown(pilot, r"▌3f3f3f3f web:7")
        await pilot.press("Y")
        assert "describe-tasks" in fed.app.clipboard
        await pilot.press("y")
        await until_shown(pilot, r"web:7 › 3f3f3f3f › JSON")
        await pilot.press("escape")
        await until_shown(pilot, r"moorage › prod › edge-1")
        await pilot.press("x")
        await until_shown(pilot, r"Stop task 3f3f3f3f\?")
        await pilot.press("escape")
        await until_gone(pilot, r"Stop task")
        await pilot.press("D")
        await until_shown(pilot, r"Drain edge-1\?")
        await pilot.press("escape")
        await until_gone(pilot, r"Drain edge-1\?")
        await pilot.press("tab", "Y")
        await until(pilot, lambda: "--container-instances edge-1" in fed.app.clipboard, "the instance's command")
        await pilot.press("y")
        await until_shown(pilot, r"prod › edge-1 › JSON")
        await pilot.press("escape")
        await until_shown(pilot, r"Tasks? .*running|running, ")
        await pilot.press("d")
        await until_shown(pilot, r"Instance edge-1")


async def test_enter_opens_a_task_and_a_container_and_the_block_of_unmanaged_ones_leads_to_their_row(fed: Fed) -> None:
    async with fed.app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await until_shown(pilot, r"prod › web:7 › 3f3f3f3f")
        await pilot.press("escape", "j", "enter")
        await until_shown(pilot, r"prod › unmanaged › by-hand")
        await pilot.press("i")
        await until_shown(pilot, r"moorage › prod › edge-1")
        await pilot.press("tab", "tab", "w", "w")
        await until_shown(pilot, r"░ 1 unmanaged container uses 271M")
        await pilot.press("enter")
        table = fed.app.screen.query_one("#tasks", LiveTable)
        await until(pilot, lambda: (table.cursor_key or "").startswith("container:"), "the cursor on its row")
        assert table.has_focus


async def test_in_the_stowage_tab_keys_are_for_the_block_and_not_for_the_row_above(fed: Fed) -> None:
    async with fed.app.run_test(size=SIZE, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("j")
        await until_shown(pilot, r"▌· +by-hand")
        await pilot.press("tab", "tab")
        await until_shown(pilot, r"3f3f3f3f  web:7  ● RUNNING")
        await pilot.press("l")
        await until_shown(pilot, r"moorage › prod › web:7 › 3f3f3f3f › logs")
        await pilot.press("escape", "w", "w")
        await until_shown(pilot, r"░ 1 unmanaged container uses")
        await pilot.press("s")
        await until_shown(pilot, r"No task or container is chosen")


async def test_the_filter_is_for_what_has_the_keys(fed: Fed) -> None:
    async with fed.app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await until_shown(pilot, r"web:7 +● RUNNING")
        await pilot.press("slash", *"by-hand", "enter")
        await until_gone(pilot, r"web:7 +● RUNNING")
        await until_shown(pilot, r"1 of 2 /by-hand")
        await pilot.press("tab", "tab", "tab")
        await until_shown(pilot, r"No events yet")
        await pilot.press("slash")
        await until_shown(pilot, r"web:7 +● RUNNING")
        await pilot.press(*"kind:died", "enter")
        await until_shown(pilot, r"0 of 0 /kind:died")
        assert "web:7" in screen_text(fed.app), "rows above are not filtered by it"
        await pilot.press("escape")
        await until_gone(pilot, r"kind:died")
        assert "prod › edge-1" in screen_text(fed.app)


async def test_a_stale_instance_shows_nothing_as_live(fed: Fed) -> None:
    fleet = fed.app.desk.fleet
    fleet.apply([FreshnessTold(HOSTS[0], Freshness("stale", at(162), SafeText("timed out"), at(208)))])
    async with fed.app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await until_shown(pilot, r"edge-1 .*◐ stale 38s  timed out; next try in 9s")
        await until_shown(pilot, r"12% reserved - used of 4 cores")
        await until_shown(pilot, r"CPU was 40% 38s ago of 4 cores")
        await until_shown(pilot, r"MEM was 481M 38s ago of 7.81G")
        await until_shown(pilot, r"pids .* - *$")


async def test_an_instance_that_never_answered_and_one_that_is_taken_away_say_so(fed: Fed) -> None:
    fleet = fed.app.desk.fleet
    fleet.apply([FreshnessTold(HOSTS[1], Freshness("unreachable", at(162), SafeText("no route to it"), at(208)))])
    async with fed.app.run_test(size=SIZE) as pilot:
        await opened(pilot, 2)
        await until_shown(pilot, r"What edge-2 uses is not known: no route to it; next try in 9s")
        fleet.register(["prod"], [state.instance for key, state in fleet.instances.items() if key != HOSTS[1]])
        fed.app.screen.refresh_now(None)  # type: ignore[attr-defined]
        await until_shown(pilot, r"deregistered: it is no instance of the cluster any more")
        await pilot.press("D", "x", "y", "c", "l", "d", "tab", "tab", "y", "escape")
        await until_shown(pilot, r"moorage › instances")


async def test_tasks_of_another_cluster_on_its_engine_are_there_and_dim(fed: Fed) -> None:
    fleet = fed.app.desk.fleet
    state = fleet.instances[HOSTS[0]]
    task = state.tasks["3f" * 16]
    state.tasks["ee" * 16] = replace(task, id="ee" * 16, cluster="other", family="theirs")
    async with fed.app.run_test(size=(200, 50)) as pilot:
        await opened(pilot)
        await until_shown(pilot, r"eeeeeeee +theirs:7 .* other ")
        await until_shown(pilot, r"Tasks +1 RUNNING, 1 of cluster other")
        rows = {row.key: row for row in fed.app.screen.query_one("#tasks", LiveTable).rows}
        assert [rows[id_].dim for id_ in ("3f" * 16, "ee" * 16)] == [False, True]
        fed.app.screen.arrange_table("tasks", Arrangement("cpu", True), keep=False)  # type: ignore[attr-defined]
        await until_shown(pilot, r"▲|▼|CPU")


async def test_a_real_instance_lives(fresh_engine: Callable[..., Daemon], tmp_path: Path) -> None:
    daemon = fresh_engine(name="edge-1", labels={"gpu-model": "t4"})
    session = session_with(tmp_path, daemon.endpoint)
    register(session, json.dumps(HOLDS).encode())
    daemon.run(["sleep", "1000"], name="by-hand")
    task = run_task(session, RunTaskRequest(cluster="prod", task_definition="holds"), lambda _: None).tasks[0]
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("3", "enter")
        await until_shown(pilot, r"moorage › prod › edge-1 .*● live")
        await until_shown(pilot, rf"{task.id[:8]} holds:1 +● RUNNING +\d+%")
        await until_shown(pilot, r"· +by-hand +· RUNNING +\d+%")
        await until_shown(pilot, r"MEM 2\d(\.\d)?M of ")
        await until_shown(pilot, r"CPU \d+(\.\d+)?% of ")
        await pilot.press("x")
        await until_shown(pilot, r"Stop task")
        await pilot.press("tab", "enter")
        await until_shown(pilot, rf"{task.id[:8]} holds:1 +[✕○] STOPPED", within=30)
        await pilot.press("tab", "tab", "tab")
        await until_shown(pilot, r"◐ to stop +holds:1")
        await pilot.press("tab")
        await until_shown(pilot, r"Attributes +gpu-model=t4")
        await until_shown(pilot, r"Images +1, storage ")
        daemon.kill()
        await until_shown(pilot, r"edge-1 .*◐ stale")
        await until_shown(pilot, r"reserved - used of ")
