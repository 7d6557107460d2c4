"""What a container uses, read from an answer of Docker's stats, and computed as ``docker stats`` computes it.

An answer has counters, which only grow; CPU and rates are the difference of two. What an engine leaves out (memory
where the kernel has no controller for it, networks of a container without one, a null list) is None, and never 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
_NO_COUNTER = 1 << 64
"""The kernel's have 64 bits."""


@dataclass(frozen=True, slots=True)
class Counters:
    """One answer. ``at`` in seconds of any clock that only goes forward; ``cpu`` and ``system`` in nanoseconds, of the
    container since its start and of its whole host; the rest in bytes. ``memory`` is without the file cache that the
    kernel would give up first; ``limit`` is the host's memory where the container has none.
    """

    at: float
    cpu: int | None = None
    system: int | None = None
    cores: int = 0
    memory: int | None = None
    limit: int | None = None
    received: int | None = None
    sent: int | None = None
    read: int | None = None
    written: int | None = None
    pids: int | None = None


@dataclass(frozen=True, slots=True)
class Stats:
    """What a container uses. ``cpu`` in per cent of one core, between the last two answers; ``…_rate`` in bytes a
    second. None: the engine does not tell, or there has been one answer only.
    """

    at: float
    cpu: float | None = None
    memory: int | None = None
    limit: int | None = None
    received: int | None = None
    sent: int | None = None
    read: int | None = None
    written: int | None = None
    pids: int | None = None
    received_rate: float | None = None
    sent_rate: float | None = None
    read_rate: float | None = None
    written_rate: float | None = None


def read_counters(answer: Json, at: float) -> Counters:
    """An answer of Docker's stats; whatever shape it has, this does not fail."""
    cpu, memory = _part(answer, "cpu_stats"), _part(answer, "memory_stats")
    usage = _part(cpu, "cpu_usage")
    per_core = usage.get("percpu_usage")
    networks = [part for part in _part(answer, "networks").values() if isinstance(part, dict)]
    blocks = _part(answer, "blkio_stats").get("io_service_bytes_recursive")
    moved = [entry for entry in blocks if isinstance(entry, dict)] if isinstance(blocks, list) else []
    return Counters(
        at=at,
        cpu=_number(usage, "total_usage"),
        system=_number(cpu, "system_cpu_usage"),
        cores=_number(cpu, "online_cpus") or (len(per_core) if isinstance(per_core, list) else 0),
        memory=_memory(memory),
        limit=_number(memory, "limit"),
        received=_sum(_number(network, "rx_bytes") for network in networks),
        sent=_sum(_number(network, "tx_bytes") for network in networks),
        read=_sum(_number(entry, "value") for entry in moved if _moves(entry, "r")),
        written=_sum(_number(entry, "value") for entry in moved if _moves(entry, "w")),
        pids=_number(_part(answer, "pids_stats"), "current"),
    )


def stats_between(before: Counters | None, after: Counters) -> Stats:
    """What the later answer says, with what two of them say together."""
    passed = after.at - before.at if before is not None else 0.0

    def rate(name: str) -> float | None:
        then, now = getattr(before, name, None), getattr(after, name)
        return (now - then) / passed if then is not None and now is not None and passed > 0 and now >= then else None

    return Stats(
        at=after.at,
        cpu=_cpu(before, after),
        memory=after.memory,
        limit=after.limit,
        received=after.received,
        sent=after.sent,
        read=after.read,
        written=after.written,
        pids=after.pids,
        received_rate=rate("received"),
        sent_rate=rate("sent"),
        read_rate=rate("read"),
        written_rate=rate("written"),
    )


def _cpu(before: Counters | None, after: Counters) -> float | None:
    """Its share of the host's CPU time, times the cores. A counter that went back is that of another start."""
    if before is None or before.cpu is None or before.system is None or after.cpu is None or after.system is None:
        return None
    worked, passed = after.cpu - before.cpu, after.system - before.system
    return worked / passed * after.cores * 100 if worked >= 0 and passed > 0 and after.cores else None


def _memory(memory: Json) -> int | None:
    used, detail = _number(memory, "usage"), _part(memory, "stats")
    if used is None:
        return None
    # cgroup v1 and v2 have different names for it; the command line of Docker looks in this order.
    for name in ("total_inactive_file", "inactive_file"):
        cache = _number(detail, name)
        if cache is not None and cache < used:
            return used - cache
    return used


def _moves(entry: Json, letter: str) -> bool:
    return str(entry.get("op", ""))[:1].lower() == letter


def _sum(numbers: Iterable[int | None]) -> int | None:
    """None without any number."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _part(answer: Json, name: str) -> Json:
    found = answer.get(name)
    return found if isinstance(found, dict) else {}


def _number(answer: Json, name: str) -> int | None:
    found = answer.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < _NO_COUNTER else None
