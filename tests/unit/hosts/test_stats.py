"""Answers of Docker's stats, of both cgroup versions and of engines that leave things out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.stats import Counters, Stats, read_counters, stats_between

MIB = 1 << 20

# As Docker 20.10 answers on cgroup v1, and Docker 28 on v2.
V1: dict[str, Any] = {
    "read": "2026-01-02T03:04:05.678901234Z",
    "pids_stats": {"current": 3},
    "blkio_stats": {
        "io_service_bytes_recursive": [
            {"major": 8, "minor": 0, "op": "Read", "value": 1000},
            {"major": 8, "minor": 0, "op": "Write", "value": 500},
            {"major": 8, "minor": 0, "op": "Total", "value": 1500},
            {"major": 8, "minor": 16, "op": "Read", "value": 24},
        ]
    },
    "cpu_stats": {
        "cpu_usage": {"total_usage": 4_000_000_000, "percpu_usage": [1, 2]},
        "system_cpu_usage": 90_000_000_000,
        "online_cpus": 2,
    },
    "memory_stats": {"usage": 100 * MIB, "stats": {"total_inactive_file": 30 * MIB}, "limit": 512 * MIB},
    "networks": {"eth0": {"rx_bytes": 10, "tx_bytes": 20}, "eth1": {"rx_bytes": 1, "tx_bytes": 2}},
}
V2: dict[str, Any] = {
    **V1,
    "blkio_stats": {"io_service_bytes_recursive": [{"op": "read", "value": 7}, {"op": "write", "value": 8}]},
    "cpu_stats": {"cpu_usage": {"total_usage": 4_000_000_000}, "system_cpu_usage": 90_000_000_000, "online_cpus": 2},
    "memory_stats": {"usage": 100 * MIB, "stats": {"inactive_file": 20 * MIB}, "limit": 512 * MIB},
}


def test_what_both_cgroup_versions_say() -> None:
    one = read_counters(V1, 5.0)
    assert (one.memory, one.limit, one.pids) == (70 * MIB, 512 * MIB, 3)
    assert (one.read, one.written, one.received, one.sent) == (1024, 500, 11, 22)
    two = read_counters(V2, 5.0)
    assert (two.memory, two.read, two.written, two.cores) == (80 * MIB, 7, 8, 2)


def test_cache_that_is_as_large_as_all_of_it_is_not_taken_away() -> None:
    assert read_counters({"memory_stats": {"usage": 5, "stats": {"inactive_file": 5}}}, 0.0).memory == 5


def test_cores_are_counted_where_they_are_not_told() -> None:
    assert read_counters({"cpu_stats": {"cpu_usage": {"percpu_usage": [1, 2, 3]}}}, 0.0).cores == 3


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"memory_stats": {}, "cpu_stats": {}, "pids_stats": {}, "networks": {}},
        {"memory_stats": None, "cpu_stats": {"cpu_usage": None}, "networks": None, "blkio_stats": None},
        {"memory_stats": {"usage": "x", "stats": {"inactive_file": None}}, "cpu_stats": {"online_cpus": -1}},
        {"memory_stats": {"usage": True}, "cpu_stats": {"cpu_usage": {"percpu_usage": 3}}, "networks": {"eth0": None}},
        {"blkio_stats": {"io_service_bytes_recursive": None}, "networks": {"eth0": {"rx_bytes": -1}}},
        {"blkio_stats": {"io_service_bytes_recursive": [None, {"op": None, "value": 3}, {"op": "read"}]}},
    ],
)
def test_what_an_answer_leaves_out_is_not_known_and_never_zero(answer: dict[str, Any]) -> None:
    assert read_counters(answer, 0.0) == Counters(0.0)
    assert stats_between(None, Counters(0.0)) == Stats(0.0)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(V1)), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(V1)), _JSON))
def test_no_answer_makes_it_fail(answer: dict[str, Any]) -> None:
    stats_between(read_counters(answer, 0.0), read_counters(answer, 1.0))


def test_cpu_is_in_per_cent_of_one_core() -> None:
    first = Counters(0.0, cpu=0, system=1000, cores=4)
    second = Counters(1.0, cpu=250, system=2000, cores=4)
    assert stats_between(None, first).cpu is None
    assert stats_between(first, second).cpu == pytest.approx(100.0), "a quarter of four cores"
    assert stats_between(first, Counters(1.0, cpu=0, system=2000, cores=4)).cpu == 0.0


@pytest.mark.parametrize(
    "after",
    [
        Counters(1.0, cpu=50, system=2000, cores=4),
        Counters(1.0, cpu=200, system=1000, cores=4),
        Counters(1.0, cpu=200, system=None, cores=4),
        Counters(1.0, cpu=None, system=2000, cores=4),
        Counters(1.0, cpu=200, system=2000, cores=0),
    ],
    ids=["started again", "no time has passed", "no system time", "no CPU time", "no cores"],
)
def test_cpu_that_cannot_be_told_is_not_told(after: Counters) -> None:
    assert stats_between(Counters(0.0, cpu=100, system=1000, cores=4), after).cpu is None


def test_rates_are_by_the_second_and_never_negative() -> None:
    first = Counters(10.0, received=1000, sent=50, read=7)
    second = Counters(12.0, received=3000, sent=40, written=9)
    made = stats_between(first, second)
    assert (made.received_rate, made.sent_rate, made.read_rate, made.written_rate) == (1000.0, None, None, None)
    assert stats_between(second, replace_at(second, 12.0)).received_rate is None


def replace_at(counters: Counters, at: float) -> Counters:
    from dataclasses import replace

    return replace(counters, at=at)
