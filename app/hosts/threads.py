"""What may take a moment, done by a thread of its own: for the thread of the screen.

``Thread.start`` returns once the thread has taken its first step, and a byte that wakes another takes a system call.
Beside a hundred threads that read hosts each waits for its turn, for some milliseconds, and a hundred of them for a
second.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

AGAIN_AFTER: Final = 0.5
"""Seconds until a thread is started again for which there was no room: of others some end."""

_lock = threading.Lock()
_due: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
_thread: threading.Thread | None = None


def aside(call: Callable[[], object]) -> None:
    """Have a short call made soon, in the order of these calls. It must not raise."""
    global _thread  # noqa: PLW0603 - one a process
    _due.put(call)
    if _thread is None:
        with _lock:
            if _thread is None:
                _thread = threading.Thread(target=_make_each, name="aside", daemon=True)
                _thread.start()


def start_soon(thread: threading.Thread) -> None:
    """Start it; it may not have begun when this returns."""
    aside(partial(_start, thread))


def _start(thread: threading.Thread) -> None:
    try:
        thread.start()
    except RuntimeError:
        time.sleep(AGAIN_AFTER)
        start_soon(thread)


def _make_each() -> None:
    while True:
        _due.get()()
