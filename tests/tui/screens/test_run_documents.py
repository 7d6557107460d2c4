"""A definition of a megabyte in the Run form: it is read beside the screen, and told until it is."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from app.model.definition_document import DefinitionDocument
from app.operations.definitions import parsed
from app.screens.run import documents
from app.screens.run.choice import RunChoice
from app.screens.run.documents import LARGE
from app.screens.run.screen import RunScreen
from app.store.definitions import StoredRevision
from tests.tui.screens.driving import SIZE, register, until_gone, until_shown
from tests.tui.screens.still import still_dashboard


def definition(family: str, **members: Any) -> bytes:
    container = {"name": "main", "image": "busybox:latest", "memory": 16, **members}
    return json.dumps({"family": family, "containerDefinitions": [container]}).encode()


LARGE_ONE = definition("large", environment=[{"name": f"V{n}", "value": "x" * 80} for n in range(LARGE // 80)])


async def test_a_large_one_is_read_beside_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app, may_go_on, readers = still_dashboard(tmp_path, monkeypatch), threading.Event(), []
    for document in (LARGE_ONE, definition("small")):
        register(app.desk.session, document)

    def watched(stored: StoredRevision) -> DefinitionDocument:
        readers.append((stored.family, threading.current_thread() is threading.main_thread()))
        if stored.family == "large":
            may_go_on.wait(60)
        return parsed(stored)

    monkeypatch.setattr(documents, "parsed", watched)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        app.push_screen(RunScreen(app.desk, RunChoice("large:1", "prod")))
        await until_shown(pilot, r"large:1 is being read")
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Not yet: large:1 is being read")
        may_go_on.set()
        await until_shown(pilot, r"Where they would go|does not fit|Where they could go")
        await until_gone(pilot, r"is being read\b.*│|No plan yet")
        await pilot.press("escape", "escape")
        await until_shown(pilot, r"moorage › fleet")
        app.push_screen(RunScreen(app.desk, RunChoice("small:1", "prod")))
        await until_shown(pilot, r"Where they would go|does not fit|Where they could go")
    assert readers == [("large", False), ("small", True)]


async def test_one_that_cannot_be_run_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    register(app.desk.session, LARGE_ONE)
    file = tmp_path / "task-definitions" / "large" / "1.json"
    file.write_bytes(LARGE_ONE.replace(b'"memory": 16', b'"memory": "16"'))
    async with app.run_test(size=SIZE) as pilot:
        app.push_screen(RunScreen(app.desk, RunChoice("large:1", "prod")))
        await until_shown(pilot, r"No plan yet")
        await until_shown(pilot, r"memory")
        await until_gone(pilot, r"is being read")
