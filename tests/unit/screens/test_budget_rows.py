"""What hosts cost as rows and as numbers, and how late a loop is."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from app.fleet.fleet import InstanceState
from app.hosts.ledger import Costs, Latency
from app.model.endpoint import Endpoint, TlsFiles
from app.model.instance import Freshness, Instance, InstanceKey
from app.model.safe_text import SafeText
from app.operations.budget import HostBudget, totals_of
from app.screens.budget.lag import EVERY, LagProbe
from app.screens.budget.rows import (
    BUDGET_COLUMNS,
    BUDGET_ORDERS,
    budget_key,
    budget_row,
    rate_words,
    seconds_words,
)
from tests.unit.builders import NOW
from widgets.cells import cell_text

COSTS = Costs(
    asked=1234,
    stats=1000,
    failed=2,
    asked_rate=12.3,
    stats_rate=9.04,
    received_rate=20_000,
    events_rate=0.5,
    streams=2,
    calls=Latency(0.0004, 1.25),
    stats_answers=Latency(0.7, 0.98),
)


def state(name: str = "edge-1", cluster: str = "prod", reach: str = "live") -> InstanceState:
    instance = Instance(InstanceKey(cluster, name), "0" * 32, "unix:///run/edge.sock", "ACTIVE", NOW)
    until = NOW + timedelta(seconds=7.5)
    return InstanceState(instance, Freshness(reach, NOW, SafeText("timed out"), until))  # type: ignore[arg-type]


def shown(budget: HostBudget) -> dict[str, str]:
    row = budget_row(budget, NOW)
    return {column.key: cell_text(cell).strip() for column, cell in zip(BUDGET_COLUMNS, row.cells, strict=True)}


def test_a_row_has_it_all() -> None:
    assert shown(HostBudget(Endpoint("unix:///run/edge.sock"), (state(),), COSTS, 4)) == {
        "instance": "edge-1 prod",
        "state": "● live",
        "asked": "12",
        "stats": "9.0",
        "p50": "0.4ms",
        "p95": "1.2s",
        "streams": "2",
        "events": "0.5",
        "received": "20K",
        "failed": "2",
        "total": "1,234",
        "detail": "p50 700ms, p95 980ms on 4 wires",
    }


def test_a_host_that_does_not_answer_says_when_it_is_tried_again() -> None:
    cells = shown(HostBudget(Endpoint("unix:///run/edge.sock"), (state(reach="stale"),), Costs()))
    assert (cells["detail"], cells["p50"]) == ("next try in 8s: timed out", "-")


def test_one_engine_in_two_clusters_is_one_row() -> None:
    budget = HostBudget(
        Endpoint("unix:///run/edge.sock"), (state(), state(cluster="test"), state("other", "third")), COSTS
    )
    assert shown(budget)["instance"] == "edge-1 prod, test, other third"
    assert budget_key(budget) == "prod/edge-1"


def test_an_engine_that_is_no_instance_is_dim() -> None:
    budget = HostBudget(Endpoint("unix:///run/old.sock"), (), COSTS)
    assert budget_row(budget, NOW).dim
    # Two ways to one address are two engines.
    other = HostBudget(Endpoint("unix:///run/old.sock", TlsFiles("/ca.pem")), (), COSTS)
    assert budget_key(budget) != budget_key(other)
    assert (shown(budget)["instance"], shown(budget)["detail"]) == ("not registered", "unix:///run/old.sock")


def test_what_is_not_known_is_last_whatever_the_order() -> None:
    unknown = HostBudget(Endpoint("b"), (), Costs())
    assert BUDGET_ORDERS["p95"](unknown) is None
    assert BUDGET_ORDERS["p95"](HostBudget(Endpoint("a"), (), COSTS)) == 1.25


def test_totals_are_sums() -> None:
    one = HostBudget(Endpoint("a"), (), COSTS)
    totals = totals_of([one, replace(one, endpoint=Endpoint("b"))])
    assert (totals.asked_rate, totals.streams, totals.failed) == (24.6, 4, 4)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.00012, "0.1ms"),
        (0.0099, "9.9ms"),
        (0.00996, "10ms"),
        (0.12, "120ms"),
        (0.9996, "1.0s"),
        (5.0, "5.0s"),
        (math.nan, "-"),
    ],
)
def test_seconds_in_words(seconds: float, words: str) -> None:
    assert seconds_words(seconds) == words


@pytest.mark.parametrize(("rate", "words"), [(0, "0"), (0.04, "0.0"), (0.4, "0.4"), (9.96, "10"), (1234.5, "1,234")])
def test_rates_in_words(rate: float, words: str) -> None:
    assert rate_words(rate) == words


async def test_a_loop_that_was_kept_busy_was_late() -> None:
    probe = LagProbe()
    assert math.isnan(probe.lag().worst)
    probe.start()
    probe.start()
    time.sleep(3 * EVERY)  # noqa: ASYNC251 - what nobody is to do on a loop
    deadline = asyncio.get_running_loop().time() + 20
    while math.isnan(probe.lag().worst):
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)
    probe.stop()
    assert probe.lag().worst >= 1.9 * EVERY
    assert probe.since(1) == probe.lag().worst
