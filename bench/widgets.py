"""LiveTable by itself: 10,000 rows of which one has changed."""

from __future__ import annotations

import asyncio
import time

from textual.app import App, ComposeResult
from textual.strip import Strip

from bench.pty_app import COLUMNS, ROWS
from bench.table import Figure, milliseconds
from widgets.cells import Column, Row, cell
from widgets.live_table import LiveTable

_COLUMNS = tuple(Column(f"c{number}", f"COLUMN {number}") for number in range(8))


class _Counted(LiveTable):
    painted = 0

    def render_line(self, y: int) -> Strip:
        self.painted += 1
        return super().render_line(y)


class _OneTable(App[None]):
    def compose(self) -> ComposeResult:
        yield _Counted(_COLUMNS)


def _rows(count: int, changed: int) -> list[Row]:
    """Fresh rows, as row makers make them: equal to the last ones, but not the same objects; one differs."""
    return [
        Row(f"row-{number}", tuple(cell(f"{number} {column} {changed if number == 3 else 0}") for column in range(8)))
        for number in range(count)
    ]


def table_figures(count: int, rounds: int) -> list[Figure]:
    return asyncio.run(_measure(count, rounds))


async def _measure(count: int, rounds: int) -> list[Figure]:
    app = _OneTable()
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        table = app.query_one(_Counted)
        table.set_rows(_rows(count, 0))
        await pilot.pause()
        sets, compares, lines = [], [], []
        shown: list[Row] = list(table.rows)
        for turn in range(1, rounds + 1):
            rows = _rows(count, turn)
            began = time.perf_counter()
            assert rows != shown
            _ = [one == other for one, other in zip(rows, shown, strict=True)]
            compares.append(time.perf_counter() - began)
            table.painted = 0
            began = time.perf_counter()
            table.set_rows(rows)
            sets.append(time.perf_counter() - began)
            await pilot.pause()
            lines.append(table.painted)
            shown = rows
    title = f"{count:,} rows, one changed:"
    limit = f"a frame is 16.7 ms; comparing all rows in Python takes {min(compares) * 1000:.1f} ms"
    return [
        milliseconds(f"{title} set_rows", sets, limit),
        Figure(f"{title} lines painted", f"{max(lines)}", f"worst of {rounds}", f"1 is the least; {ROWS} are in sight"),
    ]
