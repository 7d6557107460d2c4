"""The log desk on real engines: six tasks of three hosts in the order of time; a host that is cut off is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.model.requests import RunTaskRequest
from app.operations import log_reader
from app.operations.launch import run_task
from app.screens.dashboard import Dashboard
from app.screens.logs import LogsScreen
from tests.tui.screens.driving import SIZE, register, screen_text, session_with, until, until_shown
from widgets.live_table import LiveTable
from widgets.log_view import LogLine, LogView

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

TALKER = "i=0; while :; do i=$((i+1)); echo tick-$i; sleep 0.2; done"


def talking(family: str, script: str = TALKER) -> bytes:
    container = {
        "name": "main",
        "image": "busybox",
        "memory": 16,
        "command": ["sh", "-c", script],
        "stopTimeout": 2,
    }
    return json.dumps({"family": family, "containerDefinitions": [container]}).encode()


def quiet(_: object) -> None:
    return None


def desk_of(app: Dashboard) -> LogView:
    assert isinstance(app.screen, LogsScreen)
    return app.screen.query_one(LogView)


def lines_of(view: LogView) -> list[LogLine]:
    return [line for line in view.lines if line.mark in ("", "stderr")]


def notes_of(view: LogView) -> list[str]:
    return [line.text for line in view.lines if line.mark not in ("", "stderr")]


async def test_six_tasks_on_three_hosts_are_merged_and_a_host_that_is_cut_off_is_told_and_back(
    fresh_engine: Callable[..., Daemon], tmp_path: Path
) -> None:
    daemons = [fresh_engine(name=f"edge-{n}", live_restore=True) for n in (1, 2, 3)]
    session = session_with(tmp_path, *(daemon.endpoint for daemon in daemons))
    register(session, talking("web"))
    spread = {"type": "spread", "field": "instanceId"}
    request = {"cluster": "prod", "taskDefinition": "web", "count": 6, "placementStrategy": [spread]}
    launched = run_task(session, RunTaskRequest.model_validate(request), quiet)
    victim = daemons[1]
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 3 live +6 running")
        await pilot.press("2")
        await until_shown(pilot, r"web:1 +● RUNNING")
        table = app.screen.query_one("#tasks", LiveTable)
        for task in launched.tasks:
            table.move_to(task.id)
            await pilot.press("space")
        await until(pilot, lambda: len(table.marked) == 6, "six marks")
        await pilot.press("l")
        await until_shown(pilot, r"logs of 6 tasks +● 6 following")
        view = desk_of(app)
        tags = {f"{task.id[:4]}/web" for task in launched.tasks}
        await until(pilot, lambda: {line.source for line in lines_of(view)} == tags, "lines of all six")
        assert [line.when for line in lines_of(view)] == sorted(line.when for line in lines_of(view))
        starts = {len(re.split(r"tick-", line)[0]) for line in screen_text(app).splitlines() if "tick-" in line}
        assert len(starts) == 1, "the texts of all sources begin in the same column"

        victim.pause()
        try:
            await until_shown(pilot, r"edge-2 silent since \d\d:\d\d:\d\d: ", within=30)
            await until_shown(pilot, r"● 4 following +◐ 2 silent")
            before = len(lines_of(view))
            await until(pilot, lambda: len(lines_of(view)) > before + 8, "the others go on")
        finally:
            victim.resume()
        await until_shown(pilot, r"edge-2 back: gap of \d+ s", within=30)
        await until_shown(pilot, r"● 6 following")
        gone = {f"{task.id[:4]}/web" for task in launched.tasks if task.instance.name == "edge-2"}
        count = len(view.lines)
        await until(
            pilot, lambda: gone <= {line.source for line in view.lines[count:]}, "new lines of those that were silent"
        )

        for tag in tags:
            ticks = [int(line.text.removeprefix("tick-")) for line in lines_of(view) if line.source == tag]
            assert ticks == list(range(ticks[0], ticks[0] + len(ticks))), f"{tag}: none is lost, and none told twice"
        gap = int(re.findall(r"gap of (\d+) s", " ".join(notes_of(view)))[0])
        assert 3 <= gap <= 60


async def test_a_container_that_ends_and_starts_again_is_told_and_its_lines_come_once(
    engine: Daemon, tmp_path: Path
) -> None:
    container = engine.run(["sh", "-c", "echo hello; echo bye"], name="by-hand")
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("2")
        await until_shown(pilot, r"▌. +by-hand")
        await pilot.press("l")
        await until_shown(pilot, r"unmanaged › by-hand › logs")
        view = desk_of(app)
        await until_shown(pilot, r"by-hand has ended: exit 0")
        engine.api.start(container)
        await until_shown(pilot, r"by-hand has started again")
        await until(pilot, lambda: len(lines_of(view)) == 4, "two lines of each run")
        engine.api.remove_container(container, force=True)
        assert [line.text for line in lines_of(view)] == ["hello", "bye"] * 2


async def test_a_container_that_is_removed_and_a_log_that_cannot_be_read_are_told_in_place(
    engine: Daemon, tmp_path: Path
) -> None:
    container = engine.run(["sh", "-c", TALKER], name="talker")
    engine.run(["sh", "-c", TALKER], name="mute", log_config={"Type": "none"})
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("2")
        await until_shown(pilot, r"mute")
        await pilot.press("space", "j", "space", "l")
        await until_shown(pilot, r"logs of 2 containers")
        await until_shown(pilot, r"the log of mute cannot be read: .*does not support reading")
        await until_shown(pilot, r"talker +tick-2")
        engine.api.remove_container(container, force=True)
        await until_shown(pilot, r"talker is gone: the container was removed")


async def test_what_came_while_an_engine_was_dead_is_read_when_it_is_back(
    fresh_engine: Callable[..., Daemon], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_reader, "_LONGEST_WAIT", 1.0)
    daemon = fresh_engine(name="edge-1", live_restore=True)
    daemon.run(["sh", "-c", TALKER], name="talker")
    app = Dashboard(session_with(tmp_path, daemon.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("2")
        await until_shown(pilot, r"talker")
        await pilot.press("l")
        await until_shown(pilot, r"tick-3")
        daemon.kill()
        await until_shown(pilot, r"edge-1 silent since")
        daemon.start()
        await until_shown(pilot, r"edge-1 back: gap of", within=40)
        view = desk_of(app)
        count = len(lines_of(view))
        await until(pilot, lambda: len(lines_of(view)) > count + 3, "it goes on")
        ticks = [int(line.text.removeprefix("tick-")) for line in lines_of(view)]
        assert ticks == list(range(1, len(ticks) + 1))
