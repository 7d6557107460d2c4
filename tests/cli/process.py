"""Moorage as a process of its own: signals, pipes and exit codes cannot be seen from inside."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]


def command(home: Path, *argv: str) -> list[str]:
    return [sys.executable, str(ROOT / "moorage.py"), "--home", str(home), *argv]


def run(
    home: Path, *argv: str, stdout: IO[str] | int = subprocess.PIPE, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(home, *argv),
        check=False,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=env,
    )


class Running:
    """A running process whose stdout and stderr go to files."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self._folder = folder

    @property
    def out(self) -> str:
        return (self._folder / "stdout").read_text()

    @property
    def err(self) -> str:
        return (self._folder / "stderr").read_text()

    def end(self, signal_number: int, within: float = 10) -> int:
        self.process.send_signal(signal_number)
        return self.process.wait(timeout=within)


@contextlib.contextmanager
def running(folder: Path, home: Path, *argv: str, **environment: str) -> Iterator[Running]:
    """``folder``: where the output goes. Killed at the end, if it still runs."""
    folder.mkdir(exist_ok=True)
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(
            command(home, *argv),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env={**os.environ, **environment},
        )
    try:
        yield Running(process, folder)
    finally:
        process.kill()
        process.wait(timeout=30)
