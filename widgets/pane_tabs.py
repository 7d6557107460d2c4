"""One line of words, of which one is open: the tabs of a screen. A widget of one line, where Textual's own take two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from widgets.plain import plain


class PaneTabs(Widget):
    """Shows ``titles``; a click opens one. Keys are the screen's: it calls ``open``."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"pane-tabs--open", "pane-tabs--closed", "pane-tabs--line"}
    DEFAULT_CSS = """
    PaneTabs {
        height: 1; width: 1fr; background: $background;
        & > .pane-tabs--open { color: $text-primary; text-style: bold; }
        & > .pane-tabs--closed { color: $text-muted; }
        & > .pane-tabs--line { color: $surface-lighten-2; }
    }
    """

    @dataclass
    class Opened(Message):
        """Another tab is open."""

        index: int
        tabs: PaneTabs

        @property
        def control(self) -> PaneTabs:
            """The tabs, for selectors in ``on``."""
            return self.tabs

    def __init__(self, titles: Sequence[str], index: int = 0, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._titles = tuple(titles)
        self._note = ""
        self.index = index

    def open(self, index: int) -> None:
        """Open a tab by its place; the places wrap round."""
        index %= len(self._titles)
        if index != self.index:
            self.index = index
            self.refresh()
            self.post_message(self.Opened(index, self))

    def show_open(self, index: int) -> None:
        """Show a tab as the open one without telling anybody: its owner is there already."""
        if index != self.index:
            self.index = index
            self.refresh()

    def set_titles(self, titles: Sequence[str]) -> None:
        """Other words for the same tabs, as when a count changes."""
        if tuple(titles) != self._titles:
            self._titles = tuple(titles)
            self.refresh()

    def set_note(self, note: str) -> None:
        """A short text at the right end."""
        if note != self._note:
            self._note = note
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The words, a rule, and the note."""
        width = self.size.width
        segments = [Segment(" ")]
        used = 1
        for index, title in enumerate(self._titles):
            name = "pane-tabs--open" if index == self.index else "pane-tabs--closed"
            text = plain(title)
            segments += [Segment(text, self.get_component_rich_style(name)), Segment("  ")]
            used += cell_len(text) + 2
        note = f" {plain(self._note)} " if self._note else ""
        room = width - used - cell_len(note)
        if room > 0:
            segments.append(Segment("─" * room, self.get_component_rich_style("pane-tabs--line")))
        segments.append(Segment(note, self.get_component_rich_style("pane-tabs--closed")))
        return Strip(segments).crop_extend(0, width, self.rich_style).apply_style(self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """Open the tab that was clicked."""
        left = 1
        for index, title in enumerate(self._titles):
            right = left + cell_len(plain(title))
            if left <= event.x < right:
                self.open(index)
                return
            left = right + 2
