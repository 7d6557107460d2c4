"""A JSON text to edit: quiet colours, marks on lines that something is wrong with, and masked spans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual.document._document_navigator import DocumentNavigator
from textual.widgets import TextArea
from textual.widgets.text_area import Location

from widgets.json_view import json_tokens
from widgets.long_document import LongDocument, LongWrappedDocument
from widgets.plain import plain

MASK: Final = "••••••••"
_LONGEST_COLOURED: Final = 2_000
_LONGEST_MATCHED: Final = 100_000
_KINDS: Final = ("key", "number", "literal", "punctuation", "error", "warning")


class JsonEditor(TextArea):
    """A TextArea that takes another text without losing its place, and tells only what a person has typed."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"json-editor--{kind}" for kind in _KINDS}
    DEFAULT_CSS = """
    JsonEditor, JsonEditor:focus {
        width: 1fr; height: 1fr; border: none; padding: 0; background: $background; color: $foreground;
        scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0;
        & .text-area--gutter { color: $text-muted; background: $background; }
        & .text-area--cursor-gutter { color: $foreground; background: $surface; }
        & .text-area--cursor-line { background: $surface; }
        & .text-area--selection { background: $primary 35%; }
        & .text-area--matching-bracket { color: $foreground; background: $primary 25%; text-style: bold; }
        &:light:focus .text-area--cursor { color: $background; background: $foreground; }
        & > .json-editor--key { color: $text-primary; }
        & > .json-editor--number { color: $text-warning; }
        & > .json-editor--literal { color: $text-secondary; }
        & > .json-editor--punctuation { color: $text-muted; }
        & > .json-editor--error { color: $text-error; text-style: underline; }
        & > .json-editor--warning { color: $text-warning; text-style: underline; }
    }
    """

    def __init__(self, text: str = "", *, id: str | None = None) -> None:
        # Before TextArea's own __init__, which asks for lines and tells of styles already.
        self._marks: Mapping[int, str] = {}
        self._masks: Mapping[int, Sequence[tuple[int, int]]] = {}
        self._kind_styles: dict[str, Style] = {}
        super().__init__(
            id=id, soft_wrap=False, show_line_numbers=True, tab_behavior="focus", highlight_cursor_line=True,
            compact=True,
        )  # fmt: skip
        self.indent_width = 2
        # Not by TextArea's own __init__, which goes through all of it three times.
        with self.prevent(TextArea.Changed):
            self.load_text(text)

    def take(self, text: str) -> None:
        """Show another text: only what differs is replaced, so that cursor, scroll and undo stay. Tells nobody."""
        old = self.text
        if text == old:
            return
        head = _common(old, text)
        tail = _common(old[head:][::-1], text[head:][::-1])
        start, end = _location(old, head), _location(old, len(old) - tail)
        with self.prevent(TextArea.Changed):
            self.replace(text[head : len(text) - tail], start, end)

    def mark(self, marks: Mapping[int, str]) -> None:
        """Lines (from 0) with an ``error`` or a ``warning``."""
        if marks != self._marks:
            self._marks = marks
            self._repaint()

    def mask(self, masks: Mapping[int, Sequence[tuple[int, int]]]) -> None:
        """Spans of columns by line (from 0) that are masked, but on the line where one types."""
        if masks != self._masks:
            self._masks = masks
            self._repaint()

    def show_line(self, location: Location) -> None:
        """Bring a place into sight and put the cursor there; nothing is typed by it."""
        if location != self.cursor_location:
            self.move_cursor(location, center=not self._in_sight(location[0]))

    def get_line(self, line_index: int) -> Text:
        """One line with its colours; a very long one without."""
        line = plain(self.document.get_line(line_index))
        if line_index != self.cursor_location[0] or not self.has_focus:
            # From the right: what is masked may be longer or shorter than its mask, which tells nothing of it.
            for start, end in sorted(self._masks.get(line_index, ()), reverse=True):
                line = line[:start] + MASK + line[end:]
        text = Text(line, end="", no_wrap=True)
        if len(line) > _LONGEST_COLOURED:
            return text
        mark, position = self._marks.get(line_index), 0
        for kind, token in json_tokens(line):
            wanted = mark if mark and kind == "key" else kind
            if wanted in _KINDS:
                text.stylize(self._style_of(wanted), position, position + len(token))
            position += len(token)
        if mark and not text.spans:
            text.stylize(self._style_of(mark))
        return text

    def find_matching_bracket(self, bracket: str, search_from: Location) -> Location | None:
        """As TextArea's, which goes through all characters between; in a long text it is not looked for."""
        if not bracket or bracket not in "()[]{}" or sum(map(len, self.document.lines)) > _LONGEST_MATCHED:
            return None
        return super().find_matching_bracket(bracket, search_from)

    def on_focus(self) -> None:
        """What is masked on the cursor's line is shown while one types there."""
        self._repaint()

    def on_blur(self) -> None:
        """And masked again."""
        self._repaint()

    def notify_style_update(self) -> None:
        """Textual's notice that styles changed."""
        super().notify_style_update()
        self._kind_styles.clear()

    def _set_document(self, text: str, language: str | None) -> None:
        """As TextArea's, with a document for many lines; it has no language."""
        self.document = LongDocument(text)
        self.wrapped_document = LongWrappedDocument(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self._build_highlight_map()
        self.move_cursor((0, 0))
        self._refresh_size()

    def _style_of(self, kind: str) -> Style:
        style = self._kind_styles.get(kind)
        if style is None:
            full = self.get_component_rich_style(f"json-editor--{kind}")
            # Without its ground: the lines under the cursor and in a selection have another.
            style = self._kind_styles[kind] = Style(color=full.color, underline=full.underline)
        return style

    def _in_sight(self, line: int) -> bool:
        return 0 <= line - self.scroll_offset.y < max(self.scrollable_content_region.height - 1, 1)

    def _repaint(self) -> None:
        self._line_cache.clear()
        self.refresh()


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:  # comparing slices is quick, characters one by one is not
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _location(text: str, offset: int) -> Location:
    return text.count("\n", 0, offset), offset - text.rfind("\n", 0, offset) - 1
