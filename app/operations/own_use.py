"""What Moorage itself uses on this machine: CPU, by what its threads are for, memory, threads and open files.

From ``/proc`` where there is one; elsewhere CPU and threads alone are known.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WINDOW: Final = 10.0
"""Seconds that CPU is the mean of."""
_SELF: Final = Path("/proc/self")
_MAIN: Final = "screen"
_PARTS: Final = {"watch": "hosts", "stats": "stats", "log": "logs", "journal": "events", "historian": "events"}
"""By the first word of a thread's name."""
_OF_EVENTS: Final = frozenset({"events-feed", "events-task", "past-feed"})
_REST: Final = "jobs"


@dataclass(frozen=True, slots=True)
class OwnUse:
    """``at``: seconds of a clock that only goes forward. CPU in per cent of one core, over the last ten seconds.

    Attributes:
        seconds: CPU since the start.
        parts: CPU of what there are threads for, the most first; what has ended meanwhile is in none of them.
        memory: bytes that would be free without us (PSS); shared pages count in part.
        resident: bytes that are in memory (RSS).
        files: descriptors that are open.
    """

    at: float
    cpu: float
    seconds: float
    parts: tuple[tuple[str, float], ...]
    threads: int
    memory: int | None = None
    resident: int | None = None
    files: int | None = None


class OwnMeter:
    """``read`` takes a few milliseconds, so not on the screen's thread; one thread at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._readings: deque[tuple[float, float, Mapping[int, tuple[str, float]]]] = deque()

    def read(self) -> OwnUse:
        now, seconds, threads = self._clock(), time.process_time(), _thread_seconds()
        self._readings.append((now, seconds, threads))
        while len(self._readings) > 2 and now - self._readings[1][0] >= WINDOW:
            self._readings.popleft()
        before, seconds_before, threads_before = self._readings[0]
        passed = now - before
        cpu = 100 * (seconds - seconds_before) / passed if passed > 0 else 0.0
        return OwnUse(
            at=now,
            cpu=cpu,
            seconds=seconds,
            parts=_by_part(threads_before, threads, passed),
            threads=_status("Threads:") or threading.active_count(),
            memory=_kilobytes("smaps_rollup", "Pss:"),
            resident=_kilobytes("status", "VmRSS:"),
            files=_files(),
        )


def part_of(thread: str) -> str:
    """What a thread is for, by its name."""
    if thread == threading.main_thread().name:
        return _MAIN
    if thread in _OF_EVENTS:
        return "events"
    word = thread.partition("-")[0]
    # One empties a host's stream of events, and belongs to the one that watches it.
    return "hosts" if word == "events" else _PARTS.get(word, _REST)


def _by_part(
    before: Mapping[int, tuple[str, float]], after: Mapping[int, tuple[str, float]], passed: float
) -> tuple[tuple[str, float], ...]:
    sums: dict[str, float] = {}
    for thread, (name, seconds) in after.items():
        known = before.get(thread)
        began = known[1] if known is not None and known[0] == name else 0.0
        part = part_of(name)
        sums[part] = sums.get(part, 0.0) + max(seconds - began, 0.0)
    if passed <= 0:
        return ()
    return tuple(sorted(((part, 100 * used / passed) for part, used in sums.items()), key=lambda one: -one[1]))


def _thread_seconds() -> dict[int, tuple[str, float]]:
    """By the system's number: name, and seconds of CPU so far."""
    found: dict[int, tuple[str, float]] = {}
    for thread in threading.enumerate():
        if thread.native_id is not None:
            with contextlib.suppress(OSError, ValueError, IndexError):  # it may have ended by now
                ran = (_SELF / "task" / str(thread.native_id) / "schedstat").read_text().split()[0]
                found[thread.native_id] = thread.name, int(ran) / 1e9
    return found


def _kilobytes(file: str, name: str) -> int | None:
    """A line of a file in /proc that tells kB, in bytes."""
    amount = _number(file, name)
    return None if amount is None else amount * 1024


def _status(name: str) -> int | None:
    return _number("status", name)


def _number(file: str, name: str) -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return next((int(line.split()[1]) for line in _lines(file) if line.startswith(name)), None)
    return None


def _lines(file: str) -> Iterable[str]:
    return (_SELF / file).read_text().splitlines()


def _files() -> int | None:
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            return len(os.listdir(folder)) - 1  # without the one that looks
    return None
