"""Claims: of launches that race, never more go on than fit, and always at least one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.claim import judge
from app.model.container import Container
from app.model.resources import Resources
from app.placement.constraints import NOT_DISTINCT
from tests.unit.builders import TASK_ID, at, container, tag

ROOM = Resources(1024, 64)
WANTED = Resources(0, 32)


def of(
    task_id: str, state: str = "created", *, made: float = 0, wanted: Resources = WANTED, group: str = "family:web"
) -> Container:
    marked = tag(task_id=task_id, reservation=wanted, group=group)
    return container(marked, state, created_at=at(made), id=task_id * 2)


MINE, OTHER, THIRD = TASK_ID, "1" * 32, "f" * 32


@pytest.mark.parametrize(
    ("others", "verdict"),
    [
        ([], "held"),
        ([of(OTHER)], "held"),
        ([of(OTHER), of(THIRD, made=-9)], "contested"),
        ([of(OTHER, "running"), of(THIRD, "running", made=9)], "lost"),
        ([of(OTHER, "exited"), of(THIRD, "exited")], "held"),
        ([of(OTHER, made=-9), of(THIRD, made=9)], "contested"),
        ([of(OTHER, made=-9), of(THIRD, made=-9)], "lost"),
        ([of(OTHER, made=9), of(THIRD, made=9)], "contested"),
    ],
)
def test_verdicts(others: list[Container], verdict: str) -> None:
    found = judge(MINE, WANTED, ROOM, [of(MINE), *others])
    assert found.state == verdict
    assert bool(found.short) == (verdict != "held")


@pytest.mark.parametrize(
    ("others", "verdict"),
    [
        ([of(OTHER, "running", made=9)], "lost"),
        ([of(OTHER, made=-9)], "lost"),
        ([of(OTHER, made=9)], "contested"),
        ([of(OTHER, "exited")], "held"),
        ([of(OTHER, "running", group="family:db")], "held"),
    ],
)
def test_a_task_that_is_to_be_alone_of_its_group(others: list[Container], verdict: str) -> None:
    found = judge(MINE, WANTED, ROOM, [of(MINE), *others], alone_of="family:web")
    assert found.state == verdict
    words = {fault.reason: fault.words for fault in found.short}
    expected = {} if verdict == "held" else {NOT_DISTINCT: "task 11111111 of group family:web is there"}
    assert words == expected


def test_a_task_between_two_of_its_containers_still_holds_its_room() -> None:
    """Its init container has ended and the next is not up yet: nothing of it runs, and it is not over."""
    init = container(tag("init", task_id=OTHER, containers=2, essential=False, reservation=Resources(0, 64)), "exited")
    web = container(tag("web", task_id=OTHER, containers=2, reservation=Resources(0, 64)), "created")
    assert judge(MINE, WANTED, ROOM, [of(MINE), init, web]).state == "lost"


def test_foreign_containers_hold_nothing() -> None:
    foreign = replace(of(OTHER, "running", wanted=ROOM), tag=None)
    assert judge(MINE, WANTED, ROOM, [of(MINE), foreign]).state == "held"


@dataclass
class Host:
    """An engine as launches see it; ``started`` is what a start makes of a claim."""

    tasks: dict[str, Container] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)


def step(host: Host, task_id: str, seen: dict[str, list[Container]], made: float) -> None:
    """One move of a launch: create, look, then act on what was seen; others may move in between."""
    if task_id in host.started or task_id in host.lost:
        return
    if task_id not in host.tasks:
        host.tasks[task_id] = of(task_id, made=made)
    elif task_id not in seen:
        seen[task_id] = list(host.tasks.values())
    else:
        verdict = judge(task_id, WANTED, ROOM, seen.pop(task_id))
        if verdict.state == "held":
            host.started.add(task_id)
            host.tasks[task_id] = of(task_id, "running", made=made)
        elif verdict.state == "lost":
            host.lost.add(task_id)
            del host.tasks[task_id]


IDS = [digit * 32 for digit in "0123"]


@given(
    st.lists(st.sampled_from(IDS), max_size=60),
    st.fixed_dictionaries({task_id: st.integers(0, 2) for task_id in IDS}),
)
def test_never_more_than_fit_and_at_least_one(moves: list[str], made: dict[str, int]) -> None:
    """Docker's creation times are whole seconds, and need not tell the order in which containers came to be seen."""
    host, seen = Host(), dict[str, list[Container]]()
    for task_id in moves:
        step(host, task_id, seen, made[task_id])
        assert len(host.started) <= 2
    for _ in range(30):
        for task_id in IDS:
            step(host, task_id, seen, made[task_id])
    assert 1 <= len(host.started) <= 2
    assert host.started | host.lost == set(IDS)
