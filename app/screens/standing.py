"""How the fleet stands, for the right end of the header. Pure."""

from __future__ import annotations

from app.fleet.fleet import Fleet
from widgets.cells import Cell, Span

SIMULATED: Cell = (Span("◇ SIMULATED  ", "warn"),)
"""Beside the path, which gives way last: on every screen of a demo, however narrow."""

READ_ONLY: Cell = (Span("⊘ READ-ONLY  ", "warn"),)
"""Beside the path of each screen of a cluster that is not to be changed from here."""


def fleet_status(fleet: Fleet, broken: int) -> Cell:
    """``● 11 live  ◐ 1 stale``; how many files are ``broken`` comes first."""
    spans: list[Span] = []
    if broken:
        spans.append(Span(f"✕ broken files: {broken}  ", "bad"))
    states = list(fleet.instances.values())
    for glyph, reach, tone in (
        ("●", "live", "ok"),
        ("◌", "connecting", "busy"),
        ("◐", "stale", "warn"),
        ("✕", "unreachable", "bad"),
    ):
        count = sum(state.freshness.reach == reach for state in states)
        if count:
            spans.append(Span(f"{glyph} {count} {reach}  ", tone))  # type: ignore[arg-type]
    spans.append(Span(f"{sum(state.running for state in states)} running", "muted"))
    return tuple(spans)
