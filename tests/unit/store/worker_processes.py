"""Starting, killing and collecting the processes of ``store_workers``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import tests

ROOT = Path(tests.__file__).parent.parent
DEADLINE = 120.0


def start(what: str, home: Path, who: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.unit.store.store_workers", what, str(home), str(who), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def acknowledged(process: subprocess.Popen[str]) -> list[str]:
    """The whole lines that a process that may have been killed has printed, once it has ended."""
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode in (0, -9), err
    return [line.removesuffix("\n") for line in out.splitlines(keepends=True) if line.endswith("\n")]
