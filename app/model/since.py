"""From when on: what a person writes for a moment of the past."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from app.model.errors import MoorageError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONG_AGO = datetime.fromtimestamp(0, UTC)


def parse_since(text: str, now: datetime, what: str = "since") -> datetime:
    """``10m``, ``2h30m``, ``1d`` before now, or an RFC 3339 time (without a zone: local). Raises MoorageError."""
    if re.fullmatch(r"(\d{1,6}[smhd]){1,4}", text):
        amounts = re.findall(r"(\d+)([smhd])", text)
        try:
            return now - sum((timedelta(**{_UNITS[unit]: int(n)}) for n, unit in amounts), timedelta(0))
        except OverflowError:
            return _LONG_AGO
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise MoorageError(
            f"{what} {text!r} is no time; write 90s, 10m, 2h30m, 1d, or as in 2025-01-31T09:30:00Z",
            code="InvalidParameterException",
        ) from None
