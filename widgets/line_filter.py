"""The last wall before the terminal: no Segment leaves the app with a control or bidirectional character in it.

Textual passes nearly all of them on, from nearly every widget. The characters have no width, so removing them does
not move anything.
"""

from __future__ import annotations

from typing import Any

from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter

from widgets.plain import UNSAFE


class SafeLineFilter(LineFilter):
    """Removes what ``plain`` would replace, from every line that is drawn."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same list when it is clean, as it nearly always is."""
        for segment in segments:
            text = segment.text
            if not (text.isascii() and text.isprintable()) and UNSAFE.search(text):
                return [_clean(segment) for segment in segments]
        return segments


def _clean(segment: Segment) -> Segment:
    if segment.control:
        return segment
    return Segment(UNSAFE.sub("", segment.text), segment.style)


def install_safe_filter(app: App[Any]) -> None:
    """Put the wall into an app; once, before it runs.

    ``_filters`` is private in Textual 8.2.8: there is no public way to add a filter. A test watches over it.
    """
    if not any(isinstance(known, SafeLineFilter) for known in app._filters):
        app._filters.append(SafeLineFilter())
