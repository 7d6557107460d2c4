"""What is under way with images: pulls, pushes, copies, removals, builds. Each goes on when its screen is gone.

Events of operations come from their threads, often; here the latest of each instance is kept, and a screen looks as
often as it paints.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from app.model.image_progress import TransferProgress, TransferVerb
from app.model.safe_text import SafeText, safe_line

if TYPE_CHECKING:
    from app.model.build_progress import BuildProgress
    from app.screens.desk import Jobs

W = TypeVar("W", bound="Work")
Outcome = Literal["", "done", "failed", "stopped"]
"""What came of it, "" while it goes on. failed: on one instance at least."""
MOST_KEPT = 30
"""Works that are over and can still be looked at."""
MOST_GOING = 12
KEPT_LINES = 10_000
"""Lines of a build's output."""


class Work:
    """One deed that goes on.

    Attributes:
        what: ``pull nginx:1.28``: the verb and what it is about, safe.
        command: the command that does the same, "" where there is none.
        finished: its thread has come to its end, whether or not the screen has heard of it.
        version: another number whenever something has changed.
    """

    def __init__(self, number: int, verb: TransferVerb, cluster: str, about: str, command: str, now: float) -> None:
        self.number = number
        self.verb: TransferVerb = verb
        self.cluster = cluster
        self.about = safe_line(about)
        self.command = command
        self.began = now
        self.ended: float | None = None
        self.stop = threading.Event()
        self.finished = threading.Event()
        self.outcome: Outcome = ""
        self.problem = SafeText("")
        self.version = 0
        self.lock = threading.Lock()

    @property
    def what(self) -> str:
        return f"{self.verb} {self.about}"

    @property
    def going(self) -> bool:
        return not self.outcome

    @property
    def stoppable(self) -> bool:
        """Can it be broken off, and has nobody done that yet? What is over in a moment cannot."""
        return self.going and self.verb not in ("tag", "remove") and not self.stop.is_set()

    def seconds(self, now: float) -> float:
        """How long it goes on, or has taken."""
        return max((self.ended if self.ended is not None else now) - self.began, 0.0)

    def end(self, outcome: Outcome, problem: str, now: float) -> None:
        self.outcome, self.problem, self.ended = outcome, safe_line(problem), now
        self.version += 1

    def judged(self, result: object) -> tuple[Outcome, str]:
        """What came of it, by what the operation gave back."""
        return "done", ""


class Transfer(Work):
    """A work of which each image on each instance tells how far it is."""

    def __init__(self, number: int, verb: TransferVerb, cluster: str, about: str, command: str, now: float) -> None:
        super().__init__(number, verb, cluster, about, command, now)
        self._latest: dict[tuple[str, str], TransferProgress] = {}
        self.warnings: tuple[str, ...] = ()

    def take(self, progress: TransferProgress) -> None:
        """From any thread."""
        with self.lock:
            self._latest[progress.instance.name, progress.image] = progress
            self.version += 1

    def rows(self) -> list[TransferProgress]:
        """The latest of each, in the order in which they were first told of."""
        with self.lock:
            return list(self._latest.values())

    def judged(self, result: object) -> tuple[Outcome, str]:
        for one in getattr(result, "results", ()):
            self.take(one)
        self.warnings = tuple(getattr(result, "warnings", ()))
        problems = list(getattr(result, "problems", ()))
        problems += [f"{key.name}: {why}" for key, why in getattr(result, "failures", {}).items()]
        rows = self.rows()
        if self.stop.is_set() and any(row.state == "stopped" for row in rows):
            return "stopped", ""
        bad = bool(problems) or any(row.state == "failed" for row in rows)
        return ("failed" if bad else "done"), "; ".join(problems)


class BuildWork(Work):
    """A build: where it is, and what its steps wrote."""

    def __init__(self, number: int, verb: TransferVerb, cluster: str, about: str, command: str, now: float) -> None:
        super().__init__(number, verb, cluster, about, command, now)
        self.progress: BuildProgress | None = None
        self._lines: deque[SafeText] = deque(maxlen=KEPT_LINES)
        self._count = 0
        self.tags: tuple[str, ...] = ()

    def take(self, progress: BuildProgress) -> None:
        """From any thread."""
        with self.lock:
            self.progress = progress
            self._lines.extend(progress.lines)
            self._count += len(progress.lines)
            self.version += 1

    def lines_from(self, number: int) -> tuple[list[SafeText], int]:
        """The lines from one on, as far as they are kept, and the number of the next that comes."""
        with self.lock:
            fresh = min(self._count - number, len(self._lines))
            return ([*self._lines][len(self._lines) - fresh :] if fresh > 0 else []), self._count


class WorkBoard:
    """All that is under way, and what was of late. Touched on the screen's thread only.

    Args:
        clock: seconds that go on.
    """

    def __init__(self, jobs: Jobs, clock: Callable[[], float] = time.monotonic) -> None:
        self._jobs = jobs
        self.clock = clock
        self._works: list[Work] = []
        self._numbers = 0

    @property
    def works(self) -> Sequence[Work]:
        """The newest first."""
        return tuple(reversed(self._works))

    @property
    def going(self) -> list[Work]:
        return [work for work in self._works if work.going]

    @property
    def full(self) -> bool:
        """Is so much under way that nothing more is begun?"""
        return len(self.going) >= MOST_GOING

    def transfer(
        self,
        verb: TransferVerb,
        cluster: str,
        about: str,
        command: str,
        run: Callable[[Transfer], object],
        over: Callable[[Work], None],
    ) -> Transfer:
        """Begin one. ``run`` is called in a thread and may raise MoorageError; ``over`` on the screen's, at the end."""
        work = Transfer(self._number(), verb, cluster, about, command, self.clock())
        self._begin(work, lambda: run(work), over)
        return work

    def build(
        self,
        cluster: str,
        tags: tuple[str, ...],
        command: str,
        run: Callable[[BuildWork], object],
        over: Callable[[Work], None],
    ) -> BuildWork:
        """As ``transfer``."""
        work = BuildWork(self._number(), "build", cluster, tags[0] if tags else "", command, self.clock())
        work.tags = tags
        self._begin(work, lambda: run(work), over)
        return work

    def begin(self, make: Callable[[int], W], run: Callable[[W], object], over: Callable[[Work], None]) -> W:
        """As ``transfer``, of a work that ``make`` makes of its number."""
        work = make(self._number())
        self._begin(work, lambda: run(work), over)
        return work

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _begin(self, work: Work, run: Callable[[], object], over: Callable[[Work], None]) -> None:
        self._works.append(work)
        self._forget()

        def done(result: Any) -> None:
            work.end(*work.judged(result), self.clock())
            over(work)

        def failed(message: str) -> None:
            work.end("stopped" if work.stop.is_set() else "failed", message, self.clock())
            over(work)

        def job() -> object:
            try:
                return run()
            finally:
                work.finished.set()

        self._jobs.run(job, done, failed)

    def _forget(self) -> None:
        old = [work for work in self._works if not work.going]
        for work in old[: max(len(self._works) - MOST_KEPT, 0)]:
            self._works.remove(work)

    def stop_all(self, within: float) -> None:
        """The dashboard goes: whatever goes on is broken off, and has some seconds to leave nothing half-done."""
        going = self.going
        for work in going:
            work.stop.set()
        deadline = time.monotonic() + within
        for work in going:
            work.finished.wait(max(deadline - time.monotonic(), 0))
