"""What of a folder is sent to an engine that builds: found by a walk that follows no link and has a budget."""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

from app.interop.dockerignore import IgnoreRules, Place
from app.model.errors import MoorageError

MOST_ENTRIES: Final = 100_000
MOST_BYTES: Final = 4 << 30
DEEPEST: Final = 100
IGNORE_FILE: Final = ".dockerignore"
OPEN: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Neither links are followed, nor does a pipe make us wait."""
_REMEDY: Final = f"write what the build does not need into {IGNORE_FILE}"


class Entry(NamedTuple):
    """``link``: where a symbolic link leads. ``data``: what is sent in place of a file of the folder."""

    path: str
    mode: int
    size: int
    mtime: int
    link: str = ""
    data: bytes | None = None


class Walk:
    """``instead``: paths that are sent with other content, and so are not taken from the folder."""

    def __init__(self, folder: str, rules: IgnoreRules, instead: dict[str, bytes], go_on: Callable[[], object]) -> None:
        self._folder = folder
        self._rules = rules
        self._instead = instead
        self._go_on = go_on
        self.entries: list[Entry] = []
        self.skipped: list[str] = []
        self.total = 0
        self._largest: Counter[str] = Counter()

    def walk(self) -> None:
        try:
            handle = os.open(self._folder, OPEN | os.O_DIRECTORY)
        except OSError as error:
            raise MoorageError(f"{self._folder}: {why(error)}") from None
        self._below(handle, self._rules.root, [], 0)

    def _below(self, handle: int, place: Place, waiting: list[Entry], depth: int) -> None:
        """Takes ``handle`` over. ``waiting``: excluded folders on the way, which are sent once something in them is."""
        try:
            if depth > DEEPEST:
                raise MoorageError(f"{place.path[:100]}…: more than {DEEPEST} folders are in each other; {_REMEDY}")
            self._go_on()
            with os.scandir(handle) as listed:
                found = sorted(listed, key=lambda entry: entry.name)
            for entry in found:
                below = place.below(entry.name)
                if below.hopeless or below.path in self._instead:
                    continue
                try:
                    if entry.is_dir(follow_symlinks=False):
                        self._folder_of(handle, entry, below, waiting, depth)
                    elif not below.excluded:
                        self._file_of(handle, entry, below, waiting)
                except OSError as error:
                    raise self._unreadable(below.path, error) from None
        except OSError as error:
            raise self._unreadable(place.path, error) from None
        finally:
            os.close(handle)

    def _folder_of(self, handle: int, entry: os.DirEntry[str], place: Place, waiting: list[Entry], depth: int) -> None:
        below = os.open(entry.name, OPEN | os.O_DIRECTORY, dir_fd=handle)
        chain = [*waiting, _made(place, os.fstat(below))]
        if not place.excluded:
            self._take(chain)
        self._below(below, place, chain, depth + 1)
        if not chain:
            waiting.clear()

    def _file_of(self, handle: int, entry: os.DirEntry[str], place: Place, waiting: list[Entry]) -> None:
        status = entry.stat(follow_symlinks=False)
        made = _made(place, status)
        if stat.S_ISLNK(status.st_mode):
            made = made._replace(link=os.readlink(entry.name, dir_fd=handle))
        elif not stat.S_ISREG(status.st_mode):
            self.skipped.append(place.path)
            return
        elif not os.access(entry.name, os.R_OK, dir_fd=handle, effective_ids=True):
            raise PermissionError(errno.EACCES, "")
        else:
            made = made._replace(size=status.st_size)
        waiting.append(made)
        self._take(waiting)

    def _take(self, entries: list[Entry]) -> None:
        """They are sent, and wait no more."""
        self.entries += entries
        for entry in entries:
            self.total += entry.size
            self._largest[entry.path.partition("/")[0]] += entry.size
        entries.clear()
        if len(self.entries) > MOST_ENTRIES:
            raise MoorageError(f"{self._folder}: more than {MOST_ENTRIES:,} files would be sent; {_REMEDY}")
        if self.total > MOST_BYTES:
            name, size = self._largest.most_common(1)[0]
            raise MoorageError(
                f"{self._folder}: more than {MOST_BYTES >> 30} GiB would be sent, of which {name} has "
                f"{size / (1 << 30):.1f}; {_REMEDY}"
            )

    def _unreadable(self, path: str, error: OSError) -> MoorageError:
        there = os.path.join(self._folder, path)
        return MoorageError(f"{there}: cannot be sent: {why(error)}; make it readable, or write it into {IGNORE_FILE}")


def _made(place: Place, status: os.stat_result) -> Entry:
    return Entry(place.path, status.st_mode, 0, max(int(status.st_mtime), 0))


def why(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else "it is no path"
