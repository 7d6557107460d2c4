"""The lines of a table as pieces of text, each with the name of its style. Pure: others know what styles look like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size

from widgets.cells import TONES, Row, Span, fit
from widgets.columns import Layout

GUTTER: Final = 1
"""Cells left of the first column."""
CURSOR_BAR: Final = "▌"
MARK: Final = "◆"
ASCENDING: Final = "▲"
DESCENDING: Final = "▼"


class Piece(NamedTuple):
    """``style``: a tone, or a part of what it belongs to; "" is its own."""

    text: str
    style: str = ""


def header_text(layout: Layout, sorted_by: tuple[str, bool] | None = None) -> str:
    """The line of titles; an arrow is at the one that the rows are sorted by."""
    text = " "
    for number, placed in enumerate(layout.placed):
        gap = " " * layout.gap if number else ""
        column, width_left, arrow = placed.column, placed.width, ""
        if sorted_by is not None and sorted_by[0] == column.key:
            arrow = DESCENDING if sorted_by[1] else ASCENDING
            width_left -= 1
        # Beside an arrow there is no room for an ellipsis: what is left names the column well enough.
        known = set_cell_size(column.title, min(cell_len(column.title), width_left)) if arrow else column.title
        title = "".join(span.text for span in fit((Span(known),), width_left, column.align))
        if arrow:
            # Right behind the title, so that it is not taken for the next column's.
            bare = title.rstrip()
            title = bare + arrow + title[len(bare) :]
        text += gap + title
    return text


def row_pieces(row: Row, layout: Layout, *, cursor: bool, marked: bool, faint: str = "") -> list[Piece]:
    """The line of a row: gutter, then cells by the layout. ``faint``: "-blurred" where the table has no focus."""
    if marked:
        pieces = [Piece(MARK, "marked")]
    elif cursor:
        pieces = [Piece(CURSOR_BAR, f"cursor-bar{faint}")]
    else:
        pieces = [Piece(" ")]
    for number, placed in enumerate(layout.placed):
        if number:
            pieces.append(Piece(" " * layout.gap))
        content = row.cells[placed.index] if placed.index < len(row.cells) else ()
        for span in fit(content, placed.width, placed.column.align):
            pieces.append(Piece(span.text, "muted" if row.dim else span.tone if span.tone in TONES else ""))
    return [pieces[0], *_joined(pieces[1:])] if cursor or marked else _joined(pieces)


def changed_width(before: Row | None, after: Row | None, layout: Layout) -> int | None:
    """How much of a row's line from the left is another now, in cells; None for all of it, whatever its width."""
    if before is None or after is None or (before.key, before.dim) != (after.key, after.dim):
        return None
    changed, end = 0, GUTTER
    for number, placed in enumerate(layout.placed):
        end += placed.width + (layout.gap if number else 0)
        if before.cells[placed.index : placed.index + 1] != after.cells[placed.index : placed.index + 1]:
            changed = end
    return changed


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """As few as look the same: blanks have no colour of their own, so they belong to what stands beside them.

    Another style takes forty bytes, and most lines of a busy table are written every other second.
    """
    joined: list[Piece] = []
    for piece in pieces:
        before = joined[-1] if joined else None
        if before is not None and (before.style == piece.style or not piece.text.strip(" ")):
            joined[-1] = Piece(before.text + piece.text, before.style)
        elif before is not None and not before.text.strip(" "):
            joined[-1] = Piece(before.text + piece.text, piece.style)
        else:
            joined.append(piece)
    return joined
