"""The editor of task definitions by itself: what one key in a field costs, with its JSON beside it."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

from app.operations.editing import check_text, edit_members
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from app.screens.editor import EditorScreen
from app.store.home import resolve_home
from bench.pty_app import COLUMNS, ROWS
from bench.table import Figure, milliseconds


class _OneInput(App[None]):
    def compose(self) -> ComposeResult:
        yield Input()


def _definition(containers: int) -> dict[str, Any]:
    """Containers as people have them: ports, ten variables, a health check, a dependency."""
    return {
        "family": "bench",
        "containerDefinitions": [
            {
                "name": f"c{number}",
                "image": "registry.example/team/service:1.2.3",
                "memory": 256,
                "portMappings": [{"containerPort": 8000 + number}],
                "environment": [{"name": f"NAME_{index}", "value": "some value"} for index in range(10)],
                "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 10},
                **({"dependsOn": [{"containerName": "c0", "condition": "HEALTHY"}]} if number else {}),
            }
            for number in range(containers)
        ],
    }


def editor_figures(containers: int, rounds: int) -> list[Figure]:
    definition = _definition(containers)
    text = json.dumps(definition, indent=2)
    checks = []
    for _ in range(rounds):
        began = time.perf_counter()
        check_text(text)
        checks.append(time.perf_counter() - began)
    floor = asyncio.run(_in_an_input(rounds))
    with tempfile.TemporaryDirectory(prefix="moorage-bench-") as folder:
        keys = asyncio.run(_in_the_editor(Path(folder), definition, rounds))
    title = f"editor, {containers} containers ({len(text) // 1024} KiB):"
    limit = f"an empty Textual Input {sorted(floor)[len(floor) // 2] * 1000:.1f} ms; a frame is 16.7 ms"
    return [
        milliseconds(f"{title} a key in a field, CPU", keys, limit),
        milliseconds(f"{title} all findings", checks, "0.1 s after the last key, off the screen's thread"),
    ]


async def _in_an_input(rounds: int) -> list[float]:
    async with _OneInput().run_test(size=(COLUMNS, ROWS)) as pilot:
        return await _cost_of_keys(pilot, rounds)


async def _in_the_editor(home: Path, definition: dict[str, Any], rounds: int) -> list[float]:
    app = Dashboard(Session(resolve_home(str(home), {})))
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await pilot.pause(0.5)
        editor = app.desk.doors.editor(edit_members(definition))
        assert isinstance(editor, EditorScreen)
        await app.push_screen(editor)
        await pilot.pause(0.5)
        editor._form.go_to(("containerDefinitions", 0, "image"))
        await pilot.press("enter")
        return await _cost_of_keys(pilot, rounds)


async def _cost_of_keys(pilot: Pilot[Any], rounds: int) -> list[float]:
    """CPU of this process for each key, with all the painting that it causes."""
    costs = []
    for _ in range(rounds):
        began = time.process_time()
        await pilot.press("a")
        costs.append(time.process_time() - began)
    return costs
