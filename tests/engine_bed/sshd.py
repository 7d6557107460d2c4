"""A real sshd on our loopback, and the ``ssh`` that a person has who is configured for it: ``ssh edge`` leads there."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from tests.engine_bed import processes
from tests.engine_bed.waiting import wait_until

_SERVER = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_ed25519
HostKey {folder}/host_rsa
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
{more}
"""
_CLIENT = """
Host edge
  HostName 127.0.0.1
  Port {port}
  User root
Host *
  IdentityFile {folder}/user_key
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile {folder}/known_hosts
  GlobalKnownHostsFile /dev/null
{more}
"""


def why_no_sshd() -> str | None:
    """The reason why no sshd can run here; None if one can."""
    if os.geteuid() != 0:
        return "not root (sshd needs root)"
    missing = [name for name in ("sshd", "ssh", "ssh-keygen") if shutil.which(name) is None]
    return f"missing programs: {' '.join(missing)} (apt-get install openssh-server)" if missing else None


class Sshd:
    """Args: folder: its own, empty. The host's key is known and the user's accepted at first; ``start`` starts it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known_hosts = folder / "known_hosts"
        self.bin = folder / "bin"
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        for name, kind in (("host_ed25519", "ed25519"), ("host_rsa", "rsa"), ("user_key", "ed25519")):
            self.make_key(name, kind)
        shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
        self.know()
        self.configure()
        self.bin.mkdir()
        wrapper = self.bin / "ssh"
        wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F "{folder}/ssh_config" "$@"\n')
        wrapper.chmod(0o755)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def make_key(self, name: str, kind: str = "ed25519") -> None:
        """Make a pair of keys, in place of those that have the name."""
        for path in (self.folder / name, self.folder / f"{name}.pub"):
            path.unlink(missing_ok=True)
        bits = ["-b", "2048"] if kind == "rsa" else []
        words = ["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-C", name, "-f", str(self.folder / name)]
        subprocess.run(words, check=True)

    def know(self, *names: str) -> None:
        """Of its keys the person knows just these; none given: the host's Ed25519 key."""
        keys = [(self.folder / f"{name}.pub").read_text().rsplit(" ", 1)[0] for name in names or ("host_ed25519",)]
        self.known_hosts.write_text("".join(f"[127.0.0.1]:{self.port} {key}\n" for key in keys))

    def fingerprint(self, name: str = "host_ed25519") -> str:
        told = subprocess.run(
            ["ssh-keygen", "-lf", str(self.folder / f"{name}.pub")], check=True, capture_output=True, text=True
        )
        return told.stdout.split()[1]

    def configure(self, *, client: str = "", server: str = "") -> None:
        """Lines to be added to the configurations: of ``Host *``, and of the server, which has to be started again."""
        (self.folder / "ssh_config").write_text(_CLIENT.format(folder=self.folder, port=self.port, more=client))
        (self.folder / "sshd_config").write_text(_SERVER.format(folder=self.folder, port=self.port, more=server))

    def start(self) -> None:
        """Returns when it answers."""
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # Debian's sshd does not start without it
        program = shutil.which("sshd")
        assert program is not None
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", program, "-D", "-e", "-f", str(self.folder / "sshd_config")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers, what="sshd answers", ignoring=(OSError,))

    def sessions(self) -> set[int]:
        """The processes that serve who is logged in."""
        return processes.tree(self.pid) - {self.pid} if self._process is not None else set()

    def kill(self) -> None:
        """kill -9 of it and of all its sessions; from now on connections are refused."""
        if self._process is not None:
            self.signal(signal.SIGKILL)
            self._process.wait(timeout=10)
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        """To it and to all its sessions."""
        for pid in (self.pid, *self.sessions()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"sshd ended with {self._process.returncode}: {self.log[-500:]}")
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as trial:
            return trial.recv(4) == b"SSH-"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])
