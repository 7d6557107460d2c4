"""Lines of tables: pieces that look the same are one, and what of a line is another when cells change."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from widgets.cells import TONES, Column, Row, Span, fit
from widgets.columns import Layout, lay_out
from widgets.table_lines import GUTTER, changed_width, row_pieces

COLUMNS = (Column("a", "A", width=6), Column("b", "B", width=5, align="right"), Column("c", "C", min_width=4))
HIDDEN = frozenset({"b"})

spans = st.builds(Span, st.text("ab 漢·▆", max_size=6), st.sampled_from(["", *TONES]))
cells = st.lists(spans, max_size=3).map(tuple)
rows = st.builds(Row, st.just("key"), st.tuples(cells, cells, cells), st.booleans())
layouts = st.sampled_from([lay_out(COLUMNS, 30), lay_out(COLUMNS, 18), lay_out(COLUMNS, 30, HIDDEN)])


def plain_pieces(row: Row, layout: Layout) -> list[tuple[str, str]]:
    """Each character with its style, as cells have them."""
    found = [(" ", "")]
    for number, placed in enumerate(layout.placed):
        found += [(" ", "")] * layout.gap if number else []
        for span in fit(row.cells[placed.index], placed.width, placed.column.align):
            found += [(character, "muted" if row.dim else str(span.tone)) for character in span.text]
    return found


@given(rows, layouts)
def test_joined_pieces_look_like_the_cells(row: Row, layout: Layout) -> None:
    shown = [
        (character, style) for text, style in row_pieces(row, layout, cursor=False, marked=False) for character in text
    ]
    told = plain_pieces(row, layout)
    assert [character for character, _ in shown] == [character for character, _ in told]
    assert [pair for pair in shown if pair[0] != " "] == [pair for pair in told if pair[0] != " "]


@given(rows, layouts)
def test_a_dim_row_is_one_piece_and_no_two_neighbours_look_alike(row: Row, layout: Layout) -> None:
    pieces = row_pieces(row, layout, cursor=False, marked=False)
    styles = [style for _, style in pieces]
    assert all(one != other for one, other in itertools.pairwise(styles))
    if row.dim:
        assert len(pieces) == 1


@given(rows, layouts, st.booleans())
def test_the_cursor_and_the_mark_stand_alone(row: Row, layout: Layout, cursor: bool) -> None:
    first = row_pieces(row, layout, cursor=cursor, marked=not cursor)[0]
    assert first.text == ("▌" if cursor else "◆")
    assert len(first.text) == GUTTER


@given(rows, rows, layouts)
def test_what_is_beyond_the_changed_width_is_as_it_was(before: Row, after: Row, layout: Layout) -> None:
    width = changed_width(before, after, layout)
    if before.dim != after.dim:
        assert width is None
        return
    assert width is not None
    assert (
        plain_pieces(before, layout)[_place(before, layout, width) :]
        == (plain_pieces(after, layout)[_place(after, layout, width) :])
    )


def _place(row: Row, layout: Layout, width: int) -> int:
    """How many characters take so many cells of the row's line."""
    from rich.cells import cell_len

    count, taken = 0, 0
    for character, _ in plain_pieces(row, layout):
        if taken >= width:
            break
        taken += cell_len(character)
        count += 1
    return count


def test_cells_that_are_not_shown_change_nothing() -> None:
    row = Row("key", ((Span("a"),), (Span("1"),), (Span("c"),)))
    other = Row("key", ((Span("a"),), (Span("2"),), (Span("c"),)))
    assert changed_width(row, other, lay_out(COLUMNS, 30, HIDDEN)) == 0
    assert changed_width(row, other, lay_out(COLUMNS, 30)) == GUTTER + 6 + 2 + 5
    assert changed_width(row, Row("other", row.cells), lay_out(COLUMNS, 30)) is None
    assert changed_width(None, row, lay_out(COLUMNS, 30)) is None
