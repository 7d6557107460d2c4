"""A build's context as a tar, piece by piece: never in memory as a whole, and everything in it belongs to root.

Folders are opened one below the other, so that a link which is put in the place of one meanwhile leads nowhere.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from typing import Final

from app.model.errors import MoorageError
from app.operations.images.context_walk import IGNORE_FILE, OPEN, Entry, why

PIECE: Final = 1 << 18
"""Bytes that are read of a file at a time."""


def tar_pieces(folder: str, entries: Iterable[Entry]) -> Iterator[tuple[bytes, int]]:
    """The tar, each piece with how many bytes of files it has. Raises MoorageError, in one line."""
    joined, count = bytearray(), 0
    for piece, of_file in _parts(folder, entries):
        joined += piece
        count += of_file
        if len(joined) >= PIECE:  # thousands of small files are not thousands of small writes
            yield bytes(joined), count
            joined.clear()
            count = 0
    yield bytes(joined), count


def _parts(folder: str, entries: Iterable[Entry]) -> Iterator[tuple[bytes, int]]:
    with contextlib.closing(_Folders(folder)) as folders:
        for entry in entries:
            if entry.data is not None:
                yield _header(entry, len(entry.data)) + entry.data + _padding(len(entry.data)), len(entry.data)
            elif stat.S_ISREG(entry.mode):
                yield from _file(folders, entry)
            else:
                yield _header(entry, 0), 0
    yield b"\0" * (2 * tarfile.BLOCKSIZE), 0


class _Folders:
    """Folders by their paths, each opened in the one above it. Those of the last path stay open."""

    def __init__(self, root: str) -> None:
        try:
            self._opened: list[tuple[str, int]] = [("", os.open(root, OPEN | os.O_DIRECTORY))]
        except OSError as error:
            raise _changed(root, why(error)) from None

    def open(self, path: str) -> int:
        """A file for reading. Raises OSError."""
        *folders, name = path.split("/")
        known = 1
        while known < len(self._opened) and known <= len(folders) and self._opened[known][0] == folders[known - 1]:
            known += 1
        while len(self._opened) > known:
            os.close(self._opened.pop()[1])
        for folder in folders[known - 1 :]:
            below = os.open(folder, OPEN | os.O_DIRECTORY, dir_fd=self._opened[-1][1])
            self._opened.append((folder, below))
        return os.open(name, OPEN, dir_fd=self._opened[-1][1])

    def close(self) -> None:
        while self._opened:
            os.close(self._opened.pop()[1])


def _file(folders: _Folders, entry: Entry) -> Iterator[tuple[bytes, int]]:
    try:
        handle = folders.open(entry.path)
    except OSError as error:
        raise _changed(entry.path, why(error)) from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise _changed(entry.path, "it is no file any more")
        left = status.st_size
        yield _header(entry._replace(mode=status.st_mode, mtime=max(int(status.st_mtime), 0)), left), 0
        while left:
            piece = os.read(handle, min(left, PIECE))
            if not piece:
                raise _changed(entry.path, "it became shorter")
            left -= len(piece)
            yield piece, len(piece)
        if os.read(handle, 1):
            raise _changed(entry.path, "it grew")
    except OSError as error:
        raise _changed(entry.path, why(error)) from None
    finally:
        os.close(handle)
    if padding := _padding(status.st_size):
        yield padding, 0


def _changed(path: str, why: str) -> MoorageError:
    remedy = f"build again when nothing writes there, or write it into {IGNORE_FILE}"
    return MoorageError(f"{path}: changed while it was sent: {why}; {remedy}")


def _header(entry: Entry, size: int) -> bytes:
    """Of one entry, PAX records among it where its name is long or not ASCII."""
    told = tarfile.TarInfo(entry.path)
    told.mode = stat.S_IMODE(entry.mode)
    told.mtime = entry.mtime
    told.size = size
    if stat.S_ISDIR(entry.mode):
        told.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(entry.mode):
        told.type, told.linkname = tarfile.SYMTYPE, entry.link
    return told.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _padding(size: int) -> bytes:
    return b"\0" * (-size % tarfile.BLOCKSIZE)
