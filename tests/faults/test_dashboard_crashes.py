"""A fault of ours in the dashboard: the terminal is given back, one line is told, and no value of a variable is."""

from __future__ import annotations

import re
import stat
import sys
from pathlib import Path

import pytest

from tests.faults.canary import told_in
from tests.terminal import TerminalProgram
from tests.tui.screens.driving import session_with

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("where", "keys"), [("key", b"?"), ("timer", b""), ("worker", b"?"), ("paint", b"?")])
def test_a_crash_restores_the_terminal_and_tells_no_values(tmp_path: Path, where: str, keys: bytes) -> None:
    session_with(tmp_path)
    argv = [sys.executable, "-m", "tests.faults.crashing_dashboard", where, str(tmp_path)]
    with TerminalProgram(argv, columns=200, PYTHONPATH=str(ROOT)) as program:
        program.until(b"Needs a look")
        program.press(keys)
        code = program.end()
        assert code == 70
        assert program.modes() == program.modes_before
        last = program.seen[program.seen.rindex(b"\x1b[?1049l") :]
        assert b"\x1b[?25h" in program.seen[-1000:]
        said = last.decode().splitlines()
        (told,) = [line for line in said if "fault of Moorage" in line]
        assert "LookupError: a fault" in told
        assert b"Traceback" not in program.seen
        assert not told_in(program.seen)
    report = Path(re.search(r"a report is in (\S+)", told)[1])  # type: ignore[index]
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_bytes()
    assert b"Traceback" in text
    assert b"in broken" in text
    assert not told_in(text)
