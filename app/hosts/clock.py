"""How far a host's clock is from ours, as far as an answer can tell."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.hosts.labels import parse_time


def clock_offset(told: str, asked: datetime, answered: datetime) -> timedelta:
    """What to add to our time for the host's.

    The host looked at its clock at some moment between question and answer. If that can have been our time the clocks
    are held for the same, however long the answer took; if not, the middle is the best guess (RFC 5905, 8).

    Args:
        told: ``SystemTime`` of ``docker info``. What cannot be read counts as our own time.
    """
    try:
        host = parse_time(told)
    except ValueError:
        return timedelta(0)
    if asked <= host <= answered:
        return timedelta(0)
    return host - (asked + (answered - asked) / 2)
