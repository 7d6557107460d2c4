"""A small embedded database in the state folder, for any number of processes. Losing it loses history only."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from app.model.errors import MoorageError
from app.store.atomic import TEMPORARY_PREFIX, failure, make_folder, sweep, write_once
from app.store.folder_lock import held_folder
from app.store.home import Home

if TYPE_CHECKING:
    # Only when it is used: the start of the program need not wait for it.
    import sqlite3

T = TypeVar("T")

BUSY_TIMEOUT = 10.0
"""Seconds to wait for other processes."""
_COMPANIONS = ("-wal", "-shm", "-journal")
_ATTEMPTS = 12
"""Many: what others do to the file between two of our steps costs one each, and an attempt a few milliseconds."""


class _Unusable(Exception):
    """The file is there, and is not ours: it is moved aside. Told in a few words."""


class Database:
    """One SQLite file. Holds no connection: every call opens the file, so any thread may call.

    A file that is damaged, or was written by something else, is moved aside as ``NAME.broken-N``, and a new one
    begins; ``take_warnings`` says so. Every method raises one MoorageError when the file cannot be used as it is: a
    full disk, a read-only folder, another's file, a newer Moorage's tables. Callers may drop it.
    """

    FILE_NAME: ClassVar[str]
    CALLED: ClassVar[str]
    """What it is to a person, as in: the history was moved."""
    SCHEMA: ClassVar[str]
    """SQL that makes the tables of a new file, and sets its application_id and its user_version."""
    APPLICATION: ClassVar[int]
    VERSION: ClassVar[int]

    def __init__(self, home: Home) -> None:
        self._path: Path = home.state / self.FILE_NAME
        self._warnings: list[str] = []
        self._lock = threading.Lock()

    def take_warnings(self) -> list[str]:
        """What has gone wrong without an error since this was last asked, one line each, safe to show."""
        with self._lock:
            warnings, self._warnings = self._warnings, []
        return warnings

    def _warn(self, warning: str) -> None:
        with self._lock:
            self._warnings.append(MoorageError(warning).message)

    def _run(self, work: Callable[[sqlite3.Connection], T], nothing: T, *, make: bool = False) -> T:
        """Do some work on the file; ``nothing`` when there is none. What is not ours is moved aside first."""
        import sqlite3

        status: os.stat_result | None = None
        for _ in range(_ATTEMPTS):
            if make:
                self._make()
            try:
                with held_folder(self._path.parent, BUSY_TIMEOUT) as there:
                    status = self._status() if there else None
                    if status is not None:
                        with contextlib.closing(self._connect()) as connection:
                            self._check(connection)
                            return work(connection)
            except _Unusable as error:
                self._move_aside(status, str(error))
            except sqlite3.Error as error:
                if not _is_damage(error):
                    raise self._failure(error) from error
                self._move_aside(status, f"it is damaged ({error})")
            except UnicodeDecodeError:  # sqlite3's own words of the damage quote it
                self._move_aside(status, "it is damaged")
            except OverflowError as error:
                raise MoorageError(f"cannot write {self._path}: a number or a time is out of range") from error
            else:
                if not make:
                    return nothing
        raise MoorageError(
            f"cannot use {self._path}: it is taken away or damaged again and again; look who writes there"
        )

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        # Mode rw: a mere look makes no file. Transactions are begun by hand, so that a writer locks before it reads.
        uri = f"{self._path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA trusted_schema = OFF")  # whatever a stranger's tables have in store
        connection.execute("PRAGMA synchronous = NORMAL")
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if application != self.APPLICATION or version < 1:
            raise _Unusable(f"it is not a {self.CALLED} of Moorage")
        if version > self.VERSION:
            raise MoorageError(
                f"cannot use {self._path}: a newer Moorage wrote it (tables of version {version}, this one knows"
                f" {self.VERSION}); use that one, or move the file away"
            )

    def _status(self) -> os.stat_result | None:
        """None when there is no file. Raises MoorageError for one that is not ours to use."""
        try:
            status = os.lstat(self._path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise failure("read", self._path, error) from error
        own = os.geteuid()
        if not stat.S_ISREG(status.st_mode):
            raise MoorageError(f"cannot use {self._path}: it is not a regular file; move it away")
        if own != 0 and status.st_uid not in (0, own):
            raise MoorageError(f"cannot use {self._path}: it belongs to user {status.st_uid}; move it away")
        if status.st_mode & stat.S_IWOTH:
            raise MoorageError(f"cannot use {self._path}: every user may write it; run chmod o-w on it")
        return status

    def _make(self) -> None:
        """Make the file if there is none: whole, 0600, with its tables. Raises MoorageError."""
        if os.path.lexists(self._path):
            return
        import sqlite3

        make_folder(self._path.parent)
        draft = self._path.with_name(f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(8)}")
        with held_folder(self._path.parent, BUSY_TIMEOUT, alone=True):
            if os.path.lexists(self._path):
                return
            sweep(self._path.parent)
            try:
                write_once(draft, b"")
                with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as connection:
                    connection.execute("PRAGMA journal_mode = WAL")
                    connection.executescript(self.SCHEMA)
                os.rename(draft, self._path)
            except sqlite3.Error as error:
                raise self._failure(error) from error
            except OSError as error:
                raise failure("write", self._path, error) from error
            finally:
                for suffix in ("", *_COMPANIONS):
                    with contextlib.suppress(OSError):
                        os.unlink(f"{draft}{suffix}")

    def _move_aside(self, damaged: os.stat_result | None, why: str) -> None:
        """Put the file out of the way, if it is still the one that was found damaged. Raises MoorageError."""
        with held_folder(self._path.parent, BUSY_TIMEOUT, alone=True):
            status = self._status()
            if status is None or damaged is None or not os.path.samestat(status, damaged):
                return
            number = 1
            while os.path.lexists(aside := self._path.with_name(f"{self.FILE_NAME}.broken-{number}")):
                number += 1
            try:
                # The log of changes first: left behind, it would be taken for the new file's.
                for suffix in (*_COMPANIONS, ""):
                    with contextlib.suppress(FileNotFoundError):
                        os.rename(f"{self._path}{suffix}", f"{aside}{suffix}")
            except OSError as error:
                raise failure("move aside", self._path, error) from error
        self._warn(
            f"the {self.CALLED} {self._path} was moved to {aside.name}: {why}; a new one begins, no task is touched"
        )

    def _failure(self, error: sqlite3.Error) -> MoorageError:
        return MoorageError(
            f"cannot use the {self.CALLED} {self._path}: {error}; see that its disk has room and that you may write "
            "there"
        )


def _is_damage(error: sqlite3.Error) -> bool:
    """Is it the file's own fault? Also when tables or columns are not there, though the file says that it is ours."""
    import sqlite3

    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
