"""A document of many lines says what Textual's own would, after any edits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual.document._document import Document
from textual.document._wrapped_document import WrappedDocument

from widgets.long_document import LongDocument, LongWrappedDocument

TEXTS = st.text("ab\t é漢\n", max_size=30)
EDITS = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), TEXTS)


@given(TEXTS, st.lists(EDITS, max_size=8), st.booleans())
def test_it_is_as_textuals_after_any_edits(
    text: str, edits: list[tuple[int, int, int, int, str]], measured_before: bool
) -> None:
    ours, theirs = LongDocument(text), Document(text)
    ours_wrapped, theirs_wrapped = LongWrappedDocument(ours), WrappedDocument(theirs)
    if measured_before:
        assert ours.get_size(2) == theirs.get_size(2)
    for line, column, other_line, other_column, new in edits:
        last = theirs.line_count - 1
        first = min(line, last), min(column, len(theirs[min(line, last)]))
        second = min(other_line, last), min(other_column, len(theirs[min(other_line, last)]))
        result = theirs.replace_range(first, second, new)
        assert ours.replace_range(first, second, new) == result
        for wrapped in (ours_wrapped, theirs_wrapped):
            wrapped.wrap_range(min(first, second), max(first, second), result.end_location)
        assert ours.text == theirs.text
        assert ours.get_size(2) == theirs.get_size(2)
        assert ours_wrapped.height == theirs_wrapped.height == theirs.line_count
    assert ours.get_size(8) == theirs.get_size(8)
