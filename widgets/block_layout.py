"""How the blocks of a bar share its cells. Pure: amounts in, cells out.

Every bar has the whole width for its own capacity. What one asks of such a picture is how full each is and what would
still go in; drawn to one scale, a small one beside a large one would have no cells left for its blocks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from widgets.cells import Cell

COLOURS: Final = 8
"""Colours of blocks, numbered from 0."""
NEUTRAL: Final = -1
"""No colour: for a block that is not of the same kind as the others, and should not draw the eye."""

BlockKind = Literal["task", "ghost", "other"]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a bar.

    Args:
        key: unique in its bar.
        size: in the bar's unit; a block without size has no cells and cannot be chosen.
        label: shown if it fits.
        short: shown instead where it does not, cut if need be; the label if empty.
        colour: 0 to 7, or NEUTRAL.
        kind: task is solid; ghost is what may come to be; other is what is there without being accounted for.
        more: a second line, where bars are drawn high enough.
    """

    key: str
    size: float
    label: str
    colour: int = NEUTRAL
    kind: BlockKind = "task"
    more: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: a title at its left, its blocks in ``capacity``, a note at its right. A dim one is drawn muted."""

    key: str
    title: Cell
    capacity: float
    blocks: tuple[Block, ...]
    note: Cell = ()
    dim: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Cells of a bar that show the blocks ``first`` to ``last`` of it, both included: one, or more where it is tight.

    ``start`` and ``width`` in cells from the left end of the bar; ``count``: how many blocks with a size these are.
    """

    start: int
    width: int
    first: int
    last: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class BarLayout:
    """``free`` cells are left behind the last piece; ``over``: the blocks are more than the capacity."""

    pieces: tuple[Piece, ...]
    free: int
    over: bool

    def piece_of(self, block: int) -> Piece | None:
        """The piece that shows a block by its place in the bar."""
        return next((piece for piece in self.pieces if piece.first <= block <= piece.last), None)

    def piece_at(self, cell: int) -> Piece | None:
        """The piece at a cell, or the nearest to it; None where there is none at all."""
        return min(self.pieces, key=lambda piece: _distance(piece, cell), default=None)


def _distance(piece: Piece, cell: int) -> int:
    return max(piece.start - cell, cell - (piece.start + piece.width - 1), 0)


def lay_out_bar(bar: Bar, width: int) -> BarLayout:
    """Share ``width`` cells.

    A block has its exact share within one cell, and one cell at least. Where blocks smaller than a cell would take
    more than half of what is really free, or more cells than there are, neighbours of one kind share cells. A bar that
    has anything free shows a cell of it; one with more than fits keeps its last cell for the mark that says so.
    """
    sized = [index for index, block in enumerate(bar.blocks) if _real(block.size) > 0]
    total = math.fsum(bar.blocks[index].size for index in sized)
    capacity = _real(bar.capacity)
    over = total > capacity
    room = width - 1 if over else width
    if room <= 0 or not sized:
        return BarLayout((), max(width, 0), over)
    shares = {index: bar.blocks[index].size / max(total, capacity) * room for index in sized}
    used = math.fsum(shares.values())
    free = 0.0 if over else room - used
    # Rounding alone must not hide that something is free, nor say it of what is full.
    most = room - 1 if free > room * 1e-9 and room > 1 else room
    groups = _grouped(bar.blocks, sized, shares, min(most, math.floor(used + free / 2 + 1e-9)) or 1, width)
    widths = _widths([math.fsum(shares[index] for index in group) for group in groups], most)
    pieces, start = [], 0
    for group, cells in zip(groups, widths, strict=True):
        pieces.append(Piece(start, cells, group[0], group[-1], len(group)))
        start += cells
    return BarLayout(tuple(pieces), room - start, over)


def _real(amount: float) -> float:
    return amount if math.isfinite(amount) and amount > 0 else 0.0


def _grouped(
    blocks: Sequence[Block], sized: Sequence[int], shares: dict[int, float], limit: int, width: int
) -> list[list[int]]:
    """Runs of neighbours, as short as can be, that need no more than ``limit`` cells together."""
    least = 0.0
    while True:
        groups = _runs(blocks, sized, shares, least, apart=least < width)
        if len(groups) == 1 or sum(_least(group, shares) for group in groups) <= limit:
            return groups
        least = least * 2 or 1 / 8


def _runs(
    blocks: Sequence[Block], sized: Sequence[int], shares: dict[int, float], least: float, *, apart: bool
) -> list[list[int]]:
    """Neighbours together until they have ``least`` cells; ``apart``: those of another kind never with them."""
    groups: list[list[int]] = []
    held = math.inf
    for index in sized:
        alone = shares[index] >= least or (apart and groups and blocks[groups[-1][-1]].kind != blocks[index].kind)
        if alone or held >= least:
            groups.append([index])
            held = shares[index]
        else:
            groups[-1].append(index)
            held += shares[index]
    return groups


def _least(group: Sequence[int], shares: dict[int, float]) -> int:
    return max(1, math.floor(math.fsum(shares[index] for index in group) + 1e-9))


def _widths(shares: Sequence[float], most: int) -> list[int]:
    """Whole cells within one of each share: at first rounded down, then what is missing goes to the largest rests."""
    widths = [max(1, math.floor(share + 1e-9)) for share in shares]
    missing = min(round(math.fsum(shares)), most) - sum(widths)
    by_rest = sorted(range(len(shares)), key=lambda index: widths[index] - shares[index])
    for index in by_rest[: max(missing, 0)]:
        if shares[index] > widths[index]:
            widths[index] += 1
    return widths
