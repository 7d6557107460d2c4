"""What one engine has to do for us, as a row. Pure."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

from app.hosts.ledger import Latency
from app.model.amounts import compact
from app.operations.budget import HostBudget
from app.screens import formats
from app.screens.filtering import Subject, subject
from app.screens.rows import pick
from app.screens.subjects import instance_subject
from app.screens.tables.orders import Orders, natural
from widgets.cells import Cell, Column, Row, Span, cell

BUDGET_COLUMNS: Final = (
    Column("instance", "INSTANCE", min_width=16, weight=2),
    Column("state", "STATE", width=13, priority=2),
    Column("asked", "ASKED/s", width=7, align="right"),
    Column("stats", "STATS/s", width=7, align="right", priority=5),
    Column("p50", "p50", width=6, align="right", priority=1),
    Column("p95", "p95", width=6, align="right"),
    Column("streams", "STREAMS", width=7, align="right", priority=3),
    Column("events", "EVENTS/s", width=8, align="right", priority=4),
    Column("received", "IN/s", width=5, align="right", priority=3),
    Column("failed", "FAILED", width=6, align="right"),
    Column("total", "TOTAL", width=7, align="right", priority=6),
    Column("detail", "STATS OR REASON", min_width=17, weight=3, priority=7),
)
EMPTY_BUDGET: Final = """No host is asked for anything.

Here is what each engine has to do for this dashboard: questions, answers that go on, bytes."""
_SLOW: Final = 1.0
"""Seconds from which on an answer is slow."""


def budget_key(budget: HostBudget) -> str:
    """The key of its instance, the first of several; of an engine that is none its endpoint."""
    if not budget.states:
        return f"engine:{budget.endpoint}"
    key = budget.states[0].instance.key
    return f"{key.cluster}/{key.name}"


def budget_row(budget: HostBudget, now: datetime) -> Row:
    costs = budget.costs
    state = budget.states[0] if budget.states else None
    failed = (Span(f"{costs.failed:,}", "bad" if costs.failed_lately else "" if costs.failed else "muted"),)
    cells = {
        "instance": _name(budget),
        "state": formats.reach(state.freshness, now, draining=False) if state else cell(formats.NOTHING, "muted"),
        "asked": rate_cell(costs.asked_rate),
        "stats": rate_cell(costs.stats_rate),
        "p50": _latency(costs.calls.half),
        "p95": _latency(costs.calls.most),
        "streams": cell(str(costs.streams), "" if costs.streams else "muted"),
        "events": rate_cell(costs.events_rate),
        "received": cell(compact(costs.received_rate), "" if costs.received_rate else "muted"),
        "failed": failed,
        "total": cell(f"{costs.asked:,}", "muted"),
        "detail": _detail(budget, now),
    }
    return Row(budget_key(budget), pick(BUDGET_COLUMNS, cells), dim=state is None)


def _name(budget: HostBudget) -> Cell:
    """One engine may be an instance of several clusters."""
    if not budget.states:
        return cell("not registered")
    names = [(state.instance.key.name, state.instance.key.cluster) for state in budget.states]
    spans = [Span(names[0][0], "strong"), Span(f" {names[0][1]}", "muted")]
    for name, cluster in names[1:]:
        spans.append(Span(f", {'' if name == names[0][0] else name + ' '}{cluster}", "muted"))
    return tuple(spans)


def _detail(budget: HostBudget, now: datetime) -> Cell:
    """Why it does not answer, and when it is tried again; else how long it takes to answer for stats."""
    state, stats = budget.states[0] if budget.states else None, budget.costs.stats_answers
    if state is not None and (why := formats.reach_detail(state.freshness, now)):
        reason, _, again = why.rpartition("; ")
        return cell(f"{again}: {reason}", "warn")  # the reason is cut first where there is little room
    if state is None:
        return cell(budget.endpoint.url)
    if not _known(stats):
        return ()
    words = f"p50 {seconds_words(stats.half)}, p95 {seconds_words(stats.most)}"
    return cell(words + (f" on {budget.wires} wire{'' if budget.wires == 1 else 's'}" if budget.wires else ""), "muted")


def _known(latency: Latency) -> bool:
    return not math.isnan(latency.half)


def _latency(seconds: float) -> Cell:
    if math.isnan(seconds):
        return cell(formats.NOTHING, "muted")
    return cell(seconds_words(seconds), "warn" if seconds >= _SLOW else "")


def seconds_words(seconds: float) -> str:
    """``0.4ms 12ms 1.2s``."""
    if math.isnan(seconds):
        return formats.NOTHING
    if seconds >= 0.9995:
        return f"{seconds:.1f}s"
    milliseconds = seconds * 1000
    return f"{milliseconds:.1f}ms" if milliseconds < 9.95 else f"{milliseconds:.0f}ms"


def rate_words(rate: float) -> str:
    """``0 0.4 12``: so often a second."""
    if rate <= 0:
        return "0"
    return f"{rate:.1f}" if rate < 9.95 else f"{rate:,.0f}"


def rate_cell(rate: float) -> Cell:
    return cell(rate_words(rate), "" if rate > 0 else "muted")


def budget_subject(budget: HostBudget) -> Subject:
    """Of an engine in several clusters the first counts."""
    return instance_subject(budget.states[0]) if budget.states else subject(budget.endpoint.url)


def _some(value: float) -> float | None:
    return None if math.isnan(value) else value


BUDGET_ORDERS: Final[Orders[HostBudget]] = {
    "instance": lambda budget: natural(budget_key(budget).rpartition("/")[2]),
    "state": lambda budget: budget.states[0].freshness.reach if budget.states else None,
    "asked": lambda budget: budget.costs.asked_rate,
    "stats": lambda budget: budget.costs.stats_rate,
    "p50": lambda budget: _some(budget.costs.calls.half),
    "p95": lambda budget: _some(budget.costs.calls.most),
    "streams": lambda budget: budget.costs.streams,
    "events": lambda budget: budget.costs.events_rate,
    "received": lambda budget: budget.costs.received_rate,
    "failed": lambda budget: budget.costs.failed,
    "total": lambda budget: budget.costs.asked,
    "detail": lambda budget: _some(budget.costs.stats_answers.most),
}
