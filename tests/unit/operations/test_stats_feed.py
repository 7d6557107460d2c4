"""What is known of containers, for how long, and what sums are made of it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.fleet.fleet import Fleet, InstanceState
from app.hosts.sampler_round import Told
from app.hosts.stats import Counters, Stats
from app.model.container import Container
from app.model.endpoint import Endpoint
from app.model.errors import MoorageError
from app.model.instance import EngineInfo, Freshness, Instance, InstanceKey
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold, HostRead, InfoRead
from app.operations import stats as module
from app.operations.stats import HISTORY_SECONDS, LIVE_EVERY, MOST_POINTS, REST_EVERY, History, StatsFeed
from app.operations.use import UNKNOWN, Use
from tests.unit.builders import NOW, container, tag

MIB = 1 << 20
KEYS = [InstanceKey("prod", "edge-1"), InstanceKey("prod", "edge-2")]


class FakeSampler:
    """Remembers what was wanted; tells what the test lets it."""

    def __init__(self, engine: Any, name: str, clock: Any) -> None:
        self.name = name
        self.wanted: list[tuple[tuple[str, ...], float]] = []
        self.told: list[Told] = []
        self.stopped = False
        self.asked, self.wires = 7, 2

    def want(self, containers: Any, every: float, lasting: float) -> None:
        self.wanted.append((tuple(containers), every))

    def take(self) -> list[Told]:
        taken, self.told = self.told, []
        return taken

    def stop(self) -> None:
        self.stopped = True


class Bench:
    """Two instances; ``task-a`` and ``task-b`` run on the first, beside one container that is not ours."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "Sampler", FakeSampler)
        self.now = 100.0
        self.feed = StatsFeed(lambda _: None, lambda: self.now)  # type: ignore[arg-type, return-value]
        self.fleet = Fleet()
        self.fleet.register(["prod"], [Instance(key, "0" * 32, f"unix:///{key.name}", "ACTIVE", NOW) for key in KEYS])
        self.hold(KEYS[0], [ours("a", 0xA, 2), ours("b", 0xA, 2), foreign("hand"), foreign("off", "exited")])
        self.hold(KEYS[1], [ours("c", 0xC, 1)])

    def hold(self, key: InstanceKey, containers: list[Container], reach: str = "live") -> None:
        info = EngineInfo("ID", SafeText("e"), SafeText("28"), "1.51", "linux", "x86_64", Resources(4096, 8000))
        told = Freshness(reach, NOW)  # type: ignore[arg-type]
        self.fleet.apply(
            [InfoRead(key, info, timedelta(0)), HostRead(key, tuple(containers), ()), FreshnessTold(key, told)]
        )

    def state(self, number: int = 0) -> InstanceState:
        return self.fleet.instances[KEYS[number]]

    def sampler(self, number: int = 0) -> FakeSampler:
        return self.feed._samplers[Endpoint(f"unix:///{KEYS[number].name}")]  # type: ignore[return-value]

    def tell(self, container: str, memory: int | None = 64, cpu: int | None = None, number: int = 0) -> None:
        counters = Counters(
            self.now, cpu=cpu, system=None if cpu is None else int(self.now * 1000), cores=4, limit=512 * MIB,
            memory=None if memory is None else memory * MIB,
        )  # fmt: skip
        self.sampler(number).told.append(Told(container, counters, every=LIVE_EVERY))

    def look(self) -> None:
        self.feed.want_sums(list(self.fleet.instances.values()))


def ours(name: str, number: int, containers: int) -> Container:
    marked = tag(name, task_id=f"{number:02x}" * 16, cluster="prod", containers=containers)
    return replace(container(marked), id=name)


def foreign(name: str, state: str = "running") -> Container:
    return replace(container(), id=name, tag=None, state=state)  # type: ignore[arg-type]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_what_is_wanted_goes_to_its_own_host(bench: Bench) -> None:
    bench.feed.want(bench.state(), ["a", "hand"])
    assert bench.sampler().wanted == [(("a", "hand"), LIVE_EVERY)]
    bench.feed.want_tasks(bench.fleet.tasks(), bench.fleet.instances)
    assert [sorted(ids) for ids, _ in bench.sampler().wanted[1:]] == [["a", "b"]]
    assert bench.sampler(1).wanted == [(("c",), LIVE_EVERY)]


def test_an_instance_that_does_not_answer_or_is_none_is_not_asked(bench: Bench) -> None:
    bench.hold(KEYS[0], [ours("a", 0xA, 1)], "stale")
    bench.feed.want(bench.state(), ["a"])
    assert not bench.feed._samplers

    def nowhere(_: Endpoint) -> Any:
        raise MoorageError("no endpoint")

    bench.feed = StatsFeed(nowhere, lambda: bench.now)
    bench.feed.want(bench.state(1), ["c"])
    assert not bench.feed._samplers


def test_numbers_are_shown_until_three_turns_later(bench: Bench) -> None:
    bench.feed.want(bench.state(), ["a"])
    assert bench.feed.of("a") is None
    assert not bench.feed.collect()
    bench.tell("a", 64, cpu=0)
    assert bench.feed.collect()
    first = bench.feed.of("a")
    assert first
    assert (first.memory, first.cpu) == (64 * MIB, None)
    bench.now += 2
    bench.tell("a", 65, cpu=500)
    bench.feed.collect()
    second = bench.feed.of("a")
    assert second
    assert second.cpu == pytest.approx(100.0)
    bench.now += 3 * LIVE_EVERY + 2
    assert bench.feed.of("a")
    bench.now += 0.1
    assert bench.feed.of("a") is None
    assert len(bench.feed.history("a")) == 2, "what was known stays for the graphs"


