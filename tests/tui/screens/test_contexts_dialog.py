"""Docker contexts become container instances by keys."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.screens.contexts_dialog import ContextsDialog
from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, session_with, until, until_gone, until_shown

if TYPE_CHECKING:
    from tests.engine_bed import Daemon


def context(folder: Path, name: str, host: str) -> None:
    where = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    where.mkdir(parents=True)
    (where / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))


@pytest.mark.parametrize("size", [SIZE, (80, 24)], ids=["120x36", "80x24"])
async def test_a_context_becomes_an_instance_and_one_that_cannot_says_why(
    engine: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    docker = tmp_path / "docker"
    context(docker, "here", engine.endpoint)
    context(docker, "far [/]", "tcp://10.0.0.1:2375")
    monkeypatch.setenv("DOCKER_CONFIG", str(docker))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    session = session_with(tmp_path / "home")
    app = Dashboard(session)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("A")
        await until_shown(pilot, r"far \[/\] .*✕ unusable")
        await pilot.press("j")
        await until_shown(pilot, r"ssh")
        await pilot.press("enter")
        await until_shown(pilot, r"far \[/\]: ")
        assert session.cluster("prod").instances == []
        await pilot.press("G", "enter")
        await until_shown(pilot, r"Added here to cluster prod")
        await until_gone(pilot, r"Docker contexts into")
        await until(pilot, lambda: [entry.name for entry in session.cluster("prod").instances] == ["here"], "here")


async def test_contexts_that_are_found_when_the_dialog_is_left_are_nothing_to_it(tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path / "home"))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("A")
        await until_shown(pilot, r"Docker contexts into")
        dialog = app.screen
        assert isinstance(dialog, ContextsDialog)
        app.pop_screen()
        await dialog.query("*").remove()
        dialog._show([])
        await until_gone(pilot, r"Docker contexts into")
