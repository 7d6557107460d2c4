"""Packages that are installed for one test, with entry points."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.interop.scheduler_plugins import GROUP


def install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, module: str, source: str, entry_points: Mapping[str, str]
) -> None:
    """A module and its schedulers by name, as MODULE:OBJECT, on the path until the test ends."""
    site = folder / "site"
    info = site / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    lines = "".join(f"{name} = {value}\n" for name, value in entry_points.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}", encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    (site / f"{module}.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, module, raising=False)
