"""Who is asked when, with engines that answer only when the test lets them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from app.fleet.fleet import Fleet, InstanceState
from app.hosts.errors import HostError
from app.hosts.usage import HostUse
from app.model.errors import MoorageError
from app.model.instance import EngineInfo, Freshness, Instance, InstanceKey
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold, HostRead, InfoRead
from app.operations.usage import MOST_AT_A_TIME, PAUSE, UsageFeed
from tests.unit.builders import NOW, container

WITHIN = 10.0


class Engines:
    """Every engine; ``gate`` open: they answer. ``failing``: with an error."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.failing = False
        self.asked: list[str] = []

    def stats(self, container_id: str) -> dict[str, Any]:
        self.asked.append(container_id)
        assert self.gate.wait(WITHIN)
        if self.failing:
            raise HostError("timed out", "timeout")
        return {"memory_stats": {"usage": 64 << 20}}


class Bench:
    def __init__(self, hosts: int = 1, containers: int = 2) -> None:
        self.engines = Engines()
        self.now = 0.0
        self.posted: queue.Queue[Callable[[], None]] = queue.Queue()
        self.feed = UsageFeed(lambda _: self.engines, self.posted.put, lambda: self.now)  # type: ignore[arg-type, return-value]
        self.fleet = Fleet()
        keys = [InstanceKey("prod", f"edge-{number:02}") for number in range(hosts)]
        self.fleet.register(["prod"], [Instance(key, "0" * 32, f"unix:///{key.name}", "ACTIVE", NOW) for key in keys])
        for key in keys:
            self.contain(key, containers)

    def contain(self, key: InstanceKey, count: int, reach: str = "live") -> None:
        info = EngineInfo("ID", SafeText("e"), SafeText("28"), "1.51", "linux", "x86_64", Resources(4096, 8000))
        unmanaged = [replace(container(), tag=None, id=f"{key.name}-{number}") for number in range(count)]
        told = Freshness(reach, NOW)  # type: ignore[arg-type]
        self.fleet.apply(
            [InfoRead(key, info, timedelta(0)), HostRead(key, tuple(unmanaged), ()), FreshnessTold(key, told)]
        )

    @property
    def states(self) -> list[InstanceState]:
        return list(self.fleet.instances.values())

    def look(self) -> None:
        self.feed.look(self.states)

    def take(self, count: int = 1) -> None:
        for _ in range(count):
            self.posted.get(timeout=WITHIN)()


EDGE = InstanceKey("prod", "edge-00")


def test_somebody_looks_and_a_moment_later_it_is_known() -> None:
    bench = Bench()
    bench.look()
    bench.take()
    assert bench.feed.uses == {EDGE: HostUse(128, 0, 2, 2)}


def test_a_host_is_not_asked_again_before_it_has_answered_and_rested() -> None:
    bench = Bench(containers=1)
    bench.engines.gate.clear()
    bench.look()
    bench.now += PAUSE * 10
    bench.look()
    bench.engines.gate.set()
    bench.take()
    bench.look()
    assert len(bench.engines.asked) == 1
    bench.now += PAUSE + 1
    bench.look()
    bench.take()
    assert len(bench.engines.asked) == 2
    assert bench.posted.empty()


def test_a_host_that_fails_keeps_what_was_known_and_says_so() -> None:
    bench = Bench()
    bench.engines.failing = True
    bench.look()
    bench.take()
    assert bench.feed.uses == {}, "nothing was ever known"
    for failing, problem in ((False, ""), (True, "timed out"), (True, "timed out"), (False, "")):
        bench.engines.failing = failing
        bench.now += PAUSE + 1
        bench.look()
        bench.take()
        assert bench.feed.uses == {EDGE: HostUse(128, 0, 2, 2, problem)}


def test_only_hosts_that_answer_and_have_something_to_ask_for_are_asked() -> None:
    bench = Bench()
    bench.contain(EDGE, 2, reach="stale")
    bench.look()
    assert bench.engines.asked == []
    bench.contain(EDGE, 2)
    bench.look()
    bench.take()
    bench.contain(EDGE, 0)
    bench.now += PAUSE + 1
    bench.look()
    assert bench.feed.uses == {}
    assert bench.posted.empty()


def test_a_hundred_hosts_are_not_asked_all_at_the_same_time() -> None:
    bench = Bench(hosts=100, containers=1)
    bench.engines.gate.clear()
    bench.look()
    bench.look()
    bench.engines.gate.set()
    bench.take(MOST_AT_A_TIME)
    assert bench.posted.empty()
    for _ in range(6):
        bench.look()
        bench.take(min(MOST_AT_A_TIME, 100 - len(bench.feed.uses)))
    assert len(bench.feed.uses) == 100


def test_an_endpoint_that_is_none_is_left_out() -> None:
    def nowhere(_: str) -> Any:
        raise MoorageError("no endpoint")

    bench = Bench()
    bench.feed = UsageFeed(nowhere, bench.posted.put, lambda: 0.0)
    bench.look()
    assert bench.feed.uses == {}
    assert bench.posted.empty()
