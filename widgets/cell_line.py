"""One line of toned text, with more at its right end: repainted, never laid out, when it changes."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from widgets.cells import TONES, Cell, cell_width, fit
from widgets.tones import tone_classes, tone_rules


class CellLine(Widget):
    """``left`` is cut before ``right`` is; with no room for both there is no right."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = tone_classes("cell-line")
    DEFAULT_CSS = """
    CellLine { height: 1; width: 1fr; background: $background; color: $foreground; }
    """ + tone_rules("CellLine", "cell-line")

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.shown: tuple[Cell, Cell] = ((), ())
        """The left and the right side as set last."""

    def set(self, left: Cell, right: Cell = ()) -> None:
        """Show something else."""
        if (left, right) != self.shown:
            self.shown = left, right
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line, with a cell of margin at either end."""
        width, base = self.size.width, self.rich_style
        if y or width < 4:
            return Strip.blank(width, base)
        left, right = self.shown
        room = width - 2
        right_width = cell_width(right)
        if right_width > room // 2 and right_width + 2 + cell_width(left) > room:
            right, right_width = (), 0
        pieces = [Segment(" ", base)]
        gap = 2 if right_width else 0
        for content, cells in ((left, room - right_width - gap), ((), gap), (right, right_width)):
            for span in fit(content, cells):
                style = self.get_component_rich_style(f"cell-line--{span.tone}") if span.tone in TONES else base
                pieces.append(Segment(span.text, style))
        return Strip(pieces).adjust_cell_length(width, base)
