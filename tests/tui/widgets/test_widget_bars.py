"""The header line, the footer line and the filter."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from widgets.breadcrumb import Breadcrumb
from widgets.cells import Column, Span
from widgets.filter_bar import FilterBar
from widgets.key_hints import KeyHints, key_name
from widgets.live_table import LiveTable


def table(**options: Any) -> LiveTable:
    return LiveTable([Column("a", "A")], **options)


def state(bar: FilterBar) -> tuple[str, bool]:
    return bar.value, bar.is_open


def shown(widget: Widget) -> bool:
    return widget.display


def focused(widget: Widget) -> bool:
    return widget.has_focus


async def test_breadcrumb(app_of: Any, lines_of: Any) -> None:
    crumb = Breadcrumb()
    async with app_of(crumb).run_test(size=(60, 4)) as pilot:
        crumb.set(("moorage", "prod", "tasks"), (Span("● 11 live", "ok"), Span("  09:41:07")))
        await pilot.pause()
        line = lines_of(pilot.app)[0]
        assert line.startswith(" moorage › prod › tasks  ")
        assert line.endswith("  ● 11 live  09:41:07 ")
        assert cell_len(line) == 60


async def test_breadcrumb_repaints_only_on_change(app_of: Any, drawn_by: Any) -> None:
    crumb = Breadcrumb(("a", "b"))
    async with app_of(crumb).run_test(size=(60, 4)) as pilot:
        await pilot.pause()
        calls = drawn_by(crumb)
        crumb.set(("a", "b"))
        await pilot.pause()
        assert calls == []
        crumb.set(("a", "c"))
        await pilot.pause()
        assert calls == [0]


@pytest.mark.parametrize("width", [4, 12, 20, 30, 40])
async def test_breadcrumb_keeps_the_last_part(app_of: Any, lines_of: Any, width: int) -> None:
    crumb = Breadcrumb(("moorage", "prod", "web:7", "[/foo]"), (Span("● 11 live  ◐ 1 stale 38s", "ok"),))
    async with app_of(crumb).run_test(size=(width, 4)) as pilot:
        await pilot.pause()
        line = lines_of(pilot.app)[0]
        assert cell_len(line) == width
        if width >= 12:
            assert "[/foo]" in line
        if width >= 30:
            assert "web:7 › [/foo]" in line


class TestKeyHints:
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "note('l')", "logs"),
        Binding("slash", "note('/')", "filter"),
        Binding("question_mark", "note('?')", "help"),
        Binding("q", "note('q')", "quit"),
        Binding("z", "note('z')", "never", show=False),
    ]

    @pytest.fixture
    def app(self, app_of: Any) -> Any:
        class Hinted(app_of):  # type: ignore[misc]
            BINDINGS = TestKeyHints.BINDINGS

            def action_note(self, key: str) -> None:
                self.noted = key

        return Hinted(table(), FilterBar(), KeyHints())

    async def test_shows_what_is_legal(self, app: Any, lines_of: Any) -> None:
        async with app.run_test(size=(90, 6)) as pilot:
            await pilot.pause()
            assert lines_of(app)[-1].strip().startswith("enter open  space mark  l logs  / filter  ? help  q quit")

    async def test_changes_with_the_focus(self, app: Any, lines_of: Any, until: Any) -> None:
        async with app.run_test(size=(90, 6)) as pilot:
            await pilot.pause()
            app.query_one(FilterBar).open()
            await until(pilot, lambda: "esc clear" in lines_of(app)[-1])
            line = lines_of(app)[-1]
            assert "enter keep" in line
            assert "help" not in line and "filter" not in line, "these keys would be typed now"
            await pilot.press("escape")
            await until(pilot, lambda: "? help" in lines_of(app)[-1])

    @pytest.mark.parametrize("width", [8, 20, 30])
    async def test_help_stays_when_narrow(self, app: Any, lines_of: Any, width: int) -> None:
        async with app.run_test(size=(width, 6)) as pilot:
            await pilot.pause()
            line = lines_of(app)[-1]
            assert line.rstrip().endswith("? help")
            assert cell_len(line) == width

    async def test_click_runs_the_action(self, app: Any) -> None:
        async with app.run_test(size=(90, 6)) as pilot:
            await pilot.pause()
            hints = app.query_one(KeyHints)
            start = next(column for column, hint in hints.placed() if hint.label == "logs")
            await pilot.click(hints, offset=(start + 2, 0))
            assert app.noted == "l"

    def test_names(self) -> None:
        assert [key_name(key) for key in ("question_mark", "slash", "escape", "ctrl+r", "colon", "G")] == [
            "?",
            "/",
            "esc",
            "ctrl+r",
            ":",
            "G",
        ]


class TestFilterBar:
    async def test_the_life_of_a_filter(self, app_of: Any, lines_of: Any) -> None:
        rows, bar, seen = table(id="rows"), FilterBar(), list[Message]()
        async with app_of(bar, rows).run_test(size=(60, 6), message_hook=seen.append) as pilot:

            def values(kind: type[Any]) -> list[str]:
                unique = {id(message): message for message in seen if isinstance(message, kind)}
                return [message.value for message in unique.values()]

            assert lines_of(pilot.app)[0].split() == ["A"], "out of sight until it is opened"
            bar.open()
            await pilot.press("w", "e")
            assert values(FilterBar.Changed) == ["w", "we"]
            assert lines_of(pilot.app)[0].startswith(" / we")
            await pilot.press("enter")
            assert values(FilterBar.Closed) == ["we"]
            assert focused(rows)
            assert shown(bar), "the filter is kept in sight"
            bar.open()
            await pilot.press("escape")
            assert state(bar) == ("", True)
            await pilot.press("escape")
            await pilot.pause()
            assert state(bar) == ("", False)
            assert not shown(bar)
            assert focused(rows)
            assert values(FilterBar.Closed) == ["we", ""]

    async def test_of_changes_that_wait_the_last_is_told(self, app_of: Any) -> None:
        bar, other, seen = FilterBar(), FilterBar(), list[Message]()
        app = app_of(bar, other)
        async with app.run_test(size=(60, 4), message_hook=seen.append) as pilot:
            for value, of in (("a", bar), ("ab", bar), ("x", other), ("abc", bar)):
                app.post_message(FilterBar.Changed(value, of))
            await pilot.pause()
            assert [one.value for one in seen if isinstance(one, FilterBar.Changed)] == ["ab", "x", "abc"]

    async def test_set_and_clear_without_the_focus(self, app_of: Any) -> None:
        rows, bar = table(), FilterBar()
        async with app_of(rows, bar).run_test(size=(60, 6)) as pilot:
            bar.set_value("state:running")
            await pilot.pause()
            assert focused(rows)
            assert shown(bar)
            assert state(bar) == ("state:running", False)
            bar.clear()
            await pilot.pause()
            assert not shown(bar)
            assert state(bar) == ("", False)

    async def test_enter_right_behind_the_typing_keeps_what_was_typed(self, app_of: Any) -> None:
        """A paste with a line break, or quick fingers: enter comes before the input has told of its change."""
        rows, bar = table(), FilterBar()
        async with app_of(rows, bar).run_test(size=(40, 6)) as pilot:
            bar.open()
            await pilot.pause()
            bar.query_one(Input).value = "web"
            bar.action_keep()
            await pilot.pause()
            assert bar.value == "web"
            assert shown(bar), "a filter that is in force must be seen"

    async def test_keys_right_behind_the_opening_are_typed_into_it(self, app_of: Any) -> None:
        """A burst of keys (a paste, a slow line): none of them may reach the list as a command."""
        rows, bar = table(), FilterBar()
        async with app_of(rows, bar).run_test(size=(40, 6)):
            rows.focus()
            bar.open()
            assert bar.is_open, "the focus has to be there before the next key is handled"
