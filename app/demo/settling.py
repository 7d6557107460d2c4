"""The demo fleet as it is when it is first seen: engines with images, and what has been running on them for days."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from app.demo import shelves
from app.demo.company import BY_NAME, Voice
from app.demo.deploying import Deployment, Ground, moment_of, nanoseconds
from app.demo.engine.engine import SimulatedEngine
from app.demo.plan import REPORT, Other, Plan, PlannedTask
from app.demo.voices import farewell, line

_PULL_RATE = 22e6
_MOST_OLD_LINES = 20_000
"""Of all containers together: a fleet of ten thousand is to be there soon, too."""
_OLD_LINES_OF_ONE = 150
_STEP_SECONDS = 1.2
_REPORT_TAKES = timedelta(minutes=4)


class _PastClock:
    """The time of all engines while the past is being made; afterwards that of ``clock``. Nanoseconds since 1970."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self.moment: datetime | None = None

    def __call__(self) -> int:
        return self._clock() if self.moment is None else nanoseconds(self.moment)


def settle(plan: Plan, clock: Callable[[], int]) -> list[Ground]:
    """The engines of the plan, with everything on them. Each runs by ``clock``, nanoseconds since 1970."""
    moment = clock()
    images, now, past = shelves.images(moment), moment_of(moment), _PastClock(clock)
    registry = shelves.registry(images, moment)
    grounds = []
    for host in plan.hosts:
        engine = SimulatedEngine(
            host.name,
            cpus=host.cpus,
            memory=host.memory,
            labels={"zone": host.zone},
            clock=past,
            seed=plan.seed,
            registry=registry,
            pull_rate=_PULL_RATE,
            step_seconds=_STEP_SECONDS,
        )
        grounds.append(Ground(host, engine, images))
    rng = random.Random(f"{plan.seed}/settle")
    backlog = min(_OLD_LINES_OF_ONE, _MOST_OLD_LINES // max(len(plan.tasks), 1))
    everything: list[Other | PlannedTask] = [*plan.others, *plan.tasks]
    for what in sorted(everything, key=lambda what: -what.age):
        ground, past.moment = grounds[what.host], now - what.age
        if isinstance(what, Other):
            _run_other(ground, what)
        else:
            _run_task(ground, what, past, now, backlog, rng)
    past.moment = None
    shelves.gather(grounds, images, moment, plan.seed)
    return grounds


def _run_task(
    ground: Ground, task: PlannedTask, past: _PastClock, now: datetime, backlog: int, rng: random.Random
) -> None:
    began = now - task.age
    deployment = Deployment(ground, task, began)
    deployment.announce()
    deployment.pull()
    past.moment = began + timedelta(seconds=rng.uniform(1, 8))
    deployment.create(past.moment)
    for part, name in deployment.containers:
        past.moment += timedelta(seconds=1)
        ground.engine.start(name)
        if part.health_check is not None:
            ground.engine.set_health(name, True)
        voice = BY_NAME[task.family].voices.get(part.name, "plain")
        last, fails = now, False
        if task.family == REPORT:
            last = past.moment + _REPORT_TAKES
            past.moment = last
            fails = ground.host.cluster != "prod"
            ground.engine.exit(name, int(fails))
        _write_backlog(ground.engine, name, voice, last, min(backlog, int(task.age.total_seconds() / 2)), rng)
        if fails:
            said = farewell("the exports of yesterday are not there: nothing to report", last)
            ground.engine.write_log(name, said.text, said.stream, at=nanoseconds(last))


def _run_other(ground: Ground, other: Other) -> None:
    ground.engine.add_image(ground.images[other.image], pulled=True)
    body = {
        "Image": other.image,
        "HostConfig": {"RestartPolicy": {"Name": "always" if other.looping else "unless-stopped"}},
    }
    ground.engine.start(ground.engine.create(body, other.name))


def _write_backlog(
    engine: SimulatedEngine, name: str, voice: Voice, now: datetime, count: int, rng: random.Random
) -> None:
    """The lines of the last minutes, the newest a moment ago."""
    for number in range(count, 0, -1):
        at = now - timedelta(seconds=number * 1.7 + rng.random())
        said = line(voice, rng, at)
        engine.write_log(name, said.text, said.stream, at=nanoseconds(at))
