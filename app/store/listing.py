"""Listing folders of the home folder; one that is not there yet is empty."""

from __future__ import annotations

import os
from pathlib import Path

from app.store.atomic import failure

Stamp = tuple[str, int, int, int]
"""(name, mtime in ns, size in bytes, inode)."""


def file_names(folder: Path) -> list[str]:
    """The sorted names in a folder; MoorageError if it is there and cannot be listed."""
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise failure("list", folder, error) from error


def stamp(name: str, path: Path) -> Stamp | None:
    """What changes when the file does, links followed; of a dangling link the link's own; None if there is nothing."""
    for follow in (True, False):
        try:
            status = os.stat(path, follow_symlinks=follow)
        except OSError:
            continue
        return name, status.st_mtime_ns, status.st_size, status.st_ino
    return None
