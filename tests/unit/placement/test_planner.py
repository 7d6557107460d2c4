"""Placement: never over any limit, only on what was offered, the same for the same seed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.instance import InstanceKey
from app.model.resources import Resources
from app.placement.candidate import Candidate
from app.placement.constraints import Constraints, MemberOf
from app.placement.demand import Demand
from app.placement.evaluation import InstanceFacts
from app.placement.expressions import parse
from app.placement.planner import plan
from app.placement.refusals import refusal
from app.placement.resources import shortfalls
from app.placement.strategies import Strategy
from tests.unit.placement.naive import naive_plan

PORTS = st.frozensets(st.integers(1, 6), max_size=3)
RESOURCES = st.builds(Resources, st.integers(0, 20), st.integers(0, 20), PORTS, PORTS, st.integers(0, 2))
STRATEGIES = st.lists(
    st.sampled_from(
        [
            Strategy("random"),
            Strategy("spread", "instanceId"),
            Strategy("spread", "zone", by_attribute=True),
            Strategy("binpack", "cpu"),
            Strategy("binpack", "memory"),
        ]
    ),
    max_size=5,
).map(tuple)
EXPRESSIONS = ["attribute:zone == a", "not(task:group == g)", "runningTasksCount < 2"]
CONSTRAINTS = st.builds(
    Constraints,
    st.lists(st.sampled_from(EXPRESSIONS), max_size=1).map(
        lambda texts: tuple(MemberOf(text, parse(text)) for text in texts)
    ),
    st.booleans(),
)
DEMANDS = st.builds(Demand, RESOURCES, st.just("g"), st.sampled_from([(), ("zone",)]), CONSTRAINTS, STRATEGIES)
FACTS = st.builds(
    InstanceFacts,
    running_tasks=st.integers(0, 2),
    attributes=st.sampled_from([{}, {"zone": "a"}, {"zone": "b"}, {"zone": ""}]),
)


def candidates() -> st.SearchStrategy[list[Candidate]]:
    made = st.builds(
        Candidate,
        st.sampled_from([InstanceKey("c", name) for name in "abcdef"]),
        st.builds(Resources, st.integers(0, 40), st.integers(0, 40), gpus=st.integers(0, 4)),
        RESOURCES,
        st.sampled_from(["", "", "", "AGENT"]),
        id=st.sampled_from("0123"),
        facts=FACTS,
        group_tasks=st.dictionaries(st.sampled_from(["g", "h"]), st.integers(1, 3)),
    )
    return st.lists(made, unique_by=lambda candidate: candidate.key, max_size=6)


@given(DEMANDS, st.integers(1, 10), candidates(), st.integers())
def test_a_plan_keeps_every_limit(demand: Demand, count: int, offered: list[Candidate], seed: int) -> None:
    made = plan(demand, count, offered, random.Random(seed))
    by_key = {candidate.key: candidate for candidate in offered}
    wanted = demand.resources
    assert len(made.placements) <= count
    for key in set(made.placements):
        candidate, times = by_key[key], made.placements.count(key)
        assert not candidate.barred
        assert set(demand.attributes) <= candidate.facts.attributes.keys()
        for name in ("cpu", "memory", "gpus"):
            need, taken = getattr(wanted, name), getattr(candidate.reserved, name)
            assert not need or taken + need * times <= getattr(candidate.registered, name)
        if wanted.ports or wanted.ports_udp:
            assert times == 1
            assert not wanted.ports & candidate.reserved.ports
            assert not wanted.ports_udp & candidate.reserved.ports_udp
        if demand.constraints.distinct:
            assert (times, candidate.tasks_of("g")) == (1, 0)
        # The last of them found its constraints met with all the others there.
        assert not demand.constraints.unmet(candidate.with_tasks(times - 1, wanted, "g").facts)
    if len(made.placements) < count:
        assert {why.key for why in made.refusals} == by_key.keys()
        assert all(why.reason for why in made.refusals)
    else:
        assert made.refusals == ()


@given(DEMANDS, st.integers(1, 10), candidates(), st.integers())
def test_a_plan_is_what_the_specification_says(demand: Demand, count: int, offered: list[Candidate], seed: int) -> None:
    slow = naive_plan(demand, count, offered, random.Random(seed))
    assert list(plan(demand, count, offered, random.Random(seed)).placements) == slow


@given(DEMANDS, st.integers(1, 10), candidates(), st.integers())
def test_one_more_instance_never_costs_a_place(demand: Demand, count: int, offered: list[Candidate], seed: int) -> None:
    fewer = plan(demand, count, offered[1:], random.Random(seed))
    assert len(plan(demand, count, offered, random.Random(seed)).placements) >= len(fewer.placements)


@given(st.integers(1, 10), st.lists(st.sampled_from("abc"), min_size=1, max_size=6))
def test_spread_is_even_within_one_where_all_fit(count: int, zones: list[str]) -> None:
    offered = [
        Candidate(
            InstanceKey("c", str(number)), Resources(), Resources(), facts=InstanceFacts(attributes={"zone": zone})
        )
        for number, zone in enumerate(zones)
    ]
    zone_of = {one.key: one.facts.attributes["zone"] for one in offered}
    for strategies, place_of in (
        ((Strategy("spread", "zone", by_attribute=True),), zone_of.__getitem__),
        ((Strategy("spread", "instanceId"),), lambda key: key.name),
    ):
        made = plan(Demand(group="g", strategies=strategies), count, offered, random.Random(0))
        tasks = Counter({place_of(one.key): 0 for one in offered})
        tasks.update(place_of(key) for key in made.placements)
        assert sum(tasks.values()) == count
        assert max(tasks.values()) - min(tasks.values()) <= 1


@given(DEMANDS, candidates(), st.integers())
def test_an_instance_that_drains_gets_nothing(demand: Demand, offered: list[Candidate], seed: int) -> None:
    drained = [replace(one, barred="DRAINING", barred_words="it drains") for one in offered]
    made = plan(demand, 1, drained, random.Random(seed))
    assert made.placements == ()
    assert {(why.key, why.reason) for why in made.refusals} == {(one.key, "DRAINING") for one in offered}


@given(DEMANDS, st.integers(1, 10), candidates(), st.integers())
def test_a_strategy_never_costs_a_place(demand: Demand, count: int, offered: list[Candidate], seed: int) -> None:
    """Tasks are equal, so whichever instance is chosen first, as many find room."""
    strict = replace(demand, constraints=replace(demand.constraints, members=()))
    by_chance = plan(replace(strict, strategies=()), count, offered, random.Random(seed))
    assert len(plan(strict, count, offered, random.Random(seed)).placements) == len(by_chance.placements)


@given(DEMANDS, st.integers(1, 10), candidates(), st.integers(), st.randoms(use_true_random=False))
def test_a_seed_repeats_a_plan_whatever_the_order(
    demand: Demand, count: int, offered: list[Candidate], seed: int, chance: random.Random
) -> None:
    shuffled = list(offered)
    chance.shuffle(shuffled)
    assert plan(demand, count, offered, random.Random(seed)) == plan(demand, count, shuffled, random.Random(seed))


def test_every_instance_that_fits_may_be_chosen() -> None:
    offered = [Candidate(InstanceKey("c", name), Resources(1024, 1024), Resources()) for name in "abc"]
    chosen = {plan(Demand(Resources(1, 1)), 1, offered, random.Random(seed)).placements[0] for seed in range(60)}
    assert chosen == {candidate.key for candidate in offered}


@pytest.mark.parametrize(
    ("wanted", "reserved", "reason", "words"),
    [
        (Resources(cpu=100), Resources(cpu=1000), "RESOURCE:CPU", "CPU 76 units short"),
        (Resources(memory=600), Resources(memory=600), "RESOURCE:MEMORY", "MEMORY 176 MiB short"),
        (
            Resources(ports=frozenset({80, 81})),
            Resources(ports=frozenset({81})),
            "RESOURCE:PORTS",
            "tcp port 81 taken",
        ),
        (
            Resources(ports_udp=frozenset({53})),
            Resources(ports_udp=frozenset({53})),
            "RESOURCE:PORTS",
            "udp port 53 taken",
        ),
        (Resources(gpus=2), Resources(gpus=1), "RESOURCE:GPU", "1 GPU short"),
        (Resources(gpus=4), Resources(), "RESOURCE:GPU", "2 GPUs short"),
    ],
)
def test_refusals_say_what_is_short(wanted: Resources, reserved: Resources, reason: str, words: str) -> None:
    why = refusal(Candidate(InstanceKey("c", "a"), Resources(1024, 1024, gpus=2), reserved), Demand(wanted))
    assert why is not None
    assert (why.reason, why.words) == (reason, words)


def test_tcp_and_udp_ports_do_not_clash() -> None:
    assert not shortfalls(Resources(ports=frozenset({53})), Resources(), Resources(ports_udp=frozenset({53})))


def test_what_reserves_nothing_fits_even_where_too_much_is_reserved() -> None:
    assert not shortfalls(Resources(), Resources(10, 10), Resources(20, 20))


def test_barred_instances_say_why() -> None:
    why = refusal(Candidate(InstanceKey("c", "a"), Resources(9, 9), Resources(), "DRAINING", "is draining"), Demand())
    assert why is not None
    assert (why.reason, why.words) == ("DRAINING", "is draining")


def test_the_pipeline_tells_the_first_thing_that_is_in_the_way() -> None:
    """In ECS's order: the instance, its attributes, its resources, the constraints."""
    member = MemberOf("attribute:zone == b", parse("attribute:zone == b"))
    demand = Demand(Resources(memory=9), "g", ("gadget",), Constraints((member,), distinct=True))
    seen = Candidate(InstanceKey("c", "a"), Resources(0, 8), Resources(), "AGENT", "gone", group_tasks={"g": 1})
    steps = [
        seen,
        seen := replace(seen, barred=""),
        seen := replace(seen, facts=InstanceFacts(attributes={"gadget": ""})),
        seen := replace(seen, registered=Resources(0, 9)),
        seen := replace(seen, facts=InstanceFacts(attributes={"gadget": "", "zone": "b"})),
        replace(seen, group_tasks={"h": 1}),
    ]
    whys = [refusal(step, demand) for step in steps]
    assert [(why.reason, why.words) if why else None for why in whys] == [
        ("AGENT", "gone"),
        ("ATTRIBUTE", "attribute gadget is missing"),
        ("RESOURCE:MEMORY", "MEMORY 1 MiB short"),
        ("MemberOf placement constraint unsatisfied.", "attribute:zone == b does not hold: it is missing"),
        ("DistinctInstance placement constraint unsatisfied.", "it has a task of group g already"),
        None,
    ]


def test_tasks_of_a_plan_count_for_the_next_one_s_constraints() -> None:
    offered = [Candidate(InstanceKey("c", name), Resources(), Resources(), id=name) for name in "ab"]
    for text in ("runningTasksCount == 0", "not(task:group == g)"):
        demand = Demand(group="g", constraints=Constraints((MemberOf(text, parse(text)),)))
        made = plan(demand, 3, offered, random.Random(1))
        assert sorted(key.name for key in made.placements) == ["a", "b"]
        assert {why.reason for why in made.refusals} == {"MemberOf placement constraint unsatisfied."}
