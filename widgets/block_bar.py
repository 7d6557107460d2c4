"""Bars of blocks: how full each of many things is, and of what. Draws visible lines only, and repaints what changed."""

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

from widgets.block_layout import COLOURS, NEUTRAL, Bar, Block, BlockKind
from widgets.block_paint import PARTS, BlockPainter
from widgets.cells import cell_width
from widgets.tones import tone_classes, tone_rules

__all__ = ["COLOURS", "NEUTRAL", "Bar", "Block", "BlockBars", "BlockKind"]

_COLOUR_RULES: Final = "\n".join(
    f"""
    BlockBars > .block-bars--block-{name} {{ color: $foreground; background: $surface-lighten-2; }}
    BlockBars > .block-bars--ghost-{name} {{ color: $text-muted; }}
    BlockBars:ansi > .block-bars--block-{name} {{ background: transparent; text-style: reverse; }}"""
    for name in ("neutral", *range(COLOURS))
)


class BlockBars(ScrollView, can_focus=True, inherit_bindings=False):
    """A list of bars with a cursor on one bar and, in it, on one block; both hold on to keys, not to positions.

    Args:
        empty: Shown dimmed when there are no bars (several lines are fine): what would be here, and how to begin.
        tall: Whether bars are drawn higher and apart while all of them fit; else each takes one line.
        openable: Whether enter opens what the cursor is on.
        wordy: Whether notes are sentences, for which bars are drawn shorter.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *tone_classes("block-bars"),
        *(f"block-bars--{part}" for part in PARTS),
    }
    DEFAULT_CSS = (
        """
    BlockBars {
        width: 1fr; height: 1fr; background: $background; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable; scrollbar-size-vertical: 1;
        & > .block-bars--empty { color: $text-muted; }
        & > .block-bars--ground { color: $surface-lighten-2; }
        & > .block-bars--other { color: $text-muted; }
        & > .block-bars--over { color: $text-error; text-style: bold; }
        & > .block-bars--selected { color: $background; background: $foreground; text-style: bold; }
        & > .block-bars--cursor { background: $primary 22%; }
        & > .block-bars--cursor-blurred { background: $primary 9%; }
        & > .block-bars--cursor-bar { color: $primary; }
        & > .block-bars--cursor-bar-blurred { color: $primary 45%; }
        &:ansi > .block-bars--selected { background: transparent; text-style: bold underline; }
    }
    """
        + _COLOUR_RULES
        + tone_rules("BlockBars", "block-bars")
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "activate", "open", id="bars.activate", tooltip="Open the block at the cursor"),
        Binding("up,k", "move(-1)", "Up", show=False, id="bars.up", tooltip="One bar up"),
        Binding("down,j", "move(1)", "Down", show=False, id="bars.down", tooltip="One bar down"),
        Binding("left,b", "step(-1)", "Left", show=False, id="bars.left", tooltip="The block to the left"),
        Binding("right,w", "step(1)", "Right", show=False, id="bars.right", tooltip="The block to the right"),
        Binding("home,g", "first", "First", show=False, id="bars.first", tooltip="The first bar"),
        Binding("end,G", "last", "Last", show=False, id="bars.last", tooltip="The last bar"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="bars.page_up", tooltip="One page up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="bars.page_down", tooltip="One page down"),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on another bar or block, or on none."""

        bar_key: str | None
        block_key: str | None
        bars: BlockBars

        @property
        def control(self) -> BlockBars:
            """The bars, for selectors in ``on``."""
            return self.bars

    @dataclass
    class Opened(Message):
        """Enter, a double click, or a click on the block at the cursor. ``block_key`` is None on a bar without any."""

        bar_key: str
        block_key: str | None
        bars: BlockBars

        @property
        def control(self) -> BlockBars:
            """The bars, for selectors in ``on``."""
            return self.bars

    def __init__(
        self,
        *,
        id: str | None = None,
        classes: str | None = None,
        empty: str = "",
        tall: bool = True,
        openable: bool = True,
        wordy: bool = False,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._empty_text = empty
        self._tall = tall
        self._openable = openable
        self._bars: tuple[Bar, ...] = ()
        self._cursor = 0
        self._block: str | None = None
        self._shape = (1, 0)
        self._told: tuple[str | None, str | None] = (None, None)
        self._painter = BlockPainter(self, wordy=wordy)
        self.virtual_size = Size(0, 0)

    # What there is to see

    @property
    def bars(self) -> tuple[Bar, ...]:
        """The bars as given last."""
        return self._bars

    @property
    def cursor_key(self) -> str | None:
        """The key of the bar at the cursor; None when there are no bars."""
        return self._bars[self._cursor].key if self._bars else None

    @property
    def block_key(self) -> str | None:
        """The key of the block at the cursor; None on a bar without blocks."""
        return self._block

    @property
    def empty_text(self) -> str:
        """Shown dimmed when there are no bars; may have several lines."""
        return self._empty_text

    @empty_text.setter
    def empty_text(self, text: str) -> None:
        if text != self._empty_text:
            self._empty_text = text
            if not self._bars:
                self.refresh()

    def set_bars(self, bars: Sequence[Bar]) -> None:
        """Show these bars. Visible lines that show the same as before are not repainted.

        The cursor stays on its bar and block wherever they moved, or goes to what took their place.
        """
        old, new = self._bars, tuple(bars)
        key, place, cursor_was = self.cursor_key, self._place_of_block(), self._cursor
        width_was = self._bar_width
        self._bars = new
        self._painter.longest = max((cell_width(bar.title) for bar in new), default=0)
        self._cursor = self._find(key)
        self._settle(key, place)
        self._fit_height()
        if old and new and self._bar_width == width_was:
            changed = {index for index in range(max(len(old), len(new))) if _differs(old, new, index)}
            self._refresh_bars(changed if self._cursor == cursor_was else changed | {cursor_was, self._cursor})
        elif old or new:
            self.refresh()
        self._tell()

    def move_to(self, bar_key: str, block_key: str | None = None) -> None:
        """Put the cursor on this bar, and on this block of it or on the first. Unknown keys change nothing."""
        for index, bar in enumerate(self._bars):
            if bar.key == bar_key:
                places = [place for place in _sized(bar) if block_key in (None, bar.blocks[place].key)]
                if places or block_key is None:
                    self._set_cursor(index, bar.blocks[places[0]].key if places else None)
                return

    # The cursor

    def _find(self, key: str | None) -> int:
        last = len(self._bars) - 1
        if 0 <= self._cursor <= last and self._bars[self._cursor].key == key:
            return self._cursor
        at_key = next((index for index, bar in enumerate(self._bars) if bar.key == key), None)
        return max(0, min(self._cursor, last)) if at_key is None else at_key

    def _place_of_block(self) -> int:
        """Which of the bar's blocks the cursor is on, counted among all of its blocks."""
        if not self._bars:
            return 0
        blocks = self._bars[self._cursor].blocks
        return next((place for place, block in enumerate(blocks) if block.key == self._block), 0)

    def _settle(self, key_was: str | None, place: int) -> None:
        """Have the cursor on a block that is there: the one it was on, or what stands in that one's place now."""
        if not self._bars:
            self._block = None
            return
        bar = self._bars[self._cursor]
        sized = _sized(bar)
        if not any(bar.blocks[index].key == self._block for index in sized):
            place = place if bar.key == key_was else 0
            nearest = min(sized, key=lambda index: (abs(index - place), index), default=None)
            self._block = None if nearest is None else bar.blocks[nearest].key

    def _set_cursor(self, position: int, block: str | None) -> None:
        was = self._cursor, self._block
        self._cursor, self._block = position, block
        if was != (position, block):
            self._refresh_bars({was[0], position})
            self._tell()
        self._scroll_to_cursor()

    def _go(self, position: int) -> None:
        """To another bar, on the block that lies nearest below or above."""
        if not self._bars:
            return
        position = max(0, min(position, len(self._bars) - 1))
        if position == self._cursor:
            return
        width = self._bar_width
        here = self._painter.layout(self._bars[self._cursor], width).piece_of(self._place_of_block())
        bar = self._bars[position]
        there = self._painter.layout(bar, width).piece_at(here.start + (here.width - 1) // 2 if here else 0)
        sized = [place for place in _sized(bar) if there and there.first <= place <= there.last] or _sized(bar)
        self._set_cursor(position, bar.blocks[sized[0]].key if sized else None)

    def _tell(self) -> None:
        now = self.cursor_key, self._block
        if now != self._told:
            self._told = now
            self.post_message(self.Moved(*now, self))

    # Lines: each bar has some of its own, and some of air below

    @property
    def _bar_width(self) -> int:
        return self._painter.widths(self.scrollable_content_region.width).bar

    @property
    def _pitch(self) -> int:
        return sum(self._shape)

    def _fit_height(self) -> None:
        """As high as all bars can be in the window; one line each where they can't."""
        height, count = self.scrollable_content_region.height, len(self._bars)
        shapes = ((2, 1), (1, 1), (1, 0)) if self._tall else ((1, 0),)
        shape = next((shape for shape in shapes if sum(shape) * count - shape[1] <= height), (1, 0))
        size = Size(0, max(sum(shape) * count - shape[1], 0))
        if shape != self._shape:
            self._shape = shape
            self.refresh()
        if size != self.virtual_size:
            self.virtual_size = size

    def _scroll_to_cursor(self) -> None:
        height, line, top = self.scrollable_content_region.height, self._cursor * self._pitch, self.scroll_offset.y
        if height <= 0:
            return
        if line < top:
            self.scroll_to(y=line, animate=False, force=True)
        elif line + self._shape[0] > top + height:
            self.scroll_to(y=line + self._shape[0] - height, animate=False, force=True)

    def _refresh_bars(self, positions: Iterable[int]) -> None:
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        regions = []
        for position in positions:
            line = position * self._pitch - top
            if -self._shape[0] < line < height:
                regions.append(Region(0, max(line, 0), self.size.width, min(self._shape[0], height - line)))
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """One visible line of a bar, of the air below it, or of the empty text."""
        width = self.scrollable_content_region.width
        if not self._bars:
            return self._painter.empty(self._empty_text, y, width)
        position, part = divmod(self.scroll_offset.y + y, self._pitch)
        if position >= len(self._bars) or part >= self._shape[0]:
            return self._painter.blank(width)
        cursor = position == self._cursor
        chosen = self._place_of_block() if cursor and self._block is not None else None
        return self._painter.line(self._bars[position], width, part, chosen, cursor=cursor)

    def notify_style_update(self) -> None:
        """Textual's notice that styles changed: what was painted with the old ones is forgotten."""
        super().notify_style_update()
        self._painter.forget_styles()

    # What Textual calls

    def on_resize(self) -> None:
        """Lay out again, with the cursor in view."""
        self._fit_height()
        self._scroll_to_cursor()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the bar and the block under the mouse; a click on what it is on already opens it."""
        position, part = divmod(self.scroll_offset.y + event.y, self._pitch)
        if position >= len(self._bars) or part >= self._shape[0]:
            return
        event.stop()
        bar, widths = self._bars[position], self._painter.widths(self.scrollable_content_region.width)
        cell = event.x - widths.bar_start
        piece = self._painter.layout(bar, widths.bar).piece_at(cell) if 0 <= cell < widths.bar else None
        if piece is not None and not piece.start <= cell < piece.start + piece.width:
            piece = None
        if piece is None:
            # Beside the blocks the bar itself is meant, with whatever block of it was chosen.
            if position != self._cursor:
                self._go(position)
            return
        block = bar.blocks[piece.first].key
        if position == self._cursor and piece.first <= self._place_of_block() <= piece.last:
            self.action_activate()
        else:
            self._set_cursor(position, block)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the key of what cannot be done here."""
        return self._openable if action == "activate" else True

    def action_activate(self) -> None:
        """Tell that what the cursor is on is to be opened."""
        if (key := self.cursor_key) is not None:
            self.post_message(self.Opened(key, self._block, self))

    def action_move(self, bars: int) -> None:
        """Move the cursor by some bars."""
        self._go(self._cursor + bars)

    def action_step(self, blocks: int) -> None:
        """Move the cursor by some blocks in its bar."""
        if not self._bars or self._block is None:
            return
        bar = self._bars[self._cursor]
        sized = _sized(bar)
        place = max(0, min(sized.index(self._place_of_block()) + blocks, len(sized) - 1))
        self._set_cursor(self._cursor, bar.blocks[sized[place]].key)

    def action_page(self, pages: int) -> None:
        """Move the cursor by a page."""
        self._go(self._cursor + pages * max(1, self.scrollable_content_region.height // self._pitch))

    def action_first(self) -> None:
        """Move the cursor to the first bar."""
        self._go(0)

    def action_last(self) -> None:
        """Move the cursor to the last bar."""
        self._go(len(self._bars) - 1)


def _sized(bar: Bar) -> list[int]:
    """The places of the blocks that have a size: those that can be seen, and chosen."""
    return [place for place, block in enumerate(bar.blocks) if block.size > 0]


def _differs(old: Sequence[Bar], new: Sequence[Bar], index: int) -> bool:
    before = old[index] if index < len(old) else None
    after = new[index] if index < len(new) else None
    return before is not after and before != after
