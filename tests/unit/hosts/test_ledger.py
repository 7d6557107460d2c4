"""What an engine is asked: rates over whole seconds, latency of recent answers, streams as long as they are held."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field

import pytest

from app.hosts.ledger import Ledger


@dataclass(eq=False)
class Raw:
    closed: bool = False


@dataclass(eq=False)
class Response:
    raw: Raw = field(default_factory=Raw)


class Bench:
    def __init__(self) -> None:
        self.now = 1000.25
        self.ledger = Ledger(lambda: self.now)

    def ask(self, took: float, size: int = 100, stats: bool = False) -> None:
        kind = "stats" if stats else "call"
        began = self.ledger.asked(kind)  # type: ignore[arg-type]
        self.now += took
        self.ledger.answered(began, size, kind)  # type: ignore[arg-type]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_nothing_was_asked(bench: Bench) -> None:
    costs = bench.ledger.costs()
    assert (costs.asked, costs.asked_rate, costs.streams, costs.failed) == (0, 0.0, 0, 0)
    assert math.isnan(costs.calls.half)


def test_a_rate_is_the_mean_of_ten_whole_seconds(bench: Bench) -> None:
    for _ in range(30):
        for _ in range(4):
            bench.ask(0.0)
        bench.now += 1
    bench.ask(0.0)  # in the second that has only begun
    assert bench.ledger.costs().asked_rate == 4.0
    assert bench.ledger.costs().received_rate == 400.0
    assert bench.ledger.costs().asked == 121
    bench.now += 5
    assert bench.ledger.costs().asked_rate == pytest.approx((4 * 5 + 1) / 10)
    bench.now += 20
    assert bench.ledger.costs().asked_rate == 0.0


def test_in_its_first_seconds_a_rate_is_of_those(bench: Bench) -> None:
    for _ in range(6):
        bench.ask(0.0)
    bench.now += 2
    assert bench.ledger.costs().asked_rate == 3.0


def test_latency_is_of_the_last_minute_and_stats_are_apart(bench: Bench) -> None:
    for milliseconds in range(1, 101):
        bench.ask(milliseconds / 1000)
    bench.ask(0.9, stats=True)
    costs = bench.ledger.costs()
    assert [costs.calls.half, costs.calls.most] == pytest.approx([0.05, 0.095])
    assert [costs.stats_answers.half, costs.stats_answers.most] == pytest.approx([0.9, 0.9])
    assert (costs.asked, costs.stats) == (101, 1)
    bench.now += 61
    assert math.isnan(bench.ledger.costs().calls.most)


def test_what_has_to_wait_is_not_timed(bench: Bench) -> None:
    began = bench.ledger.asked()
    bench.now += 10
    bench.ledger.answered(began, 0, timed=False)
    assert math.isnan(bench.ledger.costs().calls.half)


def test_failures_count_for_ever_and_of_late(bench: Bench) -> None:
    bench.ledger.failed()
    bench.now += 61
    bench.ledger.failed()
    assert (bench.ledger.costs().failed, bench.ledger.costs().failed_lately) == (2, 1)


def test_events_are_counted_with_their_bytes(bench: Bench) -> None:
    bench.ledger.received(500, events=1)
    bench.ledger.received(700, events=1)
    bench.ledger.received(4000)
    costs = bench.ledger.costs()
    assert (costs.events, costs.received, costs.asked) == (2, 5200, 0)


def test_a_stream_counts_until_it_is_closed_or_let_go(bench: Bench) -> None:
    held, dropped = Response(), Response()
    bench.ledger.holds(held)
    bench.ledger.holds(dropped)
    assert bench.ledger.costs().streams == 2
    del dropped
    assert bench.ledger.costs().streams == 1
    held.raw.closed = True
    assert bench.ledger.costs().streams == 0


def test_many_threads_count_right(bench: Bench) -> None:
    def work() -> None:
        for _ in range(2000):
            bench.ask(0.0, size=3)
            bench.ledger.costs()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (bench.ledger.costs().asked, bench.ledger.costs().received) == (8000, 24000)
