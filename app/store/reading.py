"""Reading a file of the home folder within a budget, without ever waiting on a pipe or following a trap."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from app.model.errors import DocumentError, Finding


def read_file(path: Path, limit: int, *, follow: bool = True) -> bytes:
    """The bytes of a regular file that no stranger could have written.

    Args:
        limit: the most bytes that are taken.
        follow: whether the file may be a symbolic link.

    Raises:
        FileNotFoundError: there is nothing of that name.
        DocumentError: it cannot be read, is no regular file, is too large, or others may write it.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    try:
        file_fd = os.open(path, flags)
    except FileNotFoundError:
        if path.is_symlink():
            raise broken(path, "is a symbolic link to a file that does not exist", "correct the link") from None
        raise
    except OSError as error:
        if path.is_symlink():
            raise broken(path, "is a symbolic link that cannot be followed", "put the file itself there") from None
        raise _unreadable(path, error) from error
    try:
        _check_status(path, os.fstat(file_fd), limit)
        data = _read_up_to(file_fd, limit + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(file_fd)
    if len(data) > limit:
        raise broken(path, f"has more than the {limit:,} bytes allowed", "make it smaller")
    return data


def broken(path: Path | str, problem: str, remedy: str, where: str = "") -> DocumentError:
    """A DocumentError with one finding about a file."""
    return DocumentError(str(path), [Finding(where, problem, remedy)])


def _unreadable(path: Path, error: OSError) -> DocumentError:
    return broken(path, f"cannot be read: {os.strerror(error.errno or 0)}", "check who owns it and its mode")


def _check_status(path: Path, status: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise broken(path, "is not a regular file", "put a file there, or remove it")
    own = os.geteuid()
    if own != 0 and status.st_uid not in (0, own):
        raise broken(path, f"belongs to user {status.st_uid}", "use a file of your own")
    if status.st_mode & stat.S_IWOTH:
        raise broken(path, "can be written by every user", f"run chmod o-w {path}")
    if status.st_size > limit:
        raise broken(path, f"has {status.st_size:,} bytes; the limit is {limit:,}", "make it smaller")


def _read_up_to(file_fd: int, count: int) -> bytes:
    parts: list[bytes] = []
    while count > 0 and (part := os.read(file_fd, min(count, 65536))):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
