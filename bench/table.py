"""A figure with something beside it to judge it by, and the table of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    ``value`` and ``spread`` are texts with their units; ``beside`` is a limit, a floor measured in the same run, or a
    ratio to one. A figure that could not be taken has the reason in ``beside``.
    """

    what: str
    value: str
    spread: str
    beside: str


def skipped(what: str, reason: str) -> Figure:
    return Figure(what, "skipped", "", reason)


def milliseconds(what: str, seconds: Sequence[float], beside: str) -> Figure:
    """A median with the smallest and the largest sample."""
    if not seconds:
        return skipped(what, "no sample: it was never seen")
    low, high = min(seconds) * 1000, max(seconds) * 1000
    return Figure(
        what, f"{statistics.median(seconds) * 1000:.1f} ms", f"{low:.0f} to {high:.0f}, n={len(seconds)}", beside
    )


def percentiles(what: str, seconds: Sequence[float], beside: str) -> Figure:
    """The median, with p95 as its spread."""
    if len(seconds) < 2:
        return skipped(what, "no samples")
    p95 = statistics.quantiles(seconds, n=20)[-1]
    return Figure(
        what, f"{statistics.median(seconds) * 1000:.1f} ms", f"p95 {p95 * 1000:.1f}, n={len(seconds)}", beside
    )


def ratio(ours: Sequence[float], floor: Sequence[float], name: str) -> str:
    """``2.1 x NAME (104 ms)``."""
    if not ours or not floor:
        return f"{name} was not measured"
    base = statistics.median(floor)
    return f"{statistics.median(ours) / base:.2f} x {name} ({base * 1000:.0f} ms)"


def table(figures: Sequence[Figure]) -> str:
    rows = [("figure", "median", "spread", "beside it"), *((f.what, f.value, f.spread, f.beside) for f in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        f"{what:<{widths[0]}}  {value:>{widths[1]}}  {spread:<{widths[2]}}  {beside}".rstrip()
        for what, value, spread, beside in rows
    ]
    return "\n".join([lines[0], "-" * 110, *lines[1:]])
