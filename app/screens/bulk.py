"""One deed for many things: a few at a time, and one notice at the end instead of one each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.screens.desk import Jobs

AT_ONCE = 16
MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class Deed:
    """``work`` is done in a thread and may raise MoorageError; ``over`` is called on the screen's, whatever came."""

    name: str
    work: Callable[[], object]
    over: Callable[[], None] = lambda: None


@dataclass(slots=True)
class _Outcome:
    left: deque[Deed]
    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def do_all(jobs: Jobs, deeds: Sequence[Deed], told: Callable[[str, bool], None], verb: str, thing: str) -> None:
    """
    Args:
        told: gets one line at the end, and whether something failed.
        verb: as ``Stopped``; ``thing``: as ``task``.
    """
    outcome, wanted = _Outcome(deque(deeds)), len(deeds)

    def finish() -> None:
        if len(outcome.done) + len(outcome.failed) == wanted:
            told(_words(outcome, verb, thing), bool(outcome.failed))

    def begin() -> None:
        if not outcome.left:
            return
        deed = outcome.left.popleft()

        def done(_: object) -> None:
            deed.over()
            outcome.done.append(deed.name)
            begin()
            finish()

        def failed(message: str) -> None:
            deed.over()
            outcome.failed.append(f"{deed.name}: {message}")
            begin()
            finish()

        jobs.run(deed.work, done, failed)

    for _ in range(min(AT_ONCE, wanted)):
        begin()


def _words(outcome: _Outcome, verb: str, thing: str) -> str:
    if not outcome.failed:
        return f"{verb} {outcome.done[0] if len(outcome.done) == 1 else f'{len(outcome.done)} {thing}s'}"
    more = f"; and {len(outcome.failed) - MOST_TOLD} more" if len(outcome.failed) > MOST_TOLD else ""
    head = f"{verb} {len(outcome.done)} {thing}s, " if outcome.done else ""
    return f"{head}{len(outcome.failed)} not: {'; '.join(outcome.failed[:MOST_TOLD])}{more}"
