"""Where in the JSON of a definition something is to be shown: lines with findings, and the columns of secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from app.model.masking import looks_secret
from app.operations.editing import Told
from widgets.json_places import JsonPlaces, Path

_NAMES = ("name", "key", "hostname")
"""What the value beside it is called by, in a pair of an environment and the like."""


def marked_lines(findings: Iterable[Told], places: JsonPlaces) -> dict[int, str]:
    """Line → ``error`` or ``warning``; a finding of a member that is not there marks what it should be in."""
    marks: dict[int, str] = {}
    for told in findings:
        place = places.nearest(told.at)
        if place is not None:
            line = places.location(place.begin)[0]
            if marks.get(line) != "error":
                marks[line] = told.severity
    return marks


def masked_columns(members: Any, places: JsonPlaces) -> dict[int, list[tuple[int, int]]]:
    """Line → spans of columns within the quotes of values that look secret."""
    masks: dict[int, list[tuple[int, int]]] = {}
    for path in _secrets(members, ()):
        place = places.place(path)
        if place is None:
            continue
        line, start = places.location(place.start)
        end_line, end = places.location(place.end)
        if end_line == line and end - start > 2:
            masks.setdefault(line, []).append((start + 1, end - 1))
    return masks


def _secrets(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _secrets(item, (*path, index))
    if not isinstance(value, dict):
        return
    name = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), None)
    for key, item in value.items():
        if isinstance(item, str):
            called = name if key == "value" and name is not None else key
            if item and looks_secret(called, item):
                yield (*path, key)
        else:
            yield from _secrets(item, (*path, key))
