"""Bars and sparklines of block characters, as text: they live inside table cells, where a widget each would be slow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from widgets.cells import Cell, Span

_EIGHTHS: Final = "▏▎▍▌▋▊▉█"
_LEVELS: Final = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS: Final = "_.:-=+*#"
GROUND: Final = "·"


def _share(value: float) -> float:
    return 0.0 if math.isnan(value) else max(0.0, min(1.0, value))


def bar(fraction: float, width: int, *, ascii: bool = False) -> str:
    """``fraction`` of ``width`` cells filled, in eighths of a cell; out of 0 to 1 it is clamped, NaN is nothing.

    More than nothing always shows something, and less than all always leaves some ground.
    """
    if width <= 0:
        return ""
    share = _share(fraction)
    if ascii:
        filled = _filled(share, width)
        return "#" * filled + "." * (width - filled)
    filled = _filled(share, width * 8)
    whole, eighths = divmod(filled, 8)
    text = "█" * whole + (_EIGHTHS[eighths - 1] if eighths else "")
    return text + GROUND * (width - len(text))


def _filled(share: float, steps: int) -> int:
    if 0.0 < share < 1.0 and steps > 1:
        return max(1, min(steps - 1, round(share * steps)))
    return round(share * steps)


def overlay_bar(reserved: float, used: float, width: int, *, ascii: bool = False) -> Cell:
    """What is reserved, and over it brighter what is really used, on a dotted ground; both 0 to 1.

    Use beyond what is reserved is in the tone ``warn`` and has a shape of its own, so that it shows without colour.
    """
    if width <= 0:
        return ()
    solid, over, beyond, ground = ("=", "#", "!", ".") if ascii else ("▓", "█", "▒", GROUND)
    reserved_cells, used_cells = _filled(_share(reserved), width), _filled(_share(used), width)
    both = min(reserved_cells, used_cells)
    spans = (
        Span(over * both, "bar-used"),
        Span(solid * (reserved_cells - both), "bar"),
        Span(beyond * (used_cells - both), "warn"),
        Span(ground * (width - max(reserved_cells, used_cells)), "muted"),
    )
    return tuple(span for span in spans if span.text)


def sparkline(values: Sequence[float], width: int, *, top: float | None = None, ascii: bool = False) -> str:
    """The last ``width`` values from 0 to ``top`` (default: the highest of them), one cell each, right-aligned."""
    if width <= 0:
        return ""
    levels = _ASCII_LEVELS if ascii else _LEVELS
    shown = [value if math.isfinite(value) and value > 0 else 0.0 for value in values[-width:]]
    highest = top if top is not None and top > 0 else max(shown, default=0.0)
    if not highest:
        return (levels[0] * len(shown)).rjust(width)
    last = len(levels) - 1
    return "".join(levels[round(min(1.0, value / highest) * last)] for value in shown).rjust(width)
