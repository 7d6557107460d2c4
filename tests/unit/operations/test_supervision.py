"""Who looks after tasks for weeks remembers those of the last seconds, not all that ever were."""

from __future__ import annotations

from app.operations.supervision import Rests


def test_a_task_rests_for_a_while() -> None:
    now = 100.0
    rests = Rests(5, lambda: now)

    rests.begin("a")

    assert "a" in rests
    assert "b" not in rests
    now += 5
    assert "a" not in rests


def test_what_has_rested_is_not_remembered() -> None:
    now = 100.0
    rests = Rests(5, lambda: now)

    for number in range(1000):
        rests.begin(f"task-{number}")
        now += 1

    assert len(rests) == 5
    assert "task-999" in rests
    assert "task-990" not in rests
