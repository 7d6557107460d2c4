from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len
from textual.message import Message

from widgets.cells import Column, Row, Span, cell, cell_text, cell_width, fit
from widgets.columns import lay_out
from widgets.live_table import LiveTable

COLUMNS = (
    Column("task", "TASK", 8),
    Column("definition", "DEFINITION", min_width=6),
    Column("age", "AGE", 4, align="right", priority=2),
)


def row(key: str, definition: str = "web:7", age: str = "3m") -> Row:
    return Row(key, (cell(key), cell(definition, "ok"), cell(age)))


def rows(count: int) -> list[Row]:
    return [row(f"t{index}") for index in range(count)]


def cursor_of(table: LiveTable) -> str | None:
    return table.cursor_key


async def test_one_changed_row_of_ten_thousand_draws_one_line(app_of: Any, drawn_by: Any, lines_of: Any) -> None:
    table = LiveTable(COLUMNS)
    async with app_of(table).run_test(size=(60, 20)) as pilot:
        table.set_rows(rows(10_000))
        await pilot.pause()
        drawn = drawn_by(table)
        changed = list(table.rows)
        changed[5] = row("t5", "web:8")
        table.set_rows(changed)
        await pilot.pause()
        assert drawn == [6]
        assert "web:8" in lines_of(pilot.app)[6]


async def test_a_change_out_of_sight_and_equal_rows_draw_nothing(app_of: Any, drawn_by: Any) -> None:
    table = LiveTable(COLUMNS)
    async with app_of(table).run_test(size=(60, 20)) as pilot:
        table.set_rows(rows(10_000))
        await pilot.pause()
        drawn = drawn_by(table)
        changed = rows(10_000)
        changed[9000] = row("t9000", "web:8")
        table.set_rows(changed)
        await pilot.pause()
        assert drawn == []


async def test_moving_the_cursor_draws_two_lines(app_of: Any, drawn_by: Any) -> None:
    table = LiveTable(COLUMNS)
    async with app_of(table).run_test(size=(60, 20)) as pilot:
        table.set_rows(rows(100))
        await pilot.pause()
        drawn = drawn_by(table)
        await pilot.press("j")
        assert sorted(drawn) == [1, 2]
        assert cursor_of(table) == "t1"


async def test_cursor_stays_on_its_key_through_sorting(app_of: Any, lines_of: Any) -> None:
    table = LiveTable(COLUMNS)
    async with app_of(table).run_test(size=(60, 20)) as pilot:
        table.set_rows(rows(100))
        table.move_to("t3")
        table.set_rows(list(reversed(table.rows)))
        await pilot.pause()
        assert cursor_of(table) == "t3"
        assert any(line.startswith("▌t3") for line in lines_of(pilot.app)), "it was in view and stays in view"


async def test_cursor_of_a_removed_row_goes_to_the_nearest(app_of: Any) -> None:
    table = LiveTable(COLUMNS)
    async with app_of(table).run_test(size=(60, 20)):
        table.set_rows(rows(10))
        table.move_to("t4")
        table.set_rows([item for item in rows(10) if item.key not in {"t3", "t4", "t5"}])
        assert cursor_of(table) == "t6"
        table.set_rows([row("t1"), row("t2")])
        assert cursor_of(table) == "t2"
        table.set_rows([row("x")])
        assert cursor_of(table) == "x"


async def test_cursor_waits_for_its_row_while_there_are_none(app_of: Any) -> None:
    table = LiveTable(COLUMNS)
    async with app_of(table).run_test(size=(60, 20)):
        assert cursor_of(table) is None
        table.move_to("t7")
        table.set_rows(rows(10))
        assert cursor_of(table) == "t7"
        table.set_rows([])
        table.set_rows(rows(20))
        assert cursor_of(table) == "t7"


async def test_ends_and_pages(app_of: Any, lines_of: Any) -> None:
    table = LiveTable(COLUMNS)
    async with app_of(table).run_test(size=(60, 20)) as pilot:
        table.set_rows(rows(100))
        await pilot.pause()
        await pilot.press("G")
        assert cursor_of(table) == "t99"
        assert lines_of(pilot.app)[-1].startswith("▌t99")
        assert lines_of(pilot.app)[0].split() == ["TASK", "DEFINITION", "AGE"], "the header stays"
        await pilot.press("pageup")
        assert cursor_of(table) == "t80"
        await pilot.press("g")
        assert cursor_of(table) == "t0"
        assert lines_of(pilot.app)[1].startswith("▌t0")


