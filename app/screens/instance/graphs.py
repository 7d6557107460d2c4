"""What everything on an instance uses together, as graphs against what it has and what is reserved of it."""

from __future__ import annotations

from datetime import datetime

from app.fleet.fleet import InstanceState
from app.hosts.stats import Stats
from app.model.amounts import compact
from app.operations.stats import History
from app.operations.use import Use
from app.screens import formats
from app.screens.stowage.bars import cores
from app.screens.task_stats import small_graphs
from app.screens.use_cells import AT_LEAST, CORE, MEBIBYTE
from widgets.cells import Cell, Span
from widgets.graphs import Graph

_LEAST_CPU = 5.0
"""Per cent of the instance at the top at least: what is all but idle is to look so."""


def instance_graphs(
    state: InstanceState, history: History, latest: Stats | None, use: Use, now: datetime, problem: str
) -> tuple[list[Graph], list[Graph], str]:
    """The large and the small ones, and what to say when there are none.

    Args:
        latest: the last point of the history.
        use: what is used now.
        problem: why nothing is known of that, "" when nothing is wrong.
    """
    if not len(history) or latest is None:
        if not state.live:
            why = formats.reach_detail(state.freshness, now) or "it has not answered yet"
            return [], [], f"What {state.instance.key.name} uses is not known: {why}"
        return [], [], problem or f"Asking what the containers on {state.instance.key.name} use…"
    large = [_cpu(state, history, latest, use, now), _memory(state, history, latest, use, now)]
    return large, small_graphs(latest if state.live else None, history), ""


def _cpu(state: InstanceState, history: History, latest: Stats, use: Use, now: datetime) -> Graph:
    """In per cent of the whole instance."""
    units, reserved = state.registered.cpu or CORE, state.reserved.cpu
    share = CORE / units
    points = tuple((at, value * share) for at, value in history.points("cpu"))
    held = f", {formats.percent(reserved, units)} reserved" if reserved else ""
    shown = use.cpu if state.live and use.cpu_known else latest.cpu if not state.live else None
    heading = (
        Span("CPU ", "muted"),
        *_now(state, _per_cent(None if shown is None else shown * share), now, whole=use.cpu_whole),
        Span(f" of {cores(units)}{held}", "muted"),
    )
    line = 100 * reserved / units if reserved else None
    return Graph("CPU", heading, points, points[-1][0], _LEAST_CPU, _per_cent, line=line)


def _memory(state: InstanceState, history: History, latest: Stats, use: Use, now: datetime) -> Graph:
    points = tuple(history.points("memory"))
    registered, reserved = state.registered.memory, state.reserved.memory
    held = f", {formats.mebibytes(reserved)} reserved" if reserved else ""
    shown = use.memory if state.live and use.known else latest.memory if not state.live else None
    heading = (
        Span("MEM ", "muted"),
        *_now(state, compact(shown), now, whole=use.whole),
        Span(f" of {formats.mebibytes(registered)}{held}" if registered else held, "muted"),
    )
    line = float(reserved * MEBIBYTE) or None
    return Graph("MEM", heading, points, points[-1][0], float(MEBIBYTE), compact, line=line, binary=True)


def _now(state: InstanceState, amount: str, now: datetime, *, whole: bool) -> Cell:
    """``34%``; of a host that does not answer ``was 34% 38s ago``."""
    if state.live:
        return (Span(AT_LEAST * (amount != formats.NOTHING and not whole) + amount, "strong"),)
    return (Span(f"was {amount} {formats.age(state.freshness.since, now)} ago", "warn"),)


def _per_cent(value: float | None) -> str:
    if value is None:
        return formats.NOTHING
    return f"{value:.1f}".removesuffix(".0") + "%" if value < 9.95 else f"{value:.0f}%"
