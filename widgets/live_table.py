"""A table for rows that change all the time: draws visible lines only, and repaints only those that differ.

Why not ``DataTable``: it repaints every visible cell for one changed cell, and measures every cell it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from widgets.cells import Column, Row
from widgets.columns import Layout, lay_out
from widgets.lazy_rows import LazyRows, key_at, known_at
from widgets.table_lines import GUTTER, changed_width
from widgets.table_paint import PARTS, TablePainter
from widgets.table_state import TableState, changed_positions
from widgets.tones import tone_classes, tone_rules

HIGHLIGHT_DELAY: Final = 0.08
"""Seconds that the cursor must rest before a detail pane is told: holding a key must not load every row passed."""
HEADER_HEIGHT: Final = 1


class LiveTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows of toned cells under a header that stays; the cursor and the marks hold on to row keys, not positions.

    Args:
        columns: The layout; see ``Column``.
        empty: Shown dimmed when there are no rows (several lines are fine): what would be here, and how to begin.
        markable: Whether ``space`` marks rows.
        pointed: Whether it shows where its cursor is.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *tone_classes("live-table"),
        *(f"live-table--{part}" for part in PARTS),
    }
    DEFAULT_CSS = """
    LiveTable {
        width: 1fr; height: 1fr; background: $background; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable; scrollbar-size-vertical: 1;
        & > .live-table--header { color: $text-muted; text-style: bold; }
        & > .live-table--empty { color: $text-muted; }
        & > .live-table--marked { color: $primary; text-style: bold; }
        & > .live-table--cursor { background: $primary 22%; }
        & > .live-table--cursor-blurred { background: $primary 9%; }
        & > .live-table--cursor-bar { color: $primary; }
        & > .live-table--cursor-bar-blurred { color: $primary 45%; }
        &:ansi > .live-table--cursor { text-style: reverse; }
        &:ansi > .live-table--cursor-blurred { text-style: underline; }
    }
    """ + tone_rules("LiveTable", "live-table")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "activate", "open", id="table.activate", tooltip="Open the row at the cursor"),
        Binding("space", "toggle_mark", "mark", id="table.mark", tooltip="Mark or unmark the row at the cursor"),
        Binding("up,k", "move(-1)", "Up", show=False, id="table.up", tooltip="One row up"),
        Binding("down,j", "move(1)", "Down", show=False, id="table.down", tooltip="One row down"),
        Binding("home,g", "first", "First", show=False, id="table.first", tooltip="The first row"),
        Binding("end,G", "last", "Last", show=False, id="table.last", tooltip="The last row"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page_up", tooltip="One page up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="table.page_down", tooltip="One page down"),
    ]

    @dataclass
    class RowHighlighted(Message):
        """The cursor rests on another row (80 ms after the last move). Not sent when the table becomes empty."""

        key: str
        table: LiveTable

        @property
        def control(self) -> LiveTable:
            """The table, for selectors in ``on``."""
            return self.table

    @dataclass
    class RowActivated(Message):
        """Enter, a double click, or a click on the row at the cursor."""

        key: str
        table: LiveTable

        @property
        def control(self) -> LiveTable:
            """The table, for selectors in ``on``."""
            return self.table

    @dataclass
    class MarksChanged(Message):
        """A row was marked or unmarked, or marked rows have gone."""

        marked: frozenset[str]
        table: LiveTable

        @property
        def control(self) -> LiveTable:
            """The table, for selectors in ``on``."""
            return self.table

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        id: str | None = None,
        classes: str | None = None,
        empty: str = "",
        markable: bool = True,
        openable: bool = True,
        pointed: bool = True,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._columns = tuple(columns)
        self._empty_text = empty
        self._markable = markable
        self._openable = openable
        self._pointed = pointed
        self._state = TableState()
        self._hidden: frozenset[str] = frozenset()
        self._sorted_by: tuple[str, bool] | None = None
        self._layout_of_columns: Layout = lay_out(self._columns, 80)
        self._painter = TablePainter(self)
        self._highlight_timer: Timer | None = None
        self._highlighted: str | None = None
        self._activated_by_click = False
        self.virtual_size = Size(0, HEADER_HEIGHT)
        self._thumb = (0, 0)

    # What the table holds

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows as given last; of lazy ones all are made for it."""
        return tuple(self._state.rows)

    @property
    def visible_keys(self) -> list[str]:
        """The keys of the rows in sight."""
        rows, window = self._state.rows, self._window
        return [key_at(rows, index) for index in range(window.start, min(window.stop, len(rows)))]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The specification, including columns that are dropped at this width."""
        return self._columns

    @property
    def column_layout(self) -> Layout:
        """The columns as placed at this width."""
        return self._layout_of_columns

    @property
    def cursor_key(self) -> str | None:
        """The key of the row at the cursor; None when there are no rows."""
        return self._state.cursor_key

    @property
    def marked(self) -> frozenset[str]:
        """Keys of the marked rows. Rows that go (also by a filter) lose their mark: nothing unseen is acted on."""
        return self._state.marked

    @property
    def empty_text(self) -> str:
        """Shown dimmed when there are no rows; may have several lines."""
        return self._empty_text

    @empty_text.setter
    def empty_text(self, text: str) -> None:
        if text != self._empty_text:
            self._empty_text = text
            if not self._state.rows:
                self.refresh()

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows. Visible lines that are equal to what they showed are not repainted.

        The cursor stays on its key wherever the row moved (and in view if it was), or goes to the nearest survivor.
        """
        state = self._state
        old, new = state.rows, rows if isinstance(rows, LazyRows) else tuple(rows)
        if old is new:
            return
        cursor_was, was_visible = state.cursor, self._is_visible(state.cursor)
        state.replace(new)
        self._set_marks(state.marked - state.lost_marks())
        if len(old) != len(new):
            self._resize_content(Size(0, len(new) + HEADER_HEIGHT))
        if old and new:
            moved = () if state.cursor == cursor_was else (cursor_was, state.cursor)
            self._refresh_rows(moved)
            self._refresh_changes(old, new)
        else:
            self.refresh()
        if was_visible:
            self._scroll_to_cursor()
        self._highlight_later()

    def _resize_content(self, size: Size) -> None:
        """Take in another number of rows. Textual would lay out and paint the whole screen for one row more."""
        height = self.container_size.height
        lay_out = (self.virtual_size.height > height) != (size.height > height)
        if lay_out or self.styles.is_auto_height or not height:
            self.virtual_size = size
            return
        self.set_reactive(LiveTable.virtual_size, size)
        thumb = (8 * height * height // size.height, 8 * height * self.scroll_offset.y // size.height)
        if thumb != self._thumb or self.scroll_offset.y > self.max_scroll_y:
            self._thumb = thumb
            self._scroll_update(size)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Lay out by another specification; the rows' cells must match it."""
        if tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self._lay_out()
            self.refresh()

    def set_arrangement(self, sorted_by: tuple[str, bool] | None, hidden: frozenset[str]) -> None:
        """Show by which column the rows are sorted (and whether downwards), and leave columns out; never the first."""
        if (sorted_by, hidden) != (self._sorted_by, self._hidden):
            self._sorted_by, self._hidden = sorted_by, hidden
            self._lay_out()
            self.refresh()

    def move_to(self, key: str) -> None:
        """Put the cursor on this row; while there are no rows at all, it waits for the first ones."""
        if not self._state.rows:
            self._state.want(key)
        elif (position := self._state.position(key)) is not None:
            self._set_cursor(position)

    def toggle_mark(self) -> None:
        """Mark or unmark the row at the cursor."""
        key = self.cursor_key
        if key is not None:
            self._set_marks(self._state.marked ^ {key})

    def clear_marks(self) -> None:
        """Unmark all rows."""
        self._set_marks(frozenset())

    # The cursor

    def _set_cursor(self, position: int) -> None:
        state = self._state
        if not state.rows:
            return
        was = state.cursor
        state.move(position)
        if was != state.cursor:
            self._refresh_rows((was, state.cursor))
            self._highlight_later()
        self._scroll_to_cursor()

    @property
    def _page(self) -> int:
        return self.scrollable_content_region.height - HEADER_HEIGHT

    def _is_visible(self, position: int) -> bool:
        return 0 <= position - self.scroll_offset.y < self._page

    def _scroll_to_cursor(self) -> None:
        top, page = self.scroll_offset.y, self._page
        if page <= 0:
            return
        if self._state.cursor < top:
            self.scroll_to(y=self._state.cursor, animate=False, force=True)
        elif self._state.cursor >= top + page:
            self.scroll_to(y=self._state.cursor - page + 1, animate=False, force=True)

    def _highlight_later(self) -> None:
        if self._highlight_timer is not None:
            self._highlight_timer.stop()
            self._highlight_timer = None
        if self.cursor_key != self._highlighted and self.is_attached:
            self._highlight_timer = self.set_timer(HIGHLIGHT_DELAY, self._tell_highlight)

    def _tell_highlight(self) -> None:
        self._highlight_timer = None
        key = self.cursor_key
        if key == self._highlighted:
            return
        self._highlighted = key
        if key is not None:
            self.post_message(self.RowHighlighted(key, self))

    # Marks

    def _set_marks(self, marked: frozenset[str]) -> None:
        state = self._state
        changed = marked ^ state.marked
        if not changed:
            return
        state.marked = marked
        shown = range(self._window.start, min(self._window.stop, len(state.rows)))
        self._refresh_rows(index for index in shown if key_at(state.rows, index) in changed)
        self.post_message(self.MarksChanged(marked, self))

    # Painting

    @property
    def _window(self) -> range:
        """The positions that there is room for, whether rows stand there or not."""
        top = self.scroll_offset.y
        return range(top, top + max(0, self._page))

    def _refresh_rows(self, positions: Iterable[int]) -> None:
        top, width, page = self.scroll_offset.y, self.size.width, self._page
        lines = [position - top for position in positions]
        regions = [Region(0, line + HEADER_HEIGHT, width, 1) for line in lines if 0 <= line < page]
        if regions:
            self.refresh(*regions)

    def _refresh_changes(self, old: Sequence[Row], new: Sequence[Row]) -> None:
        """Of each line in sight the part up to the last cell that is another now: most often a number at rest ticks."""
        top, whole, regions = self.scroll_offset.y, self.size.width, []
        for position in changed_positions(old, new, self._window):
            after = new[position] if position < len(new) else None
            width = changed_width(known_at(old, position), after, self._layout_of_columns)
            regions.append(Region(0, position - top + HEADER_HEIGHT, whole if width is None else width, 1))
        # Without any region all would be painted.
        if regions := [region for region in regions if region.width]:
            self.refresh(*regions)

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width - GUTTER
        keep = self._sorted_by[0] if self._sorted_by else ""
        self._layout_of_columns = lay_out(self._columns, width, self._hidden, keep)
        self._painter.forget_strips()

    def render_line(self, y: int) -> Strip:
        """One visible line: the header, a row, a line of the empty text, or nothing."""
        width = self.scrollable_content_region.width
        if y < HEADER_HEIGHT:
            return self._painter.header(self._layout_of_columns, width, self._sorted_by)
        if not self._state.rows:
            return self._painter.empty(self._empty_text, y - HEADER_HEIGHT, width)
        position = self.scroll_offset.y + y - HEADER_HEIGHT
        if position >= len(self._state.rows):
            return self._painter.blank(width)
        row = self._state.rows[position]
        cursor = self._pointed and position == self._state.cursor
        return self._painter.row(
            row, self._layout_of_columns, width, cursor=cursor, marked=row.key in self._state.marked
        )

    def notify_style_update(self) -> None:
        """Textual's notice that styles changed: what was painted with the old ones is forgotten."""
        super().notify_style_update()
        self._painter.forget_styles()

    # What Textual calls

    def on_mount(self) -> None:
        """Tell the highlight of rows that were set before mounting."""
        self._highlight_later()

    def on_resize(self) -> None:
        """Lay out again, with the cursor in view."""
        self._lay_out()
        self._scroll_to_cursor()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the row; a click on the row at the cursor, or a second click, opens it."""
        position = self.scroll_offset.y + event.y - HEADER_HEIGHT
        if event.y < HEADER_HEIGHT or not 0 <= position < len(self._state.rows):
            return
        event.stop()
        if event.chain > 1 and self._activated_by_click:
            return
        self._activated_by_click = event.chain > 1 or position == self._state.cursor
        self._set_cursor(position)
        if self._activated_by_click:
            self.action_activate()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the keys of what this table's rows cannot do."""
        return {"toggle_mark": self._markable, "activate": self._openable}.get(action, True)

    def action_activate(self) -> None:
        """Tell that the row at the cursor is to be opened."""
        if (key := self.cursor_key) is not None:
            self.post_message(self.RowActivated(key, self))

    def action_toggle_mark(self) -> None:
        """Mark or unmark the row at the cursor."""
        self.toggle_mark()

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self._set_cursor(self._state.cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by a page."""
        self._set_cursor(self._state.cursor + pages * max(1, self._page))

    def action_first(self) -> None:
        """Move the cursor to the first row."""
        self._set_cursor(0)

    def action_last(self) -> None:
        """Move the cursor to the last row."""
        self._set_cursor(len(self._state.rows) - 1)
