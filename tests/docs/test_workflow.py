"""docs/workflow.md, from an empty folder to running tasks: its blocks are run exactly as they are printed.

What a ``text`` block prints stands in the output of the block before it, in this order; ``…`` is any text.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from http.client import HTTPException
from pathlib import Path
from typing import get_args

import pytest

from app.model.deployment import Delivery
from app.operations.deploying.files import FILES
from app.store import deploy_file
from tests.engine_bed import Daemon, Registry
from tests.engine_bed.waiting import wait_until

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "workflow.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A mount namespace of its own: there the two engines are at the places that the text names.
_AT_THEIR_PLACES = """
mount -t tmpfs tmpfs "$(readlink -f /var/run)"
ln -s "$0" /var/run/docker.sock
ln -s "$1" /var/run/edge-2.sock
exec bash -euo pipefail -c "$2"
"""


class Terminal:
    """Runs blocks in one folder, empty at first, as a person would who has ``moorage`` on the PATH."""

    def __init__(self, engines: list[Daemon], folder: Path) -> None:
        self._sockets = [str(engine.socket) for engine in engines]
        home = folder / "me"
        self.work = home / "work"
        self.work.mkdir(parents=True)
        self._environment = {"HOME": str(home), "PATH": f"{folder}:/usr/sbin:/usr/bin:/sbin:/bin"}
        command = folder / "moorage"
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(ROOT))}/moorage.py "$@"\n')
        command.chmod(0o755)

    def __call__(self, block: str) -> str:
        done = subprocess.run(
            ["unshare", "--mount", "bash", "-ec", _AT_THEIR_PLACES, *self._sockets, block],
            cwd=self.work,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}"
        return done.stdout


def check(printed: str, output: str) -> None:
    """Each printed line is found, after the one before it."""
    at = 0
    for line in printed.splitlines():
        pattern = ".*".join(re.escape(part.strip()) for part in line.strip().split("…"))
        found = re.compile(pattern).search(output, at)
        assert found is not None, f"{line!r} is not in what comes after {at} characters of\n{output}"
        at = found.end()


def until_served(text: str, port: int, engines: list[Daemon]) -> None:
    for engine in engines:

        def served(at: Daemon = engine) -> bool:
            return at.http_get(port).text == text

        wait_until(served, what=f"{text!r} is served", ignoring=(OSError, HTTPException))


def test_every_block_as_it_is_printed(engines: list[Daemon], shared_registry: Registry, tmp_path: Path) -> None:
    shared_registry.require("me", "hunter2")
    two = engines[:2]
    folder = tmp_path / "terminal"
    folder.mkdir()
    terminal, output = Terminal(two, folder), ""
    for kind, block in _BLOCK.findall(TEXT):
        if kind == "text":
            check(block, output)
            continue
        output = terminal(block)
        if "run-task" in block:
            until_served("hello from the first build\n", 8080, two)
        if "--dry-run" in block:
            until_served("hello from the first build\n", 8081, two)
        if "second build" in block:
            until_served("hello from the second build\n", 8081, two)


@pytest.mark.parametrize(
    "name", [*deploy_file._TOP, *deploy_file._BUILD, *(f'"{word}"' for word in get_args(Delivery))]
)
def test_every_member_of_moorage_toml_is_told(name: str) -> None:
    table = TEXT.split("| `moorage.toml` |", 1)[1]
    assert f"`{name}`" in table or f"`[[{name}]]`" in table


def test_the_budgets_and_the_files_are_those_of_the_program() -> None:
    assert f"{deploy_file.MOST_BUILDS} at most" in TEXT
    assert f"1 to {deploy_file.MOST_COUNT}" in TEXT
    assert FILES[0] == "moorage.toml"
    assert "taskdef.json" in FILES
