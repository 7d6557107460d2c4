"""Files that are whole or not there: temporary file, fsync, link or rename, fsync of the folder.

A reader never sees half a file, and what was acknowledged survives a power cut. Files are 0600 and folders 0700 by
mode, whatever the umask is (architecture, rule 8; reliability, rows 20 to 23). flock and link need a real file
system: where it has none, the error says so.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import random
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.model.errors import MoorageError

TEMPORARY_PREFIX = ".tmp-"
LOCK_PREFIX = ".lock-"
LEFTOVER_AGE = 3600.0
LOCK_TIMEOUT = 15.0

_FILE_MODE = 0o600
_FOLDER_MODE = 0o700
_NAME_BYTES = 200

_REMEDIES = {
    errno.ENOSPC: "free some space or inodes there and try again",
    errno.EDQUOT: "your quota is used up: free some space and try again",
    errno.EROFS: "the file system is read-only: choose another folder with --home",
    errno.EACCES: "check who owns the folder and its mode",
    errno.EPERM: "check who owns the folder, and that its file system has hard links",
    errno.EOPNOTSUPP: "this file system lacks hard links or locks: choose another folder with --home",
    errno.ENOLCK: "this file system has no locks: choose another folder with --home",
    errno.ELOOP: "a symbolic link is not followed here: put the folder or file itself there",
    errno.ENOTDIR: "a folder is wanted there, and no symbolic link",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def failure(action: str, path: Path, error: OSError) -> MoorageError:
    """An OSError as one line: what could not be done, with which path, the system's reason, and the remedy."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    name = errno.errorcode.get(error.errno or 0, "")
    remedy = _REMEDIES.get(error.errno or 0, "check the path and try again")
    return MoorageError(f"cannot {action} {path}: {reason}{f' ({name})' if name else ''}; {remedy}")


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents, 0700 each. A folder that is there is left as it is."""
    try:
        _make_folder(path)
    except OSError as error:
        raise failure("make the folder", path, error) from error


def write_once(path: Path, data: bytes, *, plain_folder: bool = False) -> bool:
    """Write a new file, 0600, in an existing folder; False, and nothing changed, if the name is taken.

    Args:
        plain_folder: refuse a folder that is itself a symbolic link.

    Raises:
        MoorageError: with the path and the system's reason; no temporary file stays.
    """
    try:
        with _open_folder(path.parent, plain=plain_folder) as folder_fd, _temporary(folder_fd, data) as temporary:
            made = _link(temporary, path.name, folder_fd)
            if made:
                _sync_folder(folder_fd)
            return made
    except OSError as error:
        raise failure("write", path, error) from error


def write_first_free(folder: Path, names: Iterable[str], data: bytes, *, plain_folder: bool = False) -> str | None:
    """As ``write_once``, with the first of ``names`` that is free. The link decides, so no two writers share one.

    Returns:
        The name, or None when all were taken.
    """
    name = ""
    try:
        with _open_folder(folder, plain=plain_folder) as folder_fd, _temporary(folder_fd, data) as temporary:
            for name in names:
                if _link(temporary, name, folder_fd):
                    _sync_folder(folder_fd)
                    return name
    except OSError as error:
        raise failure("write", folder / name, error) from error
    return None


def replace(path: Path, data: bytes) -> None:
    """Write a file, 0600, in place of the one that is there, if any; a reader sees the old or the new one.

    A symbolic link is followed on purpose: the file that it names is replaced, and the link stays.

    Raises:
        MoorageError: with the path and the system's reason. The old file is whole and no temporary file stays.
    """
    target = Path(os.path.realpath(path))
    try:
        with _open_folder(target.parent, plain=True) as folder_fd, _temporary(folder_fd, data) as temporary:
            os.rename(temporary, target.name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
            _sync_folder(folder_fd)
    except OSError as error:
        raise failure("write", target, error) from error


def remove(path: Path) -> bool:
    """Remove a file (of a symbolic link: the link alone); False if there is none."""
    try:
        with _open_folder(path.parent, plain=False) as folder_fd:
            os.unlink(path.name, dir_fd=folder_fd)
            _sync_folder(folder_fd)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise failure("remove", path, error) from error
    return True


@contextlib.contextmanager
def locked(path: Path, timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
    """Hold the lock of a file against other threads and processes, by flock on a file beside it (``.lock-NAME``).

    The kernel lets go of it when its holder dies. The lock file is removed at the end, so that a folder kept in git
    stays clean; one that a killed process left does no harm.

    Args:
        timeout: seconds to wait for another holder.
    """
    target = Path(os.path.realpath(path))
    # Two long names that share a lock only wait for each other.
    name = os.fsdecode(os.fsencode(LOCK_PREFIX + target.name)[:_NAME_BYTES])
    lock = target.parent / name
    try:
        lock_fd = _acquire(lock, time.monotonic() + timeout)
    except OSError as error:
        raise failure("lock", path, error) from error
    if lock_fd is None:
        raise MoorageError(f"cannot lock {path}: another process holds it since {timeout:g} s; try again")
    try:
        yield
    finally:
        # Removed while still held: whoever waits for this one finds out by its inode and starts over.
        with contextlib.suppress(OSError):
            lock.unlink()
        os.close(lock_fd)


def sweep(folder: Path, older_than: float = LEFTOVER_AGE) -> int:
    """Remove the temporary files that killed processes left in a folder.

    Args:
        older_than: seconds since the last change; a younger one may be in use.

    Returns:
        How many were removed. What cannot be removed stays, without an error: the next sweep tries again.
    """
    removed = 0
    limit = time.time() - older_than
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(TEMPORARY_PREFIX) and _is_leftover(entry, limit):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
                    removed += 1
    return removed


def _is_leftover(entry: os.DirEntry[str], limit: float) -> bool:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_mtime < limit


def _make_folder(path: Path) -> None:
    if path.is_dir():
        return
    _make_folder(path.parent)
    try:
        os.mkdir(path, _FOLDER_MODE)
    except FileExistsError:
        if not path.is_dir():
            raise
        return
    os.chmod(path, _FOLDER_MODE)
    with _open_folder(path.parent, plain=False) as parent_fd:
        _sync_folder(parent_fd)


@contextlib.contextmanager
def _open_folder(folder: Path, *, plain: bool) -> Iterator[int]:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (os.O_NOFOLLOW if plain else 0)
    folder_fd = os.open(folder, flags)
    try:
        _check_owner(folder, os.fstat(folder_fd))
        yield folder_fd
    finally:
        os.close(folder_fd)


def _check_owner(folder: Path, status: os.stat_result) -> None:
    """Whoever may rename files in a folder may also swap ours: such a folder is not written to."""
    own = os.geteuid()
    if own != 0 and status.st_uid not in (0, own):
        raise MoorageError(f"cannot write in {folder}: it belongs to user {status.st_uid}; choose a folder of your own")
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        raise MoorageError(f"cannot write in {folder}: every user may write there; run chmod o-w on it")


@contextlib.contextmanager
def _temporary(folder_fd: int, data: bytes) -> Iterator[str]:
    """A complete temporary file in the folder, on the disk; gone at the end unless it was renamed."""
    name = f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file_fd = os.open(name, flags, _FILE_MODE, dir_fd=folder_fd)
    try:
        try:
            os.fchmod(file_fd, _FILE_MODE)
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(file_fd, rest) :]
            _sync_file(file_fd)
        finally:
            os.close(file_fd)
        yield name
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder_fd)


def _link(temporary: str, name: str, folder_fd: int) -> bool:
    try:
        os.link(temporary, name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd, follow_symlinks=False)
    except FileExistsError:
        return False
    return True


def _sync_file(file_fd: int) -> None:
    full_sync: int | None = getattr(fcntl, "F_FULLFSYNC", None)
    if full_sync is None:
        os.fsync(file_fd)
    else:  # macOS: its fsync does not reach the disk
        fcntl.fcntl(file_fd, full_sync)


def _sync_folder(folder_fd: int) -> None:
    try:
        os.fsync(folder_fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # file systems that cannot sync a folder
            raise


def _acquire(lock: Path, deadline: float) -> int | None:
    """The descriptor of the held lock file; None when the deadline (monotonic seconds) has passed."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        lock_fd = os.open(lock, flags, _FILE_MODE)
        held = False
        try:
            held = _wait_for_lock(lock_fd, deadline) and _same_file(lock_fd, lock)
        finally:
            if not held:
                os.close(lock_fd)
        if held:
            return lock_fd
        if time.monotonic() >= deadline:
            return None


def _wait_for_lock(lock_fd: int, deadline: float) -> bool:
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(random.uniform(0.001, 0.01))  # a blocking flock has no deadline


def _same_file(file_fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file_fd), os.lstat(path))
    except FileNotFoundError:
        return False