def test_one_that_fails_or_is_gone_has_no_numbers_and_says_why(bench: Bench) -> None:
    bench.feed.want(bench.state(), ["a"])
    bench.tell("a")
    bench.sampler().told.append(Told("a", None, SafeText("no answer within 5 s")))
    bench.feed.collect()
    assert bench.feed.of("a") is None
    assert bench.feed.problem("a") == "no answer within 5 s"
    bench.tell("a")
    bench.feed.collect()
    assert bench.feed.problem("a") == bench.feed.problem("never seen") == ""


def test_a_host_that_fails_says_why_until_it_answers(bench: Bench) -> None:
    bench.feed.want(bench.state(), ["a"])
    bench.sampler().told.append(Told("", None, SafeText("connection refused")))
    bench.feed.collect()
    assert bench.feed.host_problem(bench.state()) == "connection refused"
    bench.tell("a")
    bench.feed.collect()
    assert bench.feed.host_problem(bench.state()) == ""


def test_sums_of_a_task_an_instance_and_a_cluster(bench: Bench) -> None:
    bench.look()
    for turn in range(2):
        for name, memory, work in (("a", 10, 100), ("b", 20, 200), ("hand", 30, 300)):
            bench.tell(name, memory, cpu=turn * work)
        bench.tell("c", 40, cpu=turn * 400, number=1)
        bench.feed.collect()
        bench.now += 1
    task = bench.fleet.find_task("0a" * 16)
    assert task
    of_task = bench.feed.of_task(task)
    assert (of_task.memory, of_task.running, of_task.whole, of_task.cpu_whole) == (30 * MIB, 2, True, True)
    assert of_task.cpu == pytest.approx(120.0)
    of_host = bench.feed.of_instance(bench.state())
    assert (of_host.memory, of_host.running) == (60 * MIB, 3), "what has ended uses nothing"
    whole = bench.feed.of_instances(bench.fleet.instances.values())
    assert (whole.memory, whole.known, whole.running) == (100 * MIB, 4, 4)


def test_sums_say_for_how_many_they_stand(bench: Bench) -> None:
    bench.look()
    bench.tell("a", 10, cpu=0)
    bench.tell("b", None, cpu=0)
    bench.feed.collect()
    use = bench.feed.of_instance(bench.state())
    assert use == Use(10 * MIB, 0.0, 3, 1, 0)
    assert not use.whole
    assert bench.feed.of_instances(bench.fleet.instances.values()).running == 4
    bench.hold(KEYS[0], [ours("a", 0xA, 1)], "stale")
    assert bench.feed.of_instance(bench.state()) == UNKNOWN
    assert bench.feed.of_instances(bench.fleet.instances.values()) == Use(running=2), "one is not known, and one task"


def test_one_engine_that_is_registered_twice_counts_once(bench: Bench) -> None:
    twin = replace(bench.state().instance, key=InstanceKey("test", "edge-1"))
    bench.fleet.register(["prod", "test"], [*(state.instance for state in bench.fleet.instances.values()), twin])
    bench.hold(twin.key, [foreign("hand")])
    bench.hold(KEYS[0], [foreign("hand")])
    bench.hold(KEYS[1], [])
    assert bench.feed.of_instances(bench.fleet.instances.values()).running == 1


def test_sums_ask_slowly_but_not_for_the_second_answer(bench: Bench) -> None:
    bench.look()
    ids, every = bench.sampler().wanted[0]
    assert (sorted(ids), every) == (["a", "b", "hand"], REST_EVERY)
    assert len(bench.sampler().wanted) == 1
    bench.tell("a", cpu=0)
    bench.feed.collect()
    bench.look()
    assert bench.sampler().wanted[-1] == (("a",), LIVE_EVERY), "CPU needs two"


def test_ten_thousand_containers_have_their_turn_more_seldom(bench: Bench) -> None:
    bench.hold(KEYS[0], [foreign(f"c{number}") for number in range(10_000)])
    bench.look()
    assert bench.sampler().wanted[0][1] == pytest.approx(100, abs=1)


def test_history_is_bounded_by_time_and_by_number() -> None:
    history = History()
    for second in range(MOST_POINTS * 3):
        history.add(Stats(float(second), cpu=1.0))
    assert len(history) == MOST_POINTS
    assert history.points("cpu")[-1] == (MOST_POINTS * 3 - 1.0, 1.0)
    history.add(Stats(MOST_POINTS * 3 + HISTORY_SECONDS - 20, memory=5))
    moments = [moment for moment, _ in history.points("memory")]
    assert moments[-1] - moments[0] <= HISTORY_SECONDS
    assert history.points("memory")[-1][1] == 5.0
    assert math.isnan(history.points("cpu")[-1][1]), "not known is not zero"


def test_what_nobody_has_looked_at_for_long_is_forgotten(bench: Bench) -> None:
    bench.feed.want(bench.state(), ["a"])
    bench.tell("a")
    bench.feed.collect()
    bench.now += HISTORY_SECONDS + 60
    bench.feed.collect()
    assert len(bench.feed.history("a")) == 0
    assert not bench.feed._known


def test_it_tells_what_it_costs_and_ends(bench: Bench) -> None:
    bench.feed.want(bench.state(), ["a"])
    assert bench.feed.costs() == {Endpoint("unix:///edge-1"): (7, 2)}
    bench.feed.close()
    assert bench.sampler().stopped
