"""Holding a folder: whoever uses a file in it, many at once; whoever makes or moves that file, alone.

For a file that its users find by name again and again, as SQLite does with its log of changes: it does not notice when
its file is renamed, and would mix two files' logs. The lock needs no file of its own: flock takes the folder itself.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from app.model.errors import MoorageError
from app.store.atomic import failure


@contextlib.contextmanager
def held_folder(folder: Path, timeout: float, *, alone: bool = False) -> Iterator[bool]:
    """Hold a folder against other threads and processes; False, and nothing is held, when there is no such folder.

    Args:
        timeout: seconds to wait for other holders.

    Raises:
        MoorageError: it cannot be opened, or is held for too long.
    """
    try:
        folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    except OSError as error:
        raise failure("open the folder", folder, error) from error
    try:
        _wait_for(folder_fd, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, folder, timeout)
        yield True
    finally:
        os.close(folder_fd)


def _wait_for(folder_fd: int, kind: int, folder: Path, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(folder_fd, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise MoorageError(f"cannot lock {folder}: another process holds it; try again") from None
        except OSError as error:
            raise failure("lock", folder, error) from error
        time.sleep(random.uniform(0.001, 0.01))  # a blocking flock has no deadline
