"""More events than the demo fleet has by itself: short jobs that come and go, and health checks that waver."""

from __future__ import annotations

import contextlib
import random
from functools import partial

from app.demo.deploying import Ground
from app.demo.engine.images import Image
from app.demo.engine.layers import layers_of
from app.demo.engine.refused import Refused

_JOB = Image("ci-runner:latest", command=("run",), layers=layers_of("ci-runner", (41_000_000,)))
_EVENTS_OF_A_JOB = 4
"""It is created and started, dies, and is removed."""
_MOST_WAVERING = 3
_JOB_SECONDS = (0.5, 3.0)


class Churn:
    """On one host, ``rate`` events a second."""

    def __init__(self, ground: Ground, rng: random.Random, rate: float) -> None:
        self._engine = ground.engine
        self._rng = rng
        self._rate = rate
        self._number = 0
        self._checked: list[str] = []
        self._failing: set[str] = set()

    def begin(self) -> None:
        if self._rate <= 0:
            return
        self._engine.add_image(_JOB)
        for container in self._engine.running():
            if len(self._checked) < _MOST_WAVERING and self._engine.find(container).health is not None:
                self._checked.append(container)
        self._job_later()
        if self._checked:
            self._engine.after(self._rng.expovariate(self._rate / 4), self._waver)

    def _job_later(self) -> None:
        part = 0.75 if self._checked else 1.0
        self._engine.after(self._rng.expovariate(self._rate * part / _EVENTS_OF_A_JOB), self._job)

    def _job(self) -> None:
        self._number += 1
        made = self._engine.create({"Image": _JOB.reference}, f"job-{self._number}")
        self._engine.start(made)
        self._engine.after(self._rng.uniform(*_JOB_SECONDS), partial(self._end, made))
        self._job_later()

    def _end(self, job: str) -> None:
        with contextlib.suppress(Refused):  # somebody was quicker
            self._engine.exit(job, 0)
            self._engine.remove(job, force=True)

    def _waver(self) -> None:
        container = self._rng.choice(self._checked)
        with contextlib.suppress(Refused):
            self._engine.set_health(container, container in self._failing)
        self._failing ^= {container}
        self._engine.after(self._rng.expovariate(self._rate / 4), self._waver)
