"""Whatever hangs, the program ends after a signal."""

from __future__ import annotations

import subprocess
import sys
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


def test_an_orderly_end_is_left_alone() -> None:
    code = "from app.screens.ending import LastResort; last = LastResort(0.05); last.arm(9); last.disarm()"
    code += "; import threading; threading.Event().wait(0.3)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=30, check=False).returncode == 0
