"""Bursts are counted by the second, and what was heard minutes ago is not remembered for it."""

from __future__ import annotations

from app.operations.bursts import KEPT_EACH, Bursts


def test_what_is_beyond_the_first_few_of_a_second_is_counted() -> None:
    bursts = Bursts()
    assert [bursts.beyond("c1", "died", 7) for _ in range(KEPT_EACH + 2)] == [0] * KEPT_EACH + [1, 2]
    assert bursts.beyond("c1", "died", 8) == 0


def test_containers_that_come_and_go_leave_nothing_behind() -> None:
    bursts = Bursts()
    for second in range(2000):
        for what in ("created", "started", "died", "removed"):
            bursts.beyond(f"c{second}", what, second)
        assert len(bursts) <= 300


def test_a_second_in_which_thousands_die_is_counted_right() -> None:
    bursts = Bursts()
    for number in range(5000):
        for turn in range(KEPT_EACH + 1):
            assert bursts.beyond(f"c{number}", "died", 7) == (0 if turn < KEPT_EACH else 1)
    for second in range(9, 309):
        bursts.beyond("other", f"{second}", second)
    for second in range(309, 12_000):
        bursts.beyond("other", f"{second}", second)
    assert len(bursts) <= 300
