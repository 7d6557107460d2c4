from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from widgets.block_layout import Bar, Block, BlockKind, Piece, lay_out_bar

KINDS: tuple[BlockKind, ...] = ("task", "ghost", "other")
SIZES = st.one_of(st.integers(0, 100_000), st.floats(0, 1e6, allow_nan=False))


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    sizes = draw(st.lists(SIZES, max_size=60))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=len(sizes), max_size=len(sizes)))
    blocks = tuple(
        Block(f"b{number}", size, f"web:{number}", 0, kind)
        for number, (size, kind) in enumerate(zip(sizes, kinds, strict=True))
    )
    return Bar("a", (), draw(st.one_of(st.integers(0, 200_000), st.just(sum(sizes)))), blocks)


def bar(capacity: float, *sizes: float) -> Bar:
    return Bar("a", (), capacity, tuple(Block(f"b{number}", size, "web:7", 0) for number, size in enumerate(sizes)))


def widths(shown: Bar, width: int) -> list[int]:
    return [piece.width for piece in lay_out_bar(shown, width).pieces]


@given(bars(), st.integers(0, 200))
def test_cells_add_up_to_the_width_and_lie_side_by_side(shown: Bar, width: int) -> None:
    layout = lay_out_bar(shown, width)
    assert all(piece.width >= 1 for piece in layout.pieces)
    assert all(one.start + one.width == next_.start for one, next_ in pairwise(layout.pieces))
    mark = 1 if layout.over and layout.pieces else 0
    assert sum(piece.width for piece in layout.pieces) + layout.free + mark == width
    assert layout.free >= 0


@given(bars(), st.integers(2, 200))
def test_every_block_with_a_size_is_in_one_piece_in_its_order(shown: Bar, width: int) -> None:
    layout = lay_out_bar(shown, width)
    seen = [index for piece in layout.pieces for index in range(piece.first, piece.last + 1)]
    sized = [index for index, block in enumerate(shown.blocks) if block.size > 0]
    assert [index for index in seen if shown.blocks[index].size > 0] == sized
    for index in sized:
        piece = layout.piece_of(index)
        assert piece is not None
        assert layout.piece_at(piece.start) is piece


@given(bars(), st.integers(8, 200))
def test_a_piece_has_its_share_within_a_cell(shown: Bar, width: int) -> None:
    layout = lay_out_bar(shown, width)
    total = sum(block.size for block in shown.blocks)
    room = width - layout.over
    for piece in layout.pieces:
        share = sum(block.size for block in shown.blocks[piece.first : piece.last + 1]) / max(total, shown.capacity)
        assert abs(piece.width - share * room) <= 1 + 1e-6 or len(layout.pieces) == 1


@given(bars(), st.integers(2, 200))
def test_what_is_over_is_said_and_what_is_free_is_shown(shown: Bar, width: int) -> None:
    layout = lay_out_bar(shown, width)
    total = sum(block.size for block in shown.blocks)
    if total > shown.capacity * (1 + 1e-9):
        assert layout.over
    elif total < shown.capacity * (1 - 1e-6):
        assert not layout.over
        assert layout.free > 0


def test_blocks_smaller_than_a_cell_are_seen_each_while_there_is_room() -> None:
    assert widths(bar(1000, 5, 5, 5, 500), 20) == [1, 1, 1, 10]


def test_blocks_that_would_fill_what_is_free_share_cells() -> None:
    """Sixty tasks that are a hundredth of the whole must not look as if it were full."""
    layout = lay_out_bar(bar(6000, *[1] * 60), 40)
    assert sum(piece.width for piece in layout.pieces) <= 20
    assert sum(piece.count for piece in layout.pieces) == 60


def test_equal_blocks_that_fill_a_bar_are_equal_but_for_rounding() -> None:
    assert widths(bar(4, 1, 1, 1, 1), 40) == [10, 10, 10, 10]
    assert sorted(widths(bar(3, 1, 1, 1), 40)) == [13, 13, 14]


def test_too_much_is_drawn_to_the_scale_of_what_there_is() -> None:
    layout = lay_out_bar(bar(100, 100, 100), 41)
    assert layout.over
    assert [piece.width for piece in layout.pieces] == [20, 20]


def test_blocks_of_another_kind_do_not_share_a_cell() -> None:
    blocks = tuple(Block(f"b{index}", 1, "", 0, "task" if index < 20 else "ghost") for index in range(40))
    layout = lay_out_bar(Bar("a", (), 4000, blocks), 10)
    assert {19, 20}.isdisjoint(index for piece in layout.pieces if piece.first < 20 <= piece.last for index in (19, 20))
    assert len(layout.pieces) > 1


def test_nothing_has_no_pieces() -> None:
    assert lay_out_bar(bar(100), 10).pieces == ()
    assert lay_out_bar(bar(100, 0, 0), 10).free == 10
    assert lay_out_bar(bar(0), 10).over is False
    assert lay_out_bar(bar(100, 50), 0).pieces == ()
    assert lay_out_bar(bar(0, 50), 5).over
    assert lay_out_bar(bar(float("nan"), float("inf")), 5).pieces == ()


def test_the_nearest_piece_is_found_from_any_cell() -> None:
    layout = lay_out_bar(bar(100, 20, 20), 50)
    assert layout.piece_at(0) == Piece(0, 10, 0, 0)
    assert layout.piece_at(12) == Piece(10, 10, 1, 1)
    assert layout.piece_at(49) == Piece(10, 10, 1, 1)
