"""Placement: never over any limit, only on what was offered, the same for the same seed."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.instance import InstanceKey
from app.model.resources import Resources
from app.placement.planner import Candidate, plan, refusal
from app.placement.resources import shortfalls

PORTS = st.frozensets(st.integers(1, 6), max_size=3)
RESOURCES = st.builds(Resources, st.integers(0, 20), st.integers(0, 20), PORTS, PORTS)


def candidates() -> st.SearchStrategy[list[Candidate]]:
    made = st.builds(
        Candidate,
        st.sampled_from([InstanceKey("c", name) for name in "abcdef"]),
        st.builds(Resources, st.integers(0, 40), st.integers(0, 40)),
        RESOURCES,
        st.sampled_from(["", "", "", "AGENT"]),
    )
    return st.lists(made, unique_by=lambda candidate: candidate.key, max_size=6)


@given(RESOURCES, st.integers(1, 10), candidates(), st.integers())
def test_a_plan_keeps_every_limit(wanted: Resources, count: int, offered: list[Candidate], seed: int) -> None:
    made = plan(wanted, count, offered, random.Random(seed))
    by_key = {candidate.key: candidate for candidate in offered}
    assert len(made.placements) <= count
    for key in set(made.placements):
        candidate, times = by_key[key], made.placements.count(key)
        assert not candidate.barred
        assert not wanted.cpu or candidate.reserved.cpu + wanted.cpu * times <= candidate.registered.cpu
        assert not wanted.memory or candidate.reserved.memory + wanted.memory * times <= candidate.registered.memory
        if wanted.ports or wanted.ports_udp:
            assert times == 1
            assert not wanted.ports & candidate.reserved.ports
            assert not wanted.ports_udp & candidate.reserved.ports_udp
    if len(made.placements) < count:
        assert {why.key for why in made.refusals} == by_key.keys()
        assert all(why.reason for why in made.refusals)
    else:
        assert made.refusals == ()


@given(RESOURCES, st.integers(1, 10), candidates(), st.integers(), st.randoms(use_true_random=False))
def test_a_seed_repeats_a_plan_whatever_the_order(
    wanted: Resources, count: int, offered: list[Candidate], seed: int, chance: random.Random
) -> None:
    shuffled = list(offered)
    chance.shuffle(shuffled)
    assert plan(wanted, count, offered, random.Random(seed)) == plan(wanted, count, shuffled, random.Random(seed))


def test_every_instance_that_fits_may_be_chosen() -> None:
    offered = [Candidate(InstanceKey("c", name), Resources(1024, 1024), Resources()) for name in "abc"]
    chosen = {plan(Resources(1, 1), 1, offered, random.Random(seed)).placements[0] for seed in range(60)}
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
    ],
)
def test_refusals_say_what_is_short(wanted: Resources, reserved: Resources, reason: str, words: str) -> None:
    why = refusal(Candidate(InstanceKey("c", "a"), Resources(1024, 1024), reserved), wanted)
    assert why is not None
    assert (why.reason, why.words) == (reason, words)


def test_tcp_and_udp_ports_do_not_clash() -> None:
    assert not shortfalls(Resources(ports=frozenset({53})), Resources(), Resources(ports_udp=frozenset({53})))


def test_what_reserves_nothing_fits_even_where_too_much_is_reserved() -> None:
    assert not shortfalls(Resources(), Resources(10, 10), Resources(20, 20))


def test_barred_instances_say_why() -> None:
    why = refusal(
        Candidate(InstanceKey("c", "a"), Resources(9, 9), Resources(), "DRAINING", "is draining"), Resources()
    )
    assert why is not None
    assert (why.reason, why.words) == ("DRAINING", "is draining")
