"""Files that decide what is run or given to a task: no stranger may have written them, or be able to swap them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from app.store.reading import broken

MAX_LINKS = 40


def checked_program(path: Path) -> Path:
    """The file of a program, links followed, that only root or we can have written.

    Raises DocumentError, in one line, for everything that speaks against running it.
    """
    try:
        real = safe_way(path)
        status = os.lstat(real)
    except OSError as error:
        raise broken(path, f"cannot be run: {os.strerror(error.errno or 0)}", "correct the path") from None
    if not stat.S_ISREG(status.st_mode):
        raise broken(path, "is not a regular file", "write the path of a program")
    if status.st_uid not in (0, os.geteuid()):
        raise broken(path, f"belongs to user {status.st_uid}", "use a file of your own, or of root's")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise broken(path, "can be written by others", f"run chmod go-w {real}")
    if not os.access(real, os.X_OK):
        raise broken(path, "is not executable", f"run chmod +x {real}")
    return real


def safe_way(path: Path) -> Path:
    """The absolute path with its links followed, when no stranger could put something else on the way.

    Raises:
        OSError: there is no such file, or it cannot be reached.
        DocumentError: a stranger could.
    """
    real, links = Path("/"), 0
    rest = list(reversed(path.parts[1:]))
    while rest:
        name = rest.pop()
        if name == "..":
            real = real.parent
            continue
        entry = real / name
        status = os.lstat(entry)
        _check_step(entry, status, os.lstat(real))
        if not stat.S_ISLNK(status.st_mode):
            real = entry
            continue
        links += 1
        if links > MAX_LINKS:
            raise broken(path, "has too many symbolic links on the way", "correct them")
        # The first part of an absolute target is /, which leads back to the root.
        rest.extend(reversed(Path(os.readlink(entry)).parts))
    return real


def _check_step(entry: Path, status: os.stat_result, folder: os.stat_result) -> None:
    if not folder.st_mode & stat.S_IWOTH:
        return
    if not folder.st_mode & stat.S_ISVTX:
        raise broken(entry, "every user may write in its folder", f"run chmod o-w {entry.parent}")
    if status.st_uid not in (0, os.geteuid()):
        problem = f"it belongs to user {status.st_uid}, in a folder where every user may write"
        raise broken(entry, problem, "use a file in a folder of your own")
