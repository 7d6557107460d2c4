"""What is said of an instance that was added, beside that it was."""

from __future__ import annotations

from collections.abc import Sequence


def beware_words(warnings: Sequence[str]) -> str:
    """``; beware: …`` with the first of what was found on the host; "" when nothing was."""
    if not warnings:
        return ""
    more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
    return f"; beware: {warnings[0]}{more}; moorage doctor tells all"
