"""One line of words and chips: what is shown of something, and by which filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from widgets.cells import ELLIPSIS, TONES, Cell, Span, cell_width, fit
from widgets.tones import tone_classes, tone_rules

_GAP = 2


class ChipLine(Widget):
    """Words at the left, then chips, and at the right how it goes; the right is never cut before the words are."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {*tone_classes("chip-line"), "chip-line--chip"}
    DEFAULT_CSS = """
    ChipLine {
        height: 1; width: 1fr; background: $background; color: $text-muted;
        & > .chip-line--chip { background: $primary 30%; color: $foreground; }
        &:ansi > .chip-line--chip { text-style: reverse; }
    }
    """ + tone_rules("ChipLine", "chip-line")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._words: Cell = ()
        self._chips: tuple[str, ...] = ()
        self._right: Cell = ()

    @property
    def chips(self) -> tuple[str, ...]:
        """The chips as set last."""
        return self._chips

    def set(self, words: Cell, chips: Sequence[str], right: Cell) -> None:
        """Show something else."""
        if (words, tuple(chips), right) != (self._words, self._chips, self._right):
            self._words, self._chips, self._right = words, tuple(chips), right
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line. Chips that find no room are counted."""
        width, base = self.size.width, self.rich_style
        if y or width < 4:
            return Strip.blank(width, base)
        right = fit(self._right, min(cell_width(self._right), width - 2))
        room = width - 2 - cell_width(right) - (_GAP if right else 0)
        pieces = [Segment(" ", base), *self._toned(fit(self._words, min(cell_width(self._words), max(room, 0))))]
        room -= cell_width(self._words)
        for index, chip in enumerate(self._chips):
            text = f" {chip} "
            rest = len(self._chips) - index - 1
            least = cell_width((Span(f"  +{rest}"),)) if rest else 0
            size = min(cell_width((Span(text),)), 26, room - _GAP - least)
            if size < 5:
                more = f"  {ELLIPSIS}{rest + 1}"
                if room >= cell_width((Span(more),)):
                    pieces.append(Segment(more, base))
                break
            # Not a part of a style: its ground is a blend with that of the line.
            style = self.get_component_rich_style("chip-line--chip")
            cut = fit((Span(text),), size)
            pieces += [Segment(" " * _GAP, base), *(Segment(span.text, style) for span in cut)]
            room -= size + _GAP
        used = sum(piece.cell_length for piece in pieces)
        pieces.append(Segment(" " * max(width - 1 - cell_width(right) - used, 0), base))
        pieces += self._toned(right)
        return Strip(pieces).adjust_cell_length(width, base)

    def _toned(self, spans: Cell) -> list[Segment]:
        return [Segment(span.text, self._style(span.tone) if span.tone in TONES else self.rich_style) for span in spans]

    def _style(self, name: str) -> Style:
        return self.rich_style + self.get_component_rich_style(f"chip-line--{name}", partial=True)
