"""When what screens leave behind is taken away; that it is gone then is tested in tests/tui/screens/test_tidying.py."""

from __future__ import annotations

from itertools import pairwise

from app.screens.tidying import CALM, EVERY, LONG_CALM, LONGEST_RUSH, MOST_SET_ASIDE, SETTLED_AFTER, Tidier


class Desk:
    """A clock, and notes of what was done when."""

    def __init__(self) -> None:
        self.now = 100.0
        self.done: list[tuple[float, str]] = []
        self.tidier = Tidier(
            lambda: self.now,
            lambda: self._do("collect"),
            lambda: self._do("young"),
            lambda: self._do("freeze"),
            lambda: self._do("unfreeze"),
        )

    @property
    def deeds(self) -> list[str]:
        return [what for _, what in self.done]

    def _do(self, what: str) -> None:
        self.done.append((self.now - 100, what))

    def tick(self, after: float = 1.0) -> None:
        self.now += after
        self.tidier.tick()


def test_what_is_there_once_all_has_settled_is_not_looked_through_again() -> None:
    desk = Desk()
    for _ in range(10):
        desk.tick()
    assert desk.done == [(SETTLED_AFTER, "collect"), (SETTLED_AFTER, "freeze")]


def test_each_screen_that_is_left_is_tidied_away_but_not_all_the_time() -> None:
    desk = Desk()
    for _ in range(5):
        desk.tick()
    desk.done.clear()
    desk.tidier.typed()
    for _ in range(6):
        desk.tidier.screen_left()
        desk.tick()
    assert desk.deeds == ["collect", "freeze"] * 3
    times = [at for at, what in desk.done if what == "collect"]
    assert all(later - sooner >= EVERY for sooner, later in pairwise(times))


def test_a_screen_that_was_left_too_soon_after_the_last_is_not_forgotten() -> None:
    desk = Desk()
    desk.tick(SETTLED_AFTER)
    desk.tidier.screen_left()
    desk.tick(0.5)
    desk.tick(EVERY)
    assert desk.deeds == ["collect", "freeze"] * 2


def test_while_somebody_types_only_what_is_young_is_looked_through() -> None:
    desk = Desk()
    desk.tick(SETTLED_AFTER)
    desk.done.clear()
    for _ in range(2):
        desk.tidier.screen_left()
        desk.tidier.typed()
        desk.tick(CALM / 2)
        desk.tidier.typed()
        desk.tick(EVERY - CALM / 2 - 0.1)
        desk.tidier.typed()
        desk.tick(0.1)
    assert desk.deeds == ["young"] * 2
    desk.tick(EVERY)
    desk.tick(EVERY)
    assert desk.deeds == ["young"] * 2 + ["collect", "freeze"]


def test_what_was_left_after_it_was_set_aside_is_looked_for_once_in_a_long_calm() -> None:
    desk = Desk()
    desk.tick(SETTLED_AFTER)
    desk.tidier.screen_left()
    desk.tidier.typed()
    desk.tick(EVERY)
    desk.done.clear()
    desk.tick(LONG_CALM - EVERY - 0.1)
    assert desk.deeds == [], "not yet"
    desk.tick(0.1)
    assert desk.deeds == ["unfreeze", "collect", "freeze"]
    desk.tick(LONG_CALM)
    assert desk.deeds == ["unfreeze", "collect", "freeze"], "there is nothing more to find"


def test_who_never_rests_long_does_not_keep_all_that_was_left() -> None:
    desk = Desk()
    desk.tick(SETTLED_AFTER)
    for _ in range(MOST_SET_ASIDE):
        desk.tidier.screen_left()
        desk.tidier.typed()
        desk.tick(EVERY)
    assert desk.deeds.count("unfreeze") == 1
    assert desk.deeds[-3:] == ["unfreeze", "collect", "freeze"]


def test_who_never_rests_at_all_has_what_is_there_set_aside_in_small_parts() -> None:
    """Else Python looks for garbage by itself, through everything at once, and keys wait for a second."""
    desk = Desk()
    desk.tick(SETTLED_AFTER)
    desk.done.clear()
    for _ in range(int(4 * LONGEST_RUSH / CALM * 2)):
        desk.tidier.screen_left()
        desk.tidier.typed()
        desk.tick(CALM / 2)
    set_aside = [at for at, what in desk.done if what == "freeze"]
    assert len(set_aside) > 2
    assert all(LONGEST_RUSH <= later - sooner <= LONGEST_RUSH + EVERY for sooner, later in pairwise(set_aside))
    assert not {"unfreeze", "collect"} & set(desk.deeds), "to look through everything waits for a calm"
    desk.tick(LONG_CALM)
    assert desk.deeds[-3:] == ["unfreeze", "collect", "freeze"]
