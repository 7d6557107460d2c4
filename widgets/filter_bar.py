"""A one-line filter that is out of sight until it is opened, and stays in sight while it filters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Static

from widgets.paced_input import PacedInput
from widgets.plain import plain
from widgets.presence import GoesQuietly


class _FirstOf(Suggester):
    """The first completion, shown dim behind what is typed."""

    def __init__(self, complete: Callable[[str], Sequence[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        """What Textual asks for."""
        return next((plain(found) for found in self._complete(value)), None)


class FilterBar(GoesQuietly, Horizontal):
    """``/`` and an input. Enter keeps the filter and gives the focus back; esc clears it, esc again leaves."""

    DEFAULT_CSS = """
    FilterBar {
        display: none; height: 1; width: 1fr; background: $background;
        & > .filter-bar--prompt { width: 3; padding: 0 1; color: $text-primary; text-style: bold; }
        & > .filter-bar--note {
            width: auto; max-width: 70%; padding: 0 1; color: $text-warning;
            text-wrap: nowrap; text-overflow: ellipsis;
        }
        & > Input, & > Input:focus {
            width: 1fr; min-width: 12; height: 1; border: none; padding: 0; background: $background;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        # Priority, because the input would take enter for itself and hide it from the footer.
        Binding("enter", "keep", "keep", id="filter.keep", tooltip="Keep the filter and go back", priority=True),
        Binding(
            "tab", "complete", "complete", id="filter.complete", tooltip="Take the word that is offered", priority=True
        ),
        Binding("down", "keep", "Keep", show=False, id="filter.down", tooltip="Keep the filter and go back"),
        Binding("escape", "leave", "clear", id="filter.leave", tooltip="Clear the filter; again: leave it"),
    ]

    @dataclass
    class Changed(Message):
        """The filter has another value."""

        value: str
        bar: FilterBar

        @property
        def control(self) -> FilterBar:
            """The bar, for selectors in ``on``."""
            return self.bar

        def can_replace(self, message: Message) -> bool:
            """Of those that wait one behind the other the last is enough."""
            return isinstance(message, FilterBar.Changed) and message.bar is self.bar

    @dataclass
    class Closed(Message):
        """The filter was kept (or left, then it is empty), and the focus given back."""

        value: str
        bar: FilterBar

        @property
        def control(self) -> FilterBar:
            """The bar, for selectors in ``on``."""
            return self.bar

    def __init__(
        self,
        *,
        placeholder: str = "",
        prompt: str = "/",
        id: str | None = None,
        classes: str | None = None,
        complete: Callable[[str], Sequence[str]] | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._complete = complete
        self._note = Static("", classes="filter-bar--note", markup=False)
        self._prompt = Static(Content(prompt), classes="filter-bar--prompt")
        self._input = PacedInput(placeholder=placeholder, compact=True, select_on_focus=False)
        if complete is not None:
            self._input.suggester = _FirstOf(complete)
        self._value = ""
        self._told = ""
        self._back_to: Widget | None = None

    def compose(self) -> ComposeResult:
        """The prompt and the input."""
        yield self._prompt
        yield self._input
        yield self._note

    @property
    def value(self) -> str:
        """The filter."""
        return self._value

    @property
    def is_open(self) -> bool:
        """Whether it is being edited."""
        return self.is_attached and self.screen.focused is self._input

    def open(self, value: str | None = None) -> None:
        """Show it and take the focus; ``value`` replaces what it holds."""
        focused = self.screen.focused
        if focused is not self._input:
            self._back_to = focused
        if value is not None:
            self.set_value(value)
        self.display = True
        # At once: focus() would come after the keys that were typed right behind this one.
        self.screen.set_focus(self._input)
        self._input.cursor_position = len(self._value)

    def set_value(self, value: str) -> None:
        """Filter by ``value`` without taking the focus; an empty one hides the bar unless it is being edited."""
        self._input.value = value
        self._take(value)
        self.display = bool(value) or self.is_open

    def clear(self) -> None:
        """Stop filtering."""
        self.set_value("")

    def set_note(self, text: str) -> None:
        """What is wrong with the filter, at the right; "" when nothing is."""
        if text != self._told:
            self._told = text
            self._note.update(Content(plain(text)))

    def _take(self, value: str) -> None:
        if value != self._value:
            self._value = value
            self.post_message(self.Changed(value, self))

    def _close(self) -> None:
        # The input tells of its change later than the key that follows it.
        self._take(self._input.value)
        back_to, self._back_to = self._back_to, None
        if back_to is not None and back_to.is_attached and back_to.focusable:
            self.screen.set_focus(back_to)
        else:
            self.screen.set_focus(None)
            self.screen.focus_next()
        self.display = bool(self._value)
        self.post_message(self.Closed(self._value, self))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell each change as it is typed."""
        event.stop()
        self._take(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the input."""
        event.stop()
        self._close()

    def action_keep(self) -> None:
        """Keep the filter and give the focus back."""
        self._close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where nothing is offered ever, tab is not for this."""
        return self._complete is not None if action == "complete" else True

    def action_complete(self) -> None:
        """Take the first word that is offered, if there is one."""
        offered = self._complete(self._input.value) if self._complete is not None else ()
        if offered:
            self._input.value = offered[0]
            self._input.cursor_position = len(offered[0])
            self._take(offered[0])

    def action_leave(self) -> None:
        """Clear the filter; when it is clear already, leave."""
        if self._value:
            self.clear()
        else:
            self._close()
