"""Strips for bars of blocks, from component styles; layouts are remembered until the bar or the width changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.strip import Strip
from textual.widget import Widget

from widgets.block_layout import COLOURS, NEUTRAL, Bar, BarLayout, Block, Piece, lay_out_bar
from widgets.cells import ELLIPSIS, TONES, Cell, cell, fit
from widgets.component_styles import ComponentStyles
from widgets.plain import plain

PARTS: Final = (
    "ground",
    "empty",
    "other",
    "selected",
    "over",
    "cursor",
    "cursor-blurred",
    "cursor-bar",
    "cursor-bar-blurred",
    "block-neutral",
    *(f"block-{index}" for index in range(COLOURS)),
    "ghost-neutral",
    *(f"ghost-{index}" for index in range(COLOURS)),
)
GROUND: Final = "·"
GHOST: Final = "▒"
OTHER: Final = "░"
SEAM: Final = "▏"
CHOSEN: Final = "▸"
OVER: Final = "!"
CURSOR_BAR: Final = "▌"
GUTTER: Final = 1
_GAP: Final = 1
_REMEMBERED: Final = 256
_LEAST_WITH_ELLIPSIS: Final = 5


@dataclass(frozen=True, slots=True)
class Widths:
    """How a line is shared: gutter, title, gap, bar, gap, note. Never by what a bar holds, so that nothing twitches."""

    title: int
    bar: int
    note: int

    @property
    def bar_start(self) -> int:
        """The first cell of the bar."""
        return GUTTER + self.title + _GAP


def share_width(width: int, longest: int = 0, *, wordy: bool = False) -> Widths:
    """The parts of a line of ``width`` cells.

    Args:
        longest: cells of the longest title. Names that are cut look alike, so that long ones get up to a quarter.
        wordy: the notes are sentences, and get two fifths; more of a narrow line, so that a short one is not cut.
    """
    title = max(9, min(width // 6, 24), min(longest, width // 4, 32))
    if wordy:
        note = max(13, min(max(width * 2 // 5, min(width * 9 // 20, 26)), 60))
    else:
        note = max(13, min(20 + (width - 80) // 10, 30))
    return Widths(title, max(width - GUTTER - title - 2 * _GAP - note, 0), note)


class BlockPainter:
    """Paints the lines of bars with the ``block-bars--…`` component styles of one widget."""

    def __init__(self, widget: Widget, *, wordy: bool = False) -> None:
        self._widget = widget
        self._wordy = wordy
        self.longest = 0
        """Cells of the longest title."""
        self._layouts: LRUCache[str, tuple[Bar, int, BarLayout]] = LRUCache(_REMEMBERED)
        self._styles = ComponentStyles(widget, "block-bars")

    def forget_styles(self) -> None:
        """Colours changed."""
        self._styles.forget()

    def widths(self, width: int) -> Widths:
        """How a line of that many cells is shared."""
        return share_width(width, self.longest, wordy=self._wordy)

    def layout(self, bar: Bar, width: int) -> BarLayout:
        """The bar's blocks in a bar of ``width`` cells."""
        known = self._layouts.get(bar.key)
        if known is not None and known[1] == width and (known[0] is bar or known[0] == bar):
            return known[2]
        layout = lay_out_bar(bar, width)
        self._layouts[bar.key] = bar, width, layout
        return layout

    def blank(self, width: int) -> Strip:
        """An empty line."""
        return Strip.blank(width, self._styles.get())

    def empty(self, text: str, line: int, width: int) -> Strip:
        """One line of the text for no bars at all, a line below the top."""
        lines = text.splitlines()
        if not 1 <= line <= len(lines):
            return self.blank(width)
        return Strip(
            [Segment(span.text, self._styles.get("empty")) for span in fit(cell(" " + lines[line - 1]), width)]
        )

    def line(self, bar: Bar, width: int, part: int, chosen: int | None, *, cursor: bool) -> Strip:
        """One line of a bar.

        Args:
            part: 0 is the line with title and note; further ones carry the blocks' second lines.
            chosen: the place of the block that is chosen, where the cursor is on this bar.
        """
        widths = self.widths(width)
        faint = "" if self._widget.has_focus else "-blurred"
        ground = f"cursor{faint}" if cursor else ""
        plain_style = self._styles.get("", ground)
        gutter = (
            Segment(CURSOR_BAR, self._styles.get(f"cursor-bar{faint}", ground)) if cursor else Segment(" ", plain_style)
        )
        title, note = (bar.title, bar.note) if part == 0 else ((), ())
        gap = Segment(" " * _GAP, plain_style)
        segments = [gutter, *self._cell(title, widths.title, bar.dim, ground), gap]
        segments += self._bar(bar, widths.bar, part, chosen if cursor else None, ground)
        segments += [gap, *self._cell(note, widths.note, bar.dim, ground)]
        return Strip(segments).adjust_cell_length(width, plain_style).simplify()

    def _cell(self, content: Cell, width: int, dim: bool, ground: str) -> list[Segment]:
        return [
            Segment(span.text, self._styles.get("muted" if dim else span.tone if span.tone in TONES else "", ground))
            for span in fit(content, width)
        ]

    def _bar(self, bar: Bar, width: int, part: int, chosen: int | None, ground: str) -> list[Segment]:
        layout = self.layout(bar, width)
        segments: list[Segment] = []
        behind_ghost = False
        for piece in layout.pieces:
            is_chosen = chosen is not None and piece.first <= chosen <= piece.last
            segments += self._piece(bar, piece, part, ground, chosen=is_chosen, behind_ghost=behind_ghost)
            behind_ghost = bar.blocks[piece.last].kind == "ghost"
        segments.append(Segment(GROUND * layout.free, self._styles.get("ground", ground)))
        if layout.over and layout.pieces:
            segments.append(Segment(OVER, self._styles.get("over", ground)))
        return segments

    def _piece(
        self, bar: Bar, piece: Piece, part: int, ground: str, *, chosen: bool, behind_ghost: bool
    ) -> list[Segment]:
        block = bar.blocks[piece.first]
        fill = {"ghost": GHOST, "other": OTHER}.get(block.kind, " ")
        words = _words(block, piece, part, fill)
        if chosen:
            style = self._styles.get("selected")
            return [Segment((CHOSEN if part == 0 else " ") + words.replace(fill, " "), style)]
        if block.kind == "other":
            return [Segment(OTHER + words, self._styles.get("other", ground))]
        colour = "neutral" if bar.dim or block.colour == NEUTRAL else str(block.colour % COLOURS)
        if block.kind == "ghost":
            # A seam parts it from its like alone; in a single cell it would be all there is to see.
            first = SEAM if behind_ghost and piece.width > 1 else GHOST
            return [Segment(first + words, self._styles.get(f"ghost-{colour}", ground))]
        style = self._styles.get(f"block-{colour}")
        return [Segment(SEAM, self._seam(style)), Segment(words, style)]

    def _seam(self, style: Style) -> Style:
        """A hairline of the screen's own ground: it parts neighbours of one colour, with and without colours."""
        if style.reverse:
            return style
        return style + Style(color=self._styles.get().bgcolor)


def _words(block: Block, piece: Piece, part: int, fill: str) -> str:
    """What stands on a piece behind its first cell, filled up to its width."""
    room = max(piece.width - 1, 0)
    label, more = (block.label, block.more) if piece.count == 1 else (f"+{piece.count}", "")
    text = plain(more if part else label)
    if cell_len(text) > room:
        # A number that is cut is another number; and of what is not solid the pattern tells more than half a word.
        whole = part or piece.count > 1 or block.kind != "task"
        text = "" if whole else _cut(plain(block.short or block.label), room)
    return text + fill * (room - cell_len(text))


def _cut(text: str, room: int) -> str:
    """With an ellipsis where there is room for one."""
    if cell_len(text) <= room:
        return text
    return set_cell_size(text, room - 1) + ELLIPSIS if room >= _LEAST_WITH_ELLIPSIS else set_cell_size(text, room)
