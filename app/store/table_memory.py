"""How a person last had each table: sorted by what, without which columns. In ``state/tables.json``, Moorage's own.

Losing it loses nothing but that; a file that somebody broke counts as none.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.model.errors import DocumentError
from app.store import atomic
from app.store.home import Home
from app.store.reading import read_file

MAX_BYTES = 64 * 1024
MOST_TABLES, MOST_HIDDEN, LONGEST_NAME = 64, 64, 64


@dataclass(frozen=True, slots=True)
class Arrangement:
    """``sort``: the key of a column, "" for the table's own order. ``hidden``: keys of columns."""

    sort: str = ""
    descending: bool = False
    hidden: frozenset[str] = frozenset()

    @property
    def sorted_by(self) -> tuple[str, bool] | None:
        return (self.sort, self.descending) if self.sort else None


class TableMemory:
    """Touched on the screen's thread, but ``save``: that one waits on the disk, and may come from any."""

    def __init__(self, home: Home) -> None:
        self._path = home.state / "tables.json"
        self._known = _read(self._path)
        self._lock = threading.Lock()

    def get(self, table: str) -> Arrangement:
        return self._known.get(table, Arrangement())

    def put(self, table: str, arrangement: Arrangement) -> None:
        known = {name: value for name, value in self._known.items() if name != table}
        # A new mapping each time, the one changed last at the end: ``save`` may be at work on the old one.
        self._known = dict([*known.items(), (table, arrangement)][-MOST_TABLES:])

    def save(self) -> None:
        """Write it down as it is now. Raises MoorageError."""
        with self._lock:
            document = {name: _document(value) for name, value in self._known.items() if value != Arrangement()}
            atomic.make_folder(self._path.parent)
            atomic.replace(self._path, json.dumps(document, indent=1).encode() + b"\n")


def _document(arrangement: Arrangement) -> dict[str, Any]:
    return {
        "sort": arrangement.sort,
        "descending": arrangement.descending,
        "hidden": sorted(arrangement.hidden)[:MOST_HIDDEN],
    }


def _read(path: Path) -> Mapping[str, Arrangement]:
    with contextlib.suppress(DocumentError, FileNotFoundError, ValueError, RecursionError):
        value = json.loads(read_file(path, MAX_BYTES, follow=False))
        if isinstance(value, dict):
            read = {name: _arrangement(one) for name, one in list(value.items())[:MOST_TABLES]}
            return {name: arrangement for name, arrangement in read.items() if arrangement is not None}
    return {}


def _arrangement(value: Any) -> Arrangement | None:
    if not isinstance(value, dict):
        return None
    sort, descending, hidden = value.get("sort"), value.get("descending"), value.get("hidden")
    if not (isinstance(sort, str) and _is_name(sort) and isinstance(descending, bool) and isinstance(hidden, list)):
        return None
    return Arrangement(sort, descending, frozenset(name for name in hidden[:MOST_HIDDEN] if _is_name(name)))


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_NAME and value.isprintable()
