"""The progress of a deploy on stderr: a line when a step begins and one when it ends, and its own progress between."""

from __future__ import annotations

import threading
import time
from typing import TextIO

from app.cli.build_progress import BuildPrinter
from app.cli.outcome import complain
from app.cli.progress import ProgressPrinter
from app.cli.tasks import left_behind
from app.cli.transfer_progress import TransferPrinter
from app.model.deployment import DeployProgress, DeployStep
from app.operations.deploying.outcome import Deployed, DeployFailure
from app.operations.deploying.planning import DeployPlan


class DeployPrinter:
    """``tell`` may be called from any thread. What a launch, a build or a transfer tells goes to its own printer."""

    def __init__(self, stream: TextIO, plan: DeployPlan) -> None:
        self._stream = stream
        self._plan = plan
        self._launches = ProgressPrinter(stream)
        self._inner: BuildPrinter | TransferPrinter | None = None
        self._began: dict[DeployStep, float] = {}
        self._lock = threading.RLock()

    def tell(self, progress: DeployProgress) -> None:
        with self._lock:
            if progress.launch is not None:
                self._launches.tell(progress.launch)
            elif progress.build is not None:
                if not isinstance(self._inner, BuildPrinter):
                    self._inner = BuildPrinter(self._stream)
                self._inner.tell(progress.build)
            elif progress.transfer is not None:
                if not isinstance(self._inner, TransferPrinter):
                    self._inner = TransferPrinter(self._stream)
                self._inner.tell(progress.transfer)
            else:
                self._close_inner()
                self._told(progress)

    def close(self) -> None:
        """Take away what is drawn in place."""
        with self._lock:
            self._close_inner()
            self._launches.close()

    def failed_words(self, failure: DeployFailure) -> str:
        return f"{self._number(failure.step)}{failure.step.name}: {failure.why}"

    def left(self, deployed: Deployed) -> list[str]:
        """What an interrupted deploy leaves, in lines."""
        self.close()
        step = [f"it was at {self._name(deployed.at)}"] if deployed.at is not None else []
        return [*step, *left_behind(self._launches, self._plan.cluster.name), *deployed.left()]

    def _close_inner(self) -> None:
        if self._inner is not None:
            self._inner.close()
            self._inner = None

    def _told(self, progress: DeployProgress) -> None:
        step, name = progress.step, self._name(progress.step)
        if progress.state == "working":
            if step not in self._began:
                self._began[step] = time.monotonic()
                complain(f"{name}")
        elif progress.state in ("done", "nothing"):
            self._launches.close()
            took = time.monotonic() - self._began.get(step, time.monotonic())
            seconds = f" ({took:.1f} s)" if took >= 1 else ""
            complain(f"  {progress.detail}{seconds}" if step in self._began else f"{name}: {progress.detail}")

    def _name(self, step: DeployStep) -> str:
        return f"{self._number(step)}{step.words}"

    def _number(self, step: DeployStep) -> str:
        steps = self._plan.steps
        return f"{steps.index(step) + 1}/{len(steps)} " if step in steps else ""
