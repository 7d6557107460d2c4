"""Schedulers of one's own: what they are sent, and that no answer gets an instance more than it takes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.errors import MoorageError
from app.model.instance import InstanceKey
from app.model.resources import Resources
from app.placement.candidate import Candidate
from app.placement.demand import Demand
from app.placement.evaluation import InstanceFacts
from app.placement.external import ExternalScheduler, checked_plan, request_document
from app.placement.planner import Plan
from app.placement.refusals import Refusal, refusal
from app.placement.scheduling import PlacementRequest
from app.placement.strategies import Strategy
from tests.unit.placement.test_planner import DEMANDS, candidates

DOCS = (Path(__file__).parents[3] / "docs" / "schedulers.md").read_text(encoding="utf-8")
PROD = "prod"
EDGE_1 = Candidate(
    InstanceKey(PROD, "edge-1"),
    Resources(4096, 7972),
    Resources(256, 512, frozenset({22})),
    id="1" * 32,
    facts=InstanceFacts(running_tasks=1, attributes={"zone": "a", "ecs.os-type": "linux"}),
)
EDGE_2 = Candidate(
    InstanceKey(PROD, "edge-2"),
    Resources(2048, 1000),
    Resources(512, 1000),
    id="2" * 32,
    facts=InstanceFacts(running_tasks=2, attributes={"zone": "b", "ecs.os-type": "linux"}),
    group_tasks={"family:web": 1},
)
DEMAND = Demand(
    Resources(256, 512, frozenset({8080})), "family:web", strategies=(Strategy("spread", "zone", by_attribute=True),)
)
REQUEST = PlacementRequest(PROD, "web", 7, ("0123456789abcdef" * 2, "fedcba9876543210" * 2), DEMAND, (EDGE_2, EDGE_1))
FREE = replace(REQUEST, demand=Demand(Resources(memory=3000), "family:web"))
"""Two tasks, both of which edge-1 takes."""


def wrong(answer: Any, request: PlacementRequest = FREE) -> str:
    with pytest.raises(MoorageError) as caught:
        checked_plan("x", request, answer)
    assert "\n" not in caught.value.message
    return caught.value.message.removeprefix("scheduler 'x' ")


def test_the_request_is_as_documented() -> None:
    documented, answer = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL))
    made = request_document(REQUEST)
    assert made == documented
    assert [list(one) for one in made["instances"]] == [list(one) for one in documented["instances"]]
    assert checked_plan("x", REQUEST, answer).placements == (EDGE_1.key,)


def test_the_order_of_instances_is_their_names() -> None:
    turned = replace(REQUEST, candidates=REQUEST.candidates[::-1])
    assert json.dumps(request_document(turned)) == json.dumps(request_document(REQUEST))


def test_an_instance_that_takes_tasks_without_end_is_told_so() -> None:
    (one, _) = request_document(replace(REQUEST, demand=Demand()))["instances"]
    assert one["fits"] is None
    assert "reason" not in one


def test_the_whole_plan_of_a_good_answer() -> None:
    asked = []

    def ask(document: dict[str, Any]) -> Any:
        asked.append(document)
        return {"placements": ["edge-1"] * 2}

    made = ExternalScheduler("x", ask).place(FREE)
    assert made == Plan((EDGE_1.key,) * 2, ())
    assert asked == [request_document(FREE)]


@pytest.mark.parametrize("answer", [["edge-1"], ("edge-1",), {"placements": ["edge-1"], "reason": None}])
def test_a_list_alone_is_an_answer(answer: Any) -> None:
    made = checked_plan("x", FREE, answer)
    assert made.placements == (EDGE_1.key,)
    assert made.refusals[0] == Refusal(EDGE_1.key, "SCHEDULER", "scheduler 'x' did not choose it")
    assert made.refusals[1].reason == "RESOURCE:MEMORY"


def test_the_scheduler_s_reason_is_told_and_cannot_drive_a_terminal() -> None:
    (why, _) = checked_plan("x", FREE, {"placements": [], "reason": "\x1b[2Jnight\n" + "z" * 500}).refusals
    assert why.words.startswith("scheduler 'x' did not choose it: ␛[2Jnight␤zzz")
    assert len(why.words) < 300


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (["mars"], "chose 'mars', which is no instance of cluster prod"),
        (["\x1b]0;owned\x07"], "chose '␛]0;owned␇', which is no instance of cluster prod"),
        (["edge-2"], "chose edge-2, which takes none: MEMORY 3000 MiB short"),
        (["edge-1"] * 3, "placed 3 tasks, where 2 were asked for"),
        ([["edge-1"]], 'did not answer {"placements": [NAME, …]} with a name of an instance for each task'),
        ({"placements": "edge-1"}, 'did not answer {"placements": [NAME, …]} with a name of an instance for each task'),
        ({}, 'did not answer {"placements": [NAME, …]} with a name of an instance for each task'),
        (None, 'did not answer {"placements": [NAME, …]} with a name of an instance for each task'),
        ({"placement": ["edge-1"]}, "answered with 'placement', which is no member of an answer"),
        ({"placements": [], "reason": 1}, "gave a reason that is no text"),
    ],
)
def test_a_wrong_answer_is_one_line(answer: Any, words: str) -> None:
    assert wrong(answer) == words


def test_an_instance_takes_no_more_than_it_has_room_for() -> None:
    assert wrong(["edge-1"] * 2, REQUEST) == "chose edge-1, which takes no more than 1: tcp port 8080 taken"


def test_an_instance_that_is_barred_takes_none() -> None:
    barred = replace(EDGE_1, barred="DRAINING", barred_words="the instance is draining")
    assert wrong(["edge-1"], replace(FREE, candidates=(barred,))) == (
        "chose edge-1, which takes none: the instance is draining"
    )


@given(DEMANDS, st.integers(1, 5), candidates(), st.lists(st.sampled_from("abcdefg"), max_size=6))
def test_no_answer_goes_over_a_limit(demand: Demand, count: int, offered: list[Candidate], names: list[str]) -> None:
    request = PlacementRequest("c", "web", 1, tuple(map(str, range(count))), demand, tuple(offered))
    try:
        made = checked_plan("x", request, names)
    except MoorageError:
        return
    assert [key.name for key in made.placements] == names
    for candidate in offered:
        # As the next to the last left it, it still took one.
        times = made.placements.count(candidate.key)
        full = candidate.with_tasks(max(times - 1, 0), demand.resources, demand.group)
        assert times == 0 or refusal(full, demand) is None
    assert len(made.refusals) == (len(offered) if len(names) < count else 0)
