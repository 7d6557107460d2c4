"""Every verb that shows something, with text that would drive a terminal in all of it: on a pipe, and on a terminal."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.operations.session import Session
from app.store.home import resolve_home
from tests.cli.calling import Cli
from tests.engine_bed import wait_until
from tests.figures import tell
from tests.monkey.churn import NASTY
from tests.monkey.world import fill_past, nasty_definition
from tests.terminal import TerminalProgram
from tests.terminal_bytes import foreign

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

ROOT = Path(__file__).resolve().parents[2]
SHOWING = (
    ("list-clusters",),
    ("describe-clusters", NASTY),
    ("list-container-instances",),
    ("describe-container-instances",),
    ("describe-container-instances", NASTY),
    ("list-task-definitions",),
    ("list-task-definition-families",),
    ("describe-task-definition", "nasty"),
    ("describe-task-definition", NASTY),
    ("diff", "nasty:1", "nasty:2"),
    ("plan", "nasty"),
    ("list-tasks", "--desired-status", "STOPPED"),
    ("describe-tasks",),
    ("describe-tasks", NASTY),
    ("stats", "--no-stream"),
    ("events",),
    ("events", "--task", NASTY),
    ("import", "--container", "by-hand", "--container-instance", "edge-1", "--dry-run"),
    ("import-contexts",),
    ("login", NASTY, "--username", NASTY),
    ("logout", NASTY),
    (NASTY,),
    ("list-tasks", f"--{NASTY}"),
)
UNTABLED = (
    ("logs", "--family", "nasty"),
    ("logs", "--container", "by-hand", "--container-instance", "edge-1"),
    ("execute-command", "--container", "by-hand", "--container-instance", "edge-1", "--command", NASTY),
    ("export", "nasty"),
)
# A terminal of its own for all of them: what is asked of it is told by what stands between the marks.
_ALL = """
import json, sys
from app.main import main
for number, argv in enumerate(json.loads(sys.argv[1])):
    print(f"\\ncall {number}", flush=True)
    main(argv)
"""


@pytest.fixture
def hostile(engine: Daemon, clustered: Callable[..., Cli], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """A home and an engine with names, logs, labels, commands, reasons, events and files that are all hostile."""
    cli = clustered(engine.endpoint)
    for memory in (16, 20):
        document = nasty_definition()
        document["containerDefinitions"][0]["memory"] = memory
        cli("register-task-definition", json.dumps(document))
    cli("run-task", "nasty", "--started-by", "ops")
    labels = {"nasty": NASTY, "moorage.task": NASTY}
    script = f"echo '{NASTY}'; sleep 1000"
    engine.run(["sh", "-c", script], name="by-hand", labels=labels, environment={"NASTY": NASTY}, stop_signal="KILL")
    wait_until(lambda: engine.api.logs("by-hand"), within=20, what="its first line")
    fill_past(Session(resolve_home(str(cli.home), {})), 40)
    meta = tmp_path / "docker" / "contexts" / "meta" / "ab"
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": NASTY, "Metadata": {}, "Endpoints": {}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return cli


def _calls(cli: Cli) -> list[list[str]]:
    tabled = [[*argv, "--output", form] for argv in SHOWING for form in ("table", "text", "json")]
    return [["--home", str(cli.home), *argv] for argv in (*tabled, *map(list, UNTABLED))]


def test_nothing_foreign_is_written_to_a_terminal(hostile: Cli) -> None:
    calls = _calls(hostile)
    argv = [sys.executable, "-c", _ALL, json.dumps(calls)]
    with TerminalProgram(argv, rows=50, columns=160, PYTHONPATH=str(ROOT), MOORAGE_HOME=str(hostile.home)) as terminal:
        terminal.end(within=180)
        parts = re.split(rb"\r\ncall (\d+)\r\n", terminal.seen)
    assert [int(number) for number in parts[1::2]] == list(range(len(calls)))
    told = {
        " ".join(calls[int(number)][2:4]): foreign(part) for number, part in zip(parts[1::2], parts[2::2], strict=True)
    }
    assert {call: found[:2] for call, found in told.items() if found} == {}
    assert sum(b"pwned" in part for part in parts[2::2]) >= 12, "there was something hostile to be seen"
    tell("hostile text", calls=len(calls), bytes=sum(map(len, parts[2::2])), leaked=sum(map(len, told.values())))


@pytest.mark.parametrize("form", ["table", "text"])
def test_nothing_foreign_is_written_to_a_pipe_for_people(
    hostile: Cli, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.main import main

    for argv in SHOWING:
        main(["--home", str(hostile.home), *argv, "--output", form])
        out, err = capsys.readouterr()
        assert foreign((out + err).encode("utf-8", "surrogatepass")) == [], argv
