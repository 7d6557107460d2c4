"""What expressions compare: texts, whole numbers, versions, moments and patterns (design: ECS semantics 5.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from app.placement.patterns import Pattern

Version = tuple[int, ...]
Value = str | int | Version | datetime | Pattern

WANTED = {
    "agentVersion": "a version, as 28.5.2",
    "registeredAt": "a date, as 2026-01-31, or a time, as 2026-01-31T09:30:00Z",
    "runningTasksCount": "a whole number",
}
"""What a subject is compared with, in words; all others with any text."""

_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,9}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


def version(text: str, *, whole: bool = False) -> Version | None:
    """``28.5.0-ce`` → (28, 5), as 28.5 is the same; None where none stands, or more than a ``whole`` one."""
    match = _VERSION.fullmatch(text) if whole else _VERSION.match(text)
    if match is None:
        return None
    numbers = [int(number) for number in match.group().split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def whole_number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def moment(text: str) -> datetime | None:
    """A date alone is its first moment, and a time without a zone is in UTC; None for anything else."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
