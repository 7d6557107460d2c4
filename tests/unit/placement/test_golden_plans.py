"""The specification's golden cases 20, 21, 22 and 24 as plans (design: ECS semantics 10)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest

from app.model.instance import InstanceKey
from app.model.resources import Resources
from app.placement.candidate import Candidate
from app.placement.demand import Demand
from app.placement.evaluation import InstanceFacts, evaluate
from app.placement.expressions import parse
from app.placement.planner import Plan, plan
from app.placement.strategies import Strategy

SPREAD = Strategy("spread", "instanceId")


def host(name: str, cpu: int = 4096, memory: int = 4096, zone: str = "", **tasks: int) -> Candidate:
    attributes = {"ecs.availability-zone": zone} if zone else {}
    facts = InstanceFacts(name=name, attributes=attributes)
    return Candidate(
        InstanceKey("c", name), Resources(cpu, memory), Resources(), id=name, facts=facts, group_tasks=tasks
    )


def planned(demand: Demand, count: int, hosts: Sequence[Candidate]) -> tuple[str, Plan]:
    made = plan(demand, count, hosts, random.Random(0))
    return " ".join(key.name for key in made.placements), made


def test_golden_20_binpack_fills_the_fullest_first() -> None:
    hosts = [host("A", memory=1000), host("B", memory=600), host("C", memory=300)]
    demand = Demand(Resources(memory=256), strategies=(Strategy("binpack", "memory"),))
    names, made = planned(demand, 6, hosts)
    assert (names, made.refusals) == ("C B B A A A", ())
    left = {one.key.name: one.registered.memory - 256 * names.count(one.key.name) for one in hosts}
    assert left == {"A": 232, "B": 88, "C": 44}
    names, made = planned(demand, 7, hosts)
    assert names == "C B B A A A"
    assert [(why.key.name, why.reason) for why in made.refusals] == [(name, "RESOURCE:MEMORY") for name in "ABC"]


def test_golden_21_spread_over_zones_and_pack_within() -> None:
    hosts = [host("i1", cpu=1024, zone="az1"), host("i2", cpu=512, zone="az1"), host("i3", cpu=2048, zone="az2")]
    strategies = (Strategy("spread", "ecs.availability-zone", by_attribute=True), Strategy("binpack", "cpu"))
    names, _ = planned(Demand(Resources(cpu=256), "g", strategies=strategies), 4, hosts)
    assert names == "i2 i3 i2 i3"


def test_golden_22_spread_counts_its_own_group_alone() -> None:
    hosts = [host("i1", g=2), host("i2", h=7), host("i3", g=1)]
    names, _ = planned(Demand(Resources(cpu=1), "g", strategies=(SPREAD,)), 3, hosts)
    assert Counter(names.split()) + Counter(i1=2, i3=1) == Counter(i1=2, i2=2, i3=2)


FLEET = {
    "p": InstanceFacts(
        running_tasks=1,
        groups=frozenset({"databases"}),
        attributes={"stack": "prod", "ecs.instance-type": "t2.small"},
    ),
    "d": InstanceFacts(attributes={"stack": "dev", "ecs.instance-type": "g2.2xlarge"}),
    "n": InstanceFacts(attributes={"ecs.instance-type": "t2.micro"}),
}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("attribute:stack != prod", "d"),
        ("not(attribute:stack == prod)", "dn"),
        ("attribute:ecs.instance-type =~ t2.*", "pn"),
        ("task:group == databases", "p"),
        ("not(task:group == databases) and runningTasksCount == 0", "dn"),
        ("attribute:stack !exists or attribute:stack in [dev, 'prod']", "pdn"),
    ],
)
def test_golden_24_expressions(text: str, selected: str) -> None:
    expression = parse(text)
    assert "".join(name for name, facts in FLEET.items() if evaluate(expression, facts)) == selected
