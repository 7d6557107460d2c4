"""Whatever comes from engines, files and other people: nothing but our own sequences reaches the terminal."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.figures import tell
from tests.terminal import TerminalProgram
from tests.terminal_bytes import foreign
from tests.tui.screens.views import NASTY, VIEWS

ROOT = Path(__file__).resolve().parents[3]
SHARES = 4
"""The walk is made in so many parts, each with a terminal of its own."""


@pytest.mark.parametrize(
    "written",
    [NASTY.encode("utf-8", "surrogatepass"), NASTY[:40].encode(), b"\x1b]0;title\x07", b"\x1b]52;c;a$\x07", b"\x9b31m"],
)
def test_the_list_of_what_may_be_written_is_strict(written: bytes) -> None:
    assert foreign(written)


@pytest.mark.parametrize("share", range(SHARES))
def test_no_screen_and_no_dialog_lets_foreign_text_through(tmp_path: Path, share: int) -> None:
    names = [view.name for view in VIEWS[share::SHARES]]
    argv = [sys.executable, "-m", "tests.tui.screens.hostile_walk", str(tmp_path), *names]
    with TerminalProgram(argv, rows=36, columns=120, PYTHONPATH=str(ROOT)) as terminal:
        code = terminal.end(within=180)
        written = terminal.seen
    parts = re.split(rb"\r\nview ([\w-]+)\r\n", written)
    assert code == 0, parts[-1][-3000:].decode("utf-8", "replace")
    assert [name.decode() for name in parts[1::2]] == names
    findings = {name.decode(): foreign(part) for name, part in zip(parts[1::2], parts[2::2], strict=True)}
    assert {name: found[:3] for name, found in findings.items() if found} == {}
    assert b"all seen" in parts[-1]
    # Drawn as it is, without what would have made it a command.
    assert all(b"[/x][@c" in part for part in parts[2::2])
    tell("hostile text", views=len(names), bytes=len(written), leaked=sum(map(len, findings.values())))
