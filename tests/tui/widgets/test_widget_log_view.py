from __future__ import annotations

import re
from typing import Any

import pytest
from rich.color import Color
from rich.style import Style
from textual.message import Message

from widgets.line_store import MAX_LINE_CELLS, LineStore
from widgets.log_view import LogLine, LogView

BLOCKS = " ▁▂▃▄▅▆▇█"


def numbered(first: int, count: int, text: str = "line") -> list[LogLine]:
    return [LogLine(f"{text} {number}") for number in range(first, first + count)]


def follows(log: LogView) -> bool:
    return log.following


def match_of(log: LogView) -> int | None:
    return log.current_match


async def test_memory_is_bounded_and_losses_are_counted(app_of: Any, lines_of: Any) -> None:
    log = LogView(max_lines=100)
    async with app_of(log).run_test(size=(40, 10)) as pilot:
        for batch in range(40):
            log.append(numbered(batch * 50, 50))
        await pilot.pause()
        assert log.line_count == 100
        assert log.dropped == 1900
        assert [line.text for line in log.lines][::99] == ["line 1900", "line 1999"]
        assert lines_of(pilot.app)[-1].strip() == "line 1999"


async def test_follows_pauses_and_follows_again(app_of: Any, lines_of: Any) -> None:
    log = LogView()
    seen: list[Message] = []
    async with app_of(log).run_test(size=(40, 10), message_hook=seen.append) as pilot:
        log.append(numbered(0, 50))
        await pilot.pause()
        assert lines_of(pilot.app)[-1].strip() == "line 49"
        await pilot.press("k")
        assert not follows(log)
        before = lines_of(pilot.app)
        log.append(numbered(50, 3))
        await pilot.pause()
        assert log.new_lines == 3
        assert [line.rstrip(BLOCKS) for line in lines_of(pilot.app)] == [line.rstrip(BLOCKS) for line in before]
        changes = [message for message in seen if isinstance(message, LogView.FollowChanged)]
        assert changes[-1].new_lines == 3 and not changes[-1].following and changes[-1].control is log
        await pilot.press("f")
        await pilot.pause()
        assert follows(log) and log.new_lines == 0
        assert lines_of(pilot.app)[-1].strip() == "line 52"
        await pilot.press("f", "g")
        assert not follows(log)
        await pilot.press("G")
        assert follows(log)


async def test_scrolling_to_the_end_follows(app_of: Any) -> None:
    log = LogView()
    async with app_of(log).run_test(size=(40, 10)) as pilot:
        log.append(numbered(0, 50))
        await pilot.pause()
        await pilot.press("k", "k")
        assert not follows(log)
        await pilot.press("j", "j")
        assert follows(log)


async def test_paused_view_holds_its_lines_while_old_ones_drop(app_of: Any, lines_of: Any) -> None:
    log = LogView(max_lines=60)
    async with app_of(log).run_test(size=(40, 10)) as pilot:
        log.append(numbered(0, 60))
        await pilot.pause()
        await pilot.press("pageup")
        top = lines_of(pilot.app)[0].split()[:2]
        log.append(numbered(60, 20))
        await pilot.pause()
        assert lines_of(pilot.app)[0].split()[:2] == top


async def test_resize_keeps_the_end_in_sight(app_of: Any, lines_of: Any) -> None:
    log = LogView()
    async with app_of(log).run_test(size=(40, 20)) as pilot:
        log.append(numbered(0, 50))
        await pilot.pause()
        await pilot.resize_terminal(40, 8)
        await pilot.pause()
        assert follows(log)
        assert lines_of(pilot.app)[-1].strip() == "line 49"


async def test_wrap_shows_all_of_a_line(app_of: Any, lines_of: Any) -> None:
    log = LogView()
    async with app_of(log).run_test(size=(40, 12)) as pilot:
        log.append(
            [LogLine("x" * 70 + "END", "web", 1, "09:41:02"), LogLine("日本語" * 10 + "FIN", "web", 1, "09:41:03")]
        )
        await pilot.pause()
        assert "END" not in "".join(lines_of(pilot.app))
        await pilot.press("w")
        await pilot.pause()
        shown = lines_of(pilot.app)
        text = "".join(line[15:].strip() for line in shown)
        assert text == "x" * 70 + "END" + "日本語" * 10 + "FIN"
        assert log.virtual_size.height == sum(1 for line in shown if line.strip())
        assert [line.split()[0] for line in shown if line.startswith(" 09")] == ["09:41:02", "09:41:03"]
        await pilot.press("t")
        await pilot.pause()
        assert "09:41" not in "".join(lines_of(pilot.app))


