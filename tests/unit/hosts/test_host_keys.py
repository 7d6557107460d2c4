"""Keys of hosts, with an ``ssh`` that says what the test wants; a real one is in ``tests/cli/test_ssh.py``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.hosts.endpoint import SshTarget
from app.hosts.errors import HostError
from app.hosts.ssh.keys import HostKey, add_keys, fetch_keys, is_known, known_hosts_file
from app.model.errors import MoorageError

EDGE = SshTarget("", "edge", 0, "/var/run/docker.sock")
KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIBP5MydS79vcQ5EE/Pgt447yEh38RYcIg4cuyC5WQoDN"
PRINT = "SHA256:Adi2ghbK74vLHiiRQR17AbFbzcsnhnqp/yE3qGr2n00"


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the ``ssh`` on PATH: a shell script."""

    def make(script: str) -> None:
        program = tmp_path / "bin" / "ssh"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return make


@pytest.mark.parametrize("code", [0, 1])
def test_a_host_that_lets_everybody_in_is_known_too(ssh: Callable[[str], None], code: int) -> None:
    ssh(f"exit {code}")
    assert is_known(EDGE)


def test_what_hinders_ssh_is_raised(ssh: Callable[[str], None]) -> None:
    ssh("echo 'ssh: connect to host edge port 22: No route to host' >&2; exit 255")
    with pytest.raises(HostError, match="there is no way to edge"):
        is_known(EDGE)
    with pytest.raises(HostError, match="there is no way to edge"):
        fetch_keys(EDGE)


def test_a_key_is_told_once_with_all_of_its_lines(ssh: Callable[[str], None]) -> None:
    lines = f"edge ssh-ed25519 {KEY}\\n10.0.0.9 ssh-ed25519 {KEY}\\nodd\\nedge ssh-ed25519 ???\\n"
    ssh(f"case \"$*\" in *HostKeyAlgorithms=ssh-ed25519*) printf '{lines}' >ED25519;; esac; exit 255")
    assert fetch_keys(EDGE) == [
        HostKey("ED25519", PRINT, f"edge ssh-ed25519 {KEY}\n10.0.0.9 ssh-ed25519 {KEY}"),
    ]


def test_where_keys_are_kept_ssh_says(ssh: Callable[[str], None]) -> None:
    ssh("echo 'hostname edge'; echo 'userknownhostsfile /etc/known /other'")
    assert known_hosts_file(EDGE) == Path("/etc/known")
    ssh("echo 'userknownhostsfile ~/.ssh/mine'")
    assert known_hosts_file(EDGE).name == "mine"
    assert known_hosts_file(EDGE).is_absolute()
    for nowhere in ("/dev/null", "none", ""):
        ssh(f"echo 'userknownhostsfile {nowhere}'")
        with pytest.raises(MoorageError, match="keeps no known_hosts for edge"):
            known_hosts_file(EDGE)


def test_adding_keeps_what_is_there_and_says_what_hinders_it(tmp_path: Path) -> None:
    file = tmp_path / "new" / "known_hosts"
    key = HostKey("ED25519", PRINT, f"edge ssh-ed25519 {KEY}")
    add_keys(file, [key])
    assert (oct(file.parent.stat().st_mode & 0o777), oct(file.stat().st_mode & 0o777)) == ("0o700", "0o600")
    file.write_text("# mine")
    add_keys(file, [key])
    assert file.read_text() == f"# mine\n{key.line}\n"
    with pytest.raises(MoorageError, match="cannot add to"):
        add_keys(tmp_path, [key])
