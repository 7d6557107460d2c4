from __future__ import annotations

from typing import Any

from widgets.cell_line import CellLine
from widgets.cells import Span, cell


async def test_left_gives_way_to_right_and_only_a_change_is_drawn(app_of: Any, lines_of: Any, drawn_by: Any) -> None:
    line = CellLine()
    async with app_of(line).run_test(size=(30, 3)) as pilot:
        line.set((Span("a\x1b[2Jb ", "ok"), Span("日本" * 10)), cell("9 tasks"))
        await pilot.pause()
        shown = lines_of(pilot.app)[0]
        assert shown.startswith(" a�[2Jb 日本")
        assert "…" in shown
        assert shown.endswith("  9 tasks ")
        drawn = drawn_by(line)
        line.set((Span("a\x1b[2Jb ", "ok"), Span("日本" * 10)), cell("9 tasks"))
        await pilot.pause()
        assert drawn == []
        line.set(cell("short"))
        await pilot.pause()
        assert drawn == [0]
        assert lines_of(pilot.app)[0].strip() == "short"


async def test_a_right_side_that_would_take_the_line_is_left_out(app_of: Any, lines_of: Any) -> None:
    line = CellLine()
    async with app_of(line).run_test(size=(30, 3)) as pilot:
        line.set(cell("what it is about"), cell("much more than there is room for"))
        await pilot.pause()
        assert lines_of(pilot.app)[0].strip() == "what it is about"
