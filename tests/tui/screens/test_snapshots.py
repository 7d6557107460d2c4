"""What the screens look like, as text: a change of a line here is a change that a person sees."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from app.operations.editing import edit_blank, edit_members
from app.screens.dashboard import Dashboard
from app.screens.editor import EditorScreen
from tests.tui.screens.driving import still_text, until_shown
from tests.tui.screens.still import still_dashboard

SIZES = [(120, 24), (80, 24)]


@pytest.mark.parametrize("size", SIZES, ids=["120", "80"])
@pytest.mark.parametrize(
    ("name", "keys", "shown"),
    [
        ("fleet", [], "Needs a look"),
        ("tasks", ["2"], "by-hand"),
        ("instances", ["3"], "edge-3"),
        ("task", ["2", "G", "k", "k", "k", "enter"], "no Docker Engine"),
        ("definitions", ["4"], "No task definition"),
    ],
)
async def test_screen(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    snapshot: SnapshotAssertion,
    size: tuple[int, int],
    name: str,
    keys: list[str],
    shown: str,
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=size) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        for key in keys:
            await pilot.press(key)
        await until_shown(pilot, shown)
        # When a host was found silent is told with the time of day.
        assert re.sub(r"\d\d:\d\d:\d\d", "HH:MM:SS", await still_text(pilot)) == snapshot


@pytest.mark.parametrize("theme", ["moorage-dark", "moorage-light"])
def test_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snap_compare: Any, theme: str) -> None:
    app = still_dashboard(tmp_path, monkeypatch)

    async def choose(pilot: Any) -> None:
        app.theme = theme
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("2")
        await until_shown(pilot, r"by-hand")

    assert snap_compare(app, terminal_size=(120, 16), run_before=choose)


FILLED: dict[str, Any] = {
    "family": "shop",
    "containerDefinitions": [
        {
            "name": "web",
            "image": "nginx:1.28",
            "memory": 256,
            "portMappings": [{"containerPort": 80, "hostPort": 8080}],
            "environment": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "DB_PASSWORD", "value": "hunter2"}],
            "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}],
        },
        {
            "name": "db",
            "image": "postgres:17",
            "memory": 512,
            "healthCheck": {"command": ["CMD-SHELL", "pg_isready"], "interval": 10},
        },
    ],
}
WRONG = {**FILLED, "cpu": "7", "containerDefinitions": [FILLED["containerDefinitions"][0]]}
STARTS = {"empty": edit_blank(), "filled": edit_members(FILLED), "findings": edit_members(WRONG)}


async def _open_editor(app: Dashboard, pilot: Any, name: str) -> None:
    await until_shown(pilot, r"moorage › fleet")
    editor = app.desk.doors.editor(STARTS[name])
    assert isinstance(editor, EditorScreen)
    await app.push_screen(editor)
    await until_shown(pilot, r"definitions › new")
    if name != "empty":
        for path in (("environment", 0), ("portMappings", 0), ("image",)):
            editor._form.go_to(("containerDefinitions", 0, *path))
    await pilot.pause()


@pytest.mark.parametrize("size", [(120, 30), (80, 24)], ids=["120", "80"])
@pytest.mark.parametrize("name", STARTS)
async def test_editor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion, size: tuple[int, int], name: str
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=size) as pilot:
        await _open_editor(app, pilot, name)
        assert await still_text(pilot) == snapshot


@pytest.mark.parametrize("theme", ["moorage-dark", "moorage-light"])
def test_editor_in_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snap_compare: Any, theme: str) -> None:
    app = still_dashboard(tmp_path, monkeypatch)

    async def choose(pilot: Any) -> None:
        app.theme = theme
        await _open_editor(app, pilot, "findings")

    assert snap_compare(app, terminal_size=(120, 30), run_before=choose)
