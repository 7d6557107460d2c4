"""The screen of a container that nobody manages: what it uses, its logs; into the editor, and the same as a command."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.main import main
from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, home_at, screen_text, session_with, until, until_gone, until_shown
from tests.tui.screens.fed import Fed
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


async def test_what_it_uses_and_what_it_writes_live(engine: Daemon, tmp_path: Path) -> None:
    hold = "dd if=/dev/zero of=/dev/shm/x bs=1M count=20 2>/dev/null; while :; do echo tick; sleep 0.3; done"
    made = engine.run(["sh", "-c", hold], name="by-hand")
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("2")
        await until_shown(pilot, r"▌· +by-hand +· RUNNING")
        await pilot.press("enter")
        await until_shown(pilot, rf"unmanaged › by-hand .*· RUNNING +on {engine.name}")
        await until_shown(pilot, r"^ \d\d:\d\d:\d\d tick")
        await until_shown(pilot, r"Logs  Stats .* following")
        await until_shown(pilot, r"CPU \d+% [▁-█]+  MEM 2\dM [▁-█]+")
        await pilot.press("slash", *"tick", "enter")
        await until(pilot, lambda: "tick" in app.screen.filter_text, "a search")  # type: ignore[attr-defined]
        await pilot.press("tab")
        await until_shown(pilot, r"CPU \d+% of a core, by-hand +last 10 min  MEM 2\d(\.\d)?M of ")
        await until_shown(pilot, r"net received .* pids|pids +")
        await until_gone(pilot, r"following")
        engine.api.kill(made)
        await until_shown(pilot, r"unmanaged › by-hand .*· EXITED 137")
        engine.api.remove_container(made)
        await until_shown(pilot, r"removed: it is no longer on its instance")


async def test_it_alone_is_asked_for_and_nobody_knows_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fed = Fed(still_dashboard(tmp_path, monkeypatch), monkeypatch)
    container = fed.ids()["by-hand"]
    async with fed.app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await fed.app.push_screen(fed.app.desk.doors.container(container))
        await until_shown(pilot, r"unmanaged › by-hand")
        await pilot.press("tab")
        await until_shown(pilot, r"Asking what by-hand uses…")
        fed.wanted.clear()
        fed.app._tick()
        assert fed.wanted == {container: 2.0}
        fed.tell("by-hand", 300, [150.0])
        fed.app._tick()
        await until_shown(pilot, r"CPU 150% of a core, by-hand")
        await until_shown(pilot, r"MEM 300M of 512M, 59%")
