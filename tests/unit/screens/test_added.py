"""What is said of an instance that was added."""

from __future__ import annotations

from app.screens.added import beware_words


def test_the_first_warning_is_said_and_the_rest_counted() -> None:
    assert beware_words([]) == ""
    assert beware_words(["edge: slow"]) == "; beware: edge: slow; moorage doctor tells all"
    assert beware_words(["edge: slow", "b", "c"]) == "; beware: edge: slow (and 2 more); moorage doctor tells all"
