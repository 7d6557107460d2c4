"""All engines of one test process, and the one folder they live in."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.engine_bed import cgroups, podman
from tests.engine_bed.cleaning import clean
from tests.engine_bed.daemon import Daemon, DaemonOptions
from tests.engine_bed.image import BusyboxImage

PREFIX = "moorage-bed-"


class Bed:
    """Shared engines (``daemon(i)``, started when first asked for) and single ones (``fresh``).

    The folder is 0700 and locked as long as this process lives; what a killed process left is swept by the next one.
    """

    def __init__(self) -> None:
        parent = _short_tmp()
        sweep(parent)
        self.folder, self._lock = _claim(parent)
        self._image = BusyboxImage()
        self._shared: dict[int, Daemon] = {}
        self._fresh: dict[str, Daemon] = {}
        self._made = 0

    def daemon(self, index: int = 0) -> Daemon:
        """The shared engine ``index``: the same one every time, replaced if a test left it unusable."""
        if index not in self._shared:
            self._shared[index] = self._make(f"bed-{index}", DaemonOptions())
        return self._shared[index]

    def fresh(self, name: str | None = None, options: DaemonOptions | None = None) -> Daemon:
        """A new engine for one test; give it back with ``discard``."""
        daemon = self._make(name or f"fresh-{self._made}", options or DaemonOptions())
        self._fresh[str(daemon.socket)] = daemon
        return daemon

    def clean(self, daemon: Daemon) -> None:
        """Makes a shared engine ready for the next test; one that cannot be cleaned is thrown away."""
        try:
            if not daemon.alive:
                daemon.start()
            daemon.resume()
            clean(daemon.api)
        except BaseException:
            self._shared = {index: kept for index, kept in self._shared.items() if kept is not daemon}
            self._end(daemon)
            raise

    def discard(self, daemon: Daemon) -> None:
        self._fresh.pop(str(daemon.socket), None)
        self._end(daemon)

    def close(self) -> None:
        """Ends every engine; nothing of the bed is left on the machine."""
        for daemon in [*self._shared.values(), *self._fresh.values()]:
            self._end(daemon)
        self._shared.clear()
        self._fresh.clear()
        cgroups.remove(self.folder.name)
        shutil.rmtree(self.folder)
        os.close(self._lock)

    def _make(self, name: str, options: DaemonOptions) -> Daemon:
        # A folder of its own for each, whatever its name, which two engines of a test may well share.
        folder = self.folder / str(self._made)
        self._made += 1
        folder.mkdir(mode=0o700)
        daemon = Daemon(name, folder, f"/{self.folder.name}/{folder.name}", options)
        try:
            daemon.start()
            self._image.load_into(daemon.api)
        except BaseException:
            self._end(daemon)
            raise
        return daemon

    def _end(self, daemon: Daemon) -> None:
        daemon.destroy()
        cgroups.remove(f"{self.folder.name}/{daemon.socket.parent.name}")
        for left in podman.cgroups_of(daemon.socket.parent / "data"):
            cgroups.remove(left)
        for shared in podman.SHARED_CGROUPS:
            for folder in cgroups.existing(shared):
                with suppress(OSError):  # another engine's are in it
                    folder.rmdir()
        shutil.rmtree(daemon.socket.parent)


def sweep(parent: Path | None = None) -> list[Path]:
    """Removes the folders and cgroups of beds whose process was killed; returns those folders."""
    swept = []
    for folder in _unlocked(parent or _short_tmp()):
        cgroups.remove(folder.name)
        shutil.rmtree(folder, ignore_errors=True)
        swept.append(folder)
    return swept


def _unlocked(parent: Path) -> Iterator[Path]:
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            handle = _lock(folder)
        except OSError:  # it lives, is just being made or removed, or is somebody else's
            continue
        try:
            yield folder
        finally:
            os.close(handle)


def _claim(parent: Path) -> tuple[Path, int]:
    """A new folder and the lock on it. Another process's sweep may take it in the moment between: then another one."""
    for _ in range(10):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        try:
            handle = _lock(folder)
        except OSError:
            continue
        if folder.exists():
            return folder, handle
        os.close(handle)
    raise OSError(f"no folder of our own could be kept in {parent}")


def _lock(folder: Path) -> int:
    """Locks the folder itself: there is no moment at which it exists with a lock file still to be made."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


def _short_tmp() -> Path:
    """The temporary folder, or /tmp when its name leaves no room for a unix socket's 107 bytes."""
    chosen = Path(tempfile.gettempdir())
    return chosen if len(os.fsencode(chosen)) < 50 else Path("/tmp")
