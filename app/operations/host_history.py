"""What all containers of an instance use together, over time: as long as somebody looks, for ten minutes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from app.fleet.fleet import InstanceState
from app.hosts.stats import Stats
from app.model.instance import InstanceKey
from app.operations.stats import HISTORY_SECONDS, LIVE_EVERY, History, StatsFeed, up_ids

OF_TWO_ANSWERS: Final = ("cpu", "received_rate", "sent_rate", "read_rate", "written_rate")
OF_ONE: Final = ("memory", "pids", "received", "sent", "read", "written")
MOST_MISSING: Final = 0.1
"""The share of containers that may be unknown in a point: a sum of fewer would look as if the host had been idle."""


FORGIVEN: Final = 30.0
"""Seconds after which a container that answers no more is left out of the sum."""


class HostHistories:
    """``note`` and ``of`` on one thread. A point is the sum of what was told last of each container."""

    def __init__(self, feed: StatsFeed) -> None:
        self._feed = feed
        self._known: dict[InstanceKey, History] = {}
        self._noted: dict[InstanceKey, float] = {}
        self.latest: dict[InstanceKey, Stats] = {}
        """The last point of each."""

    def note(self, states: Iterable[InstanceState], every: float = LIVE_EVERY) -> None:
        """Somebody looks at these instances. Call it as often as you like: there is a point every so many seconds."""
        now = self._feed.clock()
        for state in states:
            key = state.instance.key
            if not state.live or now - self._noted.get(key, -every) < every:
                continue
            self._noted[key] = now
            ids = up_ids(state.containers.values())
            if (point := sum_of(self._feed, ids, now)) is not None:
                self._known.setdefault(key, History()).add(point)
                self.latest[key] = point
        for key in [key for key, noted in self._noted.items() if now - noted > HISTORY_SECONDS]:
            for known in (self._noted, self._known, self.latest):
                known.pop(key, None)

    def of(self, key: InstanceKey) -> History:
        return self._known.get(key) or History()


def sum_of(feed: StatsFeed, ids: Collection[str], now: float) -> Stats | None:
    """The sum of what is known of these containers; a part of it is None while too many have not told it yet.

    None: as good as nothing is known. Containers that cannot be asked are left out: that they are missing stands where
    the number does.
    """
    found = [(id_, feed.of(id_)) for id_ in ids]
    told = [(id_, stats) for id_, stats in found if stats is not None]
    waited_for = sum(stats is None and _may_answer(feed, id_, now) for id_, stats in found)
    if waited_for > MOST_MISSING * len(found) or (found and not told):
        return None
    half = sum(feed.is_half_known(id_) for id_, _ in told)
    names = OF_ONE if half + waited_for > MOST_MISSING * len(found) else (*OF_ONE, *OF_TWO_ANSWERS)
    sums: dict[str, Any] = {name: _sum(name, [stats for _, stats in told], nothing=not found) for name in names}
    return Stats(at=now, **sums)


def _may_answer(feed: StatsFeed, container_id: str, now: float) -> bool:
    """Nobody has heard of it yet, or it has only just fallen silent: a host that hangs does not use less."""
    last = feed.history(container_id).last
    return not feed.problem(container_id) or (last is not None and now - last < FORGIVEN)


def _sum(name: str, told: list[Stats], *, nothing: bool) -> float | int | None:
    """``nothing``: there is no container, which is known to use nothing."""
    values = [value for stats in told if (value := getattr(stats, name)) is not None]
    return sum(values) if values or nothing else None
