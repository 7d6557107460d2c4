"""What is really used, on the screens that show it; and that nothing is asked for what nobody sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from syrupy.assertion import SnapshotAssertion

from app.hosts.sampler_round import Told
from app.model.requests import RunTaskRequest
from app.operations.launch import run_task
from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import register, session_with, still_text, until, until_gone, until_shown
from tests.tui.screens.fed import Fed
from tests.tui.screens.still import HOSTS, still_dashboard

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

SIZE = (120, 36)
LOAD = {
    "family": "load",
    "containerDefinitions": [
        {
            "name": "holds",
            "image": "busybox",
            "memory": 64,
            "command": ["sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=1M count=20 2>/dev/null; sleep 1000"],
            "stopTimeout": 2,
        },
        {"name": "idle", "image": "busybox", "memory": 64, "command": ["sleep", "1000"], "stopTimeout": 2},
    ],
}
WEB = "3f" * 16


@pytest.fixture
def fed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fed:
    made = Fed(still_dashboard(tmp_path, monkeypatch), monkeypatch)
    made.tell("web", 160, [12.0] * 30)
    made.tell("db", 21, [0.0] * 30)
    made.tell("by-hand", 300, [150.0] * 30)
    return made


async def test_rows_in_sight_show_what_is_used_against_what_is_reserved(fed: Fed) -> None:
    async with fed.app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("2")
        await until_shown(pilot, rf"{WEB[:8]} web:7 +● RUNNING .* 12% +181M/1G")
        await until_shown(pilot, r"· +by-hand .* 150% +300M")
        await until_shown(pilot, r"77777777 .*✕ STOPPED .* - +1G")
        assert {name for name, id_ in fed.ids().items() if fed.wanted.get(id_) == 2.0} >= {"web", "db", "by-hand"}


async def test_what_is_out_of_sight_is_not_asked_for_often(fed: Fed) -> None:
    async with fed.app.run_test(size=(120, 10)) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("2", "g")
        await until_shown(pilot, WEB[:8])
        fed.wanted.clear()
        fed.app.screen.refresh_now(None)  # type: ignore[attr-defined]
        ids = fed.ids()
        assert ids["web"] in fed.wanted
        shown = fed.app.screen.query_one("#tasks").visible_keys  # type: ignore[attr-defined]
        assert (f"container:{ids['by-hand']}" in shown) == (ids["by-hand"] in fed.wanted)


async def test_numbers_that_are_too_old_are_not_shown(fed: Fed) -> None:
    async with fed.app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("2")
        await until_shown(pilot, r"12% +181M/1G")
        fed.now += 60
        fed.app.screen.refresh_now(None)  # type: ignore[attr-defined]
        await until_shown(pilot, rf"{WEB[:8]} .* - +-/1G")


async def test_tasks_are_sorted_by_what_they_use(fed: Fed) -> None:
    async with fed.app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("2")
        await until_shown(pilot, r"by-hand")
        from app.store.table_memory import Arrangement

        fed.app.screen.arrange_table("tasks", Arrangement("cpu", True), keep=False)  # type: ignore[attr-defined]
        keys = fed.app.screen.query_one("#tasks").visible_keys  # type: ignore[attr-defined]
        assert keys[:2] == [f"container:{fed.ids()['by-hand']}", WEB]
        assert fed.wanted[fed.ids()["by-hand"]] == 2.0


async def test_instances_and_clusters_show_use_beside_reservations(fed: Fed) -> None:
    async with fed.app.run_test(size=SIZE) as pilot:
        # edge-2 answers, but nobody has heard of its containers yet; edge-3 is stale.
        await until_shown(pilot, r"prod +3 .* ≥14% .* ≥2%")
        await pilot.press("3")
        await until_shown(pilot, r"edge-1 .* 12% +4[01]% .* 13% +6%")
        await until_shown(pilot, r"edge-2 .* 12% +- .* 13% +-")
        await until_shown(pilot, r"edge-3 .* - .*the event stream ended")
        assert fed.wanted[fed.ids()["db"]] > 2.0, "sums are asked for slowly"


@pytest.mark.parametrize("size", [(120, 30), (80, 24)], ids=["120", "80"])
async def test_a_task_has_graphs(fed: Fed, snapshot: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with fed.app.run_test(size=size) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        task = fed.app.desk.fleet.find_task(WEB)
        assert task
        await fed.app.push_screen(fed.app.desk.doors.task(task.id, HOSTS[0]))
        await until_shown(pilot, r"CPU 12% [▁-█]+  MEM 181M/1G [▁-█]+")
        await until_shown(pilot, r" web +● RUNNING .* 12% 160M")
        await pilot.press("tab", "tab")
        await until_shown(pilot, r"CPU 0% of a core, db")
        await pilot.press("j")
        await until_shown(pilot, r"CPU 12% of a core, web")
        assert await still_text(pilot) == snapshot
        await pilot.press("Y")
        assert fed.app.clipboard == f"moorage stats --cluster prod {WEB}"
        fed.feed._known.clear()
        fed.app.screen.refresh_now(None)  # type: ignore[attr-defined]
        await until_shown(pilot, r"Asking what web uses…")


async def test_a_container_that_does_not_run_and_one_that_does_not_answer_say_so(fed: Fed) -> None:
    from app.model.safe_text import SafeText

    async with fed.app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await fed.app.push_screen(fed.app.desk.doors.task("77" * 16, HOSTS[1]))
        await until_shown(pilot, r"▌job")
        await pilot.press("tab", "tab")
        await until_shown(pilot, r"job does not run, so it uses nothing")
        await pilot.press("escape")
        id_ = fed.ids()["web"]
        fed.feed._known.clear()
        fed.feed._take(Told(id_, None, SafeText("no answer within 5 s")), fed.now)
        await fed.app.push_screen(fed.app.desk.doors.task(WEB, HOSTS[0]))
        await until_shown(pilot, r"▌db")
        await pilot.press("j", "tab", "tab")
        await until_shown(pilot, r"web: no answer within 5 s")


async def test_a_real_engine_is_asked_while_somebody_looks_and_only_then(engine: Daemon, tmp_path: Path) -> None:
    session = session_with(tmp_path, engine.endpoint)
    register(session, json.dumps(LOAD).encode())
    task = run_task(session, RunTaskRequest(cluster="prod", task_definition="load"), lambda _: None).tasks[0]
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("2")
        await until_shown(pilot, rf"{task.id[:8]} +load:1 +● RUNNING .* \d+% +2\dM/128M")
        await pilot.press("enter")
        await until_shown(pilot, r"holds +● RUNNING .* \d+% +2\dM")
        await pilot.press("tab", "tab")
        await until_shown(pilot, r"MEM 2\dM of 64M, 3\d%")
        await pilot.press("4")
        await until_gone(pilot, r"MEM 2\dM")
        costs = app.desk.stats.costs
        await until(pilot, lambda: all(wires == 0 for _, wires in costs().values()), "no connection is held")
