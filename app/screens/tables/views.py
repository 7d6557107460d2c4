"""Saved views of ``config.toml``: which tables and columns they may name, and what a view asks for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.model.errors import Finding
from app.screens.definition_rows import FAMILY_COLUMNS
from app.screens.filtering import CLUSTER_TERMS, FAMILY_TERMS, INSTANCE_TERMS, TASK_TERMS, filter_problems
from app.screens.rows import CLUSTER_COLUMNS, INSTANCE_COLUMNS, TASK_COLUMNS
from app.store.saved_views import SavedView
from app.store.table_memory import Arrangement
from widgets.cells import Column


@dataclass(frozen=True, slots=True)
class ViewedTable:
    """``mode``: the main view that has the table; ``id``: the table's name there."""

    mode: str
    id: str
    columns: Sequence[Column]
    terms: tuple[str, ...]


TABLES: Mapping[str, ViewedTable] = {
    "tasks": ViewedTable("tasks", "tasks", TASK_COLUMNS, TASK_TERMS),
    "instances": ViewedTable("instances", "instances", INSTANCE_COLUMNS, INSTANCE_TERMS),
    "clusters": ViewedTable("fleet", "clusters", CLUSTER_COLUMNS, CLUSTER_TERMS),
    "definitions": ViewedTable("definitions", "families", FAMILY_COLUMNS, FAMILY_TERMS),
}


def checked_views(views: Iterable[SavedView]) -> tuple[list[SavedView], list[Finding]]:
    """Views that can be shown, and one finding for each that cannot."""
    good, findings = [], []
    for view in views:
        if (wrong := _wrong(view)) is None:
            good.append(view)
        else:
            key, problem, remedy = wrong
            place = view.places.get(key, "")
            where = f"views.{view.name}.{key}"
            findings.append(Finding(where, f"{place}: {problem}" if place else problem, remedy, "warning"))
    return good, findings


def arrangement_of(view: SavedView) -> Arrangement:
    table = TABLES[view.table]
    hidden = {column.key for column in table.columns} - set(view.columns) if view.columns else set()
    return Arrangement(view.sort.removeprefix("-"), view.sort.startswith("-"), frozenset(hidden))


def _wrong(view: SavedView) -> tuple[str, str, str] | None:
    """The key, what is wrong with it, and the remedy."""
    table = TABLES.get(view.table)
    if table is None:
        return "table", f"there is no table {view.table!r}", _nearest(view.table, TABLES)
    names = [column.key for column in table.columns]
    sort = view.sort.removeprefix("-")
    if sort and sort not in names:
        return "sort", f"{view.table} have no column {sort!r}", _nearest(sort, names)
    for column in view.columns:
        if column not in names:
            return "columns", f"{view.table} have no column {column!r}", _nearest(column, names)
    problems = filter_problems(view.filter, table.terms)
    return ("filter", problems[0], "correct the filter") if problems else None


def _nearest(word: str, known: Iterable[str]) -> str:
    there = list(known)
    close = difflib.get_close_matches(word, there, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(there)}"
