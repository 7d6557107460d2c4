"""The question before anything is done that cannot be undone: it names what will be touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from widgets.dialog import Dialog
from widgets.paced_input import PacedInput
from widgets.plain import plain


class Confirm(Dialog[bool]):
    """Dismissed with True for the action and False for anything else. The focus begins on Cancel.

    Args:
        title: The question, in the top border.
        lines: What it will touch, one a line; a long list scrolls.
        action: What the button that does it says.
        danger: Whether that button is in the error colour.
        type_name: What has to be typed first; then no single key is a yes.
    """

    DEFAULT_CSS = """
    Confirm {
        align: center middle;
        & #confirm-dialog {
            width: 70; max-width: 94%; height: auto; max-height: 80%; padding: 1 2 0 2;
            background: $surface; border: round $primary; border-title-color: $text; border-title-style: bold;
        }
        &.-danger #confirm-dialog { border: round $error; }
        & #confirm-lines { height: auto; max-height: 40vh; scrollbar-size-vertical: 1; background: $surface; }
        & #confirm-lines Static { width: 1fr; height: auto; }
        &.-typed #confirm-dialog { max-height: 96%; }
        &.-typed #confirm-lines { max-height: 30vh; }
        & #confirm-typing { height: 1; margin-top: 1; }
        & #confirm-typing Static { width: auto; max-width: 60%; margin-right: 1; text-wrap: nowrap; }
        & #confirm-typing Input { width: 1fr; }
        & #confirm-buttons { height: 1; margin-top: 1; margin-bottom: 1; align-horizontal: right; }
        & #confirm-hint { width: 1fr; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
        & #confirm-buttons Button {
            margin-left: 2; min-width: 10; background: $panel; color: $foreground; text-style: none; tint: transparent;
        }
        & #confirm-buttons #confirm-action { color: $text-primary; }
        &.-danger #confirm-buttons #confirm-action { color: $text-error; }
        & #confirm-buttons Button:focus {
            background: $primary; color: $background; text-style: bold; background-tint: transparent;
        }
        &.-danger #confirm-buttons #confirm-action:focus { background: $error; color: $background; }
        &:ansi #confirm-buttons Button:focus { text-style: bold reverse; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", id="confirm.yes", tooltip="Do it"),
        Binding("n,escape", "answer(False)", "no", id="confirm.no", tooltip="Leave everything as it is"),
        Binding("left,h", "app.focus_previous", "Left", show=False, id="confirm.left", tooltip="The other button"),
        Binding("right,l", "app.focus_next", "Right", show=False, id="confirm.right", tooltip="The other button"),
        Binding("up,k", "scroll_list(-1)", "Up", show=False, id="confirm.up", tooltip="Scroll the list up"),
        Binding("down,j", "scroll_list(1)", "Down", show=False, id="confirm.down", tooltip="Scroll the list down"),
        Binding("pageup", "scroll_list(-10)", "Page up", show=False, id="confirm.page_up", tooltip="A page up"),
        Binding("pagedown", "scroll_list(10)", "Page down", show=False, id="confirm.page_down", tooltip="A page down"),
    ]

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        *,
        action: str = "Stop",
        danger: bool = True,
        type_name: str = "",
    ) -> None:
        super().__init__()
        self._type_name = plain(type_name)
        self._title_text = plain(title)
        self._lines = tuple(plain(line) for line in lines)
        self._action_text = plain(action)
        self.set_class(danger, "-danger")
        self.set_class(bool(type_name), "-typed")
        self._armed = False

    def compose(self) -> ComposeResult:
        """The list, a hint of the keys and the two buttons."""
        dialog = Vertical(id="confirm-dialog")
        dialog.border_title = Content(self._title_text)
        with dialog:
            with VerticalScroll(id="confirm-lines", can_focus=False):
                yield Static(Content("\n".join(self._lines)))
            if self._type_name:
                with Horizontal(id="confirm-typing"):
                    yield Static(Content(f"Type {self._type_name}"), id="confirm-ask")
                    yield PacedInput(id="confirm-name", compact=True)
            with Horizontal(id="confirm-buttons"):
                yield Static(Content(self._hint()), id="confirm-hint")
                yield Button(Content("Cancel"), id="confirm-cancel", compact=True)
                yield Button(Content(self._action_text), id="confirm-action", compact=True)

    def on_mount(self) -> None:
        """What does nothing has the focus; keys count once the question has been painted."""
        self.query_one("#confirm-name" if self._type_name else "#confirm-cancel").focus()
        self.call_after_refresh(self._arm)

    def _arm(self) -> None:
        self._armed = True

    def _hint(self) -> str:
        if self._type_name:
            return "enter, once it is typed   esc cancel"
        return f"y {self._action_text.lower()}  n cancel"

    @property
    def _typed(self) -> bool:
        """Is what has to be typed there, if anything has?"""
        return not self._type_name or self.query_one("#confirm-name", Input).value.strip() == self._type_name

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """enter: a yes if the name is right."""
        event.stop()
        self.action_answer(True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer by the button."""
        event.stop()
        self.action_answer(event.button.id == "confirm-action")

    def action_answer(self, yes: bool) -> None:
        """Answer by a key. A yes that was typed before the question could be seen is no answer to it."""
        if yes and not self._typed:
            self.query_one("#confirm-ask", Static).update(Content(f"✕ Type {self._type_name}"))
            self.query_one("#confirm-name", Input).focus()
        elif self._armed or not yes:
            self.dismiss(yes)

    def action_scroll_list(self, rows: int) -> None:
        """Scroll what it will touch."""
        self.query_one("#confirm-lines", VerticalScroll).scroll_relative(y=rows, animate=False)
