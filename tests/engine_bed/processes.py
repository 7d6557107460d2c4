"""What /proc says of processes: parents, children, whole trees. Racing with processes that end is normal here."""

from __future__ import annotations

import os
from pathlib import Path


def parents() -> dict[int, int]:
    """pid → parent's pid of every process seen from this namespace; zombies (dead, only not yet reaped) left out."""
    found: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            # The command (2nd field) may hold spaces and brackets: the fields after the last ")" are safe to split.
            state, parent = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found[int(entry)] = int(parent)
    return found


def children(pid: int) -> list[int]:
    return [child for child, parent in parents().items() if parent == pid]


def tree(*roots: int) -> set[int]:
    """The living ones of ``roots`` and all their living descendants."""
    family = parents()
    found: set[int] = set()
    todo = [pid for pid in roots if pid in family]
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += [child for child, parent in family.items() if parent == pid]
    return found


def living(pids: set[int]) -> set[int]:
    """Those of ``pids`` that still run."""
    return pids & set(parents())
