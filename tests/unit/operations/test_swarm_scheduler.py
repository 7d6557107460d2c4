"""Which nodes are offered to Docker Swarm, with a stand-in for Swarm itself; the real one is in tests/engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.hosts.errors import HostError
from app.hosts.swarm import Choice, Membership, Wanted
from app.model.cluster import ClusterFile
from app.model.errors import MoorageError
from app.model.instance import InstanceKey
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.operations import swarm_scheduler
from app.operations.placeholders import Member
from app.operations.session import Session
from app.operations.swarm_scheduler import SwarmScheduler
from app.placement.candidate import Candidate
from app.placement.demand import Demand
from app.placement.scheduling import PlacementRequest
from app.store.home import resolve_home

FULL = SafeText("no suitable node (insufficient resources on 1 node)")


class StandIn:
    """A swarm of named nodes; an instance has the name of its node. ``choose`` is Swarm's scheduler."""

    def __init__(self, **processors: str) -> None:
        self.processors = processors
        self.nodes = dict.fromkeys(processors, "")
        self.managers = set(list(processors)[:1])
        self.asked: list[Wanted] = []
        self.kept: dict[str, str] = {}
        self.choose: Callable[[Wanted], Choice] = lambda wanted: Choice(min(self.nodes.keys() - wanted.barred))

    def members(self, *_: Any) -> list[Member]:
        engine: Any = self
        return [
            Member(InstanceKey("prod", name), engine, Membership(name, name in self.managers, processor))
            for name, processor in self.processors.items()
        ]

    def swarm_nodes(self, _: Any) -> dict[str, str]:
        return dict(self.nodes)

    def ensure_image(self, _: Any, processor: str) -> str:
        if processor == "riscv64":
            raise HostError("no placeholder for this host's processor", "refused")
        return f"sha256:{processor}"

    def keep_place(self, _: Any, wanted: Wanted) -> Choice:
        self.asked.append(wanted)
        choice = self.choose(wanted)
        if choice.node:
            self.kept[wanted.task_id] = choice.node
        return choice

    def give_back(self, _: Any, task_id: str) -> bool:
        return self.kept.pop(task_id, None) is not None


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., StandIn]:
    def make(**processors: str) -> StandIn:
        made = StandIn(**processors)
        for name, of in (
            ("members", made.members),
            ("swarm_nodes", made.swarm_nodes),
            ("ensure_placeholder_image", made.ensure_image),
            ("keep_place", made.keep_place),
            ("give_place_back", made.give_back),
        ):
            monkeypatch.setattr(swarm_scheduler, name, of)
        return made

    return make


@pytest.fixture
def scheduler(tmp_path: Path) -> SwarmScheduler:
    return SwarmScheduler(Session(resolve_home(str(tmp_path), {})), ClusterFile(name="prod"))


def request(*names: str, tasks: int = 1, memory: int = 1000, **changes: Any) -> PlacementRequest:
    """Every task wants 400 MiB of the ``memory`` that each instance has."""
    offered = tuple(
        Candidate(InstanceKey("prod", name), Resources(1024, memory), Resources(), id=name, **changes) for name in names
    )
    ids = tuple(f"task-{number}" for number in range(tasks))
    return PlacementRequest("prod", "web", 1, ids, Demand(Resources(0, 400), "family:web"), offered)


def words(plan: Any) -> dict[str, tuple[str, str]]:
    return {why.key.name: (why.reason, why.words) for why in plan.refusals}


def test_a_node_that_is_full_by_our_own_books_is_barred(stand_in: Any, scheduler: SwarmScheduler) -> None:
    """Two fit on each, and this Swarm would put all of them on the first."""
    swarm = stand_in(a="x86_64", b="x86_64")
    plan = scheduler.place(request("a", "b", tasks=5))
    assert [key.name for key in plan.placements] == ["a", "a", "b", "b"]
    assert [sorted(wanted.barred) for wanted in swarm.asked] == [[], [], ["a"], ["a"]]
    assert words(plan) == {
        "a": ("RESOURCE:MEMORY", "MEMORY 200 MiB short"),
        "b": ("RESOURCE:MEMORY", "MEMORY 200 MiB short"),
    }
    assert len(swarm.kept) == 4


def test_nodes_of_another_processor_are_asked_about_in_turn(stand_in: Any, scheduler: SwarmScheduler) -> None:
    swarm = stand_in(a="aarch64", b="x86_64", c="x86_64")
    plan = scheduler.place(request("a", "b", "c", tasks=3, memory=500))
    assert [key.name for key in plan.placements] == ["b", "c", "a"]
    assert [wanted.image for wanted in swarm.asked] == ["sha256:x86_64", "sha256:x86_64", "sha256:aarch64"]


