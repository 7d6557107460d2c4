"""The rows of a form, drawn line by line, with a cursor that keeps to its row whatever comes and goes around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from widgets.model_form.paint import PARTS, FormPainter, name_column, value_column
from widgets.model_form.rows import FormRow, RowKey
from widgets.tones import tone_classes, tone_rules

_MARGIN: Final = 3


class FormGrid(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws ``FormRow``s; its owner has the keys."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *tone_classes("model-form"),
        *(f"model-form--{part}" for part in PARTS),
    }
    DEFAULT_CSS = """
    FormGrid {
        width: 1fr; height: 1fr; background: $background; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable; scrollbar-size-vertical: 1;
        & > .model-form--empty { color: $text-muted; }
        & > .model-form--cursor { background: $primary 22%; }
        & > .model-form--cursor-blurred { background: $primary 9%; }
        & > .model-form--cell { background: $primary 45%; }
        & > .model-form--cursor-bar { color: $primary; }
        & > .model-form--cursor-bar-blurred { color: $primary 45%; }
        &:ansi > .model-form--cursor { text-style: reverse; }
        &:ansi > .model-form--cell { text-style: reverse underline; }
        &:ansi > .model-form--cursor-blurred { text-style: underline; }
    }
    """ + tone_rules("FormGrid", "model-form")

    @dataclass
    class Moved(Message):
        """The cursor is on another row or cell."""

        grid: FormGrid

        @property
        def control(self) -> FormGrid:
            """The grid, for selectors in ``on``."""
            return self.grid

    @dataclass
    class Clicked(Message):
        """A click on the row at the cursor, or on a fold mark."""

        grid: FormGrid

        @property
        def control(self) -> FormGrid:
            """The grid, for selectors in ``on``."""
            return self.grid

    def __init__(self, *, empty: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._empty = empty
        self._rows: Sequence[FormRow] = ()
        self._places: dict[RowKey, int] = {}
        self._cursor = 0
        self.cell = 0
        self._painter = FormPainter(self)

    # --- rows and cursor -------------------------------------------------------------------------------------------

    @property
    def row(self) -> FormRow | None:
        """The row at the cursor; None when there are none."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def cursor(self) -> int:
        """The number of that row, from 0."""
        return self._cursor

    def show(self, rows: Sequence[FormRow]) -> None:
        """Draw these rows. The cursor stays on its row wherever that is now, or goes to the nearest place."""
        before, old = self.row, self._rows
        self._rows = rows
        self._places = {row.key: number for number, row in enumerate(rows)}
        if before is not None:
            self._cursor = self._places.get(before.key, min(self._cursor, max(len(rows) - 1, 0)))
        self._cursor = min(self._cursor, max(len(rows) - 1, 0))
        self._clamp_cell()
        if len(old) != len(rows):
            self.virtual_size = Size(0, len(rows))
            self.refresh()
        else:
            changed = [number for number, (one, other) in enumerate(zip(old, rows, strict=True)) if one != other]
            for number in changed:
                self._refresh_row(number)
        self._keep_in_sight()

    def go_to(self, key: RowKey, cell: int = 0) -> bool:
        """Put the cursor on a row; False if it is not there."""
        number = self._places.get(key)
        if number is None:
            return False
        self._to(number, cell)
        return True

    def step(self, rows: int) -> None:
        """Move by some rows."""
        self._to(self._cursor + rows, self.cell)

    def to_end(self, *, last: bool) -> None:
        self._to(len(self._rows) - 1 if last else 0, 0)

    def page(self, pages: int) -> None:
        """Move by a page, less one row that is kept in sight."""
        self.step(pages * max(1, self.scrollable_content_region.height - 1))

    def _to(self, number: int, cell: int) -> None:
        if not self._rows:
            return
        old, old_cell = self._cursor, self.cell
        self._cursor, self.cell = min(max(number, 0), len(self._rows) - 1), cell
        self._clamp_cell()
        if (old, old_cell) != (self._cursor, self.cell):
            self._refresh_row(old)
            self._refresh_row(self._cursor)
            self.post_message(self.Moved(self))
        self._keep_in_sight()

    def _clamp_cell(self) -> None:
        row = self.row
        self.cell = min(self.cell, max(len(row.cells) - 1, 0)) if row else 0

    def _keep_in_sight(self) -> None:
        height, top = self.scrollable_content_region.height, self.scroll_offset.y
        if not height or not self._rows:
            return
        # What is near belongs to it, and is kept in sight too.
        margin = min(_MARGIN, (height - 1) // 2)
        if self._cursor < top + margin:
            self.scroll_to(y=max(self._cursor - margin, 0), animate=False, force=True)
        elif self._cursor >= top + height - margin:
            self.scroll_to(y=self._cursor - height + 1 + margin, animate=False, force=True)

    def cell_region(self, cell: int) -> Region:
        """Where a cell of the row at the cursor is, in this widget; one line high."""
        width = self.scrollable_content_region.width
        y = self._cursor - self.scroll_offset.y
        row = self.row
        column = value_column(width)
        if row is not None and len(row.cells) > 1 and cell == 0:
            start = name_column(row)
            return Region(start, y, column - start - 1, 1)
        return Region(column, y, width - column, 1)

    # --- drawing ---------------------------------------------------------------------------------------------------

    def _refresh_row(self, number: int) -> None:
        y = number - self.scroll_offset.y
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        number, width = self.scroll_offset.y + y, self.scrollable_content_region.width
        if not self._rows and y == 0 and self._empty:
            return self._painter.empty(self._empty, width)
        if number >= len(self._rows):
            return self._painter.blank(width)
        return self._painter.row(self._rows[number], width, self.cell if number == self._cursor else None)

    def notify_style_update(self) -> None:
        """Textual's notice that styles changed."""
        super().notify_style_update()
        self._painter.forget_styles()

    def on_focus(self) -> None:
        self._refresh_row(self._cursor)

    def on_blur(self) -> None:
        self._refresh_row(self._cursor)

    def on_resize(self) -> None:
        self._keep_in_sight()

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; one on the row at the cursor is as enter."""
        number = self.scroll_offset.y + event.y
        if number >= len(self._rows):
            return
        row = self._rows[number]
        cell = 1 if len(row.cells) > 1 and event.x >= value_column(self.scrollable_content_region.width) else 0
        again = (number, cell) == (self._cursor, self.cell)
        self._to(number, cell)
        if again or (row.foldable and event.x < name_column(row)):
            self.post_message(self.Clicked(self))
