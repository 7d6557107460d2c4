"""Where the sockets of tunnels are: a folder that nobody else can look into, and whose path a socket can have."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from app.hosts.errors import HostError

NAME_BYTES: Final = len("0123456789ab.sock")
LONGEST_PATH: Final = 103
"""Bytes of a socket's path: what macOS can have; Linux has four more."""


def socket_folder(preferred: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The first place that is short enough and ours, made 0700: ``preferred``, the runtime folder, the temporary one.

    Raises HostError (unreachable) that names what is wrong with each.
    """
    problems = []
    for folder in _candidates(preferred, environ):
        if len(os.fsencode(folder)) + 1 + NAME_BYTES > LONGEST_PATH:
            problems.append(f"{folder}: its path is too long for a socket")
            continue
        if "\n" in str(folder):
            problems.append(f"{folder}: its path has a line break")
            continue
        problem = _made(folder)
        if not problem:
            return folder
        problems.append(f"{folder}: {problem}")
    raise HostError(f"there is no place for the socket of a tunnel: {'; '.join(problems)}", "unreachable")


def _candidates(preferred: Path | None, environ: Mapping[str, str]) -> Iterator[Path]:
    if preferred is not None:
        yield preferred
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):
        yield Path(runtime) / "moorage"
    yield Path(tempfile.gettempdir()) / f"moorage-{os.geteuid()}"


def _made(folder: Path) -> str:
    """Make it, and look whose it is: "" when it can be used, else why not. A link is not followed."""
    try:
        _make(folder)
        status = os.lstat(folder)
        if not stat.S_ISDIR(status.st_mode):
            return "it is no folder"
        if status.st_uid != os.geteuid():
            return f"it belongs to user {status.st_uid}"
        if stranger := _who_could_swap(folder):
            return stranger
        if stat.S_IMODE(status.st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError as error:
        return os.strerror(error.errno or 0)
    return ""


def _who_could_swap(folder: Path) -> str:
    """Why somebody else could put another folder in its place; "" if nobody can."""
    for parent in Path(os.path.realpath(folder)).parents:
        status = os.lstat(parent)
        if status.st_uid not in (0, os.geteuid()):
            return f"{parent} belongs to user {status.st_uid}"
        if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
            return f"others can write to {parent}"
    return ""


def _make(folder: Path) -> None:
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
