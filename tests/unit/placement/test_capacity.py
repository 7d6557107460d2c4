"""How many more fit is as many as can be placed one after the other."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.model.instance import InstanceKey
from app.model.resources import Resources
from app.placement.candidate import Candidate
from app.placement.capacity import room, total_room
from app.placement.constraints import Constraints, MemberOf
from app.placement.demand import Demand
from app.placement.evaluation import InstanceFacts
from app.placement.expressions import parse
from app.placement.planner import plan
from app.placement.refusals import refusal
from tests.unit.placement.test_planner import DEMANDS, candidates

MORE_THAN_FIT = 100
"""No instance of these tests has as much room, where tasks reserve anything."""
ABOUT_TASKS = st.sampled_from(
    [
        "runningTasksCount < 3",
        "runningTasksCount != 2",
        "runningTasksCount >= 1",
        "runningTasksCount == 0 or runningTasksCount > 1",
        "not(task:group == g) or runningTasksCount <= 4",
    ]
)


def one_by_one(demand: Demand, candidate: Candidate) -> int | None:
    count = 0
    while refusal(candidate, demand) is None:
        candidate, count = candidate.with_tasks(1, demand.resources, demand.group), count + 1
        if count > MORE_THAN_FIT:
            return None
    return count


@given(DEMANDS, candidates())
def test_room_is_what_can_be_placed_one_by_one(demand: Demand, offered: list[Candidate]) -> None:
    each = [one_by_one(demand, candidate) for candidate in offered]
    assert [room(demand, candidate) for candidate in offered] == each
    known = [count for count in each if count is not None]
    whole = sum(known) if len(known) == len(each) else None
    assert total_room(demand, offered) == whole
    if whole is not None:
        assert len(plan(demand, MORE_THAN_FIT * 6, offered, random.Random(0)).placements) == whole


@given(st.lists(ABOUT_TASKS, min_size=1, max_size=2), st.integers(0, 6), st.integers(0, 1))
def test_constraints_that_ask_for_tasks_count_those_that_come(texts: list[str], running: int, cpu: int) -> None:
    members = tuple(MemberOf(text, parse(text)) for text in texts)
    demand = Demand(Resources(cpu=cpu), "g", constraints=Constraints(members))
    facts = InstanceFacts(running_tasks=running)
    candidate = Candidate(InstanceKey("c", "a"), Resources(cpu=20), Resources(), facts=facts)
    assert room(demand, candidate) == one_by_one(demand, candidate)


def test_a_port_and_distinct_instances_make_room_for_one() -> None:
    candidate = Candidate(InstanceKey("c", "a"), Resources(100, 100), Resources())
    assert room(Demand(Resources(ports=frozenset({80}))), candidate) == 1
    assert room(Demand(group="g", constraints=Constraints(distinct=True)), candidate) == 1
    assert room(Demand(Resources(memory=30)), candidate) == 3
    assert room(Demand(), candidate) is None
    assert room(Demand(), replace(candidate, barred="AGENT")) == 0
