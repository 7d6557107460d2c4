"""Rows that are made when they are first looked at: a table of 10,000 makes those in sight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

from widgets.cells import Row


class LazyRows(Sequence[Row]):
    """
    Args:
        keys: the keys of all rows, in order; no two are equal.
        make: makes the row at an index. It is called at most once for each, so that a row stays as it was painted.
    """

    __slots__ = ("_made", "_make", "keys")

    def __init__(self, keys: Sequence[str], make: Callable[[int], Row]) -> None:
        self.keys = keys
        self._make = make
        self._made: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        row = self._made.get(index)
        if row is None:
            row = self._made[index] = self._make(index)
        return row

    def known(self, index: int) -> Row | None:
        """The row, if it was made."""
        return self._made.get(index)


def keys_of(rows: Sequence[Row]) -> Sequence[str]:
    """The rows' keys; none is made for it."""
    return rows.keys if isinstance(rows, LazyRows) else [row.key for row in rows]


def key_at(rows: Sequence[Row], index: int) -> str:
    """The key of the row at an index."""
    return rows.keys[index] if isinstance(rows, LazyRows) else rows[index].key


def known_at(rows: Sequence[Row], index: int) -> Row | None:
    """The row at an index, if there is one and it was ever looked at."""
    if not 0 <= index < len(rows):
        return None
    return rows.known(index) if isinstance(rows, LazyRows) else rows[index]
