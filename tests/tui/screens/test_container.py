"""The screen of a container that nobody manages: into the editor as a task definition, and the same as a command."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.main import main
from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, home_at, screen_text, session_with, until_shown
from tests.tui.screens.still import still_dashboard

if TYPE_CHECKING:
    from tests.engine_bed import Daemon


async def test_a_container_becomes_a_task_definition_by_a_key_and_by_the_command_that_is_copied(
    engine: Daemon, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
    engine.run(command, name="by-hand", environment={"LEVEL": "info"}, stop_signal="KILL")
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("2")
        await until_shown(pilot, r"▌· +by-hand +· RUNNING.*unmanaged")
        await pilot.press("enter")
        await until_shown(pilot, r"prod › unmanaged › by-hand")
        await pilot.press("Y")
        await until_shown(pilot, r"Copied command: moorage import")
        copied = app.clipboard
        await pilot.press("e")
        await until_shown(pilot, r"definitions › new")
        await until_shown(pilot, r"by-hand")
        assert "busybox" in screen_text(app)
    assert home_at(tmp_path).definitions.exists() is False
    code = main(["--home", str(tmp_path), *shlex.split(copied)[1:], "--dry-run"])
    assert code == 0
    assert '"LEVEL"' in capsys.readouterr().out


async def test_a_container_whose_host_does_not_answer_is_told_and_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("2", "G")
        await until_shown(pilot, r"▌· +by-hand")
        await pilot.press("enter")
        await until_shown(pilot, r"unmanaged › by-hand")
        await pilot.press("e")
        await until_shown(pilot, r"no Docker Engine is listening there")
        assert "unmanaged › by-hand" in screen_text(app)