async def test_messages(app_of: Any, until: Any) -> None:
    table = LiveTable(COLUMNS, id="tasks")
    seen: list[Message] = []
    async with app_of(table).run_test(size=(60, 20), message_hook=seen.append) as pilot:
        table.set_rows(rows(100))

        def of(kind: type[Message]) -> list[Any]:
            return [message for message in seen if isinstance(message, kind) and message.control is table]

        await until(pilot, lambda: "t0" in [message.key for message in of(LiveTable.RowHighlighted)])
        for _ in range(5):
            table.action_move(1)
        await until(pilot, lambda: of(LiveTable.RowHighlighted)[-1].key == "t5")
        keys = list(dict.fromkeys(message.key for message in of(LiveTable.RowHighlighted)))
        assert keys == ["t0", "t5"], "rows that the cursor only passed are not told"
        await pilot.press("enter")
        assert of(LiveTable.RowActivated)[-1].key == "t5"
        await pilot.press("space")
        assert of(LiveTable.MarksChanged)[-1].marked == {"t5"}


async def test_mouse(app_of: Any) -> None:
    table = LiveTable(COLUMNS)
    seen: list[Message] = []
    async with app_of(table).run_test(size=(60, 20), message_hook=seen.append) as pilot:
        table.set_rows(rows(100))
        await pilot.pause()
        await pilot.click(table, offset=(5, 4))
        assert cursor_of(table) == "t3"
        assert not [message for message in seen if isinstance(message, LiveTable.RowActivated)]
        await pilot.click(table, offset=(5, 0))
        assert cursor_of(table) == "t3", "the header is no row"
        await pilot.click(table, offset=(5, 4))
        assert [message.key for message in seen if isinstance(message, LiveTable.RowActivated)][-1] == "t3"


async def test_marks(app_of: Any, lines_of: Any) -> None:
    table = LiveTable(COLUMNS)
    async with app_of(table).run_test(size=(60, 20)) as pilot:
        table.set_rows(rows(10))
        await pilot.press("space", "j", "j", "space")
        assert table.marked == {"t0", "t2"}
        assert lines_of(pilot.app)[1].startswith("◆t0")
        table.set_rows(rows(10)[1:])
        assert table.marked == {"t2"}, "a row that went takes its mark with it"
        table.clear_marks()
        await pilot.pause()
        assert not table.marked
        assert "◆" not in "".join(lines_of(pilot.app))


async def test_a_table_without_marks_hides_the_key(app_of: Any) -> None:
    table = LiveTable(COLUMNS, markable=False)
    async with app_of(table).run_test(size=(60, 20)) as pilot:
        table.set_rows(rows(3))
        await pilot.press("space")
        assert not table.marked
        assert "space" not in pilot.app.screen.active_bindings


async def test_empty_state_teaches(app_of: Any, lines_of: Any) -> None:
    table = LiveTable(COLUMNS, empty="No tasks yet.\nr  run one")
    async with app_of(table).run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert lines_of(pilot.app)[2].rstrip() == " No tasks yet."
        assert lines_of(pilot.app)[3].rstrip() == " r  run one"
        await pilot.press("enter", "j", "space", "G")
        table.empty_text = "Nothing matches."
        await pilot.pause()
        assert lines_of(pilot.app)[2].rstrip() == " Nothing matches."
        table.set_rows(rows(2))
        await pilot.pause()
        assert "Nothing" not in "".join(lines_of(pilot.app))


@pytest.mark.parametrize(
    "text", ["[/foo]", "[@click=app.quit]x[/]", "\x1b]0;x\x07", "\x9b31m", "\u202etxt", "\ud800", "a\tb"]
)
async def test_hostile_text_is_shown_and_does_nothing(app_of: Any, lines_of: Any, text: str) -> None:
    table = LiveTable((Column("a", text, 12), *COLUMNS), empty=text)
    async with app_of(table).run_test(size=(60, 6)) as pilot:
        table.set_rows([Row(text, (cell(text), cell(text), cell(text)))])
        await pilot.pause()
        shown = "".join(lines_of(pilot.app))
        assert shown.isprintable()
        if text.isprintable():
            assert text[:11] in shown


async def test_wide_characters_keep_the_columns_aligned(app_of: Any, lines_of: Any) -> None:
    table = LiveTable(COLUMNS)
    async with app_of(table).run_test(size=(40, 6)) as pilot:
        table.set_rows([row("日本語日本語", "サービス" * 9, "1m"), row("a", "b", "2m")])
        await pilot.pause()
        first, second = lines_of(pilot.app)[1:3]
        assert cell_len(first) == cell_len(second) == 40
        assert first.rstrip().endswith("… 1m") or first.rstrip().endswith("…   1m") or "…" in first
        assert first.rstrip()[-2:] == "1m" and second.rstrip()[-2:] == "2m"


