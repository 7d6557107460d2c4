"""With a real engine: tasks that fail are alerts, marked ones are stopped together, a killed host is one alert more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.model.requests import RunTaskRequest
from app.operations.launch import run_task
from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, register, session_with, until, until_shown

if TYPE_CHECKING:
    from tests.engine_bed import Daemon


def _definition(family: str, command: list[str]) -> bytes:
    container = {"name": "main", "image": "busybox", "memory": 16, "command": command, "stopTimeout": 2}
    return json.dumps({"family": family, "containerDefinitions": [container]}).encode()


async def test_three_marked_tasks_are_stopped_by_one_question_and_are_no_alert(engine: Daemon, tmp_path: Path) -> None:
    session = session_with(tmp_path, engine.endpoint)
    name = register(session, _definition("calm", ["sleep", "1000"]))
    run_task(session, RunTaskRequest(cluster="prod", task_definition=name, count=3), lambda _: None)
    app = Dashboard(session)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"(?s)(calm:1 +● RUNNING.*){3}")
        await pilot.press("space", "j", "space", "j", "space", "x")
        await until_shown(pilot, r"Stop 3 tasks\?")
        await pilot.press("y")
        await until_shown(pilot, r"Stopped 3 tasks")
        await until_shown(pilot, r"(?s)(calm:1 +○ STOPPED.*){3}")
        assert not app.desk.alerts.current(app.desk.fleet, app.desk.session.now()), "somebody asked for it"


async def test_failures_are_alerts_and_a_host_that_dies_is_one_more(fresh_engine: Any, tmp_path: Path) -> None:
    daemon = fresh_engine()
    session = session_with(tmp_path, daemon.endpoint)
    name = register(session, _definition("crash", ["sh", "-c", "exit 3"]))
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        run_task(session, RunTaskRequest(cluster="prod", task_definition=name, count=2), lambda _: None)
        await until_shown(pilot, r"▲ 2 alerts")
        await until_shown(pilot, r"✕ crash:1 [0-9a-f]{8} .*exit 3 of main")
        await pilot.press("colon", *"alerts", "enter")
        await until_shown(pilot, r"moorage › alerts")
        await pilot.press("Z")
        await until(pilot, lambda: not _unseen(app), "none that nobody has seen")
        daemon.kill()
        await until_shown(pilot, r"▲ 1 alert .*(stale|unreachable)", within=60)


def _unseen(app: Dashboard) -> list[Any]:
    return app.desk.alerts.unseen(app.desk.fleet, app.desk.session.now())
