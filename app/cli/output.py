"""Responses on stdout: JSON as ``aws`` prints it, text with tabs as ``aws`` prints it, or tables for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from app.cli.table import tables
from app.model.safe_text import safe_line


def write_shape(shape: Mapping[str, Any], form: str, stream: TextIO) -> None:
    """``form`` is json, table or text. Nothing in any of them drives a terminal: JSON is ASCII, the rest made safe."""
    if form == "json":
        stream.write(json.dumps(shape, indent=4, ensure_ascii=True) + "\n")
    elif form == "table":
        stream.write(tables(shape))
    else:
        stream.writelines(f"{line}\n" for line in _text(shape, None, None))


def _text(value: Any, name: str | None, columns: Sequence[str] | None) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _text_of_object(value, name, columns)
    elif isinstance(value, list):
        yield from _text_of_list(value, name)
    else:
        yield _cell(value)


def _text_of_list(items: list[Any], name: str | None) -> Iterator[str]:
    if any(isinstance(item, Mapping | list) for item in items):
        columns = sorted({key for item in items if isinstance(item, Mapping) for key in _scalars(item)})
        for item in items:
            yield from _text(item, name, columns)
    elif name is not None:
        yield from (f"{name.upper()}\t{_cell(item)}" for item in items)
    elif items:
        yield "\t".join(_cell(item) for item in items)


def _text_of_object(value: Mapping[str, Any], name: str | None, columns: Sequence[str] | None) -> Iterator[str]:
    """One line with what is no object or list, in the order of the members' names; below it the rest, by name."""
    scalars = _scalars(value)
    cells = [_cell(scalars.get(key, "")) for key in (sorted(scalars) if columns is None else columns)]
    if cells:
        yield "\t".join([name.upper(), *cells] if name else cells)
    for key in sorted(set(value) - set(scalars)):
        yield from _text(value[key], key, None)


def _scalars(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if not isinstance(item, Mapping | list)}


def _cell(value: object) -> str:
    return safe_line("None" if value is None else value)
