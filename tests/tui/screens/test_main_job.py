"""The main job by keys alone, on a real engine: first run, launch, watch, logs, stop."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.operations.session import Session
from app.screens.dashboard import Dashboard
from tests.engine_bed.waiting import wait_until
from tests.tui.screens.driving import (
    SIZE,
    home_at,
    register,
    screen_text,
    session_with,
    until,
    until_gone,
    until_shown,
)

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

SERVE = """
mkdir /w; echo hello-from-web > /w/index.html; trap 'exit 0' TERM
httpd -p 80 -h /w; echo listening
while :; do sleep 0.2; done
"""
WEB = {
    "family": "hello",
    "containerDefinitions": [
        {
            "name": "web",
            "image": "busybox",
            "cpu": 64,
            "memory": 32,
            "command": ["sh", "-c", SERVE],
            "portMappings": [{"containerPort": 80, "hostPort": 8081}],
            "stopTimeout": 2,
        }
    ],
}


@pytest.mark.parametrize("size", [SIZE, (80, 24)], ids=["120x36", "80x24"])
async def test_from_an_empty_home_to_a_stopped_task_by_keys_alone(
    engine: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
    session = Session(home_at(tmp_path))
    register(session, json.dumps(WEB).encode())
    app = Dashboard(session)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until_shown(pilot, r"A Docker Engine answers at")
        await pilot.press("enter")
        await until_shown(pilot, r"default +1 +● 1")

        await pilot.press("4")
        await until_shown(pilot, r"web-server")
        await pilot.press("slash", *"hello", "enter")
        await until(pilot, lambda: "definitions › hello:1" in screen_text(app), "the cursor on hello:1")
        await pilot.press("r")
        await until_shown(pilot, r"fits 1 of 1")
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Run hello:1\?")
        await pilot.press("y")
        await until_shown(pilot, r"● RUNNING +:8081→80")
        assert wait_until(lambda: engine.http_get(8081), ignoring=(OSError,)).text.strip() == "hello-from-web"

        await until_gone(pilot, r"1 launched", within=30)
        await pilot.press("enter")
        await until_shown(pilot, r"listening")
        await pilot.press("l")
        await until_shown(pilot, r"› logs.*\n.*following\n.*listening")
        await pilot.press("escape")

        await pilot.press("x")
        await until_shown(pilot, r"Stop task [0-9a-f]{8}\?")
        await pilot.press("y")
        await until_shown(pilot, r"○ STOPPED")
        await pilot.press("y")
        await until_shown(pilot, r'"stoppedReason"|"stopCode"|"lastStatus"')
        text = screen_text(app)
        assert re.search(r"JSON", text.splitlines()[0])


async def test_esc_in_the_question_stops_nothing(engine: Daemon, tmp_path: Path) -> None:
    session = session_with(tmp_path, engine.endpoint)
    register(session, json.dumps(WEB).encode())
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"prod +1 +● 1")
        await pilot.press("r")
        await until_shown(pilot, r"fits 1 of 1")
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Run hello:1\?")
        await pilot.press("escape")
        await until_gone(pilot, r"Run hello:1\?")
        await pilot.press("escape")
        assert engine.api.containers(all=True) == []
