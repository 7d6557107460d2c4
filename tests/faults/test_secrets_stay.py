"""A whole run, by verbs and in the dashboard: what it writes is private, a secret that takes part is told nowhere."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.process import ROOT, command, run
from tests.engine_bed import Daemon
from tests.faults.canary import CANARY, arguments_that_tell, files_that_tell, told_in
from tests.terminal import TerminalProgram

PARAMETER = "arn:aws:ssm:eu-west-1:1:parameter/key"
BUCKET = "arn:aws:s3:::bucket/web.env"
LIVE = ["sh", "-c", "trap 'exit 0' TERM; echo up; while :; do sleep 0.2; done"]


@contextmanager
def under(umask: int) -> Iterator[None]:
    before = os.umask(umask)
    try:
        yield
    finally:
        os.umask(before)


class Watched:
    """Looks at the command lines of all processes, again and again, as another user of the machine could."""

    def __init__(self) -> None:
        self.told: set[str] = set()
        self.looks = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)

    def _look(self) -> None:
        while not self._over.wait(0.2):
            self.told.update(arguments_that_tell())
            self.looks += 1


@pytest.fixture
def home(engine: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with secrets by reference, the files that they are in, and a password for a registry."""
    docker = tmp_path / "docker"
    docker.mkdir(mode=0o700)
    login = base64.b64encode(f"me:{CANARY}".encode()).decode()
    (docker / "config.json").write_text(json.dumps({"auths": {"127.0.0.1:5999": {"auth": login}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(docker))
    home = tmp_path / "home"
    assert run(home, "create-cluster").returncode == 0
    registered = run(home, "register-container-instance", "--name", "edge-1", "--endpoint", engine.endpoint)
    assert registered.returncode == 0, registered.stderr
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "key").write_text(f"{CANARY}\n")
    (secrets / "web.env").write_text(f"FROM_FILE={CANARY}\n")
    for path in secrets.iterdir():
        path.chmod(0o600)
    config = home / "config.toml"
    config.write_text(
        f'[secrets]\n"{PARAMETER}" = "file:{secrets}/key"\n[environment_files]\n"{BUCKET}" = "{secrets}/web.env"\n'
    )
    config.chmod(0o600)
    return home


def document(**members: object) -> str:
    """A definition with a secret of each kind: by reference, in a file, and as a value, as some do."""
    container = {
        "name": "web", "image": "busybox", "memory": 16, "command": LIVE, "stopTimeout": 2,
        "secrets": [{"name": "KEY", "valueFrom": PARAMETER}],
        "environmentFiles": [{"type": "s3", "value": BUCKET}],
        **members,
    }  # fmt: skip
    return json.dumps({"family": "web", "containerDefinitions": [container]})


FAULT = """
import pathlib, sys
from app.cli.outcome import guarded
guarded(lambda: 1 / 0, lambda: pathlib.Path(sys.argv[1]))
"""
VERBS = (
    ("run-task", "web"),
    ("list-tasks",),
    ("describe-tasks",),
    ("describe-tasks", "--output", "table"),
    ("describe-task-definition", "web"),
    ("plan", "web"),
    ("logs", "--family", "web"),
    ("stats", "--no-stream"),
    ("events",),
    ("run-task", "nosuch"),
    ("run-task", "private"),
    ("export", "web"),
)


def whole_run(home: Path) -> tuple[bytes, bytes]:
    """What verbs print, and what the dashboard writes to its terminal."""
    printed = []
    for verb in VERBS:
        ran = run(home, *verb)
        printed.append(ran.stdout + ran.stderr)
    with TerminalProgram(command(home), rows=40, columns=140) as program:
        program.until_shown("1 live")
        for keys, shown in (
            (b"2", "web:1"), (b"\r", "web:1"), (b"d", ""), (b"y", "taskArn|containers"), (b"\x1b", ""),
            (b"l", "up"), (b"\x1b", ""), (b"\x1b", ""), (b"4", "web"), (b"\r", ""), (b"y", ""), (b"\x1b", ""),
            (b"5", ""), (b"3", "edge-1"), (b"\r", ""), (b"\x1b", ""), (b"?", ""), (b"\x1b", ""),
        ):  # fmt: skip
            program.press(keys)
            if shown:
                program.until_shown(shown)
            else:
                program.read_for(0.5)
        program.press(b"1")
        program.until_shown("Needs a look")
        program.press(b"q")
        assert program.end() == 0
        written = program.seen
    stopped = run(home, "list-tasks", "--output", "text")
    for word in stopped.stdout.split():
        if "task/" in word:
            run(home, "stop-task", "--task", word)
    return "\n".join(printed).encode(), written


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=["000", "077"])
def test_everything_that_was_written_is_private(home: Path, umask: int) -> None:
    theirs = {home / "config.toml"}
    with under(umask):
        registered = run(home, "register-task-definition", "--cli-input-json", document())
        assert registered.returncode == 0, registered.stderr
        whole_run(home)
        subprocess.run([sys.executable, "-c", FAULT, str(home / "state")], cwd=ROOT, check=False, timeout=30)
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in [home, *home.rglob("*")] if path not in theirs}
    loose = {str(path): oct(mode) for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)}
    assert loose == {}
    assert len(modes) > 10
    assert list((home / "state").glob("fault-*"))


