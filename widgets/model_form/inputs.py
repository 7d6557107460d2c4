"""What a row is edited with: an input of one line or a list of offers laid over it, or a dialog for more lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widgets import Input, Static, TextArea
from textual.widgets.option_list import Option

from widgets.dialog import Dialog
from widgets.paced_input import PacedInput
from widgets.plain import plain
from widgets.steady_options import SteadyOptions

_MOST_OFFERS_SEEN = 8
_KEYS = {"cancel": "escape", "next": "tab", "previous": "shift+tab", "up": "up", "down": "down"}


class FieldInput(PacedInput):
    """An input over one cell; it hands on a pasted text of several lines.

    Args:
        left: told how it was left: ``cancel``, ``next``, ``previous``, ``up``, ``down``, or ``blur`` by the focus.
    """

    DEFAULT_CSS = """
    FieldInput, FieldInput:focus {
        position: absolute; display: none; layer: above; height: 1; border: none; padding: 0;
        background: $panel; color: $foreground;
    }
    """
    # Priority: what is typed right behind one of these is meant for where it leads.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave('cancel')", "cancel", id="field.cancel", tooltip="Leave it as it was", priority=True),
        Binding("tab", "leave('next')", "next field", id="field.next", tooltip="Keep it and go to the next field",
                priority=True),
        Binding("shift+tab", "leave('previous')", "previous field", id="field.previous", show=False, priority=True,
                tooltip="Keep it and go to the field before"),
        Binding("down", "leave('down')", "Down", id="field.down", show=False, tooltip="Keep it and go down",
                priority=True),
        Binding("up", "leave('up')", "Up", id="field.up", show=False, tooltip="Keep it and go up", priority=True),
    ]  # fmt: skip

    @dataclass
    class Lines(Message):
        """Several lines were pasted; they are not in the input."""

        text: str

    def __init__(self, left: Callable[[str], None]) -> None:
        super().__init__(compact=True, select_on_focus=False)
        self._left = left

    def place(self, region: Region) -> None:
        """Put it over a region of the form."""
        self.styles.offset = region.offset
        self.styles.width = region.width

    def begin(self, value: str) -> None:
        """Show it with a value, the cursor behind it."""
        with self.prevent(Input.Changed):
            self.value = value
        self.cursor_position = len(value)
        self.display = True
        # At once: focus() would come after the keys that were typed right behind the one that opened it.
        self.screen.set_focus(self)

    def action_leave(self, how: str) -> None:
        self.in_turn(lambda: self._left(how), _KEYS[how])

    def in_turn(self, act: Callable[[], None], key: str) -> None:
        """Act on a key when the keys before it have been typed; if nothing is edited by then it is no key of this one.

        Priority bindings are run before the keys in front of them have come through the input's own queue.
        """
        self.call_later(lambda: act() if self.display else self.app.simulate_key(key))

    async def _on_key(self, event: events.Key) -> None:
        # Input's own handler comes after this one, unless it is prevented.
        if not self.display:  # typed right behind the key that ended the edit: meant for what has the focus now
            event.stop()
            event.prevent_default()
            self.app.simulate_key(event.key)

    def on_blur(self) -> None:
        # The event comes late: it may have the focus again by now, for another cell.
        if self.display and self.screen.focused is not self:
            self._left("blur")

    def _on_paste(self, event: events.Paste) -> None:
        if len(event.text.splitlines()) > 1:
            event.stop()
            event.prevent_default()
            self.post_message(self.Lines(event.text))


class OfferList(SteadyOptions):
    """A list to choose one of, under the cell that it is for. ``left`` is told when nothing was chosen."""

    DEFAULT_CSS = """
    OfferList, OfferList:focus {
        position: absolute; display: none; layer: above; border: none; padding: 0;
        background: $panel; color: $foreground; scrollbar-size-vertical: 1;
        & > .option-list--option { padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,tab", "leave", "cancel", id="offers.cancel", tooltip="Choose nothing", priority=True),
        Binding("down,j", "cursor_down", "Down", show=False, id="offers.down", tooltip="The next one", priority=True),
        Binding("up,k", "cursor_up", "Up", show=False, id="offers.up", tooltip="The one before", priority=True),
    ]

    def __init__(self, left: Callable[[], None]) -> None:
        super().__init__(compact=True)
        self._left = left
        self._longest = 0

    def place(self, region: Region, height: int) -> None:
        """Put it below a cell, or above where there is no room. ``height``: of the rows of the form."""
        rows = min(self.option_count, _MOST_OFFERS_SEEN, max(height - 1, 1))
        below = region.y + 1
        top = below if below + rows <= height else max(0, region.y - rows)
        self.styles.offset = (region.x, top)
        self.styles.width = min(region.width, self._longest + 4)
        self.styles.height = rows

    def begin(self, offers: list[str], chosen: int) -> None:
        """Show these, one of them highlighted."""
        self.clear_options()
        self.add_options([Option(Content(plain(offer))) for offer in offers])
        self._longest = max(cell_len(offer) for offer in offers)
        self.highlighted = chosen
        self.display = True
        self.screen.set_focus(self)

    def _move_page(self, direction: Literal[-1, 1]) -> None:
        # Textual measures the options when they are drawn, and raises an error when a page key comes before that.
        if self.scrollable_content_region:
            super()._move_page(direction)

    def action_leave(self) -> None:
        self._left()

    def on_blur(self) -> None:
        if self.display and self.screen.focused is not self:
            self._left()


class TextDialog(Dialog[str]):
    """A text of several lines. Leaving it gives the text back: what was typed is not lost by a slip."""

    DEFAULT_CSS = """
    TextDialog { align: center middle; }
    TextDialog TextArea { height: 12; border: none; }
    TextDialog .text-dialog--hint { color: $text-muted; height: 1; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "done", "done", id="text.done", tooltip="Back, with the text", priority=True),
    ]

    def __init__(self, title: str, text: str = "", hint: str = "esc done; u takes it back") -> None:
        super().__init__()
        self._title, self._text, self._hint = title, text, hint

    def compose(self) -> ComposeResult:
        dialog = Vertical(classes="dialog")
        dialog.border_title = Content(plain(self._title))
        with dialog:
            yield TextArea(self._text, soft_wrap=False, tab_behavior="indent", compact=True)
            yield Static(Content(self._hint), classes="text-dialog--hint")

    def on_mount(self) -> None:
        area = self.query_one(TextArea)
        area.focus()
        area.move_cursor(area.document.end)

    def action_done(self) -> None:
        self.dismiss(self.query_one(TextArea).text)
