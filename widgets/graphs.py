"""A pane of graphs: large ones first, small ones of a line each below, as many as there is room for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from widgets.cells import TONES, Cell, Span, Tone, cell, fit
from widgets.component_styles import ComponentStyles
from widgets.sparkline import binned, graph_lines, nice_top
from widgets.tones import tone_classes, tone_rules

BESIDE: Final = 100
"""From this width on there are two columns."""
SHORTEST_SPAN: Final = 4.0
"""Seconds that a cell stands for at least: two answers, so that one that is late leaves no hole."""
_LABELS: Final = 6
_NAME: Final = 14
_VALUE: Final = 16
_GAP: Final = 2


@dataclass(frozen=True, slots=True)
class Graph:
    """One measure. Times are seconds of any clock.

    Attributes:
        name: what it is, for a small graph.
        title: what it is and what it is now.
        points: moments and values, oldest first; NaN is nothing.
        end: the moment at the right edge.
        least: what the scale goes to at least.
        line: a value to be marked, if it is not far above all others.
        label: how a value is written at the scale.
        binary: whether the scale goes to a power of two.
    """

    name: str
    title: Cell
    points: tuple[tuple[float, float], ...]
    end: float
    least: float
    label: Callable[[float], str]
    line: float | None = None
    tone: Tone = "bar-used"
    binary: bool = False

    def top(self, values: Sequence[float]) -> float:
        """Where the scale ends: the line is on it unless it is four times as high as everything."""
        highest = max((value for value in values if not math.isnan(value)), default=0.0)
        if self.line is not None and highest * 4 >= self.line >= highest:
            return self.line
        return nice_top(highest, self.least, binary=self.binary)


class Graphs(Widget, can_focus=True):
    """``show`` takes the large and the small ones. The keys up and down ask for another subject."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = tone_classes("graphs")
    DEFAULT_CSS = """
    Graphs { width: 1fr; height: 1fr; background: $background; color: $foreground; }
    """ + tone_rules("Graphs", "graphs")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "other(-1)", "Up", show=False, id="graphs.up", tooltip="The graphs of the one above"),
        Binding("down,j", "other(1)", "Down", show=False, id="graphs.down", tooltip="The graphs of the one below"),
    ]

    @dataclass
    class Other(Message):
        """The graphs of another subject are wanted: the one so many places further."""

        step: int

    def __init__(self, seconds: float, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._seconds = seconds
        self._large: tuple[Graph, ...] = ()
        self._small: tuple[Graph, ...] = ()
        self._empty = ""
        self._styles = ComponentStyles(self, "graphs")
        self._drawn: tuple[int, int, list[Cell]] | None = None

    def show(self, large: Sequence[Graph], small: Sequence[Graph], empty: str = "") -> None:
        """``empty`` is said instead when there is none."""
        wanted = tuple(large), tuple(small), empty
        if wanted != (self._large, self._small, self._empty):
            self._large, self._small, self._empty = wanted
            self._drawn = None
            self.refresh()

    def action_other(self, step: int) -> None:
        """Ask for another subject."""
        self.post_message(self.Other(step))

    # --- painting --------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line of the picture."""
        width, height = self.size
        if self._drawn is None or self._drawn[:2] != (width, height):
            self._drawn = width, height, self._draw(width, height)
        lines = self._drawn[2]
        base = self._styles.get()
        if y >= len(lines):
            return Strip.blank(width, base)
        segments = [Segment(span.text, self._styles.get(span.tone if span.tone in TONES else "")) for span in lines[y]]
        return Strip(segments).adjust_cell_length(width, base).simplify()

    def notify_style_update(self) -> None:
        """Textual's notice that styles changed."""
        super().notify_style_update()
        self._styles.forget()

    def _draw(self, width: int, height: int) -> list[Cell]:
        if not self._large and not self._small:
            return [(), *(cell(f" {line}", "muted") for line in self._empty.splitlines())]
        columns = 2 if width >= BESIDE else 1
        part = (width - 2 - _GAP * (columns - 1)) // columns
        bands = -(-len(self._large) // columns)
        rows = -(-len(self._small) // columns)
        # A large graph has a title and two lines at least; small ones give way from the last on.
        rows = max(0, min(rows, height - bands * 3))
        each = max(2, (height - rows - (1 if rows else 0)) // max(bands, 1))
        blocks = [self._large_lines(graph, part, each) for graph in self._large]
        lines = _beside(blocks, columns, part)
        if rows and len(lines) + rows < height:
            lines.append(())
        small = [[self._small_line(graph, part)] for graph in self._small]
        return (lines + _beside(small, columns, part))[:height]

    def _large_lines(self, graph: Graph, width: int, height: int) -> list[Cell]:
        room = max(width - _LABELS - 1, 1)
        span = max(self._seconds / room, SHORTEST_SPAN)
        values = binned(graph.points, graph.end, span, room)
        top = graph.top(values)
        shown = f"last {round(min(span * room, self._seconds) / 60)} min" if width >= 50 else ""
        title = (*fit(graph.title, width - len(shown)), Span(shown, "muted"))
        lines = [title]
        for row, text in enumerate(graph_lines(values, height - 1, top, graph.line)):
            label = graph.label(top) if row == 0 else "0" if row == height - 2 else ""
            lines.append((Span(f"{label:>{_LABELS}} ", "muted"), *_toned(text, graph.tone)))
        return lines

    def _small_line(self, graph: Graph, width: int) -> Cell:
        room = max(width - _NAME - _VALUE - 2, 1)
        values = binned(graph.points, graph.end, max(self._seconds / room, SHORTEST_SPAN), room)
        text = graph_lines(values, 1, graph.top(values))[0]
        name, value = fit(cell(graph.name, "muted"), _NAME), fit(graph.title, _VALUE, "right")
        return (*name, Span(" "), Span(text, graph.tone), Span(" "), *value)


def _toned(text: str, tone: Tone) -> Cell:
    """What is drawn in its tone, and the dashed line in that of a warning."""
    spans: list[Span] = []
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or (text[place] == "╌") != (text[start] == "╌"):
            spans.append(Span(text[start:place], "warn" if text[start] == "╌" else tone))
            start = place
    return tuple(spans)


def _beside(blocks: Sequence[Sequence[Cell]], columns: int, part: int) -> list[Cell]:
    """Blocks of lines in so many columns, row by row."""
    lines: list[Cell] = []
    for start in range(0, len(blocks), columns):
        row = blocks[start : start + columns]
        for place in range(max(len(block) for block in row)):
            line: list[Span] = [Span(" ")]
            for number, block in enumerate(row):
                line += [Span(" " * _GAP)] if number else []
                line += fit(block[place] if place < len(block) else (), part)
            lines.append(tuple(line))
    return lines
