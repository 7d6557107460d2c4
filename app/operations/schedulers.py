"""Who chooses the instances: the built-in scheduler, or one that a person has chosen by its name."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from app.model.cluster import ClusterFile
from app.model.errors import NotFoundError
from app.operations.session import Session
from app.placement.scheduling import BUILT_IN, BuiltInScheduler, Scheduler

_Maker = Callable[[Session, ClusterFile, random.Random], Scheduler]

_OURS: Mapping[str, _Maker] = {
    BUILT_IN: lambda _session, _cluster, rng: BuiltInScheduler(rng),
}
"""Schedulers of Moorage itself, by their reserved names. Making one asks nobody anything yet."""


def known_schedulers(session: Session) -> list[str]:
    """Every name that can be chosen, the built-in one first."""
    return [*_OURS]


def scheduler_for(session: Session, cluster: ClusterFile, name: str, rng: random.Random) -> Scheduler:
    """The scheduler of that name; "" is the cluster's own, else the built-in one.

    Raises NotFoundError with the nearest name.
    """
    chosen = name or cluster.scheduler or BUILT_IN
    if chosen in _OURS:
        return _OURS[chosen](session, cluster, rng)
    raise NotFoundError("scheduler", chosen, known_schedulers(session))
