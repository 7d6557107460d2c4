"""A box to tick, of one line: ``[x] words``. Textual's own shows a faint cross in one that is not ticked."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Checkbox


class Box(Checkbox):
    """space or a click ticks it; enter leaves it as it is and goes on, as in a line of text."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "pass", "next", show=False)]
    DEFAULT_CSS = """
    Box, Box:focus { border: none; padding: 0; background: transparent; width: 1fr; }
    Box:focus { color: $accent-text; text-style: bold; }
    """

    class Passed(Message):
        """enter was pressed on ``box``."""

        def __init__(self, box: Box) -> None:
            super().__init__()
            self.box = box

    def render(self) -> Content:
        return Content.assemble("[x] " if self.value else "[ ] ", Content(str(self.label)))

    def action_pass(self) -> None:
        self.post_message(self.Passed(self))
