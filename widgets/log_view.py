"""A log that follows: a bounded store of lines, of which only those in sight are parsed and painted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import time
from typing import ClassVar, Final, Literal

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from widgets.component_styles import ComponentStyles
from widgets.line_store import LineStore, wrap_cuts
from widgets.log_cursor import CursorView
from widgets.log_lines import AnyLine, LogLine, Mark
from widgets.log_paint import Margin, painted_blank, painted_margin, painted_text
from widgets.log_style import AGO_WIDTH, LOG_CLASSES, LOG_CSS, SOURCE_COLOURS, ago
from widgets.sgr import strip_sgr

__all__ = ["SOURCE_COLOURS", "LogLine", "LogView", "Mark", "Times"]

Times = Literal["clock", "ago", "off"]

_MAX_SOURCE_CELLS: Final = 20
_LEAST_TEXT_CELLS: Final = 16
_REMEMBERED_LINES: Final = 256


class LogView(CursorView):
    """Lines with a time, a coloured source and a text that may hold SGR colours, and notes between them.

    It follows while the end is in sight; scrolled away it is paused and counts ``new_lines``. With a cursor, the keys
    that scroll move it instead, from one line to the next; a range is marked between it and its anchor.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = LOG_CLASSES
    DEFAULT_CSS = LOG_CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("F", "bottom", "follow on", show=False, id="log.end", tooltip="To the last line, and follow"),
        Binding("f", "toggle_follow", "follow", id="log.follow", tooltip="Follow the end, or hold the view here"),
        Binding("w", "toggle_wrap", "wrap", id="log.wrap", tooltip="Wrap long lines, or scroll sideways"),
        Binding(
            "t",
            "toggle_times",
            "times",
            show=False,
            id="log.times",
            tooltip="The time of each line, how long ago it was, or neither",
        ),
    ]

    following: reactive[bool] = reactive(True, repaint=False)
    """Whether new lines scroll the view."""
    new_lines: reactive[int] = reactive(0, repaint=False)
    """Lines that came while paused."""
    wrap: reactive[bool] = reactive(False, repaint=False)
    """Whether long lines are wrapped."""
    times: reactive[Times] = reactive("clock", repaint=False)
    """How the time of each line is shown."""

    @dataclass
    class FollowChanged(Message):
        """The view began to follow, was paused, or counted more new lines while paused."""

        following: bool
        new_lines: int
        log: LogView

        @property
        def control(self) -> LogView:
            """The log, for selectors in ``on``."""
            return self.log

    def __init__(
        self,
        *,
        max_lines: int = 20_000,
        empty: str = "",
        now: Callable[[], float] = time,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._now = now
        self._store = LineStore(max_lines)
        self._empty_text = empty
        self._strips: LRUCache[int, tuple[Strip, list[Strip]]] = LRUCache(_REMEMBERED_LINES)
        self._styles = ComponentStyles(self, "log-view")
        self._moving_itself = False

    # Lines

    @property
    def line_count(self) -> int:
        """Lines kept."""
        return len(self._store)

    @property
    def dropped(self) -> int:
        """Lines that were let go because the store was full, or cleared."""
        return self._store.dropped

    @property
    def lines(self) -> list[LogLine]:
        """A copy of the lines kept, the oldest first."""
        return self._store.lines()

    def append(self, lines: Sequence[AnyLine]) -> None:
        """Add lines at the end; one call for each batch, not for each line."""
        if not lines:
            return
        margin = self._margin
        dropped_rows = self._store.append(lines)
        if self._margin != margin:
            self._lay_out()
        self._set_size()
        if self.following:
            self._go_to_end()
            self.refresh()
            return
        if dropped_rows:
            # The same lines stay in sight, although all of them moved up.
            self._move_itself(max(0, self.scroll_offset.y - dropped_rows))
            self.refresh()
        self._tell_follow(False, self.new_lines + len(lines))

    def set_lines(self, lines: Sequence[AnyLine]) -> None:
        """Show these lines instead; what was at the top of the view stays there, if it is among them."""
        top = self._store.given(self.line_at_row(self.scroll_offset.y)) if len(self._store) else None
        self._store.clear()
        self._strips.clear()
        self._match = None
        self.forget_cursor()
        self._store.append(lines)
        self._lay_out()
        self._set_size()
        place = next((number for number in self.line_numbers() if self._store.given(number) is top), None)
        if self.following or place is None:
            self._tell_follow(True, 0)
            self._go_to_end()
        else:
            self._move_itself(self._store.row_of(place))
        self.refresh()

    def show_raw(self, raw: bool) -> None:
        """Show lines as they were written, or as they are told."""
        top = self.line_at_row(self.scroll_offset.y) if len(self._store) else 0
        self._store.show_raw(raw)
        self._strips.clear()
        self._lay_out_in_place(top)

    @property
    def raw(self) -> bool:
        """Are lines shown as they were written?"""
        return self._store.raw

    def set_empty(self, text: str) -> None:
        """What is shown while there is no line."""
        if text != self._empty_text:
            self._empty_text = text
            if not len(self._store):
                self.refresh()

    def clear(self) -> None:
        """Forget all lines and follow again."""
        self._store.clear()
        self._strips.clear()
        self._match = None
        self.forget_cursor()
        self._set_size()
        self._move_itself(0)
        self._tell_follow(True, 0)
        self.refresh()

    def line_numbers(self) -> range:
        """The numbers of the lines kept; they go on for ever."""
        return range(self._store.first, self._store.first + len(self._store))

    def line_text(self, number: int) -> str:
        """The text of a line, without colours."""
        return strip_sgr(self._store.text(number))

    def row_of_line(self, number: int) -> int:
        """The first screen row of a line."""
        return self._store.row_of(number)

    def line_at_row(self, row: int) -> int:
        """The number of the line at a screen row."""
        return self._store.locate(row)[0]

    def forget_strips(self) -> None:
        """Drop what was painted."""
        self._strips.clear()

    # Follow

    def _tell_follow(self, following: bool, new_lines: int) -> None:
        if (following, new_lines) == (self.following, self.new_lines):
            return
        self.following, self.new_lines = following, new_lines
        self.post_message(self.FollowChanged(following, new_lines, self))

    def _move_itself(self, row: int) -> None:
        self._moving_itself = True
        try:
            self.scroll_to(y=row, animate=False, force=True)
        finally:
            self._moving_itself = False

    def _go_to_end(self) -> None:
        self._move_itself(self.max_scroll_y)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Pause when somebody scrolls up, follow when the end comes into sight."""
        super().watch_scroll_y(old_value, new_value)
        if self._moving_itself:
            return
        if round(new_value) >= self.max_scroll_y:
            self._tell_follow(True, 0)
        elif new_value < old_value:
            self._tell_follow(False, self.new_lines)

    def action_toggle_follow(self) -> None:
        """Follow, or hold the view where it is."""
        if self.following:
            self._tell_follow(False, 0)
        else:
            self._tell_follow(True, 0)
            self._go_to_end()

    def action_bottom(self) -> None:
        """Go to the last line and follow; with a cursor, this goes to the last line."""
        if self.extends_range:
            self.set_cursor(self.line_numbers()[-1])
            return
        self.forget_cursor()
        self._tell_follow(True, 0)
        self._go_to_end()

    def reveal(self, number: int) -> None:
        """Bring a line into view and hold it there."""
        self._tell_follow(False, self.new_lines)
        super().reveal(number)

    # Cursor

    def chosen_lines(self) -> list[LogLine]:
        """The lines of the range, or the one at the cursor, or else that of the match; in order."""
        return [self._store.line(number) for number in self.chosen_numbers()]

    def hold(self) -> None:
        """The cursor has been put somewhere: the view stays there."""
        self._tell_follow(False, self.new_lines)

    def move_view(self, row: int) -> None:
        """Scroll, for the cursor."""
        self._move_itself(row)

    # Layout

    def action_toggle_wrap(self) -> None:
        """Wrap long lines, or scroll sideways."""
        self.wrap = not self.wrap

    def action_toggle_times(self) -> None:
        """The clock, how long ago, or nothing."""
        order: list[Times] = ["clock", "ago", "off"] if self._store.has_times else ["clock", "off"]
        self.times = order[(order.index(self.times) + 1) % len(order)] if self.times in order else "clock"

    def tick(self) -> None:
        """Time has gone on."""
        if self.times == "ago":
            self._strips.clear()
            self.refresh()

    def watch_wrap(self) -> None:
        """Lay out again."""
        self._lay_out_in_place()

    def watch_times(self) -> None:
        """Lay out again."""
        self._lay_out_in_place()

    def on_resize(self) -> None:
        """Lay out again; the end stays in sight."""
        self._lay_out_in_place()

    @property
    def _margin(self) -> Margin:
        store, time = self._store, 0
        if self.times != "off" and store.time_width:
            time = (AGO_WIDTH if self.times == "ago" else store.time_width) + 1
        room = max(6, self.scrollable_content_region.width // 5)
        source = min(store.source_width, _MAX_SOURCE_CELLS, room) + 2 if store.source_width else 0
        return Margin(time, source, 2 if store.has_stderr else 0)

    def text_width(self) -> int:
        """Cells of a line's text in sight."""
        return max(_LEAST_TEXT_CELLS, self.scrollable_content_region.width - self._margin.width)

    def _lay_out(self) -> None:
        self._strips.clear()
        self._store.wrap(self.text_width() if self.wrap else 0)

    def _lay_out_in_place(self, top: int | None = None) -> None:
        if top is None:
            top = self.line_at_row(self.scroll_offset.y) if len(self._store) else 0
        self._lay_out()
        self._set_size()
        if self.following:
            self._go_to_end()
        elif top in self.line_numbers():
            self._move_itself(self._store.row_of(top))
        self.refresh()

    def _set_size(self) -> None:
        width = 0 if self.wrap else self._margin.width + self._store.widest
        size = Size(width, self._store.rows)
        if size != self.virtual_size:
            self.virtual_size = size

    # Painting

    def notify_style_update(self) -> None:
        """Textual's notice that styles changed."""
        super().notify_style_update()
        self._styles.forget()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """One visible row."""
        width = self.scrollable_content_region.width
        scroll_x, scroll_y = self.scroll_offset
        row = scroll_y + y
        if row >= self._store.rows:
            return painted_blank(y, "" if len(self._store) else self._empty_text, width, self._styles)
        number, part = self._store.locate(row)
        prefix, parts = self._line_strips(number)
        base, text = self._styles.get(), parts[min(part, len(parts) - 1)]
        if part:
            prefix = Strip.blank(prefix.cell_length, base)
        room = width - prefix.cell_length - text.cell_length
        if room >= 0 and not scroll_x:
            # As nearly always; each strip that is made on the way costs as much as all of its text.
            strip = Strip([*prefix, *text, Segment(" " * room, base)], width)
        else:
            text = text.crop_extend(scroll_x, scroll_x + max(0, width - prefix.cell_length), base)
            strip = Strip.join([prefix, text]).adjust_cell_length(width, base)
        chosen = self.how_chosen(number)
        if not chosen:
            return strip
        style = self._styles.get(chosen)
        ground = Style(bgcolor=style.bgcolor, reverse=style.reverse)
        return Strip([Segment(segment.text, (segment.style or Style.null()) + ground) for segment in strip])

    def _line_strips(self, number: int) -> tuple[Strip, list[Strip]]:
        known = self._strips.get(number)
        if known is None:
            known = self._paint(number)
            self._strips[number] = known
        return known

    def _paint(self, number: int) -> tuple[Strip, list[Strip]]:
        line, styles = self._store.line(number), self._styles
        written, text = self._store.text(number), self.line_text(number)
        clock = line.time if self.times != "ago" else ago(self._now() - line.when) if line.when else ""
        match = styles.get("match-current" if number == self._match else "match")
        strip = painted_text(line, written, text, styles)
        strip = self.highlight_matches(text, strip, Style(color=match.color, bgcolor=match.bgcolor))
        parts = list(strip.divide(wrap_cuts(text, self.text_width()))) if self.wrap and text else [strip]
        return painted_margin(line, clock, self._margin, styles), parts
