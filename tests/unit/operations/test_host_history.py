"""Sums over an instance as points in time: none while too much of them is missing."""

from __future__ import annotations

import math

import pytest

from app.hosts.sampler_round import Told
from app.model.safe_text import SafeText
from app.operations.host_history import FORGIVEN, HostHistories
from app.operations.stats import HISTORY_SECONDS, LIVE_EVERY
from tests.unit.operations.test_stats_feed import KEYS, MIB, Bench, foreign, ours


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """On the first instance ``a``, ``b`` and ``hand`` are up."""
    return Bench(monkeypatch)


@pytest.fixture
def histories(bench: Bench) -> HostHistories:
    return HostHistories(bench.feed)


def tell_all(bench: Bench, *names: str, memory: int = 64, cpu: int | None = None) -> None:
    bench.feed.want(bench.state(), ["a"])  # whoever wants something has a sampler
    for name in names:
        bench.tell(name, memory, cpu)
    bench.feed.collect()


def points(histories: HostHistories, measure: str) -> list[float]:
    return [value for _, value in histories.of(KEYS[0]).points(measure)]


def test_a_point_is_the_sum_of_all_that_is_up(bench: Bench, histories: HostHistories) -> None:
    tell_all(bench, *(id_ for id_ in _ids(bench)))
    histories.note([bench.state()])
    assert points(histories, "memory") == [3 * 64 * MIB]
    assert math.isnan(points(histories, "cpu")[0]), "of CPU nothing is known after one answer"


def test_there_is_no_point_while_somebody_has_not_told_anything(bench: Bench, histories: HostHistories) -> None:
    tell_all(bench, *_ids(bench)[:2])
    histories.note([bench.state()])
    assert not len(histories.of(KEYS[0]))


def test_one_that_cannot_be_asked_is_left_out(bench: Bench, histories: HostHistories) -> None:
    ids = _ids(bench)
    tell_all(bench, *ids[:2])
    bench.sampler().told.append(Told(ids[2], None, SafeText("no such driver")))
    bench.feed.collect()
    histories.note([bench.state()])
    assert points(histories, "memory") == [2 * 64 * MIB]


def test_a_host_that_falls_silent_does_not_use_less(bench: Bench, histories: HostHistories) -> None:
    ids = _ids(bench)
    tell_all(bench, *ids)
    histories.note([bench.state()])
    for id_ in ids[1:]:
        bench.sampler().told.append(Told(id_, None, SafeText("no answer within 5 s")))
    bench.now += LIVE_EVERY
    tell_all(bench, ids[0])
    histories.note([bench.state()])
    assert points(histories, "memory") == [3 * 64 * MIB]
    bench.now += FORGIVEN
    tell_all(bench, ids[0])
    histories.note([bench.state()])
    assert points(histories, "memory") == [3 * 64 * MIB, 64 * MIB], "those do not come back"


def test_nothing_up_is_nothing_used(bench: Bench, histories: HostHistories) -> None:
    bench.hold(KEYS[0], [foreign("off", "exited")])
    histories.note([bench.state()])
    assert points(histories, "memory") == [0]
    assert points(histories, "cpu") == [0]


def test_points_are_two_seconds_apart_and_stale_hosts_have_none(bench: Bench, histories: HostHistories) -> None:
    for _ in range(10):
        tell_all(bench, *_ids(bench))
        histories.note([bench.state()])
        bench.now += 1
    assert len(histories.of(KEYS[0])) == 5
    bench.hold(KEYS[0], [ours("a", 0xA, 1)], reach="stale")
    bench.now += 5
    histories.note([bench.state()])
    assert len(histories.of(KEYS[0])) == 5
    bench.now += HISTORY_SECONDS + 1
    histories.note([])
    assert not len(histories.of(KEYS[0]))
    assert KEYS[0] not in histories.latest


def _ids(bench: Bench) -> list[str]:
    return [container.id for container in bench.state().containers.values() if container.up]
