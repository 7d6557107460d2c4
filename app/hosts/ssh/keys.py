"""Keys that SSH knows hosts by: is a host's known, which has it, and adding one that a person has agreed to.

``ssh`` itself fetches them, not ssh-keyscan: only it knows the person's aliases and jump hosts, and under which name a
key is looked for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import pwd
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.hosts.endpoint import SshTarget
from app.hosts.errors import HostError
from app.hosts.ssh.command import command_argv, configuration_argv, ssh_environment
from app.hosts.ssh.reason import is_changed_key, is_login_refused, is_unknown_key, is_unknown_of_jump, ssh_reason
from app.model.errors import MoorageError

_SECONDS: Final = 20.0
_MOST_OUTPUT: Final = 1 << 16
_NO_LOGIN: Final = "PreferredAuthentications=none"
_NOTHING: Final = "true"
"""A command; some hosts need no login, and would keep a connection without one open."""
_SSH_FAILED: Final = 255
"""Any other code is the command's."""
_KINDS: Final = {
    "ED25519": "ssh-ed25519",
    "ECDSA": "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521",
    "RSA": "rsa-sha2-512,rsa-sha2-256",
}


@dataclass(frozen=True, slots=True)
class HostKey:
    """``kind``: ED25519, ECDSA or RSA. ``fingerprint``: as ssh-keygen -l tells it.

    ``line``: as known_hosts has it; or lines.
    """

    kind: str
    fingerprint: str
    line: str


def is_known(target: SshTarget) -> bool:
    """Does ssh know the host's key? Nobody is logged in, but where a host lets everybody in.

    Raises HostError: it does not get there, or the key is another one than is known.
    """
    lines, code = _asked(command_argv(target, _NOTHING, options=(_NO_LOGIN,)))
    if is_unknown_key(lines) and not (is_unknown_of_jump(lines) or is_changed_key(lines)):
        return False
    if code != _SSH_FAILED or (is_login_refused(lines) and not is_changed_key(lines)):
        return True
    raise HostError(ssh_reason(lines, target) or f"ssh ended with {code}", "unreachable")


def fetch_keys(target: SshTarget) -> list[HostKey]:
    """The keys that the host has, as they came over the network: whether they are right a person has to say."""
    found: list[HostKey] = []
    lines: list[str] = []
    with tempfile.TemporaryDirectory(prefix="moorage-keys-") as folder:
        for kind, algorithms in _KINDS.items():
            # Into a file of its own, by a relative name: options know %, ~ and blanks in a path.
            options = (
                f"UserKnownHostsFile=./{kind}",
                "GlobalKnownHostsFile=/dev/null",
                "StrictHostKeyChecking=accept-new",
                f"HostKeyAlgorithms={algorithms}",
                _NO_LOGIN,
            )
            told, _ = _asked(command_argv(target, _NOTHING, options=options), folder)
            lines += told
            found += _read_keys(kind, Path(folder) / kind)
    if not found:
        raise HostError(ssh_reason(lines, target) or f"{target.host} has shown no host key", "unreachable")
    return found


def known_hosts_file(target: SshTarget) -> Path:
    """Where ssh keeps the keys of hosts for this one. Raises MoorageError when it keeps none."""
    lines, _ = _asked(configuration_argv(target))
    for line in lines:
        name, _, value = line.partition(" ")
        if name.lower() == "userknownhostsfile" and value.split():
            first = value.split()[0].strip('"')
            path = Path(_home() + first[1:]) if first.startswith("~/") else Path(first)
            if path.is_absolute() and str(path) != os.devnull:
                return path
    raise MoorageError(f"ssh keeps no known_hosts for {target.host}: see UserKnownHostsFile in ~/.ssh/config")


def add_keys(path: Path, keys: Sequence[HostKey]) -> None:
    """Add to the end of a known_hosts; what is in it stays as it is. Raises MoorageError."""
    text = "".join(f"{key.line}\n" for key in keys).encode()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", 0) as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                text = text if file.read(1) == b"\n" else b"\n" + text
            file.write(text)
            os.fsync(file.fileno())
    except OSError as error:
        raise MoorageError(f"cannot add to {path}: {os.strerror(error.errno or 0)}") from error


def _read_keys(kind: str, path: Path) -> list[HostKey]:
    try:
        lines = path.read_text("ascii", "replace").splitlines()
    except OSError:  # the host has no key of this kind
        return []
    found: dict[str, list[str]] = {}
    for line in lines:
        try:
            print_of_key = fingerprint(base64.b64decode(line.split()[2], validate=True))
        except (IndexError, binascii.Error):
            continue
        # With CheckHostIP there is a line for the name, and one for the address.
        found.setdefault(print_of_key, []).append(line)
    return [HostKey(kind, told, "\n".join(same)) for told, same in found.items()]


def fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _asked(argv: Sequence[str], folder: str = "/") -> tuple[list[str], int]:
    """What ssh writes, and its exit code; 255 when it does not come to an end."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=ssh_environment(),
        start_new_session=True,
    )
    try:
        told, _ = process.communicate(timeout=_SECONDS)
        code = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        told, code = process.communicate()[0], _SSH_FAILED
    return told[:_MOST_OUTPUT].decode(errors="replace").splitlines(), code


def _home() -> str:
    """ssh's own ``~``: that of the user, whatever HOME says."""
    return pwd.getpwuid(os.getuid()).pw_dir
