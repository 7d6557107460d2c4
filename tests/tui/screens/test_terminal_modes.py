"""The mouse and the clipboard in a real terminal: what is written to it, and what is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, session_with, until_shown
from tests.tui.screens.still import still_dashboard
from tests.tui.screens.test_frame import press_q, run_in_pty

ON, OFF = b"\x1b[?1000h", b"\x1b[?1000l"


def press_mouse_then_quit(terminal: int, _: object) -> None:
    os.write(terminal, b"Mq")


def test_the_mouse_is_the_terminals_when_the_settings_say_so_and_a_key_takes_it(tmp_path: Path) -> None:
    session_with(tmp_path)
    output, code = run_in_pty(tmp_path, press_q)
    assert (code, ON in output) == (0, True)
    (tmp_path / "config.toml").write_text("mouse = false\n")
    output, code = run_in_pty(tmp_path, press_q)
    assert (code, ON in output) == (0, False)
    output, code = run_in_pty(tmp_path, press_mouse_then_quit)
    assert (code, ON in output) == (0, True)


def test_a_key_gives_the_mouse_to_the_terminal(tmp_path: Path) -> None:
    session_with(tmp_path)
    output, code = run_in_pty(tmp_path, press_mouse_then_quit)
    assert code == 0
    assert output.index(OFF) > output.rindex(ON), "given away, and not taken again at the end"


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"TERM": "linux"}, r"Not copied, a terminal"),
        ({"TERM": "tmux-256color", "TMUX": "x"}, r"set -g\s+.*set-clipboard|set-clipboard on"),
    ],
)
async def test_where_there_is_no_clipboard_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], told: str
) -> None:
    for name in ("TMUX", "STY", "VTE_VERSION", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    app: Dashboard = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"▌c0c0c0c0")
        await pilot.press("c")
        await until_shown(pilot, told)
        assert app.clipboard.endswith("c0c0")
