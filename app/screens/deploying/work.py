"""A deploy that is under way: where each step is, and what it tells. It goes on when its screen is gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.model.deployment import DeployProgress, DeployState, DeployStep
from app.model.safe_text import SafeText
from app.screens.images.works import KEPT_LINES, Outcome, Work

if TYPE_CHECKING:
    from app.model.build_progress import BuildProgress
    from app.model.image_progress import TransferProgress
    from app.model.progress import Progress
    from app.operations.deploying.outcome import Deployed
    from app.operations.deploying.planning import DeployPlan


@dataclass(slots=True)
class StepNow:
    """One step as it is now.

    Attributes:
        began, ended: seconds of the board's clock; None for not yet.
        lines: what a build has written, the last KEPT_LINES; ``written``: how many there were in all.
        transfers: the latest of each instance; ``launches``: of each task.
    """

    step: DeployStep
    state: DeployState = "waiting"
    detail: SafeText = SafeText("")
    began: float | None = None
    ended: float | None = None
    build: BuildProgress | None = None
    lines: deque[SafeText] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    written: int = 0
    transfers: dict[str, TransferProgress] = field(default_factory=dict)
    launches: dict[str, Progress] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        return self.state not in ("waiting", "working")

    def seconds(self, now: float) -> float | None:
        """How long it goes on, or has taken; None when it has not begun."""
        return None if self.began is None else (self.ended if self.ended is not None else now) - self.began


class DeployWork(Work):
    """``deployed``: what is done so far, read once it is over."""

    def __init__(self, number: int, plan: DeployPlan, command: str, clock: Callable[[], float]) -> None:
        super().__init__(number, "deploy", plan.cluster.name, plan.definition, command, clock())
        self.plan = plan
        self.deployed: Deployed | None = None
        self._clock = clock
        self._steps = {step: StepNow(step) for step in plan.steps}

    def take(self, progress: DeployProgress) -> None:
        """From any thread."""
        with self.lock:
            now = self._steps.setdefault(progress.step, StepNow(progress.step))
            if not _inner(progress) or now.state == "waiting":
                self._turn(now, progress)
            if progress.build is not None:
                now.build = progress.build
                now.lines.extend(progress.build.lines)
                now.written += len(progress.build.lines)
            if progress.transfer is not None:
                now.transfers[progress.transfer.instance.name] = progress.transfer
            if progress.launch is not None and progress.launch.step != "warning":
                now.launches[progress.launch.task_id] = progress.launch
            self.version += 1

    def _turn(self, now: StepNow, progress: DeployProgress) -> None:
        time = self._clock()
        now.state, now.detail = progress.state, progress.detail or now.detail
        now.began = time if now.began is None else now.began
        now.ended = time if now.over else None

    def steps(self) -> list[StepNow]:
        """In the order of the plan."""
        with self.lock:
            return list(self._steps.values())

    def lines_from(self, step: StepNow, number: int) -> tuple[list[SafeText], int]:
        """What it has written from a line on, as far as it is kept, and the number of the line that comes next."""
        with self.lock:
            fresh = min(step.written - number, len(step.lines))
            return ([*step.lines][len(step.lines) - fresh :] if fresh > 0 else []), step.written

    @property
    def current(self) -> StepNow | None:
        """The step that goes on, or went last."""
        begun = [step for step in self.steps() if step.began is not None]
        working = [step for step in begun if step.state == "working"]
        return next(iter(working), begun[-1] if begun else None)

    def judged(self, result: object) -> tuple[Outcome, str]:
        self.deployed = result  # type: ignore[assignment]
        failure = getattr(result, "failure", None)
        if failure is None:
            return "done", ""
        return ("stopped" if failure.stopped else "failed"), f"{failure.step.name}: {failure.why}"


def _inner(progress: DeployProgress) -> bool:
    """Does it tell of what goes on in a step, and not of the step itself?"""
    return progress.build is not None or progress.transfer is not None or progress.launch is not None
