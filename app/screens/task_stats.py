"""What a task uses, as graphs: small ones in a title, large ones of one container in a pane."""

from __future__ import annotations

import math
from typing import Final

from app.hosts.stats import Stats
from app.model.amounts import compact, cores_percent
from app.model.container import Container
from app.model.task import Task, TaskContainer
from app.operations.stats import History, StatsFeed
from app.operations.use import running_ids
from app.screens.formats import NOTHING
from app.screens.use_cells import MEBIBYTE
from widgets.cells import Cell, Span, cell
from widgets.graphs import Graph
from widgets.meter import sparkline
from widgets.sparkline import binned

_TITLE_SPAN: Final = 5.0
"""Seconds that a cell in a title stands for."""
_LEAST_CPU: Final = 20.0
"""Per cent of a core at the top of such a line at least: what is all but idle is to look so."""
Points = tuple[tuple[float, float], ...]


def title(feed: StatsFeed, task: Task, width: int) -> str:
    """``CPU 12% ▁▂▃  MEM 181M/512M ▃▃▄`` of all its containers together, in so many cells; "" if nothing runs."""
    return use_title(feed, running_ids(task), task.reservation.memory, width)


def use_title(feed: StatsFeed, ids: list[str], reserved: int, width: int) -> str:
    """The same of any containers. ``reserved``: MiB; 0 where nothing is."""
    if not ids:
        return ""
    use = feed.sum(ids)
    cpu = f"CPU {cores_percent(use.cpu) if use.cpu_known else NOTHING}"
    memory = f"MEM {compact(use.memory) if use.known else NOTHING}" + (
        f"/{compact(reserved * MEBIBYTE)}" if reserved else ""
    )
    room = (width - len(cpu) - len(memory) - 6) // 2
    if room < 4:
        return f"{cpu}  {memory}"
    count = min(room, 20)
    graphs = [
        _line(feed, ids, "cpu", count, _LEAST_CPU),
        # Against what is reserved: a level that stands still is to look like one.
        _line(feed, ids, "memory", count, float(max(reserved * MEBIBYTE, use.memory, 1))),
    ]
    return "  ".join(f"{words} {line}".rstrip() for words, line in zip((cpu, memory), graphs, strict=True))


def _line(feed: StatsFeed, ids: list[str], measure: str, count: int, least: float) -> str:
    """The sum over some containers."""
    end = feed.clock()
    lines = [binned(feed.history(id_).points(measure), end, _TITLE_SPAN, count) for id_ in ids]
    sums = [_sum(values) for values in zip(*lines, strict=True)]
    while sums and math.isnan(sums[-1]):  # the newest span has only begun
        sums.pop()
    known = [value for value in sums if not math.isnan(value)]
    return sparkline(known, count, top=max([*known, least])).strip()


def _sum(values: tuple[float, ...]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) if known else math.nan


def graphs(feed: StatsFeed, part: TaskContainer | None) -> tuple[list[Graph], list[Graph], str]:
    """The large and the small graphs of a container, and what to say when there are none."""
    if part is None or part.runtime is None:
        return [], [], "This container has not been made yet, or is gone."
    return container_graphs(feed, part.runtime, part.name)


def container_graphs(feed: StatsFeed, container: Container, name: str) -> tuple[list[Graph], list[Graph], str]:
    """The same of any container, by what it is called."""
    history = feed.history(container.id)
    if not len(history):
        problem = feed.problem(container.id)
        if not container.up:
            return [], [], f"{name} does not run, so it uses nothing."
        return [], [], f"{name}: {problem}" if problem else f"Asking what {name} uses…"
    stats = feed.of(container.id) if container.up else None
    return [_cpu(name, stats, history), _memory(stats, history)], small_graphs(stats, history), ""


def _points(history: History, measure: str) -> Points:
    return tuple(history.points(measure))


def _cpu(name: str, stats: Stats | None, history: History) -> Graph:
    points = _points(history, "cpu")
    now = cores_percent(stats.cpu if stats else None)
    heading = (Span("CPU ", "muted"), Span(now, "strong"), Span(f" of a core, {name}", "muted"))
    return Graph("CPU", heading, points, points[-1][0], 5.0, cores_percent)


def _memory(stats: Stats | None, history: History) -> Graph:
    points = _points(history, "memory")
    limit = float(stats.limit) if stats and stats.limit else None
    now = compact(stats.memory) if stats and stats.memory is not None else NOTHING
    share = f", {stats.memory / stats.limit:.0%}" if stats and stats.memory is not None and stats.limit else ""
    heading = (
        Span("MEM ", "muted"),
        Span(now, "strong"),
        Span(f" of {compact(limit)}{share}" if limit else "", "muted"),
    )
    return Graph("MEM", heading, points, points[-1][0], float(MEBIBYTE), compact, line=limit, binary=True)


_SMALL: Final = (
    ("net received", "received_rate", "received"),
    ("net sent", "sent_rate", "sent"),
    ("block read", "read_rate", "read"),
    ("block written", "written_rate", "written"),
)


def small_graphs(stats: Stats | None, history: History) -> list[Graph]:
    """Network, block I/O and processes, a line each. ``stats``: what they are now, as far as it is known."""
    made = []
    for name, rate, total in _SMALL:
        points = _points(history, rate)
        value = _rate(getattr(stats, rate, None), getattr(stats, total, None))
        made.append(Graph(name, value, points, points[-1][0], 1024.0, compact, tone="accent", binary=True))
    points = _points(history, "pids")
    pids = cell(NOTHING if stats is None or stats.pids is None else str(stats.pids))
    made.append(Graph("pids", pids, points, points[-1][0], 4.0, lambda value: f"{value:.0f}", tone="accent"))
    return made


def _rate(rate: float | None, total: int | None) -> Cell:
    """``1.2M/s, 34M``: now, and in all."""
    if total is None:
        return cell(NOTHING, "muted")
    now = f"{compact(rate)}/s" if rate is not None else NOTHING
    return (Span(now), Span(f"  {compact(total)}", "muted"))
