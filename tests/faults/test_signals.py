"""Signals at bad moments: the true exit code, the terminal as it was, and a line on what exists and how to go on."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app.model.record import LEASE_TERM
from tests.cli.calling import Cli
from tests.cli.process import command, running
from tests.engine.launching import Bench
from tests.engine_bed import Daemon, wait_until
from tests.figures import tell
from tests.terminal import TerminalProgram
from tests.tui.screens.driving import session_with

STEPS = (
    "after-record",
    "after-pull",
    "after-network",
    "between-creates",
    "after-create",
    "after-hold",
    "after-start-mark",
)
NEVER = {"command": ["CMD-SHELL", "false"], "interval": 5, "timeout": 2}


def register_pair(cli: Cli) -> None:
    """``web`` starts once ``db`` is healthy, which it never is."""
    cli.register(
        {"name": "db", "command": ["sleep", "60"], "healthCheck": NEVER},
        {"name": "web", "links": ["db"], "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]},
        networkMode="bridge",
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_launch_that_is_ended_says_what_exists(
    clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path, number: signal.Signals
) -> None:
    cli = clustered(engine.endpoint)
    register_pair(cli)
    with running(tmp_path / "out", cli.home, "run-task", "web") as launch:
        wait_until(lambda: len(engine.api.containers()) == 1, within=60)
        assert launch.end(number) == 128 + number
        lines = launch.err.splitlines()
    (task,) = cli("list-tasks").json["taskArns"]
    assert any(f"task {task[-32:-24]} on edge-1 is not up yet; its last step was: " in line for line in lines)
    assert any("finished or undone by the next Moorage that watches" in line for line in lines)
    assert not any("Traceback" in line for line in lines)


@pytest.mark.parametrize("step", STEPS)
def test_ctrl_c_at_every_step_of_a_launch(
    clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path, step: str
) -> None:
    """What was told to exist is what is there, and whoever watches ends it, one way or the other."""
    cli = clustered(engine.endpoint)
    register_pair(cli)
    asked = {"MOORAGE_CRASHPOINT": f"{step}:{int(signal.SIGINT)}"}
    with running(tmp_path / "out", cli.home, "run-task", "web", **asked) as launch:
        assert launch.process.wait(60) == 130
        told = launch.err
    (task,) = cli("list-tasks").json["taskArns"]
    task_id = task.rsplit("/", 1)[-1]
    assert f"task {task_id[:8]} on edge-1 is not up yet" in told
    bench = Bench(engine)

    def settled() -> bool:
        seen = bench.read(task_id)
        what = bench.due(seen, LEASE_TERM * 2)
        # Finished it would wait for what never gets healthy.
        bench.act(seen, "undo" if what == "finish" else what)
        return bench.read(task_id).last_status == "STOPPED"

    wait_until(settled, within=30)
    assert [entry["Names"] for entry in engine.api.containers()] == []
    tell("signals in a launch", steps=1)


def test_ctrl_c_while_the_engine_hangs(
    clustered: Callable[..., Cli], fresh_engine: Callable[..., Daemon], tmp_path: Path
) -> None:
    daemon = fresh_engine()
    cli = clustered(daemon.endpoint)
    register_pair(cli)
    with running(tmp_path / "out", cli.home, "run-task", "web") as launch:
        wait_until(lambda: len(daemon.api.containers()) == 1, within=60, what="db runs")
        daemon.pause()
        try:
            assert launch.end(signal.SIGINT, within=5) == 130
        finally:
            daemon.resume()
        assert "is not up yet" in launch.err


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["INT", "TERM", "HUP"]
)
def test_the_dashboard_gives_the_terminal_back(tmp_path: Path, number: signal.Signals, code: int) -> None:
    session_with(tmp_path)
    with TerminalProgram(command(tmp_path)) as program:
        program.until(b"Needs a look")
        program.signal(number)
        assert program.end(within=10) == code
        assert program.modes() == program.modes_before
        for left in (b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?25h", b"\x1b[?2004l"):
            assert left in program.seen[-400:]
        assert b"Traceback" not in program.seen
    assert not list((tmp_path / "state").glob("fault-*"))


def test_the_dashboard_is_stopped_and_goes_on(tmp_path: Path) -> None:
    """Stopped, its terminal is the shell's; going on, it is drawn anew."""
    session_with(tmp_path)
    with TerminalProgram(command(tmp_path)) as program:
        program.until_shown("Needs a look")
        program.forget()
        program.signal(signal.SIGTSTP)
        program.until(b"\x1b\\[\\?1049l")
        wait_until(lambda: Path(f"/proc/{program.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        assert program.modes() == program.modes_before
        program.forget()
        program.signal(signal.SIGCONT)
        program.until_shown("Needs a look")
        program.press(b"q")
        assert program.end() == 0
        assert program.modes() == program.modes_before


@pytest.mark.parametrize("line", ["2>/dev/full", "2>&-", ">/dev/full 2>/dev/full", ">&- 2>&-"])
def test_stderr_that_takes_nothing_changes_no_exit_code(tmp_path: Path, line: str) -> None:
    argv = " ".join(command(tmp_path, "describe-task-definition", "none"))
    assert subprocess.run(["sh", "-c", f"{argv} {line}"], check=False, timeout=30, capture_output=True).returncode == 1