def test_a_node_that_cannot_run_a_placeholder_is_not_offered(stand_in: Any, scheduler: SwarmScheduler) -> None:
    stand_in(a="riscv64", b="x86_64")
    plan = scheduler.place(request("a", "b", tasks=2, memory=500))
    assert [key.name for key in plan.placements] == ["b"]
    assert words(plan)["a"] == ("SCHEDULER", "no placeholder for this host's processor")


def test_swarms_own_nodes_that_are_no_instances_are_barred(stand_in: Any, scheduler: SwarmScheduler) -> None:
    swarm = stand_in(a="x86_64")
    swarm.nodes |= {"foreign": "", "away": "Swarm has the node as down"}
    swarm.choose = lambda _: Choice("a")
    assert scheduler.place(request("a")).placements
    assert swarm.asked[0].barred == {"foreign", "away"}


def test_a_node_that_joined_meanwhile_is_not_taken(stand_in: Any, scheduler: SwarmScheduler) -> None:
    swarm = stand_in(a="x86_64")

    def choose(wanted: Wanted) -> Choice:
        swarm.nodes["new"] = ""
        return Choice("a" if "new" in wanted.barred else "new")

    swarm.choose = choose
    plan = scheduler.place(request("a"))
    assert ([key.name for key in plan.placements], swarm.kept) == (["a"], {"task-0": "a"})
    # A swarm that goes on so is not believed for ever.
    swarm.choose = lambda _: Choice("never listed")
    plan = scheduler.place(request("a"))
    assert words(plan) == {"a": ("SCHEDULER", "Swarm: it chose a node that has only just joined")}
    assert len(swarm.asked) == 2 + 3


def test_swarms_words_are_told_of_the_nodes_that_would_take_it(stand_in: Any, scheduler: SwarmScheduler) -> None:
    swarm = stand_in(a="x86_64", b="x86_64")
    swarm.nodes["b"] = "the node's availability in Swarm is drain"
    swarm.choose = lambda _: Choice("", FULL)
    assert words(scheduler.place(request("a", "b", "c"))) == {
        "a": ("SCHEDULER", f"Swarm: {FULL}"),
        "b": ("SCHEDULER", "the node's availability in Swarm is drain"),
        "c": ("SCHEDULER", "not a node of the swarm"),
    }


def test_nothing_that_fits_is_not_asked_about(stand_in: Any, scheduler: SwarmScheduler) -> None:
    swarm = stand_in(a="x86_64")
    plan = scheduler.place(request("a", memory=100))
    assert (plan.placements, swarm.asked) == ((), [])
    assert words(plan) == {"a": ("RESOURCE:MEMORY", "MEMORY 300 MiB short")}


def test_a_manager_that_dies_midway_keeps_nothing(stand_in: Any, scheduler: SwarmScheduler) -> None:
    swarm = stand_in(a="x86_64")

    def choose(wanted: Wanted) -> Choice:
        if len(swarm.asked) == 2:
            swarm.kept[wanted.task_id] = "unknown"  # no answer came: it may have been made
            raise HostError("no answer to creating a service in time", "timeout")
        return Choice("a")

    swarm.choose = choose
    with pytest.raises(MoorageError) as caught:
        scheduler.place(request("a", tasks=2))
    assert caught.value.message == "Docker Swarm's manager a failed: no answer to creating a service in time"
    assert swarm.kept == {}


def test_another_manager_is_asked_when_one_fails(
    stand_in: Any, scheduler: SwarmScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    swarm = stand_in(a="x86_64", b="x86_64")
    swarm.managers = {"a", "b"}
    failing = iter((True, False))

    def nodes(engine: Any) -> dict[str, str]:
        if next(failing):
            raise HostError("the swarm does not have a leader", "failed")
        return dict(swarm.nodes)

    monkeypatch.setattr(swarm_scheduler, "swarm_nodes", nodes)
    assert len(scheduler.place(request("a", "b")).placements) == 1
    failing = iter((True, True))
    with pytest.raises(MoorageError) as caught:
        scheduler.place(request("a", "b"))
    assert caught.value.message == (
        "no Swarm manager of cluster prod can be asked: "
        "a: the swarm does not have a leader; b: the swarm does not have a leader"
    )


def test_release_gives_back_what_is_there_and_may_be_repeated(stand_in: Any, scheduler: SwarmScheduler) -> None:
    swarm = stand_in(a="x86_64")
    scheduler.place(request("a", tasks=2))
    scheduler.release(["task-0", "never placed"])
    scheduler.release(["task-0"])
    scheduler.release([])
    assert swarm.kept == {"task-1": "a"}
