"""Credential helpers: whatever one does, it ends in time, in one line, and nothing that it has written is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

import pytest

from app.model.errors import MoorageError
from app.model.registry import Credential
from app.store.credential_helper import MOST_OUTPUT, CredentialHelper
from tests.docker_folder import CANARY, NOT_FOUND, DockerFolder
from tests.engine_bed.waiting import wait_until

ROOT = Path(__file__).parents[3]
PATIENT = 30.0
SHORT = 0.5
SERVER = "registry.lan"


def get(docker: DockerFolder, script: str, seconds: float = PATIENT) -> Credential | None:
    docker.helper("x", script)
    return CredentialHelper("x", docker.environ, seconds).get(SERVER)


def fails(docker: DockerFolder, script: str, seconds: float = PATIENT) -> str:
    with pytest.raises(MoorageError) as caught:
        get(docker, script, seconds)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert "\n" not in caught.value.message
    assert caught.value.message.startswith("docker-credential-x ")
    return caught.value.message


def test_it_is_asked_by_a_word_and_by_its_stdin(docker: DockerFolder) -> None:
    script = f"""read -r s; echo '{{"ServerURL": "", "Username": "'"$1 $s $#"'", "Secret": "{CANARY}"}}'"""
    found = get(docker, script)
    assert found is not None
    assert (found.server, found.username, found.password) == (SERVER, f"get {SERVER} 1", CANARY)
    assert found.source == "docker-credential-x"


def test_a_token_in_place_of_a_user(docker: DockerFolder) -> None:
    found = get(docker, f"""echo '{{"Username": "<token>", "Secret": "{CANARY}"}}'""")
    assert found is not None
    assert (found.username, found.password, found.identity_token) == ("", "", CANARY)


def test_nothing_is_kept(docker: DockerFolder) -> None:
    assert get(docker, f"echo '{NOT_FOUND}'; exit 1") is None


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (f"echo {CANARY}; echo {CANARY} >&2; exit 3", "get failed (exit code 3)"),
        (f"echo {CANARY}", "get answered with no JSON"),
        (f"echo '[\"{CANARY}\"]'", "get answered without Username and Secret"),
        (f"""echo '{{"Username": "{CANARY}", "Secret": 7}}'""", "get answered without Username and Secret"),
        ("true", "get answered with no JSON"),
        ("kill -9 $$", "get failed (exit code -9)"),
        ("head -c 200000 /dev/zero", f"get wrote more than {MOST_OUTPUT >> 10} KiB"),
        ("yes", f"get wrote more than {MOST_OUTPUT >> 10} KiB"),
    ],
)
def test_one_that_fails(docker: DockerFolder, script: str, words: str) -> None:
    assert words in fails(docker, script)


def test_one_that_hangs_is_ended_with_all_that_it_has_started(docker: DockerFolder, tmp_path: Path) -> None:
    began = time.monotonic()
    told = fails(docker, f"sleep 600 & echo $! > {tmp_path}/pid; wait", SHORT)
    assert "get did not end within 0.5 s" in told
    assert time.monotonic() - began < PATIENT
    pid = (tmp_path / "pid").read_text().strip()
    wait_until(lambda: not Path(f"/proc/{pid}").exists() or ") Z" in Path(f"/proc/{pid}/stat").read_text())


def test_one_that_leaves_somebody_with_its_stdout_is_not_waited_for(docker: DockerFolder, tmp_path: Path) -> None:
    script = f"""sleep 600 & echo $! > {tmp_path}/pid; echo '{{"Username": "me", "Secret": "s"}}'"""
    try:
        assert get(docker, script) is not None
    finally:
        os.kill(int((tmp_path / "pid").read_text()), 9)


def test_it_need_not_read(docker: DockerFolder) -> None:
    docker.helper("x", "exec <&-; exit 0")
    CredentialHelper("x", docker.environ, PATIENT).store(Credential(SERVER, "me", "p" * 300_000))


def test_one_that_is_not_there(docker: DockerFolder) -> None:
    with pytest.raises(MoorageError, match="docker-credential-nowhere is not on PATH"):
        CredentialHelper("nowhere", docker.environ).get(SERVER)


def test_only_absolute_folders_of_path_count(docker: DockerFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = docker.helper("x", "true").parent
    monkeypatch.chdir(folder)
    with pytest.raises(MoorageError, match="is not on PATH"):
        CredentialHelper("x", {**docker.environ, "PATH": ":.:bin"}).get(SERVER)


def test_one_that_others_can_write_is_not_run(docker: DockerFolder) -> None:
    docker.helper("x", f"touch {docker.root}/ran").chmod(0o777)
    with pytest.raises(MoorageError, match="can be written by others; run chmod go-w"):
        CredentialHelper("x", docker.environ).get(SERVER)
    assert not (docker.root / "ran").exists()


@pytest.mark.parametrize("name", ["", "../x", "x/y", "X", "x y", "x\n", "x;y", "a" * 65])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(MoorageError, match="is no name of a credential helper"):
        CredentialHelper(name, {})


def test_it_keeps_gives_back_and_forgets(docker: DockerFolder) -> None:
    docker.helper("keychain")
    helper = CredentialHelper("keychain", docker.environ, PATIENT)
    assert helper.get(SERVER) is None
    helper.store(Credential(SERVER, "me", CANARY))
    found = helper.get(SERVER)
    assert found is not None
    assert (found.username, found.password) == ("me", CANARY)
    helper.store(Credential(SERVER, "me", identity_token=CANARY))
    found = helper.get(SERVER)
    assert found is not None
    assert (found.username, found.identity_token) == ("", CANARY)
    assert helper.erase(SERVER)
    assert not helper.erase(SERVER)
    assert helper.get(SERVER) is None


def test_one_that_is_asked_when_moorage_ends_ends_too(docker: DockerFolder, tmp_path: Path) -> None:
    docker.helper("x", f"echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; sleep 600")
    script = (
        "import sys, threading\nfrom app.store.credential_helper import CredentialHelper\nimport os\n"
        "helper = CredentialHelper('x', os.environ, 60)\n"
        "threading.Thread(target=helper.get, args=('registry.lan',), daemon=True).start()\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env={**os.environ, **docker.environ}, stdin=subprocess.PIPE
    ) as program:
        pid = wait_until((tmp_path / "pid").read_text, ignoring=(FileNotFoundError,)).strip()
    assert program.returncode == 0
    wait_until(lambda: not Path(f"/proc/{pid}").exists() or ") Z" in Path(f"/proc/{pid}/stat").read_text())
