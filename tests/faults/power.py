"""A disk that loses its power: a file system in a file, of which a copy is made at any moment and mounted again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SIZE = 24 << 20
_NEEDED = ("mkfs.ext4", "mount", "umount")


def why_no_disk() -> str | None:
    """Why no such disk can be had here; None if one can."""
    if os.geteuid() != 0:
        return "not root (mount needs root)"
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        return f"missing programs: {' '.join(missing)} (apt-get install e2fsprogs mount)"
    return None if Path("/dev/loop-control").exists() else "no loop devices"


class Disk:
    """``path``: where it is mounted."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._cuts = folder, 0
        self._image = folder / "disk.img"
        self.path = folder / "disk"

    @contextmanager
    def cut(self) -> Iterator[Path]:
        """What is there when the power goes now and comes again (journal replayed). Nobody may write meanwhile."""
        self._cuts += 1
        image, path = self._folder / f"cut-{self._cuts}.img", self._folder / f"cut-{self._cuts}"
        shutil.copyfile(self._image, image)
        with _mounted(image, path):
            yield path
        image.unlink()


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """``folder``: on any other file system. RuntimeError if it cannot be had after all, as in a container."""
    made = Disk(folder)
    with (folder / "disk.img").open("wb") as image:
        image.truncate(_SIZE)
    _run("mkfs.ext4", "-q", "-F", str(folder / "disk.img"))
    with _mounted(folder / "disk.img", made.path):
        yield made


@contextmanager
def _mounted(image: Path, path: Path) -> Iterator[None]:
    path.mkdir()
    _run("mount", "-o", "loop", str(image), str(path))
    try:
        yield
    finally:
        _run("umount", str(path))


def _run(*argv: str) -> None:
    ran = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
    if ran.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {ran.stderr.strip()}")
