"""Choosing an instance as the specification says it, slowly: what the planner is compared with."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from app.model.instance import InstanceKey
from app.placement.candidate import Candidate
from app.placement.demand import Demand
from app.placement.refusals import refusal
from app.placement.strategies import Strategy


def naive_plan(demand: Demand, count: int, candidates: Sequence[Candidate], rng: random.Random) -> list[InstanceKey]:
    room = {candidate.key: candidate for candidate in candidates}
    placements = []
    for _ in range(count):
        fitting = [candidate for candidate in room.values() if refusal(candidate, demand) is None]
        if not fitting:
            break
        chosen = _choose(fitting, list(room.values()), demand, rng)
        placements.append(chosen.key)
        room[chosen.key] = chosen.with_tasks(1, demand.resources, demand.group)
    return placements


def _choose(
    fitting: Sequence[Candidate], everywhere: Sequence[Candidate], demand: Demand, rng: random.Random
) -> Candidate:
    left, around = sorted(fitting, key=lambda one: (one.id, *one.key)), list(everywhere)
    for strategy in demand.strategies:
        if strategy.type == "random":
            return rng.choice(left)
        if strategy.type == "binpack":
            least = min(_remaining(one, strategy.field) for one in left)
            left = [one for one in left if _remaining(one, strategy.field) == least]
            continue
        tasks: Counter[str] = Counter()
        for one in around:
            tasks[_bucket(strategy, one)] += one.tasks_of(demand.group)
        fewest = min(tasks[_bucket(strategy, one)] for one in left)
        kept = {_bucket(strategy, one) for one in left if tasks[_bucket(strategy, one)] == fewest}
        left = [one for one in left if _bucket(strategy, one) in kept]
        around = [one for one in around if _bucket(strategy, one) in kept]
    return left[0] if demand.strategies else rng.choice(left)


def _bucket(strategy: Strategy, one: Candidate) -> str:
    return one.facts.attributes.get(strategy.field, "") if strategy.by_attribute else "/".join(one.key)


def _remaining(one: Candidate, field: str) -> int:
    return int(getattr(one.registered, field) - getattr(one.reserved, field))
