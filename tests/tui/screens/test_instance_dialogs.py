"""Draining and deregistering by keys: what is told first, and what becomes of it for everybody."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.hosts.drain import write_drain
from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.model.drain import DrainMark, drain_name
from app.model.safe_text import SafeText
from app.model.update import ContainerSeen, RecordSeen
from app.screens.dashboard import Dashboard
from tests.engine.launching import Bench
from tests.tui.screens.driving import SIZE, screen_text, session_with, until_gone, until_shown
from tests.tui.screens.still import HOSTS, still_dashboard
from tests.unit.builders import at, container, tag

if TYPE_CHECKING:
    from tests.engine_bed import Daemon


async def test_what_one_drains_another_sees_and_ends(engine: Daemon, tmp_path: Path) -> None:
    session = session_with(tmp_path, engine.endpoint, cluster="default")
    task = Bench(engine).launch({"name": "main", "command": ["sleep", "1000"]})
    async with Dashboard(session).run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("3")
        await until_shown(pilot, r"● live +.* ● 1 ")
        await pilot.press("D")
        await until_shown(pilot, rf"{task.definition} +{task.id[:8]} +RUNNING")
        await pilot.press(*"disk", "enter")
        await until_shown(pilot, rf"⊘ DRAINING .*by {session.operator} \d+s ago: disk")

        await pilot.press("D")
        await until_shown(pilot, rf"It was drained by {session.operator} \d+s ago: disk")
        await pilot.press("y")
        await until_gone(pilot, r"⊘ DRAINING")

        write_drain(Engine(parse_endpoint(engine.endpoint)), "default", "bert", "theirs")
        await until_shown(pilot, r"⊘ DRAINING .*by bert \d+s ago: th")

        await pilot.press("x")
        await until_shown(pilot, r"Its task goes on, stopped by nothing and watched by nobody")
        assert re.search(rf"{task.definition} +{task.id[:8]} +RUNNING", screen_text(pilot.app))  # type: ignore[arg-type]
        await until_shown(pilot, r"It was drained by bert \d+s ago: theirs")
        await pilot.press("y")
        await until_shown(pilot, r"No container instance yet")
        await until_shown(pilot, r"taken\W+away")
    assert engine.api.volumes(filters={"name": drain_name("default")})["Volumes"] in (None, [])
    assert Bench(engine).read(task.id).last_status == "RUNNING"


async def test_a_refusal_is_told_in_the_dialog_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await until_shown(pilot, r"edge-1")
        await pilot.press("D", *"why", "enter")
        await until_shown(pilot, r"no cluster 'prod'|cluster 'prod'")
        await until_shown(pilot, r"Reason +why")
        await pilot.press("escape")
        await until_gone(pilot, r"Drain edge-1\?")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_many_tasks_fit_into_the_dialogs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    many = [
        container(tag(task_id=f"{number:032x}", cluster="prod", family=f"batch{number:02}"), id=f"{number:064x}")
        for number in range(20)
    ]
    app.desk.fleet.apply([ContainerSeen(HOSTS[0], one) for one in many])
    async with app.run_test(size=size) as pilot:
        await pilot.press("3")
        await until_shown(pilot, r"edge-1")
        await pilot.press("D")
        await until_shown(pilot, r"21 tasks there stay until stopped:")
        named = 8 if size[1] > 30 else 4
        await until_shown(
            pilot, rf"batch{named - 1:02}:1 .*\n.*and {21 - named} more .*\n.*1 container that Moorage did not"
        )
        await until_shown(pilot, r"Reason(.|\n)*esc cancel +Drain +│")
        await pilot.press("escape")
        mark = DrainMark(drain_name("prod"), SafeText("ops"), at(-100), SafeText("a [b]new[/b] kernel"))
        app.desk.fleet.apply([RecordSeen(HOSTS[0], mark.name, mark)])
        await pilot.press("x")
        await until_shown(pilot, r"It was drained by ops 5m ago: a \[b\]new\[/b\] kernel; that\W+ends")
        await until_shown(pilot, r"Its 21 tasks go on, stopped by nothing(.|\n)*Cancel +Deregister")
        await pilot.press(*["down"] * 30)
        await until_shown(pilot, rf"batch{named - 1:02}:1 .*\n.*and {21 - named} more ")
