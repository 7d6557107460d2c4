"""How well a typed text names an entry. Pure, and quick: it is asked for every entry at every key."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from app.screens.command.entry import Entry

EXACT, BEGINS, A_WORD, ALL_BEGIN, INSIDE, TOLD, LETTERS = range(7)
"""What a match is worth, the best first."""


def rank(wanted: str, words: str, detail: str = "") -> int | None:
    """Small is good, None is no match. ``wanted`` and ``words`` are in lower case."""
    if words == wanted:
        return EXACT
    if words.startswith(wanted):
        return BEGINS
    if f" {wanted}" in words:
        return A_WORD
    parts, own = wanted.split(), words.split()
    if all(any(word.startswith(part) for word in own) for part in parts):
        return ALL_BEGIN
    if all(part in words for part in parts):
        return INSIDE
    if all(part in words or part in detail for part in parts):
        return TOLD
    return LETTERS if _in_order("".join(parts), words) else None


def _in_order(letters: str, words: str) -> bool:
    """Are the letters in the words, in their order, whatever is between? ``stg`` in ``staging``."""
    at = -1
    for letter in letters:
        at = words.find(letter, at + 1)
        if at < 0:
            return False
    return True


def found(wanted: str, entries: Iterable[Entry], most: int) -> list[Entry]:
    """The entries that a text may mean, the best first."""
    wanted = " ".join(wanted.casefold().split())
    ranked = []
    for number, entry in enumerate(entries):
        if (value := rank(wanted, entry.folded, entry.detail.casefold())) is not None:
            ranked.append((value, entry.kind, len(entry.words), number, entry))
    ranked.sort(key=lambda one: one[:4])
    return [one[4] for one in ranked[:most]]


def nearest(wanted: str, entries: Sequence[Entry]) -> Entry | None:
    """The entry that is meant by a slip, if there is one like it."""
    known = {entry.folded: entry for entry in reversed(entries)}
    close = difflib.get_close_matches(wanted.casefold(), known, n=1, cutoff=0.6)
    return known[close[0]] if close else None
