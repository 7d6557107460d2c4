"""The one header line: where you are on the left, how things stand on the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from widgets.breadcrumb_line import breadcrumb_pieces
from widgets.cells import Cell
from widgets.tones import tone_classes, tone_rules


class Breadcrumb(Widget):
    """`` moorage › prod › tasks`` with a cell of spans at the right; repainted only when it changes."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *tone_classes("breadcrumb"),
        "breadcrumb--part",
        "breadcrumb--separator",
        "breadcrumb--last",
    }
    DEFAULT_CSS = """
    Breadcrumb {
        height: 1; width: 1fr; background: $background; color: $foreground;
        & > .breadcrumb--part { color: $text-muted; }
        & > .breadcrumb--separator { color: $text-muted; }
        & > .breadcrumb--last { color: $text-primary; text-style: bold; }
    }
    """ + tone_rules("Breadcrumb", "breadcrumb")

    def __init__(
        self, parts: Sequence[str] = (), right: Cell = (), *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._parts = tuple(parts)
        self._right = right
        self._note: Cell = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The path as set last."""
        return self._parts

    @property
    def right(self) -> Cell:
        """The right side as set last."""
        return self._right

    def set(self, parts: Sequence[str], right: Cell = (), note: Cell = ()) -> None:
        """Show another path, right side, or note behind the path (what the screen is narrowed to)."""
        if (tuple(parts), right, note) != (self._parts, self._right, self._note):
            self._parts, self._right, self._note = tuple(parts), right, note
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line: the right side gives way before the last part of the path does."""
        width, base = self.size.width, self.rich_style
        if y or width < 4:
            return Strip.blank(width, base)
        pieces = breadcrumb_pieces(self._parts, self._right, self._note, width)
        segments = [
            Segment(text, self.get_component_rich_style(f"breadcrumb--{style}") if style else base)
            for text, style in pieces
        ]
        return Strip(segments).adjust_cell_length(width, base)
