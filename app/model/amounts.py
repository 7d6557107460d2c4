"""Amounts in few characters, as tables and graphs show them."""

from __future__ import annotations

NOTHING = "-"


def compact(amount: float | None) -> str:
    """Bytes in four characters at most: ``319K 9.4M 181M 1.5G``; ``-`` for what is not known."""
    if amount is None:
        return NOTHING
    value, unit = float(max(amount, 0)), "B"
    for larger in "KMGT":
        if value < 999.5:
            break
        value, unit = value / 1024, larger
    digits = f"{value:.1f}".removesuffix(".0") if value < 9.95 and unit != "B" else f"{value:.0f}"
    return digits + unit


def cores_percent(value: float | None) -> str:
    """Per cent of one core, in whole ones: a number that trembles tells nothing more."""
    return NOTHING if value is None else f"{round(value)}%"
