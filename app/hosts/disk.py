"""How much room a host's disk has where Docker keeps its data: Docker's API does not tell, but for a few drivers."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from app.hosts.endpoint import Endpoint, ssh_target
from app.hosts.errors import HostError
from app.hosts.ssh.command import command_argv, ssh_environment

_SECONDS: Final = 10.0
_PATH: Final = re.compile(r"/[A-Za-z0-9._/@+-]{0,200}")
_UNITS: Final = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s?(B|kB|MB|GB|TB)")


class Disk(NamedTuple):
    """Bytes. ``free``: for those who are not root."""

    total: int
    free: int


def disk_of(info: Mapping[str, Any]) -> Disk | None:
    """As the storage driver tells it: devicemapper does."""
    status = {}
    told = info.get("DriverStatus")
    for pair in told if isinstance(told, list) else ():
        if isinstance(pair, list) and len(pair) == 2:
            status[str(pair[0])] = str(pair[1])
    total, free = _bytes(status.get("Data Space Total", "")), _bytes(status.get("Data Space Available", ""))
    return None if total is None or free is None else Disk(total, free)


def measured_disk(endpoint: Endpoint, info: Mapping[str, Any]) -> Disk | None:
    """As the system tells it: here for an engine of this machine, over there by ``df`` for one of SSH; else None."""
    root = str(info.get("DockerRootDir") or "")
    # It comes from the host, and goes to its shell.
    if not _PATH.fullmatch(root):
        return None
    if endpoint.is_ssh:
        return _far(endpoint, root)
    if endpoint.is_unix and info.get("Name") == os.uname().nodename:
        try:
            told = os.statvfs(root)
        except OSError:
            return None
        return Disk(told.f_blocks * told.f_frsize, told.f_bavail * told.f_frsize)
    return None


def read_df(text: str) -> Disk | None:
    """Of what ``df -Pk`` prints for one path: 1024-blocks, used, available, …"""
    for line in text.splitlines():
        words = line.split()
        numbers = [word for word in words[1:4] if word.isascii() and word.isdigit() and len(word) < 16]
        if len(numbers) == 3:
            return Disk(int(numbers[0]) << 10, int(numbers[2]) << 10)
    return None


def _far(endpoint: Endpoint, root: str) -> Disk | None:
    """None where the account has no shell, or no df."""
    try:
        told = subprocess.run(
            command_argv(ssh_target(endpoint), "df", "-Pk", root),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ssh_environment(),
            start_new_session=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, HostError):
        return None
    return read_df(told.stdout[: 1 << 14].decode(errors="replace"))


def _bytes(text: str) -> int | None:
    found = _SIZE.fullmatch(text.strip())
    return None if found is None else int(float(found[1]) * _UNITS[found[2]])
