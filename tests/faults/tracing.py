"""A process under strace: killed, or told of an error, at the n-th of its system calls; or written down."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

CHANGING = (
    "write", "fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir",
    "mkdirat", "fchmod", "ftruncate", "pwrite64",
)  # fmt: skip
"""Calls that change files. A Python that starts makes none of them but writes to its output."""
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing (apt-get install strace)")


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def killed(self) -> bool:
        return self.code in (-signal.SIGKILL, 128 + signal.SIGKILL)


def injected(argv: Sequence[str], call: str, fault: str, at: int) -> Ended:
    """Run with a fault (``error=ENOSPC``, ``signal=KILL``) in the ``at``-th such call of each thread."""
    return _run(["-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={at}"], argv)


def written_down(argv: Sequence[str], folder: Path) -> tuple[Ended, list[str]]:
    """What became of it, and its changing calls as strace tells them, with the paths of file descriptors."""
    log = folder / "calls"
    ended = _run(["-y", "-o", str(log), "-e", f"trace={','.join(CHANGING)}"], argv)
    return ended, [re.sub(r"^\d+ +", "", line) for line in log.read_text("utf-8", "replace").splitlines()]


def counted(lines: Sequence[str]) -> Counter[str]:
    return Counter(match[1] for line in lines if (match := re.match(r"(\w+)\(", line)))


def _run(options: Sequence[str], argv: Sequence[str]) -> Ended:
    ran = subprocess.run(
        ["strace", "-f", "-qq", *options, *argv],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return Ended(ran.returncode, ran.stdout, ran.stderr)
