"""Where tasks would go, and why not elsewhere, by what the fleet knows now: for the Run form and for ``plan``."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.fleet.fleet import InstanceState
from app.model.ids import instance_arn
from app.model.instance import InstanceKey
from app.operations.candidates import candidate, port_holders
from app.placement.candidate import Candidate
from app.placement.capacity import room, total_room
from app.placement.demand import Demand
from app.placement.planner import Plan, plan
from app.placement.refusals import Refusal, refusal


@dataclass(frozen=True, slots=True)
class InstancePreview:
    """One instance in a plan.

    Attributes:
        count: how many of the planned tasks go there.
        refusal: why it takes none after these; None when it would take one more.
        room: how many of these fit there from now on, the planned ones included; None: without end.
    """

    key: InstanceKey
    count: int
    refusal: Refusal | None
    room: int | None


@dataclass(frozen=True, slots=True)
class Preview:
    """``instances``: all of the cluster, by key. ``room``: how many fit in all, the planned too; None: without end."""

    plan: Plan
    instances: tuple[InstancePreview, ...]
    room: int | None


def preview(
    states: Iterable[InstanceState],
    demand: Demand,
    count: int,
    seed: int = 0,
    only: Sequence[InstanceKey] | None = None,
) -> Preview:
    """Plan ``count`` tasks by the demand's strategies.

    Args:
        seed: of chance; the same gives the same plan.
        only: start-task's instances instead, one task on each; ``count``, strategies and constraints then mean nothing.
    """
    by_key = {state.instance.key: state for state in states}
    candidates = candidates_of(by_key)
    if only is None:
        made = plan(demand, count, candidates, random.Random(seed))
    else:
        demand = demand.on_named_instances()
        made = _started_on(demand, candidates, only)
    return preview_of(made, demand, candidates, by_key)


def candidates_of(states: Mapping[InstanceKey, InstanceState]) -> tuple[Candidate, ...]:
    return tuple(candidate(states[key]) for key in sorted(states))


def preview_of(
    made: Plan, demand: Demand, candidates: Sequence[Candidate], states: Mapping[InstanceKey, InstanceState]
) -> Preview:
    """What a plan, whoever made it, means for each of the instances that it was made of."""
    placed = Counter(made.placements)
    seen = []
    for before in candidates:
        count = placed[before.key]
        why = refusal(before.with_tasks(count, demand.resources, demand.group), demand)
        told = why and with_holders(why, states[before.key], demand)
        seen.append(InstancePreview(before.key, count, told, room(demand, before)))
    return Preview(made, tuple(seen), total_room(demand, candidates))


def _started_on(demand: Demand, candidates: Sequence[Candidate], only: Sequence[InstanceKey]) -> Plan:
    asked = [one for one in candidates if one.key in only]
    refusals = [why for one in asked if (why := refusal(one, demand)) is not None]
    refused = {why.key for why in refusals}
    return Plan(tuple(one.key for one in asked if one.key not in refused), tuple(refusals))


def with_holders(why: Refusal, state: InstanceState, demand: Demand, *, planned: bool = True) -> Refusal:
    """With who has the ports that are wanted there.

    Args:
        planned: it was refused among tasks of a plan, which the state does not know.
    """
    holders = port_holders(state, demand.resources)
    if not holders:
        own = planned and why.reason == "RESOURCE:PORTS"
        return replace(why, words=f"{why.words} by another of these tasks") if own else why
    # Alone they say it all; else they come after what else is in the way.
    only = why.reason == "RESOURCE:PORTS" and not demand.resources.gpus
    return replace(why, words=", ".join(holders if only else (why.words, *holders)))


def failure_shape(why: Refusal, instance_id: str) -> dict[str, str]:
    """As run-task's ``failures`` have it: the reason in ECS's terms; ``detail`` is ours."""
    arn = instance_arn(why.key.cluster, instance_id)
    return {"arn": arn, "reason": why.reason, "detail": f"{why.key.name}: {why.words}"}
