"""For every task of a plan, why each other instance was not taken."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.model.resources import Resources
from app.placement.candidate import Candidate
from app.placement.demand import Demand
from app.placement.evaluation import InstanceFacts
from app.placement.explanation import STRATEGY, explain
from app.placement.planner import plan
from app.placement.refusals import refusal
from app.placement.strategies import Strategy
from tests.unit.placement.test_planner import DEMANDS, candidates
from tests.unit.placement.test_strategies import HOSTS, PACKED, ZONES, host


@given(DEMANDS, st.integers(1, 6), candidates(), st.integers())
def test_every_other_instance_is_told_of(demand: Demand, count: int, offered: list[Candidate], seed: int) -> None:
    made = plan(demand, count, offered, random.Random(seed))
    told = list(explain(demand, made.placements, offered))
    assert len(told) == len(made.placements)
    room = {candidate.key: candidate for candidate in offered}
    for key, passed in zip(made.placements, told, strict=True):
        assert [one.key for one in passed] == sorted(room.keys() - {key})
        for one in passed:
            why = refusal(room[one.key], demand)
            assert (one.reason, one.words) == ((why.reason, why.words) if why else (STRATEGY, one.words))
            assert one.words or why is not None
        room[key] = room[key].with_tasks(1, demand.resources, demand.group)


def words(demand: Demand, offered: list[Candidate], count: int = 1, chosen_by: str = "") -> list[list[str]]:
    made = plan(demand, count, offered, random.Random(0))
    steps = explain(demand, made.placements, offered, chosen_by)
    return [
        [key.name, *(f"{one.key.name} {one.reason}: {one.words}" for one in passed)]
        for key, passed in zip(made.placements, steps, strict=True)
    ]


def test_in_words() -> None:
    offered = [
        host("a", "x", g=1, memory=50),
        host("b", "y", memory=40),
        host("c", "y", memory=30),
        host("d", memory=5),
    ]
    demand = Demand(Resources(memory=20), "g", strategies=(ZONES, PACKED))
    assert words(demand, offered, 2) == [
        [
            "c",
            "a STRATEGY: spread attribute:zone: 1 task of the group with zone x, 0 where it went",
            "b STRATEGY: binpack memory: 40 MiB left there, 30 where it went",
            "d RESOURCE:MEMORY: MEMORY 15 MiB short",
        ],
        [
            "b",
            "a STRATEGY: binpack memory: 50 MiB left there, 40 where it went",
            "c RESOURCE:MEMORY: MEMORY 10 MiB short",
            "d RESOURCE:MEMORY: MEMORY 15 MiB short",
        ],
    ]


def test_ties_chance_and_other_schedulers() -> None:
    offered = [host("a", g=2), host("b"), host("c")]
    assert words(Demand(group="g", strategies=(HOSTS,)), offered) == [
        [
            "b",
            "a STRATEGY: spread instanceId: 2 tasks of the group there, 0 where it went",
            "c STRATEGY: as good; the lowest id was taken",
        ]
    ]
    chance = words(Demand(group="g", strategies=(HOSTS, Strategy("random"))), offered)[0]
    assert {line.partition(": ")[2] for line in chance[2:]} == {"chance chose another"}
    other = words(Demand(group="g"), offered, chosen_by="mine")[0]
    assert [line.partition(": ")[2] for line in other[1:]] == ["mine chose another"] * 2


def test_instances_without_the_attribute_are_told_so() -> None:
    offered = [replace(host("a", g=1), facts=InstanceFacts(attributes={})), host("b", "y")]
    assert words(Demand(group="g", strategies=(ZONES,)), offered) == [
        ["b", "a STRATEGY: spread attribute:zone: 1 task of the group without zone, 0 where it went"]
    ]
