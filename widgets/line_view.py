"""What the log and the JSON view share: keys to move by, and a search that walks numbered lines."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import ClassVar, Protocol

from rich.cells import get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.scroll_view import ScrollView
from textual.strip import Strip

SEARCH_BUDGET = 0.3
"""Seconds that one key's search may take; what was not looked at by then is looked at by the next."""


class Found(Protocol):
    """Where a match is, as ``re.Match`` tells it."""

    def start(self) -> int: ...

    def end(self) -> int: ...

    def span(self) -> tuple[int, int]: ...


class Finder(Protocol):
    """What can be searched for: ``re.Pattern``, or anything with these two of its methods."""

    def search(self, text: str, /) -> Found | None: ...

    def finditer(self, text: str, /) -> Iterable[Found]: ...


class LineView(ScrollView, can_focus=True, inherit_bindings=False):
    """A scrolled view of numbered lines. Subclasses say which lines there are and bring one into view."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next_match", "next", id="lines.next_match", tooltip="The next line that matches"),
        Binding("N", "previous_match", "previous", id="lines.previous_match", tooltip="The line before that matches"),
        Binding("up,k", "scroll_rows(-1)", "Up", show=False, id="lines.up", tooltip="One row up"),
        Binding("down,j", "scroll_rows(1)", "Down", show=False, id="lines.down", tooltip="One row down"),
        Binding("left,h", "scroll_columns(-8)", "Left", show=False, id="lines.left", tooltip="To the left"),
        Binding("right", "scroll_columns(8)", "Right", show=False, id="lines.right", tooltip="To the right"),
        Binding("home,g", "top", "Top", show=False, id="lines.top", tooltip="The first line"),
        Binding("end,G", "bottom", "End", show=False, id="lines.bottom", tooltip="The last line"),
        Binding("pageup", "scroll_pages(-1)", "Page up", show=False, id="lines.page_up", tooltip="One page up"),
        Binding("pagedown", "scroll_pages(1)", "Page down", show=False, id="lines.page_down", tooltip="One page down"),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._pattern: Finder | None = None
        self._match: int | None = None

    # What a subclass says

    def line_numbers(self) -> range:
        """The numbers of the lines that there are."""
        raise NotImplementedError

    def line_text(self, number: int) -> str:
        """The printable text of a line."""
        raise NotImplementedError

    def row_of_line(self, number: int) -> int:
        """The first screen row of a line."""
        raise NotImplementedError

    def line_at_row(self, row: int) -> int:
        """The number of the line at a screen row."""
        raise NotImplementedError

    def forget_strips(self) -> None:
        """Drop what was painted."""
        raise NotImplementedError

    # Search

    @property
    def pattern(self) -> Finder | None:
        """What is searched for."""
        return self._pattern

    @property
    def current_match(self) -> int | None:
        """The number of the line that the search stands on."""
        return self._match

    def search(self, pattern: Finder | None) -> int:
        """Highlight what matches (None: nothing), and return how many lines do. The view does not move.

        As far as SEARCH_BUDGET reaches: of a view that is too long for it, at least so many.
        """
        self._pattern, self._match = pattern, None
        self.forget_strips()
        self.refresh()
        if self.is_attached:
            self.refresh_bindings()
        if pattern is None:
            return 0
        found, deadline = 0, monotonic() + SEARCH_BUDGET
        for number in self.line_numbers():
            found += pattern.search(self.line_text(number)) is not None
            if monotonic() > deadline:
                break
        return found

    def action_next_match(self) -> None:
        """Go to the next line that matches, from the top again after the last."""
        self._go_to_match(1)

    def action_previous_match(self) -> None:
        """Go to the line before that matches, from the end again before the first."""
        self._go_to_match(-1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the match keys only while something is searched for."""
        return self._pattern is not None if action in ("next_match", "previous_match") else True

    def _go_to_match(self, step: int) -> None:
        numbers = self.line_numbers()
        if self._pattern is None or not numbers:
            return
        start = self._match if self._match in numbers else None
        if start is None:
            start = self.line_at_row(self.scroll_offset.y) - step
        deadline = monotonic() + SEARCH_BUDGET
        for distance in range(1, len(numbers) + 1):
            number = numbers.start + (start + step * distance - numbers.start) % len(numbers)
            if monotonic() > deadline:
                self.reveal(number)
                self._match = number
                return
            if self._pattern.search(self.line_text(number)):
                self._match = number
                self.forget_strips()
                self.refresh()
                self.reveal(number)
                return

    def reveal(self, number: int) -> None:
        """Bring a line into view: in the middle, when it was out of it."""
        row, top = self.row_of_line(number), self.scroll_offset.y
        height = self.scrollable_content_region.height
        if not top <= row < top + height:
            self.scroll_to(y=max(0, row - height // 2), animate=False)
        self._reveal_match(number)

    def text_width(self) -> int:
        """Cells of a line's text in sight."""
        return self.scrollable_content_region.width

    def _reveal_match(self, number: int) -> None:
        text = self.line_text(number)
        match = self._pattern.search(text) if self._pattern is not None else None
        if match is None or self.max_scroll_x <= 0:
            return
        cells, left, width = _cell_offsets(text), self.scroll_offset.x, self.text_width()
        start, end = cells[match.start()], cells[match.end()]
        if start < left or end > left + width:
            self.scroll_to(x=0 if end <= width else max(0, start - width // 3), animate=False)

    def highlight_matches(self, text: str, strip: Strip, style: Style) -> Strip:
        """The strip of ``text`` with every match in ``style``."""
        if self._pattern is None:
            return strip
        spans = [match.span() for match in self._pattern.finditer(text) if match.end() > match.start()]
        if not spans:
            return strip
        cells = _cell_offsets(text)
        cuts = sorted(({cells[index] for span in spans for index in span} | {cells[-1]}) - {0})
        lit = {(cells[start], cells[end]) for start, end in spans}
        pieces: list[Segment] = []
        position = 0
        for part, cut in zip(strip.divide(cuts), cuts, strict=False):
            matches = any(start <= position and cut <= end for start, end in lit)
            pieces.extend(_restyled(part, style) if matches else part)
            position = cut
        return Strip(pieces)

    # Movement

    def action_scroll_rows(self, rows: int) -> None:
        """Scroll by some rows."""
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False)

    def action_scroll_columns(self, columns: int) -> None:
        """Scroll sideways by some columns."""
        self.scroll_to(x=self.scroll_offset.x + columns, animate=False)

    def action_scroll_pages(self, pages: int) -> None:
        """Scroll by a page, less one row that is kept in sight."""
        height = max(1, self.scrollable_content_region.height - 1)
        self.scroll_to(y=self.scroll_offset.y + pages * height, animate=False)

    def action_top(self) -> None:
        """Scroll to the first line."""
        self.scroll_to(y=0, animate=False)

    def action_bottom(self) -> None:
        """Scroll to the last line."""
        self.scroll_to(y=self.max_scroll_y, animate=False)


def _restyled(strip: Strip, style: Style) -> list[Segment]:
    return [Segment(segment.text, (segment.style or Style.null()) + style) for segment in strip]


def _cell_offsets(text: str) -> list[int]:
    """For every index into ``text`` (and its end) the cell where it begins."""
    if text.isascii():
        return list(range(len(text) + 1))
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + get_character_cell_size(character))
    return offsets
