"""Rows that are made when they are looked at."""

from __future__ import annotations

from widgets.cells import Row, cell
from widgets.lazy_rows import LazyRows, key_at, keys_of, known_at


def test_a_row_is_made_once_and_only_when_it_is_looked_at() -> None:
    made: list[int] = []

    def make(index: int) -> Row:
        made.append(index)
        return Row(f"row-{index}", (cell(str(index)),))

    rows = LazyRows([f"row-{index}" for index in range(10_000)], make)
    assert (len(rows), key_at(rows, 9_999), len(keys_of(rows)), known_at(rows, 5)) == (10_000, "row-9999", 10_000, None)
    assert made == []
    assert rows[5] is rows[5]
    assert rows[-1].key == "row-9999"
    assert [row.key for row in rows[3:5]] == ["row-3", "row-4"]
    assert made == [5, 9_999, 3, 4]
    assert known_at(rows, 5) is rows[5]
    assert known_at(rows, 10_000) is None
