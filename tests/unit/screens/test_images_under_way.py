"""What is under way with images: the latest of each instance, how it ends, and that none of it grows without end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from app.model.build_progress import BuildProgress
from app.model.image_progress import TransferProgress, TransferState
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText
from app.screens.images import works
from app.screens.images.beginning import end_words
from app.screens.images.works import MOST_GOING, MOST_KEPT, BuildWork, Transfer, WorkBoard

EDGES = [InstanceKey("prod", f"edge-{number}") for number in (1, 2, 3)]


class Queue:
    """Jobs that wait until they are let go."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def run(self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        def job() -> None:
            try:
                result = work()
            except ValueError as error:
                failed(str(error))
            else:
                done(result)

        self.waiting.append(job)

    def all(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


@dataclass
class Result:
    results: tuple[TransferProgress, ...]
    warnings: tuple[str, ...] = ()


def told(place: int, state: TransferState, detail: str = "") -> TransferProgress:
    return TransferProgress("pull", SafeText("nginx:1.28"), EDGES[place], state, SafeText(detail))


def board() -> tuple[WorkBoard, Queue]:
    jobs = Queue()
    return WorkBoard(jobs, lambda: 5.0), jobs  # type: ignore[arg-type]


def pull(
    found: WorkBoard, run: Callable[[Transfer], object], over: Callable[[object], None] = lambda _: None
) -> Transfer:
    return found.transfer("pull", "prod", "nginx:1.28", "moorage pull", run, over)


def test_the_latest_event_of_each_instance_counts_and_the_first_says_where_it_stands() -> None:
    work = Transfer(1, "pull", "prod", "nginx:1.28", "", 0.0)
    for progress in (told(0, "waiting"), told(1, "waiting"), told(0, "working"), told(0, "done")):
        work.take(progress)
    assert [(row.instance.name, row.state) for row in work.rows()] == [("edge-1", "done"), ("edge-2", "waiting")]


@pytest.mark.parametrize(
    ("states", "outcome", "words"),
    [
        (["done", "present"], "done", "Pulled nginx:1.28 on 2 instances"),
        (["done", "failed"], "failed", "Pulled nginx:1.28 on 1 instance; 1 not: edge-2: why"),
        (["failed"], "failed", "pull nginx:1.28: edge-1: why"),
        (["failed", "failed", "failed"], "failed", "pull nginx:1.28: edge-1: why; edge-2: why; and 1 more"),
    ],
)
def test_how_it_ended_is_told_in_a_line(states: list[TransferState], outcome: str, words: str) -> None:
    found, jobs = board()
    ended: list[object] = []
    results = tuple(told(place, state, "why") for place, state in enumerate(states))
    work = pull(found, lambda _: Result(results), ended.append)
    assert work.going
    jobs.all()
    assert (work.outcome, end_words(work)) == (outcome, words)
    assert ended == [work]
    assert work.finished.is_set()


def test_what_is_refused_before_anything_was_done_is_told_too() -> None:
    found, jobs = board()

    def refuse(_: Transfer) -> object:
        raise ValueError("no such image")

    work = pull(found, refuse)
    jobs.all()
    assert (work.outcome, end_words(work)) == ("failed", "pull nginx:1.28: no such image")


def test_what_a_person_breaks_off_is_stopped_and_no_failure() -> None:
    found, jobs = board()

    def run(work: Transfer) -> object:
        work.stop.set()
        return Result((told(0, "stopped"), told(1, "done")))

    work = pull(found, run)
    jobs.all()
    assert (work.outcome, end_words(work)) == ("stopped", "Stopped: pull nginx:1.28")


def test_those_that_are_over_are_forgotten_and_none_that_goes_on() -> None:
    found, jobs = board()
    first = pull(found, lambda _: Result(()))
    for _ in range(MOST_KEPT + 5):
        pull(found, lambda _: Result(()))
        jobs.waiting[-1]()
        del jobs.waiting[-1]
    assert len(found.works) == MOST_KEPT
    assert found.works[-1] is first
    assert found.going == [first]


def test_so_much_goes_on_at_a_time_and_no_more() -> None:
    found, _ = board()
    for _ in range(MOST_GOING):
        assert not found.full
        pull(found, lambda _: Result(()))
    assert found.full


def test_whoever_quits_breaks_off_what_goes_on() -> None:
    found, jobs = board()
    over, going = pull(found, lambda _: Result(())), pull(found, lambda _: Result(()))
    jobs.waiting.pop(0)()
    found.stop_all(0.0)
    assert not over.stop.is_set()
    assert going.stop.is_set()


def test_lines_of_a_build_come_once_each_and_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(works, "KEPT_LINES", 4)
    work = BuildWork(1, "build", "prod", "web:8", "", 0.0)
    event = BuildProgress(EDGES[0], SafeText("web:8"), "building")
    work.take(replace(event, lines=(SafeText("a"), SafeText("b"))))
    assert work.lines_from(0) == (["a", "b"], 2)
    work.take(replace(event, lines=(SafeText("c"),)))
    assert work.lines_from(2) == (["c"], 3)
    assert work.lines_from(3) == ([], 3)
    work.take(replace(event, lines=tuple(map(SafeText, "defgh"))))
    assert work.lines_from(3) == (["e", "f", "g", "h"], 8)
