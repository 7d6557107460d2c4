"""A JSON text, read only, in quiet colours. Lines are coloured when they come into sight; nothing is parsed whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Size
from textual.strip import Strip

from widgets.component_styles import ComponentStyles
from widgets.line_store import MAX_LINE_CELLS
from widgets.line_view import LineView
from widgets.plain import plain
from widgets.sgr import cut_sgr

_TOKEN: Final = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))'
    r'|(?P<string>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<number>-?\d[\d.eE+-]*)"
    r"|(?P<literal>\b(?:true|false|null)\b)"
    r"|(?P<punctuation>[{}\[\],:]+)"
)
_REMEMBERED_LINES: Final = 256


class JsonView(LineView):
    """Shows any text; what looks like JSON is coloured. Long lines scroll sideways."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "json-view--key",
        "json-view--string",
        "json-view--number",
        "json-view--literal",
        "json-view--punctuation",
        "json-view--match",
        "json-view--match-current",
    }
    DEFAULT_CSS = """
    JsonView {
        width: 1fr; height: 1fr; background: $background; color: $foreground;
        overflow-x: auto; overflow-y: auto; scrollbar-gutter: stable;
        scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0;
        & > .json-view--key { color: $text-primary; }
        & > .json-view--string { color: $foreground; }
        & > .json-view--number { color: $text-warning; }
        & > .json-view--literal { color: $text-secondary; }
        & > .json-view--punctuation { color: $text-muted; }
        & > .json-view--match { background: $warning 35%; }
        & > .json-view--match-current { background: $warning; color: auto 95%; }
        &:ansi > .json-view--match, &:ansi > .json-view--match-current { text-style: reverse; }
    }
    """

    def __init__(self, text: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._text = ""
        self._lines: list[str] = []
        self._strips: LRUCache[int, Strip] = LRUCache(_REMEMBERED_LINES)
        self._styles = ComponentStyles(self, "json-view")
        self.set_text(text)

    @property
    def text(self) -> str:
        """The text as it was set, uncut."""
        return self._text

    def set_text(self, text: str) -> None:
        """Show another text from its beginning; the same text again moves nothing."""
        if text == self._text:
            return
        self._text = text
        self._lines = [cut_sgr(plain(line), MAX_LINE_CELLS) for line in text.expandtabs(4).split("\n")]
        if self._lines and not self._lines[-1]:
            self._lines.pop()
        self._match = None
        self._strips.clear()
        width = max((cell_len(line) for line in self._lines), default=0)
        self.virtual_size = Size(width + 2, len(self._lines))
        if self.is_attached:
            self.scroll_to(0, 0, animate=False, force=True)
        self.refresh()

    def line_numbers(self) -> range:
        """Lines from 0."""
        return range(len(self._lines))

    def line_text(self, number: int) -> str:
        """A line as it is shown."""
        return self._lines[number]

    def row_of_line(self, number: int) -> int:
        """One row a line."""
        return number

    def line_at_row(self, row: int) -> int:
        """One row a line."""
        return row

    def forget_strips(self) -> None:
        """Drop what was painted."""
        self._strips.clear()

    def notify_style_update(self) -> None:
        """Textual's notice that styles changed."""
        super().notify_style_update()
        self._styles.forget()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        scroll_x, scroll_y = self.scroll_offset
        width, number = self.scrollable_content_region.width, scroll_y + y
        if number >= len(self._lines):
            return Strip.blank(width, self._styles.get())
        strip = self._strips.get(number)
        if strip is None:
            strip = self._strips[number] = self._paint(number)
        return strip.crop_extend(scroll_x, scroll_x + width, self._styles.get())

    def _paint(self, number: int) -> Strip:
        line = self._lines[number]
        strip = Strip([Segment(text, self._styles.get(kind)) for kind, text in json_tokens(line)])
        match_style = self._styles.get("match-current" if number == self._match else "match")
        lit = Style(color=match_style.color, bgcolor=match_style.bgcolor)
        return Strip([Segment(" ", self._styles.get()), *self.highlight_matches(line, strip, lit)])


def json_tokens(line: str) -> Iterator[tuple[str, str]]:
    """``(kind, text)`` over a whole line; kinds are key, string, number, literal, punctuation, or empty."""
    position = 0
    for match in _TOKEN.finditer(line):
        if match.start() > position:
            yield "", line[position : match.start()]
        yield match.lastgroup or "", match.group()
        position = match.end()
    if position < len(line):
        yield "", line[position:]
