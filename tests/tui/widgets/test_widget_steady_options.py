"""Options that change under the mouse."""

from __future__ import annotations

from rich.style import Style
from textual import events
from textual.app import App, ComposeResult
from textual.widgets import OptionList

from widgets.steady_options import SteadyOptions


class Chooser(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.selected: list[OptionList.OptionSelected] = []

    def compose(self) -> ComposeResult:
        yield SteadyOptions("one", "two", "three")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.selected.append(event)


async def test_a_click_on_an_option_that_is_no_more_selects_none() -> None:
    app = Chooser()
    async with app.run_test() as pilot:
        options = app.query_one(SteadyOptions)
        click = events.Click(options, 1, 2, 0, 0, 1, False, False, False, style=Style(meta={"option": 2}))
        options.clear_options()
        options.add_option("one")
        options.post_message(click)
        await pilot.pause()
        assert app.selected == []
        await pilot.click(options, offset=(2, 1))
        await pilot.pause()
        assert [event.option_index for event in app.selected] == [0]


async def test_what_was_selected_counts_as_long_as_it_is_there() -> None:
    app = Chooser()
    async with app.run_test() as pilot:
        options = app.query_one(SteadyOptions)
        options.highlighted = 1
        options.action_select()
        await pilot.pause()
        (event,) = app.selected
        assert options.has_still(event)
        options.clear_options()
        assert not options.has_still(event)
        options.add_options(["other", "others", "more"])
        assert not options.has_still(event)
