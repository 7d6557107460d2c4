"""A cursor on lines that are otherwise only scrolled, and a range between it and its anchor."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from widgets.line_view import LineView


class CursorView(LineView):
    """With a cursor, the keys that scroll move it instead, from one line to the next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "space",
            "choose",
            "choose",
            show=False,
            id="log.choose",
            tooltip="Choose a line; again: begin a range there",
        ),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._cursor: int | None = None
        self._anchor: int | None = None

    # What a subclass does

    def hold(self) -> None:
        """The cursor has been put somewhere: the view stays there."""

    def move_view(self, row: int) -> None:
        """Scroll, for the cursor."""
        self.scroll_to(y=row, animate=False)

    # The cursor

    @property
    def cursor(self) -> int | None:
        """The number of the line that is chosen."""
        return self._cursor

    @property
    def extends_range(self) -> bool:
        """Do movements make a range longer?"""
        return self._cursor is not None and self._anchor is not None

    def chosen_numbers(self) -> range:
        """The lines of the range, or the one at the cursor, or else that of the match."""
        numbers = self.line_numbers()
        at = self._cursor if self._cursor is not None else self._match
        if at is None:
            return range(0)
        first, last = sorted((at, self._anchor if self._anchor is not None else at))
        return range(max(first, numbers.start), min(last + 1, numbers.stop))

    def how_chosen(self, number: int) -> str:
        """``cursor``, ``chosen`` for another line of the range, or nothing."""
        if self._cursor is None:
            return ""
        if number == self._cursor:
            return "cursor"
        first, last = sorted((self._cursor, self._anchor if self._anchor is not None else self._cursor))
        return "chosen" if first <= number <= last else ""

    def action_choose(self) -> None:
        """Put the cursor on the match or the last line in sight; where it is already, begin a range, or end it."""
        numbers = self.line_numbers()
        if not numbers:
            return
        if self._cursor is None:
            rows = self.row_of_line(numbers[-1]) + 1
            bottom = min(self.scroll_offset.y + self.scrollable_content_region.height, rows) - 1
            matched = self._match if self._match in numbers else None
            self.set_cursor(matched if matched is not None else self.line_at_row(max(bottom, 0)))
        else:
            self._anchor = self._cursor if self._anchor is None else None
            self.refresh()

    def drop_cursor(self) -> bool:
        """Take the range away, or else the cursor; whether there was one."""
        if self._cursor is None:
            return False
        if self._anchor is not None:
            self._anchor = None
        else:
            self._cursor = None
        self.refresh()
        return True

    def forget_cursor(self) -> None:
        """Take both away."""
        self._cursor = self._anchor = None

    def set_cursor(self, number: int) -> None:
        """Put the cursor on a line and bring it into view."""
        numbers = self.line_numbers()
        if not numbers:
            return
        self._cursor = min(max(number, numbers.start), numbers.stop - 1)
        self.hold()
        row, top = self.row_of_line(self._cursor), self.scroll_offset.y
        height = max(self.scrollable_content_region.height, 1)
        if not top <= row < top + height:
            self.move_view(row if row < top else row - height + 1)
        self.refresh()

    # Movement

    def action_scroll_rows(self, rows: int) -> None:
        """Scroll, or move the cursor."""
        if self._cursor is None:
            super().action_scroll_rows(rows)
        else:
            self.set_cursor(self._cursor + rows)

    def action_scroll_pages(self, pages: int) -> None:
        """Scroll by a page, or move the cursor by one."""
        if self._cursor is None:
            super().action_scroll_pages(pages)
        else:
            self.set_cursor(self._cursor + pages * max(1, self.scrollable_content_region.height - 1))

    def action_top(self) -> None:
        """Scroll to the first line, or move the cursor there."""
        if self._cursor is None:
            super().action_top()
        else:
            self.set_cursor(self.line_numbers().start)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the line that was clicked."""
        numbers, row = self.line_numbers(), self.scroll_offset.y + event.y
        if numbers and row <= self.row_of_line(numbers[-1]):
            self.set_cursor(self.line_at_row(row))
