"""``moorage demo``: it is marked, works on nothing of its user's, and leaves nothing behind however it ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.process import ROOT, command, run, running
from tests.engine_bed import wait_until
from tests.terminal import TerminalProgram

SMALL = ("--hosts", "3", "--tasks", "12")
MARK = "SIMULATED"


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a path that leaves room for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def demo(*argv: str) -> list[str]:
    return [sys.executable, str(ROOT / "moorage.py"), "demo", *argv]


def processes_of(folder: Path) -> list[int]:
    """Those that have the folder in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(folder) in words:
                found.append(int(entry.name))
    return found


def press_q(program: TerminalProgram) -> None:
    program.press(b"q")


ENDS: dict[str, Callable[[TerminalProgram], None]] = {
    "q": press_q,
    "TERM": lambda program: program.signal(signal.SIGTERM),
    "KILL": lambda program: program.signal(signal.SIGKILL),
    "the window is closed": TerminalProgram.hang_up,
}


@pytest.mark.parametrize("end", ENDS)
def test_however_the_demo_ends_no_process_and_no_folder_is_left(end: str, short: Path, tmp_path: Path) -> None:
    home = tmp_path / "own"
    home.mkdir()
    (home / "config.toml").write_text('theme = "moorage-light"\n')
    with TerminalProgram(demo(*SMALL), TMPDIR=str(short), MOORAGE_HOME=str(home)) as program:
        program.until_shown(rf"moorage › fleet .*{MARK}.*3 live", within=60)
        (folder,) = short.glob("moorage-demo-*")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert processes_of(folder)
        ENDS[end](program)
        program.process.wait(30)
        wait_until(lambda: not processes_of(folder), within=30, what="the simulator is gone")
        wait_until(lambda: not folder.exists(), within=30, what="the folder is gone")
    assert [found.name for found in home.iterdir()] == ["config.toml"]
    if end == "q":
        assert program.process.returncode == 0


def test_the_first_run_offers_the_demo_and_every_screen_of_it_is_marked(short: Path, tmp_path: Path) -> None:
    nowhere = "unix:///nonexistent/docker.sock"
    with TerminalProgram(command(tmp_path / "home"), TMPDIR=str(short), DOCKER_HOST=nowhere) as program:
        program.until_shown(r"D +opens the demo fleet", within=60)
        assert MARK not in program.screen()
        program.press(b"D")
        program.until_shown(rf"moorage › fleet .*{MARK}", within=60)
        for key, screen in ((b"2", "tasks"), (b"3", "instances"), (b"4", "definitions"), (b"5", "events")):
            program.press(key)
            program.until_shown(rf"› {screen}.*{MARK}", within=30)
        program.press(b"1")
        program.until_shown(rf"moorage › fleet .*{MARK}", within=30)
        program.press(b"q")
        assert program.end() == 0
    assert not list(short.iterdir())
    assert not (tmp_path / "home" / "clusters").exists()


def test_served_alone_its_engines_answer_verbs_until_ctrl_c(short: Path, tmp_path: Path) -> None:
    home = short / "kept"
    with running(tmp_path / "out", home, "demo", *SMALL, "--serve") as served:
        wait_until(lambda: "ctrl-c ends them" in served.out, within=60, what="the engines answer")
        told = run(home, "list-tasks", "--cluster", "prod")
        assert told.returncode == 0
        assert told.stdout.count("task/prod/") >= 6
        launched = run(home, "run-task", "--cluster", "prod", "--task-definition", "catalog", "--output", "text")
        assert (launched.returncode, "RUNNING" in launched.stdout) == (0, True), launched.stderr
        assert served.end(signal.SIGINT, within=30) == 130
        wait_until(lambda: not processes_of(home / "engines"), within=30)
    # Kept: definitions and clusters; the sockets were those of a process that is gone.
    assert not (home / "engines").exists()
    assert re.search("storefront", run(home, "list-task-definition-families").stdout)
    with running(tmp_path / "out", home, "demo", *SMALL, "--serve") as served:
        wait_until(lambda: "ctrl-c ends them" in served.out, within=60, what="the kept home is taken again")
        assert served.end(signal.SIGTERM, within=30) == -signal.SIGTERM
    wait_until(lambda: not (home / "engines").exists(), within=30)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clusters").mkdir()
    refused = run(tmp_path, "demo", "--serve")
    assert refused.returncode == 1
    assert "no home of a demo" in refused.stderr
    assert [found.name for found in tmp_path.iterdir()] == ["clusters"]


def test_without_a_terminal_it_says_what_to_do(tmp_path: Path) -> None:
    refused = run(tmp_path, "demo")
    assert refused.returncode == 2
    assert "--serve" in refused.stderr
    assert "hosts" in run(tmp_path, "demo", "--hosts", "0", "--serve").stderr
