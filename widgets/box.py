"""A box to tick, of one line: ``[x] words``. Textual's own shows a faint cross in one that is not ticked."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Checkbox


class Box(Checkbox):
    """enter, space or a click ticks it."""

    DEFAULT_CSS = """
    Box, Box:focus { border: none; padding: 0; background: transparent; width: 1fr; }
    Box:focus { color: $accent-text; text-style: bold; }
    """

    def render(self) -> Content:
        return Content.assemble("[x] " if self.value else "[ ] ", Content(str(self.label)))
