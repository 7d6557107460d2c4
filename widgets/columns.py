"""Column widths from the specification and the width at hand alone, never from content: a table must not twitch."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from widgets.cells import Column


@dataclass(frozen=True, slots=True)
class PlacedColumn:
    """A column that is shown: ``index`` counts in the specification (and in ``Row.cells``), ``width`` in cells."""

    index: int
    column: Column
    width: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that are shown, from the left, with ``gap`` cells between neighbours."""

    placed: tuple[PlacedColumn, ...]
    gap: int


def lay_out(columns: Sequence[Column], width: int, hidden: Container[str] = (), keep: str = "") -> Layout:
    """Place columns in ``width`` cells: first with wide gaps, then with narrow ones, then with fewer columns.

    Those that are ``hidden`` are left out, but never the first; the one of the key ``keep`` gives way last.
    """
    if not columns or width <= 0:
        return Layout((), 1)
    kept = [(index, column) for index, column in enumerate(columns) if not index or column.key not in hidden]
    for gap in (2, 1):
        if _least(kept, gap) <= width:
            return Layout(_widths(kept, width, gap), gap)
    while len(kept) > 1 and _least(kept, 1) > width:
        # The first column names the row, so it is the one that stays.
        kept.remove(max(kept[1:], key=lambda item: (item[1].key != keep, item[1].priority, item[0])))
    gap = 2 if _least(kept, 2) <= width else 1
    return Layout(_widths(kept, width, gap), gap)


def _least(kept: Sequence[tuple[int, Column]], gap: int) -> int:
    return sum(column.width or column.min_width for _, column in kept) + gap * (len(kept) - 1)


def _widths(kept: Sequence[tuple[int, Column]], width: int, gap: int) -> tuple[PlacedColumn, ...]:
    spare = max(0, width - _least(kept, gap))
    weights = sum(max(1, column.weight) for _, column in kept if not column.width)
    placed: list[PlacedColumn] = []
    for index, column in kept:
        size = column.width or column.min_width
        if not column.width:
            share = spare * max(1, column.weight) // weights
            spare -= share
            weights -= max(1, column.weight)
            size += share
        placed.append(PlacedColumn(index, column, min(size, width)))
    return tuple(placed)
