"""What ends tunnels when this process is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine_bed.processes import living
from tests.engine_bed.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
_CHILD = """
import os, pathlib, signal, subprocess, sys
from app.hosts.ssh.guard import GUARD
held = pathlib.Path(sys.argv[1])
quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
started = [subprocess.Popen(["sleep", "300"], start_new_session=True, **quiet) for _ in range(3)]
sockets = [held / f"a b{index}" for index in range(3)]
for one, socket in zip(started, sockets):
    socket.write_text("")
    GUARD.hold(one.pid, socket)
    if sys.argv[2] == "again":  # somebody kills the guard
        GUARD._process.kill()
        GUARD._process.wait()
GUARD.release(started[1].pid)
print(*(one.pid for one in started), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def started() -> Iterator[list[int]]:
    """Process ids that are killed at the end."""
    pids: list[int] = []
    yield pids
    for pid in living(set(pids)):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("way", ["once", "again"])
def test_what_is_held_ends_with_us_and_what_was_released_does_not(tmp_path: Path, started: list[int], way: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _CHILD, str(tmp_path), way], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert told.returncode == -signal.SIGKILL, told.stderr
    started += map(int, told.stdout.split())
    first, second, third = started
    wait_until(lambda: living({first, third}) == set(), what="those that are held have ended")
    assert living({second}) == {second}
    wait_until(lambda: [path.name for path in tmp_path.iterdir()] == ["a b1"], what="their sockets are gone")