def test_a_canary_is_told_nowhere(home: Path, engine: Daemon, tmp_path: Path) -> None:
    assert run(home, "register-task-definition", "--cli-input-json", document()).returncode == 0
    private = {"name": "web", "image": "127.0.0.1:5999/app:1", "memory": 16}
    asked = json.dumps({"family": "private", "containerDefinitions": [private]})
    assert run(home, "register-task-definition", "--cli-input-json", asked).returncode == 0
    with Watched() as watched:
        printed, written = whole_run(home)
    assert b"CannotPullContainerError" in printed, "the registry was asked, with the password"
    assert b"RUNNING" in printed
    assert b"web:1" in written
    (made,) = [entry for entry in engine.api.containers(all=True) if "moorage.task" in entry["Labels"]]
    inside = engine.api.inspect_container(made["Id"])["Config"]["Env"]
    assert {f"KEY={CANARY}", f"FROM_FILE={CANARY}"} <= set(inside), "it did take part"
    assert not told_in(printed)
    assert not told_in(written)
    assert watched.told == set()
    assert watched.looks > 3
    assert files_that_tell(home) == []
    assert not told_in(json.dumps([made, engine.api.volumes()]).encode())


def test_one_of_a_compose_project_is_masked(home: Path, engine: Daemon, tmp_path: Path) -> None:
    """From its .env into the definition that was made of it, and no further."""
    project = tmp_path / "shop"
    project.mkdir()
    (project / ".env").write_text(f"PASSWORD={CANARY}\n")
    (project / "compose.yaml").write_text(
        "services:\n  web:\n    image: busybox\n    mem_limit: 16m\n    stop_grace_period: 2s\n"
        f"    command: {json.dumps(LIVE)}\n    environment: {{DB_PASSWORD: '${{PASSWORD}}'}}\n"
    )
    with Watched() as watched:
        up = run(home, "up", "--file", str(project / "compose.yaml"))
        assert up.returncode == 0, up.stderr
        told = [up, *(run(home, *verb) for verb in (("describe-tasks",), ("events",), ("list-tasks",)))]
        down = run(home, "down", "--file", str(project / "compose.yaml"))
    assert not told_in("".join(ran.stderr for ran in told).encode())
    assert not told_in((told[2].stdout + told[3].stdout + down.stdout + down.stderr).encode())
    assert watched.told == set()
    assert files_that_tell(home) == ["task-definitions/shop/1.json"]


def test_one_that_is_written_into_a_definition_is_masked(home: Path, engine: Daemon) -> None:
    """It is in the document, which is kept as it was given; on screens and in what is told of tasks it is not."""
    given = document(environment=[{"name": "DB_PASSWORD", "value": CANARY}], secrets=[], environmentFiles=[])
    handed = home.parent / "web.json"
    handed.write_text(given)
    with Watched() as watched:
        assert run(home, "register-task-definition", "--cli-input-json", f"file://{handed}").returncode == 0
        _, written = whole_run(home)
    assert not told_in(written)
    assert watched.told == set()
    # The document itself alone: no history, no list of events, no journal, no report.
    assert files_that_tell(home) == ["task-definitions/web/1.json"]
