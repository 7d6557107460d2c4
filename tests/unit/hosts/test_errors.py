"""Failures that an engine tells in the middle of a report of progress."""

from __future__ import annotations

from typing import get_args

import pytest

from app.hosts.errors import HostError, Kind, checked


@pytest.mark.parametrize("kind", get_args(Kind))
def test_no_answer_is_told_from_a_bad_one(kind: Kind) -> None:
    assert HostError("x", kind).unanswered == (kind in {"unreachable", "timeout"})


def test_a_failure_among_the_frames_is_raised_after_what_came_before_it() -> None:
    frames = checked([{"status": "Importing"}, "no frame", {"error": "no space \x1b[31mleft"}, {"status": "never"}])
    assert next(frames) == {"status": "Importing"}
    with pytest.raises(HostError) as caught:
        next(frames)
    assert (caught.value.kind, caught.value.message) == ("failed", "no space ␛[31mleft")
