"""A dashboard that is killed while somebody types: the draft is there on the next start."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from app.operations.definitions import register_task_definition
from bench.pty_app import PtyApp
from tests.engine_bed import wait_until
from tests.tui.screens.driving import session_with

ROOT = Path(__file__).resolve().parents[3]


def dashboard(home: Path) -> PtyApp:
    return PtyApp([sys.executable, str(ROOT / "moorage.py"), "--home", str(home)])


def open_editor(app: PtyApp) -> None:
    app.until_shown(r"moorage › fleet")
    app.settle()
    app.press("4")
    app.until_shown(r"definitions › web:1")
    app.press("e")
    app.until_shown(r"web › 1 → draft")


def test_kill_9_while_typing_loses_nothing_before_the_last_pause_of_half_a_second(tmp_path: Path) -> None:
    session = session_with(tmp_path)
    document = {"family": "web", "containerDefinitions": [{"name": "a", "image": "busybox", "memory": 8}]}
    register_task_definition(session, json.dumps(document).encode(), "web.json")
    with dashboard(tmp_path) as app:
        open_editor(app)
        app.press("/family\r")
        app.until(lambda text: "/ family" not in text and "Name that all its revisions share" in text)
        app.press("\r-before")
        app.until_shown(r"draft saved")
        drafts = list((session.home.state / "drafts").glob("*.json"))
        app.press("-pause")
        wait_until(lambda: "-before-pause" in drafts[0].read_text())
        app.press("-after")
        app.until_shown(r"web-before-pause-after")
        os.kill(next(iter(app.pids)), signal.SIGKILL)
    with dashboard(tmp_path) as app:
        open_editor(app)
        app.until_shown(r"web-before-pause\S*, from web:1")
        app.press("\r")
        app.until_shown(r"Family +web-before-pause")
        app.press("\x1b")
        app.until_shown(r"definitions › web:1")
        assert session.definitions.revisions("web") == [1]
