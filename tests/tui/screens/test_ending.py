"""Whatever hangs, the program ends after a signal."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# As Textual's writer does when its terminal is gone: the main thread waits for ever for room in a full queue.
BLOCKED = """
import os, queue, signal
from app.screens.ending import LastResort, end_on_signals
end_on_signals(lambda code: None, LastResort(grace=0.2))
os.kill(os.getpid(), signal.{signal})
full = queue.Queue(1)
full.put("frame")
full.put("frame")
"""


def test_a_blocked_program_ends_with_the_signals_code() -> None:
    for name, code in (("SIGTERM", 143), ("SIGHUP", 129)):
        command = [sys.executable, "-c", BLOCKED.format(signal=name)]
        assert subprocess.run(command, cwd=ROOT, timeout=30, check=False).returncode == code


def test_a_terminal_that_goes_without_a_signal_ends_the_dashboard(tmp_path: Path) -> None:
    """It is not the controlling one: nobody sends SIGHUP then."""
    leader, follower = os.openpty()
    argv = [sys.executable, str(ROOT / "moorage.py"), "--home", str(tmp_path)]
    program = subprocess.Popen(argv, stdin=follower, stdout=follower, stderr=follower, start_new_session=True)
    try:
        os.close(follower)
        seen, deadline = b"", time.monotonic() + 30
        while b"q quit" not in seen:
            assert select.select([leader], [], [], max(deadline - time.monotonic(), 0))[0], seen
            seen = re.sub(rb"\x1b\[[0-9;]*m", b"", seen + os.read(leader, 65536))
        os.close(leader)
        assert program.wait(30) == 128 + signal.SIGHUP
    finally:
        program.kill()
        program.wait(10)


def test_an_orderly_end_is_left_alone() -> None:
    code = "from app.screens.ending import LastResort; last = LastResort(0.05); last.arm(9); last.disarm()"
    code += "; import threading; threading.Event().wait(0.3)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=30, check=False).returncode == 0
