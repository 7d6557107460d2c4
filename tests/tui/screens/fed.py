"""A dashboard that stands still, and is told what containers use as if engines had answered."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from app.hosts.sampler_round import Told
from app.hosts.stats import Counters
from app.screens.dashboard import Dashboard

MIB = 1 << 20


class Fed:
    """A dashboard that stands still, and answers as if engines had given them; the feed's clock stands, too."""

    def __init__(self, app: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
        self.app = app
        self.feed = app.desk.stats
        self.now = 1000.0
        self.feed.clock = lambda: self.now
        self.wanted: dict[str, float] = {}
        monkeypatch.setattr(self.feed, "want", self._want)

    def _want(self, state: object, containers: list[str], every: float = 2.0) -> None:
        for id_ in containers:
            self.wanted[id_] = min(every, self.wanted.get(id_, every))

    def ids(self) -> Mapping[str, str]:
        fleet = self.app.desk.fleet
        found: dict[str, str] = {}
        for state in fleet.instances.values():
            for container in state.containers.values():
                name = str(container.tag.container if container.tag else container.name)
                found.setdefault(name, container.id)
        return found

    def tell(self, name: str, memory: int, percents: list[float], every: float = 2.0) -> None:
        """Answers, one every two seconds until now, with this CPU between them."""
        id_, worked = self.ids()[name], 0.0
        moments = [self.now - 2.0 * (len(percents) - place) for place in range(len(percents) + 1)]
        for place, moment in enumerate(moments):
            counters = Counters(
                at=moment,
                cpu=round(worked),
                system=round(moment * 4e9),
                cores=4,
                memory=memory * MIB,
                limit=512 * MIB,
                received=round(moment * 1024),
                sent=0,
                pids=3,
            )
            self.feed._take(Told(id_, counters, every=every), self.now)
            if place < len(percents):
                worked += percents[place] / 100 * 2e9
