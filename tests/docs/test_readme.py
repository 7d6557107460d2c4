"""The commands in the README, run exactly as they are printed, against a real engine."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli import stand_ins

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

ROOT = Path(__file__).parents[2]
# A mount namespace of its own: there the engine is at the usual place, /var/run/docker.sock.
_AT_THE_USUAL_PLACE = """
mount -t tmpfs tmpfs "$(readlink -f /var/run)"
ln -s "$0" /var/run/docker.sock
exec bash -euo pipefail -c "$1"
"""


def blocks(heading: str) -> list[str]:
    """The shell blocks of one section of the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


class Terminal:
    """Runs blocks as a person in a checkout would: ``moorage`` is on the PATH, the engine at the usual place."""

    def __init__(self, engine: Daemon, folder: Path) -> None:
        self._engine = engine
        self._environment = {"MOORAGE_HOME": str(folder / "home"), "PATH": f"{folder}:/usr/sbin:/usr/bin:/sbin:/bin"}
        command = folder / "moorage"
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(ROOT))}/moorage.py "$@"\n')
        command.chmod(0o755)

    def __call__(self, block: str) -> str:
        inside = ["unshare", "--mount", "bash", "-ec", _AT_THE_USUAL_PLACE, str(self._engine.socket), block]
        done = subprocess.run(
            inside,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def test_the_first_five_minutes_by_commands(engine: Daemon, tmp_path: Path) -> None:
    stand_ins.load(engine.api, "nginx:1.28-alpine")
    terminal = Terminal(engine, tmp_path)
    launch, after = blocks("The same by commands")

    assert ":8080→80" in terminal(launch)
    assert engine.http_get(8080).text == "stand-in for nginx\n"

    said = terminal(after)
    assert "STOPPED" in said
    assert "enough for today" in said
    assert [container["State"] for container in engine.api.containers(all=True)] == ["exited"]
