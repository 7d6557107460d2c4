"""What the answer of an engine tells of its clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.hosts.clock import clock_offset

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
SECONDS = st.floats(0, 100).map(lambda seconds: timedelta(seconds=seconds))


def told(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@given(SECONDS, SECONDS)
def test_a_slow_answer_moves_no_clock(before: timedelta, after: timedelta) -> None:
    assert clock_offset(told(NOW), NOW - before, NOW + after) == timedelta(0)


@given(SECONDS, SECONDS, st.floats(-1e6, 1e6).map(lambda seconds: timedelta(seconds=seconds)))
def test_the_guess_is_wrong_by_half_of_what_the_answer_took(
    before: timedelta, after: timedelta, offset: timedelta
) -> None:
    found = clock_offset(told(NOW + offset), NOW - before, NOW + after)
    longest = max(before, after) if found == timedelta(0) else (before + after) / 2
    assert abs(found - offset) <= longest + timedelta(microseconds=2)


def test_what_cannot_be_read_is_our_time() -> None:
    assert clock_offset("yesterday", NOW, NOW) == timedelta(0)
