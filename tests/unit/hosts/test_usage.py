from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from app.hosts.errors import HostError
from app.hosts.usage import MOST_A_ROUND, ROUND_BUDGET, Sample, UsageReader, Use, read_sample, together, use_between

MIB = 1 << 20


def stats(memory: int = 100, cpu: int = 0, system: int = 1000, **changes: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "memory_stats": {"usage": memory * MIB, "stats": {}},
        "cpu_stats": {"cpu_usage": {"total_usage": cpu}, "system_cpu_usage": system, "online_cpus": 4},
    }
    return answer | changes


class FakeEngine:
    """Answers with what is in ``answers``, each sample later than the one before."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, Any] | HostError] = {}
        self.asked: list[str] = []
        self._ticks: Iterator[int] = count(1)

    def stats(self, container: str) -> dict[str, Any]:
        self.asked.append(container)
        answer = self.answers.get(container, stats())
        if isinstance(answer, HostError):
            raise answer
        tick = next(self._ticks)
        return stats(answer["memory_stats"]["usage"] // MIB, tick * 250, tick * 1000)


def reader(engine: FakeEngine, clock: Any = lambda: 0.0) -> UsageReader:
    return UsageReader(engine, clock)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["total_inactive_file", "inactive_file"])
def test_cache_that_could_go_is_no_memory_in_use(name: str) -> None:
    given = stats()
    given["memory_stats"] = {"usage": 100 * MIB, "stats": {name: 30 * MIB}}
    assert read_sample(given).memory == 70 * MIB
    given["memory_stats"]["stats"][name] = 200 * MIB
    assert read_sample(given).memory == 100 * MIB


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"memory_stats": {}, "cpu_stats": {}},
        {"memory_stats": None, "cpu_stats": {"cpu_usage": None}},
        {"memory_stats": {"usage": "x", "stats": {"inactive_file": None}}, "cpu_stats": {"online_cpus": -1}},
        {"memory_stats": {"usage": True}, "cpu_stats": {"cpu_usage": {"percpu_usage": 3}}},
    ],
)
def test_what_an_answer_leaves_out_is_nothing(answer: dict[str, Any]) -> None:
    assert read_sample(answer) == Sample(0, 0, 0, 0)


def test_cores_are_counted_where_they_are_not_told() -> None:
    assert read_sample({"cpu_stats": {"cpu_usage": {"percpu_usage": [1, 2, 3]}}}).cores == 3


def test_cpu_is_the_share_of_the_host_between_two_samples() -> None:
    first, second = Sample(0, 0, 1000, 4), Sample(3 * MIB, 250, 2000, 4)
    assert use_between(None, first) == Use(0, None)
    assert use_between(first, second) == Use(3, 1024), "a quarter of four cores"
    assert use_between(second, first).cpu is None, "it was started again"
    assert use_between(first, first).cpu is None
    assert use_between(Sample(0, 0, 0, 4), Sample(0, 10, 0, 4)).cpu is None, "the engine does not tell its own time"


def test_a_second_round_tells_cpu_too() -> None:
    used = reader(FakeEngine())
    assert used.round(["a"]) == {"a": Use(100, None)}
    assert used.round(["a"]) == {"a": Use(100, 1024)}


def test_a_round_asks_for_so_many_and_the_next_goes_on() -> None:
    engine = FakeEngine()
    used = reader(engine)
    names = [f"c{number:02}" for number in range(MOST_A_ROUND + 5)]
    assert len(used.round(names)) == MOST_A_ROUND
    assert len(used.round(names)) == len(names), "what was known before is known still"
    assert engine.asked[MOST_A_ROUND : MOST_A_ROUND + 5] == names[MOST_A_ROUND:]
    used.round(names)
    assert set(engine.asked) == set(names)
    assert max(engine.asked.count(name) for name in names) - min(engine.asked.count(name) for name in names) <= 1


def test_a_slow_engine_is_asked_for_a_few_at_a_time() -> None:
    engine = FakeEngine()
    ticks = count(0)
    used = reader(engine, lambda: next(ticks) * ROUND_BUDGET / 2)
    used.round(["a", "b", "c", "d"])
    assert engine.asked == ["a", "b", "c"]
    used.round(["a", "b", "c", "d"])
    assert engine.asked[3] == "d"


def test_one_that_has_gone_is_left_out_and_forgotten() -> None:
    engine = FakeEngine()
    used = reader(engine)
    used.round(["a", "b"])
    engine.answers["a"] = HostError("no such container", "not-found")
    assert set(used.round(["a", "b"])) == {"b"}
    assert set(used.round([])) == set()


def test_an_engine_that_fails_is_an_error_and_is_gone_on_with_later() -> None:
    engine = FakeEngine()
    used = reader(engine)
    engine.answers["b"] = HostError("timed out", "timeout")
    with pytest.raises(HostError):
        used.round(["a", "b", "c"])
    engine.answers.clear()
    assert set(used.round(["a", "b", "c"])) == {"a", "b", "c"}


def test_sums_say_for_how_many_they_stand() -> None:
    made = together([Use(100, 256), Use(50, None)], 3)
    assert (made.memory, made.cpu, made.containers, made.known, made.problem) == (150, 256, 3, 2, "")
