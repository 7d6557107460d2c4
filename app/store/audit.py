"""The audit log: ``audit.jsonl`` in the state folder, one JSON object a line, only ever appended to.

Each line is one write to a file that is opened for appending, so that lines of several processes never mix. A file that
has become large is renamed, and a new one begun; the oldest go.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.model.errors import MoorageError
from app.store.atomic import failure, locked, make_folder
from app.store.home import Home

NAME = "audit.jsonl"
MAX_BYTES = 8 << 20
"""Of a file, before another is begun."""
MOST_FILES = 10
LONGEST_LINE = 32_768
_OLDER = re.compile(r"audit-\d{8}T\d{6}\.\d{6}Z\.jsonl")
_LONGEST_TEXT = 8_000

Entry = dict[str, Any]


class AuditLog:
    """Of one home. Holds no state: every call opens the file, so any process may write and rename it.

    Args:
        max_bytes, most_files: when a file is put aside, and how many of those are kept in all.
    """

    def __init__(self, home: Home, *, max_bytes: int = MAX_BYTES, most_files: int = MOST_FILES) -> None:
        self._folder = home.state
        self._max_bytes = max_bytes
        self._most_files = most_files

    @property
    def path(self) -> Path:
        return self._folder / NAME

    def append(self, entry: Entry) -> None:
        """Write an entry; it is on the disk then. Raises MoorageError with the path and the reason."""
        line = _line(entry)
        make_folder(self._folder)
        try:
            size = self._write(line)
        except OSError as error:
            raise failure("write", self.path, error) from error
        if size >= self._max_bytes:
            self._put_aside()

    def read(self) -> tuple[list[Entry], int]:
        """All entries that are kept, oldest first, and how many lines cannot be read. Raises MoorageError."""
        entries: list[Entry] = []
        broken = 0
        for path in [*self._older(), self.path]:
            for line in _lines(path):
                entry = _entry(line)
                if entry is None:
                    broken += 1
                else:
                    entries.append(entry)
        return entries, broken

    def _write(self, line: bytes) -> int:
        """The size of the file then, in bytes."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(self.path, flags, 0o600)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise MoorageError(f"cannot write {self.path}: it is no regular file; move it away")
            if status.st_mode & 0o077:
                os.fchmod(file, 0o600)
            # A disk that was full has cut a line off: what follows begins a new one.
            cut_off = status.st_size > 0 and os.pread(file, 1, status.st_size - 1) != b"\n"
            data = b"\n" + line if cut_off else line
            if os.write(file, data) != len(data):
                raise MoorageError(f"cannot write {self.path}: the line was cut off; free some space")
            os.fsync(file)
            return status.st_size + len(data)
        finally:
            os.close(file)

    def _put_aside(self) -> None:
        """Rename a file that is full, unless somebody else just has. Who has it open appends to it all the same."""
        try:
            with locked(self.path):
                if self.path.stat().st_size < self._max_bytes:
                    return
                name = f"audit-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z.jsonl"
                os.rename(self.path, self._folder / name)
                for old in self._older()[: -(self._most_files - 1)]:
                    old.unlink(missing_ok=True)
        except FileNotFoundError:
            return  # it was put aside and not written again yet
        except OSError as error:
            raise failure("rename", self.path, error) from error

    def _older(self) -> list[Path]:
        """Those that were put aside, the oldest first."""
        try:
            names = [name for name in os.listdir(self._folder) if _OLDER.fullmatch(name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise failure("read", self._folder, error) from error
        return [self._folder / name for name in sorted(names)]


def _line(entry: Entry) -> bytes:
    """ASCII without line breaks, whatever the entry holds. What is too long for a line is cut, and says so."""
    data = json.dumps(entry, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    if len(data) >= LONGEST_LINE:
        short = {name: _shortened(value) for name, value in entry.items()}
        data = json.dumps({**short, "cut": True}, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return data + b"\n"


def _shortened(value: Any) -> Any:
    if isinstance(value, list):
        return value[:100]
    return f"{value[: _LONGEST_TEXT // 6]}…" if isinstance(value, str) and len(value) > _LONGEST_TEXT // 6 else value


def _lines(path: Path) -> Iterator[bytes]:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return
    except OSError as error:
        raise failure("read", path, error) from error
    with os.fdopen(file, "rb") as stream:
        while line := stream.readline(LONGEST_LINE * 2):
            if line.strip():
                yield line


def _entry(line: bytes) -> Entry | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    good = isinstance(entry, dict) and isinstance(entry.get("time"), str) and isinstance(entry.get("verb"), str)
    return entry if good else None
