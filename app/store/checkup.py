"""Can files be kept on this machine? Folders, modes, locks and links, looked at for real, with nothing left behind."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from app.model.check import Check
from app.model.errors import MoorageError
from app.store.atomic import locked, make_folder, remove, write_once
from app.store.home import Home

_MOST_FILES: Final = 2000
_LEAST_FREE: Final = 64 << 20
_OTHERS_WRITE, _OTHERS = stat.S_IWGRP | stat.S_IWOTH, stat.S_IRWXG | stat.S_IRWXO


def check_home(home: Home) -> list[Check]:
    """Everything about the files of a home. Makes its folders, as the first write would; raises nothing."""
    folders = {"state": home.state, "clusters": home.clusters, "task definitions": home.definitions}
    written = [_written(f"folder of {what}", folder) for what, folder in folders.items()]
    return [*written, *_modes(home), *_room(home.state)]


def _written(name: str, folder: Path) -> Check:
    trial = folder / f".trial-{secrets.token_hex(6)}"
    try:
        make_folder(folder)
        with locked(trial, 2.0):
            write_once(trial, b"")
            remove(trial)
    except MoorageError as error:
        return Check(name, "failed", error.message)
    return Check(name, "ok", f"{folder}: can be written and locked")


def _modes(home: Home) -> Iterator[Check]:
    """What is in the state folder is nobody else's business; what decides what is run nobody else may write."""
    private = _too_open(home.state, _OTHERS)
    ours = [*_too_open(home.clusters, _OTHERS_WRITE), *_too_open(home.definitions, _OTHERS_WRITE)]
    ours += _too_open(home.config_file, _OTHERS_WRITE)
    if private:
        yield Check("modes", "warning", f"others can read {_named(private)}", f"chmod -R go= {home.state}")
    if ours:
        yield Check("modes", "failed", f"others can write {_named(ours)}", "chmod go-w there")
    if not private and not ours:
        yield Check("modes", "ok", "nobody else can change files, or look into the state folder")


def _too_open(root: Path, bits: int) -> list[Path]:
    """Those with one of the mode's bits, of the folder and the first of what is in it."""
    return [path for path in islice(_tree(root), _MOST_FILES) if _mode(path) & bits]


def _tree(root: Path) -> Iterator[Path]:
    yield root
    if not _mode(root) & (stat.S_IXGRP | stat.S_IXOTH):
        return  # nobody gets past a folder that is closed
    for folder, folders, files in os.walk(root):
        yield from (Path(folder, name) for name in (*folders, *files))


def _mode(path: Path) -> int:
    try:
        status = os.lstat(path)
    except OSError:
        return 0
    return 0 if stat.S_ISLNK(status.st_mode) else stat.S_IMODE(status.st_mode)


def _named(paths: list[Path]) -> str:
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0]}{more}"


def _room(folder: Path) -> Iterator[Check]:
    try:
        told = os.statvfs(folder)
    except OSError:
        return
    free = told.f_bavail * told.f_frsize
    if free < _LEAST_FREE:
        detail = f"{free >> 20} MiB free in {folder}: the history and drafts may be lost"
        yield Check("disk", "warning", detail, "free some space")
    else:
        yield Check("disk", "ok", f"{free / (1 << 30):,.1f} GiB free in {folder}")
