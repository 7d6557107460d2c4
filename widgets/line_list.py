"""Lines of a small form, drawn one by one: a label, a value, a note at the right, and below what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Literal

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from widgets.cells import Cell, Span, cell_text, cell_width, fit
from widgets.component_styles import ComponentStyles
from widgets.line_model import FormLine
from widgets.tones import tone_classes, tone_rules

LABEL: Final = 13
"""Cells of the gutter and the label; the value begins behind them."""
_GAP: Final = 2
_LEAST_WORDS: Final = 18
PARTS: Final = ("label", "cursor", "cursor-blurred", "cursor-bar", "cursor-bar-blurred", "button")

_Part = Literal["line", "error", "air"]


class LineList(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws ``FormLine``s with a cursor; its owner has the keys."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *tone_classes("line-list"),
        *(f"line-list--{part}" for part in PARTS),
    }
    DEFAULT_CSS = """
    LineList {
        width: 1fr; height: 1fr; background: $background; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable; scrollbar-size-vertical: 1;
        & > .line-list--label { color: $text-muted; }
        & > .line-list--button { color: $text-primary; text-style: bold; }
        & > .line-list--cursor { background: $primary 22%; }
        & > .line-list--cursor-blurred { background: $primary 9%; }
        & > .line-list--cursor-bar { color: $primary; }
        & > .line-list--cursor-bar-blurred { color: $primary 45%; }
        &:ansi > .line-list--cursor { text-style: reverse; }
        &:ansi > .line-list--cursor-blurred { text-style: underline; }
    }
    """ + tone_rules("LineList", "line-list")

    class Moved(Message):
        """The cursor is on another line, or that line has changed."""

    class Pressed(Message):
        """A click on the line at the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: tuple[FormLine, ...] = ()
        self._drawn: list[tuple[int, _Part]] = []
        """What stands in each row: the number of a line, and what of it."""
        self._cursor = 0
        self._scrolled = 0
        self._styles = ComponentStyles(self, "line-list")

    # --- lines and cursor ------------------------------------------------------------------------------------------

    @property
    def line(self) -> FormLine | None:
        """The line at the cursor; None when there are none."""
        return self._lines[self._cursor] if self._lines else None

    @property
    def rows(self) -> int:
        """How many rows all lines take, with their errors, close together."""
        return len(_rows(self._lines, airy=False))

    def show(self, lines: Sequence[FormLine]) -> None:
        """Draw these lines. The cursor stays on its line, or goes to what then stands in its place."""
        before, old, drawn = self.line, self._lines, self._drawn
        self._lines = tuple(lines)
        self._lay_out()
        places = {line.key: number for number, line in enumerate(self._lines)}
        kept = places.get(before.key) if before else 0
        self._cursor = min(self._cursor, max(len(self._lines) - 1, 0)) if kept is None else kept
        if drawn != self._drawn:
            self.virtual_size = Size(0, len(self._drawn))
            self.refresh()
        else:
            self._refresh_lines([n for n, (one, other) in enumerate(zip(old, lines, strict=True)) if one != other])
        self._keep_in_sight()
        if self.line != before:
            self.post_message(self.Moved())

    def _lay_out(self) -> None:
        least = _rows(self._lines, airy=False)
        airy = _rows(self._lines, airy=True)
        self._drawn = airy if len(airy) <= self.scrollable_content_region.height else least

    def go_to(self, key: str) -> bool:
        """Put the cursor on a line; False if it is not there."""
        number = next((number for number, line in enumerate(self._lines) if line.key == key), None)
        if number is not None:
            self._to(number)
        return number is not None

    def step(self, lines: int) -> None:
        """Move by some lines."""
        self._to(self._cursor + lines)

    def to_end(self, *, last: bool) -> None:
        """The first line, or the last."""
        self._to(len(self._lines) - 1 if last else 0)

    def _to(self, number: int) -> None:
        number = min(max(number, 0), len(self._lines) - 1)
        if not self._lines or number == self._cursor:
            return
        self._refresh_lines([self._cursor, number])
        self._cursor = number
        self._keep_in_sight()
        self.post_message(self.Moved())

    def _row_of(self, number: int) -> int:
        return self._drawn.index((number, "line")) if self._drawn else 0

    def _keep_in_sight(self) -> None:
        height, top = self.scrollable_content_region.height, self.scroll_offset.y
        if not height or not self._lines:
            return
        row = self._row_of(self._cursor)
        last = row + bool(self._lines[self._cursor].error)
        if row < top:
            self.scroll_to(y=row, animate=False, force=True)
        elif last >= top + height:
            self.scroll_to(y=last - height + 1, animate=False, force=True)

    def scrolled(self, cells: int) -> None:
        """What is laid over the value at the cursor shows it from this cell on: the mark below follows."""
        if cells != self._scrolled:
            self._scrolled = cells
            self._refresh_lines([self._cursor])

    def value_region(self) -> Region:
        """Where the value of the line at the cursor is, in this widget; one line high."""
        width = self.scrollable_content_region.width
        return Region(LABEL, self._row_of(self._cursor) - self.scroll_offset.y, max(width - LABEL, 1), 1)

    # --- drawing ---------------------------------------------------------------------------------------------------

    def _refresh_lines(self, numbers: Sequence[int]) -> None:
        for row, (number, _) in enumerate(self._drawn):
            y = row - self.scroll_offset.y
            if number in numbers and 0 <= y < self.size.height:
                self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One visible row."""
        row, width = self.scroll_offset.y + y, self.scrollable_content_region.width
        if row >= len(self._drawn):
            return Strip.blank(width, self._styles.get())
        number, part = self._drawn[row]
        if part == "air":
            return Strip.blank(width, self._styles.get())
        line, is_error = self._lines[number], part == "error"
        scrolled = self._scrolled if number == self._cursor else 0
        content = _error(line, width, scrolled) if is_error else _content(line, width)
        at_cursor = number == self._cursor and not is_error
        faint = "" if self.has_focus else "-blurred"
        ground = f"cursor{faint}" if at_cursor else ""
        bar = (
            Segment("▌", self._styles.get(f"cursor-bar{faint}", ground))
            if at_cursor
            else Segment(" ", self._styles.get())
        )
        tone = "button" if line.kind == "button" and not is_error else ""
        spans = [Segment(span.text, self._styles.get(tone or span.tone, ground)) for span in fit(content, width - 1)]
        label = fit((Span(line.label),), LABEL - 1) if not is_error and line.label else ()
        if label:
            head = [Segment(span.text, self._styles.get("label", ground)) for span in label]
            spans = [*head, *Strip(spans).crop(LABEL - 1)]
        return Strip([bar, *spans]).adjust_cell_length(width, self._styles.get("", ground)).simplify()

    def notify_style_update(self) -> None:
        """Textual's notice that styles changed."""
        super().notify_style_update()
        self._styles.forget()

    def on_focus(self) -> None:
        """The cursor is drawn brighter."""
        self._refresh_lines([self._cursor])

    def on_blur(self) -> None:
        """The cursor is drawn fainter."""
        self._refresh_lines([self._cursor])

    def on_resize(self) -> None:
        """Lay out again, with the cursor in view."""
        self._lay_out()
        self.virtual_size = Size(0, len(self._drawn))
        self._keep_in_sight()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; one on the line at the cursor is as enter."""
        row = self.scroll_offset.y + event.y
        if row >= len(self._drawn):
            return
        event.stop()
        number = self._drawn[row][0]
        again = number == self._cursor
        self._to(number)
        if again or self._lines[number].kind == "button":
            self.post_message(self.Pressed())


def _rows(lines: Sequence[FormLine], *, airy: bool) -> list[tuple[int, _Part]]:
    found: list[tuple[int, _Part]] = []
    for number, line in enumerate(lines):
        if airy and line.apart:
            found.append((number, "air"))
        found.append((number, "line"))
        if line.error:
            found.append((number, "error"))
    return found


def _content(line: FormLine, width: int) -> Cell:
    """The value behind its label, and the note at the right end in what the value leaves, or in a third of it."""
    room = width - LABEL
    used = cell_width(line.note)
    if not used or used > max(room - cell_width(line.value) - _GAP, room // 3):
        return (Span(" " * (LABEL - 1)), *fit(line.value, room))
    return (Span(" " * (LABEL - 1)), *fit(line.value, room - used - _GAP), Span(" " * _GAP), *line.note)


def _error(line: FormLine, width: int, scrolled: int) -> Cell:
    """A mark below the character that is wrong, and why at the side that has room; alone where that is out of sight."""
    room = width - LABEL
    at = room if line.error_at is None else cell_len(cell_text(line.value)[: line.error_at]) - scrolled
    if not 0 <= at < room:
        return _behind_label(f"✗ {line.error}")
    if at <= room - _LEAST_WORDS or at < _LEAST_WORDS:
        return _behind_label(f"{' ' * at}^ {line.error}")
    return _behind_label(f"{cell_text(fit((Span(line.error),), at - 1, 'right'))} ^")


def _behind_label(text: str) -> Cell:
    return (Span(" " * (LABEL - 1)), Span(text, "bad"))
