"""Which instance takes each task: ECS's placement pipeline (design: ECS semantics 5.2).

Pure: chance comes in as ``rng``, so a seed makes a plan repeatable.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from app.model.instance import InstanceKey
from app.model.safe_text import safe_line
from app.placement.candidate import Candidate
from app.placement.constraints import NOT_A_MEMBER, NOT_DISTINCT
from app.placement.demand import Demand
from app.placement.resources import shortfalls
from app.placement.strategies import choose


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an instance does not take the task: ``reason`` in ECS's terms, ``words`` for a person."""

    key: InstanceKey
    reason: str
    words: str


@dataclass(frozen=True, slots=True)
class Plan:
    """An instance for each task that could be placed; refusals for the rest, one an instance."""

    placements: tuple[InstanceKey, ...]
    refusals: tuple[Refusal, ...]


def refusal(candidate: Candidate, demand: Demand) -> Refusal | None:
    """Why this instance does not take one more task of the demand; None when it does."""
    if candidate.barred:
        return Refusal(candidate.key, candidate.barred, candidate.barred_words)
    missing = next((name for name in demand.attributes if name not in candidate.facts.attributes), None)
    if missing is not None:
        return Refusal(candidate.key, "ATTRIBUTE", safe_line(f"attribute {missing} is missing"))
    short = shortfalls(demand.resources, candidate.registered, candidate.reserved)
    if short:
        return Refusal(candidate.key, short[0].reason, ", ".join(fault.words for fault in short))
    unmet = demand.constraints.unmet(candidate.facts)
    if unmet:
        return Refusal(candidate.key, NOT_A_MEMBER, safe_line(f"{unmet[0].text} does not hold there"))
    if demand.constraints.distinct and candidate.tasks_of(demand.group):
        return Refusal(candidate.key, NOT_DISTINCT, safe_line(f"it has a task of group {demand.group} already"))
    return None


def plan(demand: Demand, count: int, candidates: Sequence[Candidate], rng: random.Random) -> Plan:
    """Place ``count`` equal tasks, one after the other; each takes its room before the next is placed.

    ``candidates``: every instance of the cluster, also those that take nothing now.
    """
    room = {candidate.key: candidate for candidate in sorted(candidates, key=lambda candidate: candidate.key)}
    placements: list[InstanceKey] = []
    for _ in range(count):
        fitting = [candidate for candidate in room.values() if refusal(candidate, demand) is None]
        if not fitting:
            break
        chosen = choose(fitting, list(room.values()), demand.group, demand.strategies, rng)
        placements.append(chosen.key)
        room[chosen.key] = chosen.with_tasks(1, demand.resources, demand.group)
    refusals: list[Refusal] = []
    if len(placements) < count:
        refusals = [why for candidate in room.values() if (why := refusal(candidate, demand)) is not None]
    return Plan(tuple(placements), tuple(refusals))
