"""Moments as Docker writes and reads them; here they are nanoseconds since 1970. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

SECOND = 10**9
NEVER = "0001-01-01T00:00:00Z"
_STAMP = re.compile(r"(\d+)(?:\.(\d{1,9})\d*)?")
_FRACTION = re.compile(r"\.(\d{1,9})\d*")


def written(moment: int | None) -> str:
    """RFC 3339 with nine digits; None: Docker's zero time."""
    if moment is None:
        return NEVER
    seconds, nanos = divmod(moment, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanos:09d}Z"


def read(text: str) -> int | None:
    """``1700000000.000000001`` or RFC 3339 → nanoseconds; None for "", 0 and what is no moment."""
    match = _STAMP.fullmatch(text)
    if match:
        return int(match[1]) * SECOND + _nanos(match[2]) or None
    # To the nanosecond, of which datetime knows nothing.
    fraction = _FRACTION.search(text)
    try:
        moment = datetime.fromisoformat(_FRACTION.sub("", text, count=1)) if text else None
    except ValueError:
        moment = None
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * SECOND + _nanos(fraction[1] if fraction else "")


def _nanos(digits: str | None) -> int:
    return int((digits or "").ljust(9, "0"))


def ago(passed: int) -> str:
    """How long, as ``docker ps`` has it: ``5 seconds``, ``About a minute``, ``3 weeks``."""
    seconds = passed / SECOND
    minutes, hours = int(seconds // 60), int(seconds / 3600 + 0.5)
    days = hours // 24
    few = (
        (seconds < 1, "Less than a second"),
        (int(seconds) == 1, "1 second"),
        (seconds < 60, f"{int(seconds)} seconds"),
        (minutes == 1, "About a minute"),
        (minutes < 60, f"{minutes} minutes"),
        (hours == 1, "About an hour"),
        (hours < 48, f"{hours} hours"),
        (days < 14, f"{days} days"),
        (days < 60, f"{days // 7} weeks"),
        (days < 730, f"{days // 30} months"),
    )
    return next((words for fits, words in few if fits), f"{days // 365} years")
