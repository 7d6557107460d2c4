"""Terminals of odd sizes and kinds, and processes that may have little: it works, or says why not in a line."""

from __future__ import annotations

import os
import random
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.calling import Cli
from tests.cli.process import command, run
from tests.engine_bed import Daemon
from tests.figures import tell, times
from tests.terminal import TerminalProgram
from tests.tui.screens.driving import session_with

SIZES = ((1, 1), (0, 0), (20, 5), (5, 20), (39, 9), (40, 10), (80, 24), (300, 100), (80, 1), (1, 50), (500, 3))
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "dumb": {"TERM": "dumb"},
    "none": {"TERM": ""},
    "vt100": {"TERM": "vt100"},
    "no colour": {"NO_COLOR": "1"},
    "plain locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "posix, dumb and no colour": {"LC_ALL": "POSIX", "TERM": "dumb", "NO_COLOR": "1"},
    "an odd time zone": {"TZ": "Pacific/Chatham"},
    "a time zone that is none": {"TZ": "Nowhere/At_All"},
}


def test_a_storm_of_sizes(tmp_path: Path) -> None:
    session_with(tmp_path)
    chance, count = random.Random(7), times(60)
    with TerminalProgram(command(tmp_path)) as program:
        program.until(b"Needs a look")
        for _ in range(count):
            program.resize(*chance.choice(SIZES))
            program.press(chance.choice((b"", b"2", b"3", b"1", b"?", b"\x1b", b"j")))
            program.read_for(0.02)
        program.resize(80, 24)
        program.press(b"\x1b\x1b\x1b1")
        program.forget()
        program.until_shown("moorage › fleet")
        program.press(b"q")
        assert program.end() == 0
        assert program.modes() == program.modes_before
    tell("sizes of a terminal", sizes=count)


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_the_dashboard_in_odd_environments(tmp_path: Path, environment: dict[str, str]) -> None:
    session_with(tmp_path)
    with TerminalProgram(command(tmp_path), rows=24, columns=80, **environment) as program:
        program.until_shown("moorage")
        program.until_shown("Needs a look")
        program.press(b"q")
        assert program.end() == 0
        assert program.modes() == program.modes_before
    assert not list((tmp_path / "state").glob("fault-*"))


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_verbs_in_odd_environments(tmp_path: Path, environment: dict[str, str]) -> None:
    """Without a terminal nothing is drawn or asked, and JSON is ASCII wherever it is written."""
    session_with(tmp_path)
    for form in ("json", "table", "text"):
        ran = run(tmp_path, "describe-clusters", "schön", "--output", form, env={**os.environ, **environment})
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "\x1b" not in ran.stdout
        assert "MISSING" in ran.stdout
        assert form != "json" or ran.stdout.isascii()


def test_few_files_may_be_open(clustered: Callable[..., Cli], engines: list[Daemon]) -> None:
    cli = clustered(*(engine.endpoint for engine in engines))
    cli.register({"command": ["sleep", "60"], "name": "main"})

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    for verb in (
        ("run-task", "web", "--count", "6"),
        ("list-tasks",),
        ("stats", "--no-stream"),
        ("logs", "--family", "web"),
    ):
        ran = subprocess.run(
            command(cli.home, *verb), preexec_fn=little, capture_output=True, text=True, check=False, timeout=90
        )
        assert ran.returncode == 0, ran.stderr
    with TerminalProgram(["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *command(cli.home)]) as program:
        program.until_shown("3 live")
        program.press(b"2")
        program.until_shown("web:1")
        program.press(b"1q")
        assert program.end() == 0
