"""Which instance takes each task: ECS's placement pipeline (design: ECS semantics 5.2).

Pure: chance comes in as ``rng``, so a seed makes a plan repeatable.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from app.model.instance import InstanceKey
from app.placement.candidate import Candidate
from app.placement.demand import Demand
from app.placement.refusals import Refusal
from app.placement.standings import Standings


@dataclass(frozen=True, slots=True)
class Plan:
    """An instance for each task that could be placed; refusals for the rest, one an instance."""

    placements: tuple[InstanceKey, ...]
    refusals: tuple[Refusal, ...]


def plan(demand: Demand, count: int, candidates: Sequence[Candidate], rng: random.Random) -> Plan:
    """Place ``count`` equal tasks, one after the other; each takes its room before the next is placed.

    ``candidates``: every instance of the cluster, also those that take nothing now.
    """
    standings = Standings(candidates, demand, rng)
    placements: list[InstanceKey] = []
    for _ in range(count):
        chosen = standings.choose()
        if chosen is None:
            break
        placements.append(standings.candidates[chosen].key)
        standings.place(chosen)
    refusals: list[Refusal] = []
    if len(placements) < count:
        refusals = sorted((why for why in standings.refusals if why is not None), key=lambda why: why.key)
    return Plan(tuple(placements), tuple(refusals))
