"""What a table holds, apart from its looks: rows, the cursor and the marks, all by row key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from widgets.cells import Row
from widgets.lazy_rows import key_at, keys_of, known_at


class TableState:
    """Rows with a cursor that stays on its key wherever the row moves."""

    def __init__(self) -> None:
        self.rows: Sequence[Row] = ()
        self.cursor = 0
        self.marked: frozenset[str] = frozenset()
        self._wanted: str | None = None
        # Built when first needed: most updates leave every row in its place.
        self._positions: dict[str, int] | None = None

    @property
    def cursor_key(self) -> str | None:
        """The key of the row at the cursor; None when there are no rows."""
        return key_at(self.rows, self.cursor) if self.rows else None

    def position(self, key: str) -> int | None:
        """Where the row of this key stands."""
        if self._positions is None:
            self._positions = {key: index for index, key in enumerate(keys_of(self.rows))}
        return self._positions.get(key)

    def replace(self, rows: Sequence[Row]) -> None:
        """Take new rows; the cursor follows its row, or goes to the nearest of the old ones that is still there."""
        old, self.rows, self._positions = self.rows, rows, None
        if not rows:
            self.cursor = 0
            return
        self.cursor = self._find_cursor(old)
        self._wanted = self.cursor_key

    def want(self, key: str) -> None:
        """While there are no rows: where the cursor shall be when they come."""
        self._wanted = key

    def move(self, position: int) -> None:
        """Put the cursor on a position, or on the first or last when that is beyond."""
        self.cursor = max(0, min(position, len(self.rows) - 1))
        self._wanted = self.cursor_key

    def lost_marks(self) -> frozenset[str]:
        """Marked keys that are no longer rows."""
        return frozenset(key for key in self.marked if self.position(key) is None)

    def _find_cursor(self, old: Sequence[Row]) -> int:
        key = self._wanted
        if key is None:
            return 0
        if self.cursor < len(self.rows) and key_at(self.rows, self.cursor) == key:
            return self.cursor
        position = self.position(key)
        return self._nearest_survivor(old) if position is None else position

    def _nearest_survivor(self, old: Sequence[Row]) -> int:
        for distance in range(1, len(old)):
            for index in (self.cursor + distance, self.cursor - distance):
                if 0 <= index < len(old) and (position := self.position(key_at(old, index))) is not None:
                    return position
        return min(self.cursor, len(self.rows) - 1)


def changed_positions(old: Sequence[Row], new: Sequence[Row], window: range) -> Iterator[int]:
    """The positions in a window whose row is another, or none, in ``new``."""
    for index in window:
        before = known_at(old, index)
        after = new[index] if index < len(new) else None
        if before is not after and before != after:
            yield index