async def test_columns_go_by_priority_when_narrow(app_of: Any, lines_of: Any) -> None:
    table = LiveTable(COLUMNS)
    async with app_of(table).run_test(size=(40, 6)) as pilot:
        table.set_rows(rows(2))
        await pilot.pause()
        assert "AGE" in lines_of(pilot.app)[0]
        await pilot.resize_terminal(18, 6)
        await pilot.pause()
        assert lines_of(pilot.app)[0].split() == ["TASK", "DEFIN…"]
        assert cursor_of(table) == "t0"


async def test_focus_shows_in_the_cursor(app_of: Any) -> None:
    first, second = LiveTable(COLUMNS), LiveTable(COLUMNS)
    async with app_of(first, second).run_test(size=(60, 20)) as pilot:
        first.set_rows(rows(3))
        await pilot.pause()
        focused = next(iter(first.render_line(1))).style
        second.focus()
        await pilot.pause()
        blurred = next(iter(first.render_line(1))).style
        assert focused and blurred and focused.bgcolor != blurred.bgcolor


async def test_cells_follow_the_theme(app_of: Any) -> None:
    table = LiveTable(COLUMNS)
    async with app_of(table).run_test(size=(60, 20)) as pilot:
        table.set_rows(rows(3))
        await pilot.pause()
        before = table.render_line(2)
        pilot.app.theme = "textual-light"
        await pilot.pause()
        assert table.render_line(2) != before


def test_layout_shares_the_room() -> None:
    layout = lay_out((Column("a", "A", 5), Column("b", "B", weight=3), Column("c", "C")), 49)
    assert [placed.width for placed in layout.placed] == [5, 4 + 24, 4 + 8]
    assert layout.gap == 2


def test_layout_drops_the_least_important_and_keeps_the_first() -> None:
    columns = (
        Column("a", "A", 10, priority=9),
        Column("b", "B", 10, priority=1),
        Column("c", "C", 10),
        Column("d", "D", 10),
    )
    assert [placed.index for placed in lay_out(columns, 43).placed] == [0, 1, 2, 3]
    assert [placed.index for placed in lay_out(columns, 42).placed] == [0, 2, 3]
    assert [placed.index for placed in lay_out(columns, 21).placed] == [0, 2]
    assert [placed.width for placed in lay_out(columns, 6).placed] == [6]
    assert lay_out(columns, 0).placed == ()


def test_fit_cuts_across_spans_by_cells() -> None:
    content = (Span("● ", "ok"), Span("RUNNING", "ok"))
    assert cell_text(fit(content, 6)) == "● RUN…"
    assert cell_text(fit(cell("日本語"), 4)) == "日 …"
    assert cell_width(fit(cell("日本語"), 4)) == 4
    assert cell_text(fit(cell("12%"), 6, "right")) == "   12%"
    assert fit(cell("x"), 0) == ()


async def test_a_row_more_out_of_sight_draws_nothing(app_of: Any, drawn_by: Any) -> None:
    table = LiveTable(COLUMNS)
    async with app_of(table).run_test(size=(60, 20)) as pilot:
        table.set_rows(rows(10_000))
        await pilot.pause()
        drawn = drawn_by(table)
        for count in (10_001, 10_007, 9_990):
            table.set_rows(rows(count))
            await pilot.pause()
        assert drawn == []
        await pilot.press("G")
        assert cursor_of(table) == "t9989"
        assert table.scroll_offset.y == table.max_scroll_y


async def test_with_fewer_rows_than_it_was_scrolled_by_the_last_ones_are_in_sight(app_of: Any, lines_of: Any) -> None:
    table = LiveTable(COLUMNS)
    async with app_of(table).run_test(size=(60, 20)) as pilot:
        table.set_rows(rows(500))
        await pilot.press("G")
        table.set_rows(rows(40))
        await pilot.pause()
        assert cursor_of(table) == "t39"
        assert "t39" in "\n".join(lines_of(pilot.app))
        table.set_rows(rows(5))
        await pilot.pause()
        assert not table.show_vertical_scrollbar
        assert "t0" in lines_of(pilot.app)[1]
        table.set_rows(rows(500))
        await pilot.pause()
        assert table.show_vertical_scrollbar
        await pilot.press("G")
        assert "t499" in "\n".join(lines_of(pilot.app))
