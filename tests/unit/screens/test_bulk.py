"""One deed for many: a few at a time, one notice, and what could not be done is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.screens.bulk import AT_ONCE, Deed, do_all


class Queue:
    """Jobs that wait until they are let go."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.most = 0

    def run(self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        def job() -> None:
            try:
                result = work()
            except ValueError as error:
                failed(str(error))
            else:
                done(result)

        self.waiting.append(job)
        self.most = max(self.most, len(self.waiting))

    def all(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


def told_of(deeds: list[Deed]) -> tuple[list[tuple[str, bool]], Queue]:
    told: list[tuple[str, bool]] = []
    jobs = Queue()
    do_all(jobs, deeds, lambda words, bad: told.append((words, bad)), "Stopped", "task")  # type: ignore[arg-type]
    jobs.all()
    return told, jobs


def fails() -> None:
    raise ValueError("no answer")


def test_a_thousand_are_done_a_few_at_a_time_and_told_once() -> None:
    over: list[int] = []
    deeds = [Deed(f"t{number}", lambda: None, lambda number=number: over.append(number)) for number in range(1000)]  # type: ignore[misc]
    told, jobs = told_of(deeds)
    assert told == [("Stopped 1000 tasks", False)]
    assert jobs.most == AT_ONCE
    assert len(over) == 1000


def test_one_is_told_by_its_name() -> None:
    assert told_of([Deed("web:7 3f9c", lambda: None)])[0] == [("Stopped web:7 3f9c", False)]


def test_what_could_not_be_done_is_named_within_bounds() -> None:
    deeds = [Deed("good", lambda: None), *(Deed(f"t{number}", fails) for number in range(5))]
    told, _ = told_of(deeds)
    words = "Stopped 1 tasks, 5 not: t0: no answer; t1: no answer; t2: no answer; and 2 more"
    assert told == [(words, True)]
    assert told_of([])[0] == []
