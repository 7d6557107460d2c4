"""Who is asked when, by engines that are quick, slow, silent or gone."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from app.hosts import sampler_round as module
from app.hosts.sampler import Sampler
from app.hosts.sampler_round import FEW_WIRES, MOST_WIRES, Told
from tests.engine_bed.waiting import wait_until
from tests.unit.hosts.stats_server import StatsServer, response, stats

SOON = 0.02
LONG = 60.0


class Bench:
    def __init__(self, delay: float = 0.0) -> None:
        self.server = StatsServer(delay)
        self.sampler = Sampler(self.server, "edge")
        self.told: list[Told] = []

    def want(self, *containers: str, every: float = SOON, lasting: float = LONG) -> None:
        self.sampler.want(containers, every, lasting)

    def until(self, condition: Callable[[], object], what: str) -> None:
        def holds() -> bool:
            self.told += self.sampler.take()
            return bool(condition())

        wait_until(holds, what=what)

    def of(self, container: str) -> list[Told]:
        return [told for told in self.told if told.container == container]

    def answered(self, container: str) -> int:
        return sum(told.counters is not None for told in self.of(container))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def threads() -> int:
    return sum(thread.name == "stats-edge" for thread in threading.enumerate())


def test_what_is_wanted_is_asked_again_and_again_on_the_same_wires(bench: Bench) -> None:
    bench.want("a", "b")
    bench.until(lambda: bench.answered("a") > 5 and bench.answered("b") > 5, "several answers")
    bench.sampler.stop()
    first, second = bench.of("a")[0].counters, bench.of("a")[1].counters
    assert first and second and (first.memory, second.cpu) == (64 << 20, 500)
    assert bench.server.opened <= FEW_WIRES


def test_when_nobody_wants_anything_nothing_is_asked_and_no_thread_is_left(bench: Bench) -> None:
    bench.want("a", lasting=0.3)
    bench.until(lambda: bench.answered("a") > 1, "answers")
    bench.until(lambda: threads() == 0, "the end of the thread")
    asked = bench.sampler.asked
    assert bench.sampler.wires == 0
    bench.want("a", lasting=0.3)
    bench.until(lambda: bench.sampler.asked > asked, "a question after the pause")
    bench.sampler.stop()
    bench.until(lambda: threads() == 0, "the end of the thread")


def test_stop_is_for_good(bench: Bench) -> None:
    bench.want("a")
    bench.until(lambda: bench.answered("a"), "an answer")
    bench.sampler.stop()
    bench.until(lambda: threads() == 0, "the end of the thread")
    bench.want("a")
    assert threads() == 0


def test_what_is_on_screen_is_asked_more_often_than_the_rest(bench: Bench) -> None:
    bench.want("rest", every=LONG)
    bench.want("live")
    bench.until(lambda: bench.answered("live") > 5, "answers")
    assert bench.answered("rest") == 1
    bench.want("rest")
    bench.until(lambda: bench.answered("rest") > 2, "it has come into view")
    bench.want("rest", every=LONG)
    rest = bench.of("rest")[-1]
    assert rest.every == SOON, "a sum over all does not make it slower"
    bench.sampler.stop()


def test_a_quick_engine_has_few_connections(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLOW", LONG)  # on a busy machine none is as quick as they are
    names = [f"c{number}" for number in range(40)]
    bench.want(*names, every=LONG)
    bench.until(lambda: all(bench.answered(name) for name in names), "every answer")
    assert bench.server.opened <= FEW_WIRES
    bench.sampler.stop()


def test_a_slow_engine_is_asked_many_at_a_time_but_not_without_a_limit() -> None:
    bench = Bench(delay=0.3)
    names = [f"c{number}" for number in range(MOST_WIRES + 8)]
    bench.want(*names, every=LONG)
    bench.until(lambda: all(bench.answered(name) for name in names), "every answer")
    assert FEW_WIRES < bench.server.most_at_once <= MOST_WIRES
    assert bench.server.opened <= MOST_WIRES
    bench.sampler.stop()


def test_an_engine_is_not_asked_more_often_than_so_many_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_A_SECOND", 20)
    bench = Bench()
    began = bench.sampler.clock()
    bench.want(*(f"c{number}" for number in range(50)), every=0.001)
    bench.until(lambda: len(bench.told) > 60, "three seconds' worth of answers")
    passed = bench.sampler.clock() - began
    assert len(bench.told) <= 20 + 20 * passed + 1
    bench.sampler.stop()


def test_a_question_that_hangs_holds_up_nobody(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CALL_TIMEOUT", 0.3)
    bench.server.answers["stuck"] = lambda _: None
    bench.want("stuck", "well")
    bench.until(lambda: bench.of("stuck"), "the question is given up")
    assert bench.of("stuck")[0].problem == "no answer within 0.3 s"
    assert bench.answered("well") > 2
    well = bench.answered("well")
    bench.until(lambda: bench.answered("well") > well + 3, "the others go on")
    assert bench.server.count("stuck") == 1, "it is left in peace"
    bench.sampler.stop()


def test_one_that_has_gone_and_one_that_fails_say_so_and_the_rest_goes_on(bench: Bench) -> None:
    gone = json.dumps({"message": "No such container: gone"}).encode()
    bench.server.answers["gone"] = lambda _: response(gone, "404 Not Found")
    wrong = json.dumps({"message": "cgroup\x1b[31m broken" + "x" * 500}).encode()
    bench.server.answers["wrong"] = lambda _: response(wrong, "500 Internal Server Error")
    bench.server.answers["list"] = lambda _: response(b"[]")
    bench.server.answers["noise"] = lambda _: response(b"\xff{")
    bench.want("gone", "wrong", "list", "noise", "well")
    bench.until(lambda: bench.answered("well") > 3, "answers of the one that is well")
    assert [(told.counters, told.problem) for told in bench.of("gone")] == [(None, "")]
    assert bench.of("wrong")[0].problem.startswith("cgroup␛[31m broken")
    assert len(bench.of("wrong")[0].problem) < 250
    assert bench.of("list")[0].problem == bench.of("noise")[0].problem == "the answer cannot be read"
    bench.sampler.stop()


def test_connections_that_died_while_at_rest_are_made_again_at_once(bench: Bench) -> None:
    bench.want("a", "b", "c")
    bench.until(lambda: bench.answered("a"), "an answer")
    bench.server.hang_up()
    before = bench.answered("a")
    bench.until(lambda: bench.answered("a") > before, "more answers")
    assert all(told.container for told in bench.told), "the engine itself was never gone"
    bench.sampler.stop()


def test_an_engine_that_is_gone_is_tried_again_after_a_pause(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.1)
    bench.server.down = True
    bench.want("a", "b")
    bench.until(lambda: len(bench.of("")) > 2, "several attempts")
    assert bench.of("")[0].problem == "no Docker Engine is listening there"
    assert bench.server.asked == []
    bench.server.down = False
    bench.until(lambda: bench.answered("a") and bench.answered("b"), "answers")
    bench.sampler.stop()


def test_an_engine_that_dies_under_many_questions_is_one_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.1)
    bench = Bench()
    names = [f"c{number}" for number in range(20)]
    bench.want(*names)
    bench.until(lambda: all(bench.answered(name) for name in names), "every answer")
    bench.server.down = True
    bench.server.hang_up()
    bench.until(lambda: bench.of(""), "it is told")
    bench.server.down = False
    bench.told.clear()
    bench.until(lambda: all(bench.answered(name) for name in names), "every answer again, and none left in peace")
    bench.sampler.stop()


def test_a_reader_that_is_away_finds_no_more_than_so_much(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_A_SECOND", 100_000)
    bench.server.answers["a"] = lambda number: response(json.dumps(stats(number)).encode())
    bench.sampler._told = type(bench.sampler._told)(maxlen=5)
    bench.want("a", every=0.001)
    wait_until(lambda: bench.server.count("a") > 20, what="many questions")
    assert len(bench.sampler.take()) <= 5
    bench.sampler.stop()
