"""What Moorage itself uses, as graphs: as long as the screen is open, ten minutes at most."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Final

from app.model.amounts import compact
from app.operations.budget import Totals
from app.operations.own_use import OwnUse
from app.operations.stats import HISTORY_SECONDS
from app.screens.budget.lag import Lag
from app.screens.budget.rows import rate_words, seconds_words
from app.screens.formats import NOTHING
from widgets.cells import Cell, Span, cell
from widgets.graphs import Graph

EVERY: Final = 2.0
_MOST_POINTS: Final = round(HISTORY_SECONDS / EVERY) + 20
_MEBIBYTE: Final = 1 << 20


class OwnHistory:
    """Points of each measure."""

    def __init__(self) -> None:
        self._points: dict[str, deque[tuple[float, float]]] = {}
        self._use: OwnUse | None = None
        self._totals = Totals()
        self._lag = Lag()

    def add(self, use: OwnUse, totals: Totals, lag: Lag, lately: float) -> None:
        """
        Args:
            lately: by how much the loop was late at worst since the last time, in seconds.
        """
        self._use, self._totals, self._lag = use, totals, lag
        measured = {
            "cpu": use.cpu,
            "memory": use.memory if use.memory is not None else use.resident,
            "asked": totals.asked_rate,
            "events": totals.events_rate,
            "received": totals.received_rate,
            "lag": lately * 1000,
            "threads": use.threads,
            "files": use.files,
        }
        for name, value in measured.items():
            points = self._points.setdefault(name, deque(maxlen=_MOST_POINTS))
            points.append((use.at, math.nan if value is None else float(value)))

    def graphs(self) -> tuple[list[Graph], list[Graph], str]:
        """The large and the small ones, and what to say when there are none."""
        use, totals = self._use, self._totals
        if use is None:
            return [], [], "Measuring…"
        small = [
            self._small("requests", "asked", f"{rate_words(totals.asked_rate)}/s", 1.0, rate_words),
            self._small("events", "events", f"{rate_words(totals.events_rate)}/s", 1.0, rate_words),
            self._small("received", "received", f"{compact(totals.received_rate)}/s", 1024.0, compact),
            self._small("loop is late", "lag", self._lag_words(), 10.0, _whole),
            self._small("threads", "threads", str(use.threads), 8.0, _whole),
            self._small("open files", "files", NOTHING if use.files is None else str(use.files), 8.0, _whole),
        ]
        return [self._cpu(use), self._memory(use)], small, ""

    def _cpu(self, use: OwnUse) -> Graph:
        title = _titled("CPU", per_cent(use.cpu), f" of a core, {use.seconds:.0f} s so far")
        points = tuple(self._points["cpu"])
        return Graph("CPU", title, points, use.at, 5.0, lambda value: f"{value:.0f}%")

    def _memory(self, use: OwnUse) -> Graph:
        """PSS where it is known."""
        resident = "" if use.resident is None else f", {compact(use.resident)} resident"
        if use.memory is not None:
            title = _titled("MEM", compact(use.memory), f" (PSS){resident}")
        else:
            title = _titled("MEM", compact(use.resident), " resident")
        return Graph("MEM", title, tuple(self._points["memory"]), use.at, float(_MEBIBYTE), compact, binary=True)

    def _lag_words(self) -> str:
        return f"p95 {seconds_words(self._lag.most)} {seconds_words(self._lag.worst)}"

    def _small(self, name: str, measure: str, value: str, least: float, label: Callable[[float], str]) -> Graph:
        points = tuple(self._points[measure])
        return Graph(name, cell(value), points, points[-1][0], least, label, tone="accent", binary=label is compact)

    def parts(self) -> Cell:
        """``CPU by thread: screen 0.8%  hosts 0.1%``."""
        use = self._use
        if use is None or not use.parts:
            return ()
        spans = [Span("CPU by what threads are for  ", "muted")]
        for part, share in use.parts:
            spans += [Span(f"{part} "), Span(f"{per_cent(share)}  ", "strong")]
        return tuple(spans)


def _titled(name: str, value: str, more: str) -> Cell:
    return (Span(f"{name} ", "muted"), Span(value, "strong"), Span(more, "muted"))


def per_cent(value: float) -> str:
    return f"{value:.1f}%" if value < 9.95 else f"{value:.0f}%"


def _whole(value: float) -> str:
    return f"{value:.0f}"
