"""Which instance takes each task: ECS's original default scheduler, random among the instances that fit.

Pure: chance comes in as ``rng``, so a seed makes a plan repeatable.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from app.model.instance import InstanceKey
from app.model.resources import Resources
from app.placement.resources import shortfalls


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instance as the planner sees it. ``barred``: why it takes no task at all now, "" when it may."""

    key: InstanceKey
    registered: Resources
    reserved: Resources
    barred: str = ""
    barred_words: str = ""


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


def refusal(candidate: Candidate, wanted: Resources) -> Refusal | None:
    """Why this instance does not take a task that reserves ``wanted``; None when it does."""
    if candidate.barred:
        return Refusal(candidate.key, candidate.barred, candidate.barred_words)
    short = shortfalls(wanted, candidate.registered, candidate.reserved)
    if not short:
        return None
    return Refusal(candidate.key, short[0].reason, ", ".join(fault.words for fault in short))


def plan(wanted: Resources, count: int, candidates: Sequence[Candidate], rng: random.Random) -> Plan:
    """Place ``count`` equal tasks, one after the other; each takes its room before the next is placed."""
    room = {candidate.key: candidate for candidate in sorted(candidates, key=lambda candidate: candidate.key)}
    placements: list[InstanceKey] = []
    for _ in range(count):
        fitting = [candidate for candidate in room.values() if refusal(candidate, wanted) is None]
        if not fitting:
            break
        chosen = rng.choice(fitting)
        placements.append(chosen.key)
        room[chosen.key] = Candidate(chosen.key, chosen.registered, chosen.reserved + wanted)
    refusals: list[Refusal] = []
    if len(placements) < count:
        refusals = [why for candidate in room.values() if (why := refusal(candidate, wanted)) is not None]
    return Plan(tuple(placements), tuple(refusals))
