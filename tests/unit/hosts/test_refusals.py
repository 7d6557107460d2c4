from __future__ import annotations

import threading

import pytest

from app.hosts.errors import HostError
from app.hosts.images.refusals import HOLDS, Refusals
from tests.engine_bed.waiting import wait_until

NO = "no basic auth credentials"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Registry:
    """``answers``: what it says to each who asks, the last one from then on; "" lets in."""

    def __init__(self, *answers: str) -> None:
        self.clock = Clock()
        self.asked = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._answers = answers
        self._refusals = Refusals(self.clock)

    def ask(self, key: str = "web:7") -> str:
        """ "" when it was let in."""
        try:
            with self._refusals.asking(key):
                self.asked += 1
                answer = self._answers[min(self.asked, len(self._answers)) - 1]
                self.may_answer.wait(30)
                if answer:
                    raise HostError(answer, "failed")
        except HostError as error:
            return error.message
        return ""

    def ask_at_once(self, count: int) -> list[str]:
        """So many while the first one is still asking."""
        self.may_answer.clear()
        told: list[str] = []
        threads = [threading.Thread(target=lambda: told.append(self.ask())) for _ in range(count)]
        threads[0].start()
        wait_until(lambda: self.asked == 1)
        for thread in threads[1:]:
            thread.start()
        self.may_answer.set()
        for thread in threads:
            thread.join(30)
        return told


def test_ten_at_once_ask_once_where_the_first_is_refused() -> None:
    registry = Registry(NO)
    assert registry.ask_at_once(10) == [NO] * 10
    assert registry.asked == 1


def test_all_ask_where_the_first_is_let_in() -> None:
    registry = Registry("")
    assert registry.ask_at_once(5) == [""] * 5
    assert registry.asked == 5


def test_all_ask_where_the_first_has_another_trouble() -> None:
    registry = Registry("connection refused", "")
    assert sorted(registry.ask_at_once(3)) == ["", "", "connection refused"]
    assert registry.asked == 3


def test_a_refusal_counts_for_a_while_and_for_the_same_question_alone() -> None:
    registry = Registry(NO)
    assert registry.ask() == NO
    registry.clock.now += HOLDS - 1
    assert registry.ask() == NO
    assert registry.asked == 1
    registry.ask("web:8")
    assert registry.asked == 2
    registry.clock.now += 2
    registry.ask()
    assert registry.asked == 3


def test_what_was_refused_long_ago_is_not_kept() -> None:
    registry = Registry(NO)
    for number in range(50):
        registry.ask(f"web:{number}")
    registry.clock.now += HOLDS + 1
    registry.ask()
    assert len(registry._refusals._asked) == 1


def test_one_that_is_broken_off_lets_others_ask() -> None:
    refusals = Refusals()
    with pytest.raises(KeyboardInterrupt), refusals.asking("web"):
        raise KeyboardInterrupt
    asked = []
    with refusals.asking("web"):
        asked.append(1)
    assert asked == [1]
