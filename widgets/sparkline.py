"""A measure over time as block characters: values in equal spans of time, and graphs of several lines. Pure.

``widgets.meter.sparkline`` draws values that are equally far apart in one line; these here come at any moments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

LEVELS: Final = " ▁▂▃▄▅▆▇█"
LINE: Final = "╌"
UNKNOWN: Final = math.nan
_STEPS: Final = (1.0, 2.0, 2.5, 5.0)


def binned(points: Sequence[tuple[float, float]], end: float, span: float, count: int) -> list[float]:
    """The means of ``count`` spans, the last of which holds ``end``; NaN where nothing is known.

    Spans begin at multiples of ``span``, so that a graph moves a cell at a time and never trembles. One span without a
    point between two that have some takes the value before it: points come a little early or late.
    """
    if count <= 0 or span <= 0:
        return []
    last = math.floor(end / span)
    sums, counts = [0.0] * count, [0] * count
    for moment, value in points:
        place = math.floor(moment / span) - last + count - 1
        if 0 <= place < count and math.isfinite(value):
            sums[place] += value
            counts[place] += 1
    means = [total / number if number else UNKNOWN for total, number in zip(sums, counts, strict=True)]
    for place in range(1, count):
        nothing_after = place + 1 < count and math.isnan(means[place + 1])
        if not counts[place] and counts[place - 1] and not nothing_after:
            means[place] = means[place - 1]
    return means


def nice_top(highest: float, least: float, *, binary: bool = False) -> float:
    """A round number that is not below ``highest``, nor below ``least``: 1, 2, 2.5 or 5 times a power of ten.

    ``binary``: a power of two.
    """
    wanted = max(highest if math.isfinite(highest) else 0.0, least)
    if wanted <= 0:
        return 1.0
    if binary:
        return float(2.0 ** math.ceil(math.log2(wanted) - 1e-9))
    power = 10.0 ** math.floor(math.log10(wanted))
    return next((step * power for step in _STEPS if step * power >= wanted * (1 - 1e-9)), 10 * power)


def graph_lines(values: Sequence[float], height: int, top: float, line: float | None = None) -> list[str]:
    """So many lines from above, a cell for each value; 0 is a thin ground, what is not known is blank.

    Args:
        line: a value at which a dashed line is drawn through what is blank.
    """
    if height <= 0:
        return []
    filled = [_filled(value, height, top) for value in values]
    at = None if line is None or not 0 < line <= top else min(height - 1, int(line / top * height - 1e-9))
    lines = []
    for row in range(height - 1, -1, -1):
        text = "".join(LEVELS[max(0, min(8, eighths - row * 8))] for eighths in filled)
        lines.append(text.replace(" ", LINE) if row == at else text)
    return lines


def _filled(value: float, height: int, top: float) -> int:
    """Eighths of a line from the ground; -1 for what is not known."""
    if not math.isfinite(value):
        return -1
    share = max(0.0, min(1.0, value / top)) if top > 0 else 0.0
    return max(1, round(share * height * 8))
