"""Which entry a typed text means."""

from __future__ import annotations

from app.screens.command.entry import Entry, Kind
from app.screens.command.matching import found, nearest


def entry(words: str, kind: Kind = Kind.ACTION, detail: str = "") -> Entry:
    return Entry(kind, words, "", detail, lambda: None)


ENTRIES = [
    entry("stop", detail="Stop the task at the cursor"),
    entry("tasks", Kind.SCREEN),
    entry("cluster staging", Kind.CLUSTER),
    entry("cluster stop-gap", Kind.CLUSTER),
    entry("theme moorage-light", Kind.THEME),
    entry("task 3f9c21ab web:7", Kind.TASK),
    entry("sort status", Kind.SORT),
]


def words(text: str, most: int = 9) -> list[str]:
    return [found_.words for found_ in found(text, ENTRIES, most)]


def test_the_best_is_first_and_of_equals_what_can_be_done_here() -> None:
    assert words("stop")[:2] == ["stop", "cluster stop-gap"]
    assert words("st")[:3] == ["stop", "cluster staging", "cluster stop-gap"]
    assert words("TASKS")[0] == "tasks"
    assert words("task")[:2] == ["tasks", "task 3f9c21ab web:7"]


def test_words_may_be_given_in_any_order_and_by_their_letters() -> None:
    assert words("light theme")[0] == "theme moorage-light"
    assert words("cl sta")[0] == "cluster staging"
    assert words("stg") == ["cluster staging", "cluster stop-gap"]
    assert words("cursor") == ["stop"]
    assert words("zzz") == []


def test_what_is_offered_is_bounded() -> None:
    assert len(words("s", 3)) == 3


def test_a_slip_has_a_nearest() -> None:
    close = nearest("stpo", ENTRIES)
    assert close is not None
    assert close.words == "stop"
    assert nearest("qqqqq", ENTRIES) is None
