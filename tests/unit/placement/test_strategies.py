"""Strategies: which of the instances that fit is chosen."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.model.errors import MoorageError
from app.model.instance import InstanceKey
from app.model.requests import PlacementStrategy, RunTaskRequest, parse_request
from app.model.resources import Resources
from app.placement.candidate import Candidate
from app.placement.demand import Demand
from app.placement.evaluation import InstanceFacts
from app.placement.planner import plan
from app.placement.strategies import Strategy, strategies_of

ZONES = Strategy("spread", "zone", by_attribute=True)
HOSTS = Strategy("spread", "instanceId")
PACKED = Strategy("binpack", "memory")


def host(name: str, zone: str | None = None, *, memory: int = 100, reserved: int = 0, **tasks: int) -> Candidate:
    attributes = {} if zone is None else {"zone": zone}
    return Candidate(
        InstanceKey("c", name),
        Resources(1024, memory),
        Resources(0, reserved),
        id=name,
        facts=InstanceFacts(attributes=attributes),
        group_tasks=tasks,
    )


def chosen(fitting: Sequence[Candidate], *strategies: Strategy, others: Sequence[Candidate] = (), seed: int = 0) -> str:
    barred = [replace(one, barred="AGENT") for one in others]
    demand = Demand(group="g", strategies=strategies)
    return plan(demand, 1, [*fitting, *barred], random.Random(seed)).placements[0].name


def test_ties_go_to_the_lowest_id_whatever_the_order() -> None:
    hosts = [host(name) for name in "cab"]
    for strategies in ([HOSTS], [ZONES], [PACKED], [HOSTS, PACKED]):
        assert chosen(hosts, *strategies) == "a"


def test_random_is_by_chance_alone_and_by_the_seed() -> None:
    hosts = [host(name) for name in "abc"]
    for strategies in ([], [Strategy("random")], [HOSTS, Strategy("random"), PACKED]):
        assert {chosen(hosts, *strategies, seed=seed) for seed in range(60)} == {"a", "b", "c"}
        assert chosen(hosts, *strategies, seed=7) == chosen(hosts[::-1], *strategies, seed=7)


def test_random_after_another_strategy_keeps_to_what_that_left() -> None:
    hosts = [host("a", g=1), host("b"), host("c")]
    assert {chosen(hosts, HOSTS, Strategy("random"), seed=seed) for seed in range(60)} == {"b", "c"}


def test_spread_counts_tasks_of_the_group_alone() -> None:
    assert chosen([host("a", g=1), host("b", h=9)], HOSTS) == "b"


def test_a_zone_is_as_full_as_all_its_instances_are_also_those_that_take_nothing() -> None:
    assert chosen([host("a", "x"), host("b", "y", g=1)], ZONES, others=[host("c", "x", g=2)]) == "b"


def test_instances_without_the_attribute_are_a_zone_of_their_own() -> None:
    assert chosen([host("a", "x", g=1), host("b", g=1), host("c")], ZONES) == "a"
    assert chosen([host("a", "x", g=2), host("b", g=1), host("c")], ZONES) == "b"


def test_the_second_spread_counts_within_what_the_first_left() -> None:
    racks = Strategy("spread", "instanceId")
    hosts = [host("a", "x", g=1), host("b", "x"), host("c", "y", g=3)]
    assert chosen(hosts, ZONES, racks) == "b"


def test_binpack_takes_the_fullest_that_still_fits() -> None:
    hosts = [host("a", memory=100, reserved=10), host("b", memory=200, reserved=120), host("c", memory=90)]
    assert chosen(hosts, PACKED) == "b"
    assert chosen(hosts, Strategy("binpack", "cpu"), PACKED) == "b"


@pytest.mark.parametrize(
    ("written", "strategy"),
    [
        ({"type": "random"}, Strategy("random")),
        ({"type": "spread", "field": "instanceId"}, HOSTS),
        ({"type": "spread", "field": "host"}, HOSTS),
        ({"type": "spread", "field": "attribute:zone"}, ZONES),
        ({"type": "binpack", "field": "memory"}, PACKED),
        ({"type": "binpack", "field": "CPU"}, Strategy("binpack", "cpu")),
    ],
)
def test_strategies_are_read(written: dict[str, Any], strategy: Strategy) -> None:
    assert strategies_of([PlacementStrategy.model_validate(written)]) == (strategy,)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"type": "random", "field": "cpu"}, "random takes no field"),
        ({"type": "spread"}, "'' is nothing to spread over"),
        ({"type": "spread", "field": "attribute:"}, "'attribute:' is nothing to spread over"),
        ({"type": "spread", "field": "zone"}, "write instanceId, host or attribute:NAME"),
        ({"type": "binpack", "field": "disk"}, "write cpu or memory"),
    ],
)
def test_a_field_that_its_strategy_does_not_know_is_refused(written: dict[str, Any], words: str) -> None:
    with pytest.raises(MoorageError) as caught:
        strategies_of([PlacementStrategy(type="random"), PlacementStrategy.model_validate(written)])
    assert caught.value.message.startswith("placementStrategy[1].field: ")
    assert words in caught.value.message
    assert caught.value.code == "InvalidParameterException"


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ({"placementStrategy": [{"type": "random"}] * 6}, "at most 5"),
        ({"placementStrategy": [{"type": "pack"}]}, "placementStrategy[0].type"),
        ({"placementConstraints": [{"type": "distinctInstance"}] * 11}, "at most 10"),
        ({"placementConstraints": [{"expression": "x"}]}, "placementConstraints[0].type is required"),
    ],
)
def test_requests_know_their_limits(member: dict[str, Any], words: str) -> None:
    with pytest.raises(MoorageError) as caught:
        parse_request(RunTaskRequest, {"taskDefinition": "web", **member})
    assert words in caught.value.message
