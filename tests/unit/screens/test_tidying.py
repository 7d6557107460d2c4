"""When what screens leave behind is taken away; that it is gone then is tested in tests/tui/screens/test_tidying.py."""

from __future__ import annotations

from app.screens.tidying import CALM, EVERY, SETTLED_AFTER, Tidier


class Desk:
    """A clock, and notes of what was done when."""

    def __init__(self) -> None:
        self.now = 100.0
        self.done: list[tuple[float, str]] = []
        self.tidier = Tidier(
            lambda: self.now, lambda: self._do("collect"), lambda: self._do("young"), lambda: self._do("freeze")
        )

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
    for _ in range(6):
        desk.tidier.screen_left()
        desk.tick()
    assert [what for _, what in desk.done] == ["collect"] * 3
    assert all(later - sooner >= EVERY for (sooner, _), (later, _) in zip(desk.done, desk.done[1:], strict=False))


def test_a_screen_that_was_left_too_soon_after_the_last_is_not_forgotten() -> None:
    desk = Desk()
    desk.tick(SETTLED_AFTER)
    desk.tidier.screen_left()
    desk.tick(0.5)
    desk.tick(EVERY)
    assert [what for _, what in desk.done] == ["collect", "freeze", "collect"]


def test_while_somebody_types_only_what_is_young_is_looked_through() -> None:
    desk = Desk()
    desk.tick(SETTLED_AFTER)
    desk.done.clear()
    for _ in range(3):
        desk.tidier.screen_left()
        desk.tidier.typed()
        desk.tick(CALM / 2)
        desk.tidier.typed()
        desk.tick(EVERY - CALM / 2 - 0.1)
        desk.tidier.typed()
        desk.tick(0.1)
    assert [what for _, what in desk.done] == ["young"] * 3
    desk.tick(EVERY)
    desk.tick(EVERY)
    assert [what for _, what in desk.done] == ["young"] * 3 + ["collect"]
