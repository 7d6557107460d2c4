"""What the figures were taken on: processor, memory, kernel, versions; and what processes cost by /proc."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def description(engine_version: str) -> str:
    """Two lines: the machine, and the versions. ``engine_version``: "" where no engine runs."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0
    machine = f"{_processor()}, {cores} cores, {_memory()}, {platform.system()} {platform.release()}"
    parts = [f"Python {platform.python_version()}", f"Textual {version('textual')}", f"docker-py {version('docker')}"]
    if engine_version:
        parts.append(f"Docker Engine {engine_version}")
    return f"{machine}\n{', '.join(parts)}"


def _processor() -> str:
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal:"):
            return f"{int(line.split()[1]) / 2**20:.1f} GiB"
    return "memory unknown"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def load() -> str:
    """The load average of the last minute, which tells how quiet the machine was."""
    return f"{os.getloadavg()[0]:.2f}"


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes so far, in steps of 10 ms; those that have ended count nothing."""
    total = 0
    for pid in pids:
        fields = " ".join(_lines(f"/proc/{pid}/stat")).rpartition(")")[2].split()
        total += sum(int(field) for field in fields[11:13])
    return total / _TICK


def pss_bytes(pids: Iterable[int]) -> int:
    """Proportional set size: shared pages are divided among those that share them."""
    total = 0
    for pid in pids:
        for line in _lines(f"/proc/{pid}/smaps_rollup"):
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


@dataclass(frozen=True, slots=True)
class Held:
    """What processes hold on to: bytes of memory (resident, and proportional), threads, and open files."""

    rss: int
    pss: int
    threads: int
    files: int


def held(pids: Iterable[int]) -> Held:
    """Of all of them together; those that have ended hold nothing."""
    pids = list(pids)
    status = [line.split() for pid in pids for line in _lines(f"/proc/{pid}/status")]
    threads = sum(int(fields[1]) for fields in status if fields[0] == "Threads:")
    rss = sum(int(fields[1]) * 1024 for fields in status if fields[0] == "VmRSS:")
    return Held(rss, pss_bytes(pids), threads, sum(_open_files(pid) for pid in pids))


def _open_files(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0
