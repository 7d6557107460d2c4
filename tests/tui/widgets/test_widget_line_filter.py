from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.widgets import Static

from widgets.line_filter import SafeLineFilter, install_safe_filter

ROOT = Path(__file__).parents[3]
HOSTILE = "ok\x1b]0;owned\x07\x1b[2J\x9b31m\u202erev\u2066\x00end"


def test_removes_what_drives_a_terminal() -> None:
    clean = SafeLineFilter().apply([Segment("a"), Segment(HOSTILE), Segment("\x1b[1m", None, [(1,)])], Color(0, 0, 0))  # type: ignore[list-item]
    assert [segment.text for segment in clean] == ["a", "ok]0;owned[2J31mrevend", "\x1b[1m"]


def test_clean_lines_are_passed_on_as_they_are() -> None:
    segments = [Segment("plain"), Segment("日本 ●")]
    assert SafeLineFilter().apply(segments, Color(0, 0, 0)) is segments


async def test_no_control_character_leaves_an_app(app_of: Any, lines_of: Any) -> None:
    app = app_of(Static(HOSTILE, markup=False))
    install_safe_filter(app)
    install_safe_filter(app)
    async with app.run_test(size=(60, 3)) as pilot:
        await pilot.pause()
        text = "".join(lines_of(app))
        assert text.isprintable()
        assert "revend" in text


PROGRAM = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from textual.app import App
from textual.widgets import Static
from widgets.line_filter import install_safe_filter

class Shown(App):
    def compose(self):
        yield Static({HOSTILE!r}, markup=False)
    def on_ready(self):
        self.set_timer(0.3, self.exit)

app = Shown()
install_safe_filter(app)
app.run(mouse=False)
"""


@pytest.mark.skipif(not hasattr(pty, "openpty"), reason="needs a pseudo terminal")
def test_on_a_real_terminal() -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "10"}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    written, deadline = b"", time.monotonic() + 20
    try:
        while time.monotonic() < deadline:
            ready, _, _ = select.select([ours], [], [], 0.2)
            if ready:
                try:
                    data = os.read(ours, 65536)
                except OSError:
                    break
                if not data:
                    break
                written += data
            elif process.poll() is not None:
                break
        assert process.wait(timeout=30) == 0
    finally:
        if process.poll() is None:
            process.kill()
        os.close(ours)
    text = written.decode("utf-8", "replace")
    assert "revend" in text, "the text came through"
    assert "\x1b]0;owned" not in text and "\x1b[2J\x9b" not in text
    assert not set(text) & set("\x9b\u202e\u2066\x00")
