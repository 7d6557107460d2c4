"""A line for one short entry, out of sight until it is opened: what is typed is told once, by enter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from widgets.paced_input import PacedInput
from widgets.presence import GoesQuietly


class EntryBar(GoesQuietly, Horizontal):
    """Enter tells the entry and closes the line; esc closes it. A problem with it stays beside it while it is open."""

    DEFAULT_CSS = """
    EntryBar {
        display: none; height: 1; width: 1fr; background: $background;
        & > .entry-bar--prompt { width: auto; padding: 0 1; color: $text-primary; text-style: bold; }
        & > .entry-bar--problem { width: auto; max-width: 70%; padding: 0 1; color: $text-error;
            text-wrap: nowrap; text-overflow: ellipsis; }
        & > Input, & > Input:focus {
            width: 1fr; min-width: 12; height: 1; border: none; padding: 0; background: $background;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", id="entry.leave", tooltip="Leave without it"),
    ]

    @dataclass
    class Entered(Message):
        """Something was typed, and enter pressed. The line stays open until it is closed."""

        value: str
        kind: str
        bar: EntryBar

        @property
        def control(self) -> EntryBar:
            """The bar, for selectors in ``on``."""
            return self.bar

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._prompt = Static("", classes="entry-bar--prompt")
        self._input = PacedInput(placeholder=placeholder, compact=True, select_on_focus=False)
        self._problem = Static("", classes="entry-bar--problem")
        self._kind = ""
        self._back_to: Widget | None = None

    def compose(self) -> ComposeResult:
        """The prompt, the input, and what is wrong."""
        yield self._prompt
        yield self._input
        yield self._problem

    def open(self, prompt: str, kind: str) -> None:
        """Show it and take the focus. ``kind`` is told with the entry."""
        if self.screen.focused is not self._input:
            self._back_to = self.screen.focused
        self._kind = kind
        self._prompt.update(Content(prompt))
        self._problem.update("")
        self._input.value = ""
        self.display = True
        # At once: focus() would come after the keys that were typed right behind this one.
        self.screen.set_focus(self._input)

    def complain(self, problem: str) -> None:
        """Say why the entry was not taken."""
        self._problem.update(Content(problem))

    def close(self) -> None:
        """Hide it and give the focus back."""
        back_to, self._back_to = self._back_to, None
        if back_to is not None and back_to.is_attached and back_to.focusable:
            self.screen.set_focus(back_to)
        self.display = False

    def action_leave(self) -> None:
        """Close the line."""
        self.close()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter, in its turn behind the keys before it. Nothing typed is an entry that was left."""
        event.stop()
        if event.value.strip():
            self.post_message(self.Entered(event.value, self._kind, self))
        else:
            self.close()