async def test_search_walks_the_matches(app_of: Any, lines_of: Any) -> None:
    log = LogView()
    async with app_of(log).run_test(size=(40, 10)) as pilot:
        assert "n" not in pilot.app.screen.active_bindings
        log.append(numbered(0, 200))
        await pilot.pause()
        assert log.search(re.compile(r"\b(50|150)\b")) == 2
        await pilot.press("n")
        assert match_of(log) == 50, "from the view on, and round the end"
        assert any(line.strip(BLOCKS) == "line 50" for line in lines_of(pilot.app))
        assert not follows(log)
        await pilot.press("n")
        assert match_of(log) == 150
        await pilot.press("N", "N")
        assert match_of(log) == 150
        styles = {
            segment.text: segment.style for segment in log.render_line(log.row_of_line(150) - log.scroll_offset.y)
        }
        assert styles["150"] != styles["line "]
        assert log.search(re.compile("nothing like it")) == 0
        await pilot.press("n")
        assert match_of(log) is None
        log.search(None)
        assert log.pattern is None


async def test_search_comes_to_matches_at_the_right(app_of: Any, lines_of: Any) -> None:
    log = LogView()
    async with app_of(log).run_test(size=(30, 6)) as pilot:
        log.append([LogLine("x" * 200 + "needle" + "y" * 50)])
        await pilot.pause()
        log.search(re.compile("needle"))
        await pilot.press("n")
        await pilot.pause()
        assert "needle" in lines_of(pilot.app)[0]


@pytest.mark.parametrize("text", ["[/foo]", "\x1b]0;x\x07", "\x1b[2Jx", "\x9b31m", "\u202eabc", "\ud800", "a\tb", ""])
async def test_hostile_text(app_of: Any, lines_of: Any, text: str) -> None:
    log = LogView()
    async with app_of(log).run_test(size=(40, 6)) as pilot:
        log.append([LogLine(text, text, 3, text)])
        await pilot.pause()
        assert "".join(lines_of(pilot.app)).isprintable()
        await pilot.press("w")
        assert "".join(lines_of(pilot.app)).isprintable()


async def test_colours_are_drawn_and_belong_to_the_theme(app_of: Any) -> None:
    log = LogView()
    async with app_of(log).run_test(size=(40, 6)) as pilot:
        log.append([LogLine("\x1b[31mred\x1b[0m \x1b[38;2;1;2;3mrgb\x1b[0m plain", "web", 9)])
        await pilot.pause()
        styles = {segment.text.strip(): segment.style or Style.null() for segment in log.render_line(0)}
        assert styles["red"].color == log.get_component_rich_style("log-view--sgr-1").color
        assert styles["rgb"].color == Color.from_rgb(1, 2, 3)
        assert styles["web"].color == log.get_component_rich_style("log-view--source-1").color


async def test_a_line_of_a_megabyte_is_cut(app_of: Any) -> None:
    log = LogView()
    async with app_of(log).run_test(size=(40, 6)) as pilot:
        log.append([LogLine("x" * 1_000_000), LogLine("\x1b[31m" * 200_000 + "end"), LogLine("日" * 500_000)])
        await pilot.pause()
        for number in range(3):
            assert len(log.lines[number].text) < MAX_LINE_CELLS * 9
            assert log.line_text(number).endswith("…")
        assert log.virtual_size.width <= MAX_LINE_CELLS + 10


async def test_clear(app_of: Any, lines_of: Any) -> None:
    log = LogView(empty="Nothing has been written yet.")
    async with app_of(log).run_test(size=(40, 6)) as pilot:
        log.append(numbered(0, 100))
        await pilot.press("g")
        log.clear()
        await pilot.pause()
        assert follows(log) and log.line_count == 0
        assert "Nothing has been written" in lines_of(pilot.app)[1]
        log.append(numbered(0, 2))
        await pilot.pause()
        assert lines_of(pilot.app)[1].strip() == "line 1"


async def test_only_lines_in_sight_are_painted(app_of: Any) -> None:
    log = LogView()
    async with app_of(log).run_test(size=(40, 10)) as pilot:
        painted: list[int] = []
        original = log._paint

        def paint(number: int) -> Any:
            painted.append(number)
            return original(number)

        log._paint = paint  # type: ignore[method-assign]
        log.append(numbered(0, 10_000))
        await pilot.pause()
        assert 0 < len(set(painted)) <= 20


@pytest.mark.parametrize("wrap", [0, 5])
def test_store_finds_rows_after_many_drops(wrap: int) -> None:
    store = LineStore(50)
    store.wrap(wrap)
    for number in range(5000):
        store.append([LogLine("x" * (number % 17))])
    heights = [max(1, -(-len(line.text) // wrap)) if wrap else 1 for line in store.lines()]
    assert len(store) == 50 and store.first == 4950 and store.rows == sum(heights)
    expected = [(store.first + index, part) for index, height in enumerate(heights) for part in range(height)]
    assert [store.locate(row) for row in range(store.rows)] == expected
    assert all(store.row_of(number) == expected.index((number, 0)) for number, _ in expected)


def test_store_takes_a_batch_larger_than_itself() -> None:
    store = LineStore(10)
    store.append(numbered(0, 25))
    assert [line.text for line in store.lines()] == [f"line {number}" for number in range(15, 25)]
    assert store.dropped == 15
