"""The one thing namespaces don't take away: cgroup directories. Both layouts, v1 (one tree a controller) and v2."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def remove(name: str) -> list[Path]:
    """Removes every cgroup ``name`` and those in it; returns the ones that still held a process."""
    left: list[Path] = []
    for top in [ROOT / name, *ROOT.glob(f"*/{name}")]:
        for folder, _, _ in os.walk(top, topdown=False):
            try:
                os.rmdir(folder)
            except FileNotFoundError:
                continue
            except OSError:
                left.append(Path(folder))
    return left


def existing(name: str) -> list[Path]:
    return [top for top in [ROOT / name, *ROOT.glob(f"*/{name}")] if top.is_dir()]
