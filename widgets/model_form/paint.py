"""Rows of a form as strips: a gutter with what is wrong, the label at its depth, the value, and a word on it."""

from __future__ import annotations

from typing import Final, Literal

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from widgets.cells import Cell, Span, Tone, fit
from widgets.component_styles import ComponentStyles
from widgets.model_form.rows import FormRow

PARTS: Final = ("cursor", "cursor-blurred", "cursor-bar", "cursor-bar-blurred", "cell", "group", "label", "empty")
CURSOR_BAR: Final = "▌"
ERROR, WARNING = "✗", "▲"
OPEN, FOLDED = "▾", "▸"
GUTTER: Final = 3
INDENT: Final = 2
_GAP: Final = 2


def value_column(width: int) -> int:
    """Where values begin, in cells from the left, on rows of this width."""
    return min(38, max(26, width // 2))


def name_column(row: FormRow) -> int:
    """Where the label of a row, or the first of its two cells, begins."""
    return GUTTER + INDENT * row.depth + 2


def has_name_cell(row: FormRow) -> bool:
    return len(row.cells) > 1


class FormPainter:
    """Paints rows with the ``model-form--…`` component styles of one widget."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles = ComponentStyles(widget, "model-form")

    def forget_styles(self) -> None:
        """Colours changed."""
        self._styles.forget()

    def blank(self, width: int) -> Strip:
        return Strip.blank(width, self._styles.get())

    def empty(self, text: str, width: int) -> Strip:
        spans = fit((Span(f"   {text}"),), width)
        return Strip([Segment(span.text, self._styles.get("empty")) for span in spans], width)

    def row(self, row: FormRow, width: int, cursor_cell: int | None) -> Strip:
        """One line. ``cursor_cell``: which cell the cursor is on; None when it is on another row."""
        faint = "" if self._widget.has_focus else "-blurred"
        ground = f"cursor{faint}" if cursor_cell is not None else ""
        bar = (
            Segment(CURSOR_BAR, self._styles.get(f"cursor-bar{faint}", ground))
            if cursor_cell is not None
            else Segment(" ", self._styles.get("", ground))
        )
        column = value_column(width)
        active = cursor_cell if has_name_cell(row) else None
        segments = [bar, *self._spans((_sign(row),), GUTTER - 1, ground)]
        if has_name_cell(row):
            start = name_column(row)
            name = (Span(row.cells[0].text, _tone(row.cells[0].tone) or "accent"),)
            segments += self._spans(_blank(start - GUTTER), start - GUTTER, ground)
            segments += self._spans(name, column - start - 1, ground, cell=active == 0)
            segments += self._spans(_blank(1), 1, ground)
        else:
            segments += self._spans(_label(row), column - GUTTER - 1, ground)
            segments += self._spans(_blank(1), 1, ground)
        segments += self._value(row, width - column, ground, cell=active == 1)
        return Strip(segments).adjust_cell_length(width, self._styles.get("", ground)).simplify()

    def _value(self, row: FormRow, width: int, ground: str, *, cell: bool) -> list[Segment]:
        if row.cells:
            last = row.cells[-1]
            value: Cell = (Span(last.text, _tone(last.tone)),)
        else:
            value = (Span(row.summary, "warn" if row.summary == "required" else "muted"),)
        note = _note(row)
        if note is None:
            return self._spans(value, width, ground, cell=cell)
        # What is wrong is told in full below the form: here it gets what the value leaves, and a third at least.
        gap = _GAP if value[0].text else 0
        told = min(cell_len(note.text) + gap, max(width // 3, width - cell_len(value[0].text)))
        segments = self._spans(value, width - told, ground, cell=cell)
        return [*segments, *self._spans((Span(" " * gap), note), told, ground)]

    def _spans(self, content: Cell, width: int, ground: str, *, cell: bool = False) -> list[Segment]:
        kind = "cell" if cell else ground
        return [Segment(span.text, self._styles.get(span.tone, kind)) for span in fit(content, width)]


def _sign(row: FormRow) -> Span:
    if any(finding.severity == "error" for finding in row.findings):
        return Span(ERROR, "bad")
    return Span(WARNING, "warn") if row.findings else Span(" ")


def _label(row: FormRow) -> Cell:
    fold = (OPEN if row.open else FOLDED) if row.foldable else " "
    tone: Tone = "strong" if row.kind in ("group", "heading") and row.depth == 0 else ""
    if row.kind == "add":
        tone = "accent"
    elif (row.absent and row.depth) or row.kind in ("unknown", "variant"):
        tone = "muted"
    return (Span(" " * (INDENT * row.depth)), Span(f"{fold} ", "muted"), Span(row.label, tone))


def _note(row: FormRow) -> Span | None:
    """A word on the row at its right: what is wrong with it, or where what is wrong is folded away."""
    if not row.findings:
        return None
    worst = next((finding for finding in row.findings if finding.severity == "error"), row.findings[0])
    own = [finding for finding in row.findings if finding.path == row.path] or not row.foldable
    text = worst.text if own else f"{len(row.findings)} below"
    return Span(text, "bad" if worst.severity == "error" else "warn")


def _tone(tone: Literal["", "muted", "warn", "bad"]) -> Tone:
    return tone


def _blank(width: int) -> Cell:
    return (Span(" " * max(width, 0)),)
