"""How many more of a task fit on an instance, and in a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from app.model.resources import Resources
from app.placement.candidate import Candidate
from app.placement.demand import Demand
from app.placement.expressions import Comparison, comparisons
from app.placement.refusals import refusal


def room(demand: Demand, candidate: Candidate) -> int | None:
    """How many more tasks of the demand the instance takes; None: without end, as they reserve nothing."""
    if refusal(candidate, demand) is not None:
        return 0
    most = 1 if demand.constraints.distinct else _by_resources(demand.resources, candidate)
    before = candidate.facts.running_tasks
    facts = replace(candidate.facts, groups=candidate.facts.groups | {demand.group})
    tests = [test for member in demand.constraints.members for test in comparisons(member.expression)]
    # Between two numbers that a constraint names, one task more or less changes nothing.
    for number in sorted({before + 1, *_turning_points(tests)}):
        if number > before and demand.constraints.unmet(replace(facts, running_tasks=number)):
            return number - before if most is None else min(most, number - before)
    return most


def _turning_points(tests: Iterable[Comparison]) -> Iterator[int]:
    for test in tests:
        if test.subject == "runningTasksCount":
            for value in test.values:
                assert isinstance(value, int)
                yield from (value, value + 1)


def total_room(demand: Demand, candidates: Iterable[Candidate]) -> int | None:
    """As ``room``, of all of them together."""
    total = 0
    for candidate in candidates:
        more = room(demand, candidate)
        if more is None:
            return None
        total += more
    return total


def _by_resources(wanted: Resources, candidate: Candidate) -> int | None:
    """By resources alone, of an instance that takes one."""
    if wanted.ports or wanted.ports_udp:
        return 1
    registered, reserved = candidate.registered, candidate.reserved
    amounts = (
        (wanted.cpu, registered.cpu - reserved.cpu),
        (wanted.memory, registered.memory - reserved.memory),
        (wanted.gpus, registered.gpus - reserved.gpus),
    )
    return min((left // amount for amount, left in amounts if amount), default=None)
