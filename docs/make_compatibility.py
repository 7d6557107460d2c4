"""Writes docs/compatibility.md from the metadata of the models: ``python -m docs.make_compatibility``.

A test runs ``page()`` and compares; the file is never edited by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from app.model.honour import Honour, honours
from app.model.task_definition import TaskDefinition

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "compatibility.md"
CONTAINERS = "containerDefinitions[]."
VOLUMES = "volumes[]."
HEAD = """# Compatibility

Written by `python -m docs.make_compatibility` from the models; a test fails when it is out of date. Every member of
RegisterTaskDefinition is accepted, stored byte for byte, and given back. What it does on plain Docker:

- **honoured**: what it does on ECS;
- **emulated**: something near to that; the note says what;
- **kept**: nothing. Registering a definition that uses it tells so.

Members that ECS does not have are kept too, with a warning.
"""


def page() -> str:
    """The whole file."""
    found = list(honours(TaskDefinition))
    below = (CONTAINERS, VOLUMES)
    top = [honour for honour in found if not honour.path.startswith(below)]
    sections = [
        HEAD,
        _table("Task definition", top),
        _table("Container definition", [honour for honour in found if honour.path.startswith(CONTAINERS)], CONTAINERS),
        _table("Volume", [honour for honour in found if honour.path.startswith(VOLUMES)], VOLUMES),
    ]
    return "\n".join(sections)


def _table(title: str, lines: Iterable[Honour], prefix: str = "") -> str:
    rows = [
        f"| `{line.path.removeprefix(prefix)}` | {line.level} | {line.note} | {line.description} |" for line in lines
    ]
    head = ["| member | | note | what it says |", "|---|---|---|---|"]
    return "\n".join([f"## {title}", "", *head, *rows, ""])


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
