"""A text of many lines to edit: what TextArea asks at every key, and at every line that it paints, is known already.

Textual's own goes through all lines for its size, joins them for its text, and counts them for its height.
"""

from __future__ import annotations

from textual._cells import cell_len
from textual.document._document import Document, EditResult, Location
from textual.document._wrapped_document import WrappedDocument
from textual.geometry import Size


class LongDocument(Document):
    """A Document with its text joined once after an edit, of which only the lines that an edit changes are measured."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._joined: str | None = None
        self._tab_width = 0
        self._widths: list[int] = []

    @property
    def text(self) -> str:
        """All lines with the document's newlines between them."""
        if self._joined is None:
            self._joined = super().text
        return self._joined

    def get_size(self, tab_width: int) -> Size:
        """The widest line in cells, and the number of lines."""
        if not self._widths or tab_width != self._tab_width:
            self._tab_width = tab_width
            self._widths = self._measure(self._lines)
        return Size(max(self._widths), len(self._lines))

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        """Textual's edit: every change of the document goes through it."""
        result = super().replace_range(start, end, text)
        self._joined = None
        if self._widths:
            (first, _), (last, _) = sorted((start, end))
            self._widths[first : last + 1] = self._measure(self._lines[first : result.end_location[0] + 1])
        return result

    def _measure(self, lines: list[str]) -> list[int]:
        return [cell_len(line.expandtabs(self._tab_width)) for line in lines]


class LongWrappedDocument(WrappedDocument):
    """Its height in lines of the screen, without counting them."""

    @property
    def height(self) -> int:
        return len(self._offset_to_line_info)
