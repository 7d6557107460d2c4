"""Strips for a table: rows and header from component styles, remembered until the row, the width or a style changes."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual.cache import LRUCache
from textual.strip import Strip
from textual.widget import Widget

from widgets.cells import Row, Span, fit
from widgets.columns import Layout
from widgets.component_styles import ComponentStyles
from widgets.table_lines import header_text, row_pieces

PARTS: Final = (
    "header",
    "empty",
    "marked",
    "cursor",
    "cursor-blurred",
    "cursor-bar",
    "cursor-bar-blurred",
)
_REMEMBERED_ROWS: Final = 128
"""More than stand on a screen. Textual keeps the pieces of each that it was ever cut into: about 10 KB a row."""


class TablePainter:
    """Paints lines with the ``live-table--…`` component styles of one widget."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._strips: LRUCache[tuple[str, bool, bool, bool], tuple[Row, Strip]] = LRUCache(_REMEMBERED_ROWS)
        self._styles = ComponentStyles(widget, "live-table")
        self._header: tuple[int, Strip] | None = None

    def forget_strips(self) -> None:
        """The layout changed."""
        self._strips.clear()
        self._header = None

    def forget_styles(self) -> None:
        """Colours changed."""
        self._styles.forget()
        self.forget_strips()

    def blank(self, width: int) -> Strip:
        """An empty line."""
        return Strip.blank(width, self._styles.get())

    def header(self, layout: Layout, width: int, sorted_by: tuple[str, bool] | None = None) -> Strip:
        """The line of titles; an arrow is at the one that the rows are sorted by."""
        if self._header is None or self._header[0] != width:
            style = self._styles.get("header")
            segments = [Segment(header_text(layout, sorted_by), style)]
            self._header = width, Strip(segments).adjust_cell_length(width, style).simplify()
        return self._header[1]

    def empty(self, text: str, line: int, width: int) -> Strip:
        """One line of the text for a table without rows, a line below the header."""
        lines = text.splitlines()
        if not 1 <= line <= len(lines):
            return self.blank(width)
        style = self._styles.get("empty")
        spans = fit((Span(" " + lines[line - 1]),), width)
        return Strip([Segment(span.text, style) for span in spans], width)

    def row(self, row: Row, layout: Layout, width: int, *, cursor: bool, marked: bool) -> Strip:
        """The line of a row: gutter, then cells by the layout."""
        key = (row.key, cursor, marked, self._widget.has_focus)
        known = self._strips.get(key)
        if known is not None and known[1].cell_length == width and (known[0] is row or known[0] == row):
            return known[1]
        strip = self._paint(row, layout, width, cursor, marked)
        self._strips[key] = row, strip
        return strip

    def _paint(self, row: Row, layout: Layout, width: int, cursor: bool, marked: bool) -> Strip:
        faint = "" if self._widget.has_focus else "-blurred"
        ground = f"cursor{faint}" if cursor else ""
        segments = [
            Segment(text, self._styles.get(style, ground))
            for text, style in row_pieces(row, layout, cursor=cursor, marked=marked, faint=faint)
        ]
        return Strip(segments).adjust_cell_length(width, self._styles.get("", ground)).simplify()
