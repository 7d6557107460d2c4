"""Files beside a Compose file, read without ever leaving its folder."""

from __future__ import annotations

import os
import posixpath
import stat

from app.model.errors import MoorageError
from app.model.locations import short
from app.model.strict_json import MAX_BYTES

DEFAULT_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""In Compose's own order."""
MAX_FILES = 32


class ComposeFolder:
    """The folder of a Compose file. Symbolic links are followed as long as they stay in it; each file is read once."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.abspath(folder)
        self._read: dict[str, bytes] = {}
        self._asked = 0

    def read(self, path: str) -> bytes:
        """The bytes of a file by its path from the folder, at most 1 MiB.

        Raises:
            FileNotFoundError: there is none.
            MoorageError: it is outside, is no regular file, is too large, cannot be read, or is one too many.
        """
        if path not in self._read:
            self._asked += 1
            if self._asked > MAX_FILES:
                raise MoorageError(f"more than {MAX_FILES} other files are asked for")
            try:
                self._read[path] = self._bytes(path)
            except (FileNotFoundError, NotADirectoryError):
                raise FileNotFoundError(path) from None
            except OSError as error:
                raise MoorageError(f"{short(path)}: cannot be read: {os.strerror(error.errno or 0)}") from None
            except ValueError:
                raise MoorageError("is no path of a file") from None
        return self._read[path]

    def _bytes(self, path: str) -> bytes:
        root = os.path.realpath(self.folder)
        real = os.path.realpath(posixpath.join(root, path))
        if os.path.commonpath([root, real]) != root:
            raise MoorageError(f"{short(path)}: leads out of the folder of the Compose file")
        # The links are gone from this path; one that somebody puts there meanwhile is not followed.
        file = self._opened(root, os.path.relpath(real, root).split("/"))
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise MoorageError(f"{short(path)}: is not a regular file")
            with os.fdopen(os.dup(file), "rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        finally:
            os.close(file)
        if len(data) > MAX_BYTES:
            raise MoorageError(f"{short(path)}: has more than the {MAX_BYTES:,} bytes allowed")
        return data

    @staticmethod
    def _opened(root: str, parts: list[str]) -> int:
        common = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        here = os.open(root, common | os.O_DIRECTORY)
        for index, part in enumerate(parts):
            try:
                below = os.open(part, common | (os.O_DIRECTORY if index < len(parts) - 1 else 0), dir_fd=here)
            finally:
                os.close(here)
            here = below
        return here
