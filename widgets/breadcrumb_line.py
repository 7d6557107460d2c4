"""The header line as pieces of text, each with the name of its style. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

from widgets.cells import TONES, Cell, Span, cell_width, fit
from widgets.table_lines import Piece

SEPARATOR: Final = " › "
_ELIDED: Final = "…"


def breadcrumb_pieces(parts: Sequence[str], right: Cell, note: Cell, width: int) -> list[Piece]:
    """The line, but for the room at its end: the right side gives way before the last part of the path does.

    Styles are tones, and ``part``, ``separator`` and ``last``.
    """
    least, room = _least_left(parts, width), width - 2
    note_width = min(cell_width(note), max(0, room - least - 2))
    taken = note_width + 2 if note_width else 0
    right_width = min(cell_width(right), max(0, room - taken - least - 2))
    pieces = [Piece(" "), *_left(parts, room - taken - right_width - (2 if right_width else 0))]
    if note_width:
        pieces += [Piece("  "), *_toned(fit(note, note_width))]
    used = sum(cell_len(piece.text) for piece in pieces)
    return [*pieces, Piece(" " * (width - 1 - right_width - used)), *_toned(fit(right, right_width))]


def _toned(spans: Cell) -> list[Piece]:
    return [Piece(span.text, span.tone if span.tone in TONES else "") for span in spans]


def _least_left(parts: Sequence[str], width: int) -> int:
    """Cells for the last two parts: what the last lies in says on what one is about to act."""
    *before, last = parts or ("",)
    shown = (_ELIDED, *before[-1:]) if len(before) > 1 else tuple(before)
    return min(cell_width((*(Span(part + SEPARATOR) for part in shown), Span(last))), width * 2 // 3)


def _left(parts: Sequence[str], room: int) -> list[Piece]:
    if not parts:
        return []
    *before, last = parts
    shown: tuple[str, ...] = ()
    for shown in _shorter(before):
        width = cell_width((*(Span(part + SEPARATOR) for part in shown), Span(last)))
        if width <= room:
            break
    pieces: list[Piece] = []
    for part in shown:
        pieces += [Piece(cut.text, "part") for cut in fit((Span(part),), cell_width((Span(part),)))]
        pieces.append(Piece(SEPARATOR, "separator"))
    spent = sum(cell_width((Span(piece.text),)) for piece in pieces)
    size = min(cell_width((Span(last),)), max(0, room - spent))
    return pieces + [Piece(cut.text, "last") for cut in fit((Span(last),), size)]


def _shorter(before: list[str]) -> list[tuple[str, ...]]:
    """The parts before the last, ever shorter: the middle goes first, then the root, then what the last lies in."""
    variants = [tuple(before)]
    variants += [(before[0], _ELIDED, *before[skip:]) for skip in range(2, len(before))]
    if len(before) > 1:
        variants.append((_ELIDED, before[-1]))
    if before:
        variants.append((_ELIDED,))
    variants.append(())
    return variants
