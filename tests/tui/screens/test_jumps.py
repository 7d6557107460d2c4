"""From a task to its instance, its definition and its siblings, from an instance to its tasks; and bulk actions."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, register, screen_text, until_gone, until_shown
from tests.tui.screens.still import still_dashboard


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    return still_dashboard(tmp_path, monkeypatch)


async def test_from_a_task_to_its_instance_and_from_there_to_all_on_it(app: Dashboard) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"▌c0c0c0c0")
        await pilot.press("i")
        await until_shown(pilot, r"moorage › prod › edge-2")
        await until_shown(pilot, r"▌c0c0c0c0")
        await pilot.press("tab", "t")
        await until_shown(pilot, r"prod › tasks +2 of 5 /host:=edge-2")
        assert len(re.findall(r"^.\w{8} .* edge-2 ", screen_text(app), re.MULTILINE)) == 2
        await pilot.press("escape", "escape", "escape")
        await until_shown(pilot, r"moorage › tasks")


async def test_from_a_task_to_its_siblings_and_its_definition(app: Dashboard, tmp_path: Path) -> None:
    session = app.desk.session
    containers = [{"name": "a", "image": "busybox", "memory": 16}]
    for _ in range(8):
        register(session, json.dumps({"family": "shop", "containerDefinitions": containers}).encode())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"▌c0c0c0c0")
        await pilot.press("t")
        await until_shown(pilot, r"tasks +1 of 5 /family:=shop cluster:=prod")
        await pilot.press("F")
        await until_shown(pilot, r"moorage › definitions › shop:7")
        await pilot.press("t")
        await until_shown(pilot, r"tasks +1 of 5 /family:=shop")


@pytest.mark.parametrize("size", [(80, 24), SIZE])
async def test_d_tells_what_a_row_is_and_where_it_leads(app: Dashboard, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"▌c0c0c0c0")
        await pilot.press("d")
        await until_shown(pilot, r"Task c0c0c0c0 of shop:7")
        await until_shown(pilot, r"Reserved +CPU 512u, memory 1G")
        await pilot.press("i")
        await until_shown(pilot, r"moorage › prod › edge-2")
        await until_gone(pilot, r"Task c0c0c0c0 of")
        await pilot.press("d")
        await until_shown(pilot, r"Task c0c0c0c0 of shop:7")
        assert "its instance" not in screen_text(app), "one is there already"
        await pilot.press("escape")
        await until_gone(pilot, r"Task c0c0c0c0 of")
        await pilot.press("tab", "d")
        await until_shown(pilot, r"Instance edge-2")
        await until_shown(pilot, r"Engine +28.5.2, API 1.51, linux x86_64")
        assert "its instance" not in screen_text(app), "from an instance there is no way to itself"
        await pilot.press("escape")
        await until_gone(pilot, r"Instance edge-2")


async def test_draining_marked_instances_names_them_all(app: Dashboard) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await until_shown(pilot, r"▌edge-1")
        await pilot.press("space", "j", "space", "j", "space", "D")
        await until_shown(pilot, r"Drain 3 instances\?")
        for number, running in ((1, 1), (2, 0), (3, 0)):
            await until_shown(pilot, rf"edge-{number} of prod, {running} RUNNING")
        await until_shown(pilot, r"edge-3 of prod, 0 RUNNING; it does not answer")
        await pilot.press("escape")
        await pilot.press("x")
        await until_gone(pilot, r"Drain 3 instances")
        assert "Deregister edge" not in screen_text(app), "three are marked: x takes none of them by a slip"


async def test_stopping_marked_tasks_names_them_and_those_that_are_stopped_already(app: Dashboard) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"▌c0c0c0c0")
        await pilot.press("space", "j", "space", "j", "space", "x")
        await until_shown(pilot, r"Stop 2 tasks\?")
        await until_shown(pilot, r"shop:7 +c0c0c0c0 +on edge-2")
        await until_shown(pilot, r"web:7 +3f3f3f3f +on edge-1")
        await until_shown(pilot, r"1 of the 3 marked is STOPPED already")
