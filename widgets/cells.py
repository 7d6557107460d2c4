"""What a table shows: rows of cells of toned spans, and how a cell is cut to a width.

All widths are terminal cells, not characters: a CJK character takes two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from rich.cells import cell_len, set_cell_size

from widgets.plain import plain

Tone = Literal["", "ok", "busy", "warn", "bad", "muted", "accent", "strong", "bar", "bar-used"]
TONES: Final[tuple[Tone, ...]] = ("ok", "busy", "warn", "bad", "muted", "accent", "strong", "bar", "bar-used")
ELLIPSIS: Final = "…"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one tone; the tone is mapped to a colour by the widget's component classes."""

    text: str
    tone: Tone = ""


Cell = tuple[Span, ...]


def cell(text: str, tone: Tone = "") -> Cell:
    """A cell of one span."""
    return (Span(text, tone),)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. ``key`` is its stable identity; a dim row is drawn muted throughout."""

    key: str
    cells: tuple[Cell, ...]
    dim: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is laid out.

    ``width`` 0 means flexible: at least ``min_width``, and a share of the room left, by ``weight``. When the table is
    too narrow the columns with the highest ``priority`` go first; among equals the rightmost. The first column stays.
    """

    key: str
    title: str
    width: int = 0
    min_width: int = 4
    weight: int = 1
    align: Literal["left", "right"] = "left"
    priority: int = 0


def cell_text(content: Cell) -> str:
    """The text of a cell without tones."""
    return "".join(span.text for span in content)


def cell_width(content: Cell) -> int:
    """How many terminal cells the content takes."""
    return sum(cell_len(plain(span.text)) for span in content)


def fit(content: Cell, width: int, align: Literal["left", "right"] = "left") -> Cell:
    """The content cut (with ``…``) or padded to exactly ``width`` cells, and made plain."""
    if width <= 0:
        return ()
    clean = tuple(Span(plain(span.text), span.tone) for span in content)
    total = sum(cell_len(span.text) for span in clean)
    if total > width:
        return _cut(clean, width)
    if total == width:
        return clean
    padding = Span(" " * (width - total))
    return (padding, *clean) if align == "right" else (*clean, padding)


def _cut(content: Cell, width: int) -> Cell:
    room = width - 1
    kept: list[Span] = []
    for span in content:
        size = cell_len(span.text)
        if size <= room:
            kept.append(span)
            room -= size
            continue
        kept.append(Span(set_cell_size(span.text, room) + ELLIPSIS, span.tone))
        break
    return tuple(kept)
