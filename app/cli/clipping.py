"""Lines as wide as a terminal."""

from __future__ import annotations

import unicodedata


def clipped(line: str, cells: int) -> str:
    """As much as has room on one line of a terminal: one that wrapped would not be drawn over.

    Args:
        line: without control characters.
    """
    if line.isascii():
        return line[:cells]
    taken = 0
    for place, letter in enumerate(line):
        taken += 0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if taken > cells:
            return line[:place]
    return line
