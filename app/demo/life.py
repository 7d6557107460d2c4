"""What goes on in the demo fleet while somebody looks: lines, loads, releases, and now and then some trouble.

Everything is an appointment of an engine (``SimulatedEngine.after``), so all of it follows the clock and the seed.
"""

from __future__ import annotations

import contextlib
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

from app.demo.churn import Churn
from app.demo.company import BY_NAME
from app.demo.deploying import Deployment, Ground, moment_of
from app.demo.engine.refused import Refused
from app.demo.host_life import HostLife, Trouble
from app.demo.plan import Plan, PlannedTask

_LINES_A_SECOND = 60.0
"""Of the whole fleet, at most."""
_RELEASED = ("storefront", "catalog", "orders-worker", "accounts")
_RELEASE_EVERY = 45.0
_PULL_SECONDS = (4.0, 12.0)
_MOST_RELEASED = 10
_FLAP_EVERY, _FLAP_SECONDS = (150.0, 260.0), 50.0
_AWAY_FIRST, _AWAY_EVERY, _AWAY_SECONDS = 90.0, 420.0, 45.0


class Reachable(Protocol):
    """A served engine, as far as it can be made to hang."""

    def freeze(self) -> None: ...

    def thaw(self) -> None: ...


class Life:
    """The life of one fleet. ``served``: by place in ``grounds``; with none no host ever hangs.

    ``events_a_second``: how many more events there are to be than the fleet has by itself.
    """

    def __init__(
        self,
        plan: Plan,
        grounds: Sequence[Ground],
        clock: Callable[[], int],
        served: Sequence[Reachable] = (),
        events_a_second: float = 0.0,
    ) -> None:
        self._grounds = grounds
        self._clock = clock
        self._served = served
        self._rng = random.Random(f"{plan.seed}/life")
        self._checked = [
            (grounds[task.host], task) for task in plan.tasks if task.family in ("catalog", "accounts", "checkout")
        ]
        self._released: deque[tuple[Deployment, Ground]] = deque()
        lines, rate, troubles = _LINES_A_SECOND / len(grounds), events_a_second / len(grounds), troubles_of(plan)
        self._hosts: list[HostLife | Churn] = []
        for place, ground in enumerate(grounds):
            chance = random.Random(f"{plan.seed}/{place}")
            self._hosts += [HostLife(ground, clock, chance, lines, troubles), Churn(ground, chance, rate)]
        # Its appointments are those of the fleet.
        self._after = grounds[0].engine.after

    def begin(self) -> None:
        """From here on things happen."""
        for host in self._hosts:
            host.begin()
        self._after(self._rng.uniform(8, 15), self._release)
        if self._checked:
            self._after(self._rng.uniform(20, 40), self._flap)
        if len(self._served) > 1:
            self._after(_AWAY_FIRST, self._go_away)

    # --- releases --------------------------------------------------------------------------------------------------

    def _release(self) -> None:
        """The pipeline starts one more task of a family, and stops the one that it started ten releases ago."""
        self._after(_RELEASE_EVERY * self._rng.uniform(0.7, 1.4), self._release)
        ground, name = self._rng.choice(self._grounds), self._rng.choice(_RELEASED)
        if ground.host.cluster == "edge":
            name = "sensor-ingest"
        task_id = f"{self._rng.getrandbits(128):032x}"
        task = PlannedTask(task_id, 0, name, len(BY_NAME[name].documents), timedelta(), "ci")
        deployment = Deployment(ground, task, moment_of(self._clock()))
        deployment.announce()
        ground.engine.after(self._rng.uniform(*_PULL_SECONDS), partial(self._launch, deployment, ground))

    def _launch(self, deployment: Deployment, ground: Ground) -> None:
        now = moment_of(self._clock())
        try:
            deployment.pull()
            deployment.create(now)
            deployment.start()
        except Refused as refused:
            deployment.mark_failed(now, str(refused))
            return
        self._released.append((deployment, ground))
        if len(self._released) > _MOST_RELEASED:
            old, _ = self._released.popleft()
            old.mark_stopped(now, "replaced by a newer release", "ci")
            with contextlib.suppress(Refused):  # somebody has stopped or removed it already
                old.stop()

    # --- trouble that passes ---------------------------------------------------------------------------------------

    def _flap(self) -> None:
        """A service fails its checks for a while."""
        self._after(self._rng.uniform(*_FLAP_EVERY), self._flap)
        ground, task = self._rng.choice(self._checked)
        name = Deployment.name_of(task, "app")
        with contextlib.suppress(Refused):
            ground.engine.set_health(name, False, "wget: server returned error: HTTP/1.1 503 Service Unavailable")
            ground.engine.after(_FLAP_SECONDS, partial(self._heal, ground, name))

    def _heal(self, ground: Ground, name: str) -> None:
        with contextlib.suppress(Refused):
            ground.engine.set_health(name, True)

    def _go_away(self) -> None:
        """A host hangs: it takes connections, and answers nothing."""
        self._after(_AWAY_EVERY, self._go_away)
        # Not the first, whose appointments these are.
        served = self._served[self._rng.randrange(1, len(self._served))]
        served.freeze()
        self._after(_AWAY_SECONDS, served.thaw)


def troubles_of(plan: Plan) -> Mapping[str, Trouble]:
    """What goes wrong by itself, by the name of the container: the first of its kind in the plan."""
    found: dict[str, Trouble] = {other.name: "looping" for other in plan.others if other.looping}
    kinds: tuple[tuple[str, str, Trouble], ...] = (
        ("image-resizer", "worker", "hungry"),
        ("recommender", "app", "failing"),
    )
    for family, container, trouble in kinds:
        newest = len(BY_NAME[family].documents)
        task = next((task for task in plan.tasks if (task.family, task.revision) == (family, newest)), None)
        if task is not None:
            found[Deployment.name_of(task, container)] = trouble
    return found
