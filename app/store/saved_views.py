"""Views that a person keeps in ``config.toml``: ``[views.NAME]`` with a table, a filter, an order and columns.

Which tables and columns there are is the screens' business (``app.screens.tables.views``); here is what can be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

VIEW_NAME = re.compile("[A-Za-z0-9_-]{1,64}")
MOST_VIEWS = 100
MOST_COLUMNS, LONGEST_FILTER, LONGEST_WORD = 64, 500, 64


@dataclass(frozen=True, slots=True)
class SavedView:
    """``sort``: a column, with ``-`` before it downwards; "" for the table's own order. ``columns``: those that are
    shown; none: all. ``places``: where each key stands in the file, for messages."""

    name: str
    table: str
    filter: str = ""
    sort: str = ""
    columns: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)


class WrongView(Exception):
    """The remedy, and the key that is meant."""

    def __init__(self, remedy: str, *below: str) -> None:
        super().__init__(remedy)
        self.below = below


def read_view(name: str, value: object, place: Callable[[str], str]) -> SavedView:
    """A view from what TOML made of it. ``place`` tells where a key of it stands. Raises WrongView."""
    if VIEW_NAME.fullmatch(name) is None:
        raise WrongView("choose a name of 1 to 64 letters, digits, - and _")
    if not isinstance(value, dict):
        raise WrongView('write {table = "tasks", filter = "state:failed"}')
    known = ("table", "filter", "sort", "columns")
    unknown = next((key for key in value if key not in known), None)
    if unknown is not None:
        raise WrongView(f"there are only {', '.join(known)}", unknown)
    for key, longest in (("table", LONGEST_WORD), ("filter", LONGEST_FILTER), ("sort", LONGEST_WORD)):
        if key in value and not _is_text(value[key], longest):
            raise WrongView(f"write at most {longest} printable characters in quotes", key)
    if "table" not in value:
        raise WrongView('it needs a table, such as table = "tasks"')
    columns: Any = value.get("columns", [])
    if (
        not isinstance(columns, list)
        or len(columns) > MOST_COLUMNS
        or not all(_is_text(one, LONGEST_WORD) for one in columns)
    ):
        raise WrongView('write the names of columns: ["task", "status", "age"]', "columns")
    places = {key: place(key) for key in ("table", "filter", "sort", "columns") if key in value}
    filter_, sort = value.get("filter", ""), value.get("sort", "")
    return SavedView(name, value["table"], filter_, sort, tuple(columns), places)


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest and (value.isprintable() or not value)
