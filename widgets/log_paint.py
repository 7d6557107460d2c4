"""A line of a log, painted: what stands before its text, and the text with its colours."""

from __future__ import annotations

from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from widgets.cells import Span, fit
from widgets.component_styles import ComponentStyles
from widgets.log_lines import LogLine
from widgets.log_style import SOURCE_COLOURS, coloured
from widgets.sgr import parse_sgr

_STDERR: Final = "!"
_NOTE: Final = "──"


class Margin(NamedTuple):
    """Cells of what stands before each text, with what is left free behind it; 0: it is not there."""

    time: int
    source: int
    stderr: int

    @property
    def width(self) -> int:
        return 1 + sum(self)


def is_note(line: LogLine) -> bool:
    """Is it told between the lines, and was not written by a container?"""
    return line.mark not in ("", "stderr")


def painted_margin(line: LogLine, clock: str, margin: Margin, styles: ComponentStyles) -> Strip:
    """The time, the source and the sign of stderr of a line."""
    base, note = styles.get(), is_note(line)
    segments = [Segment(" ", base)]
    if margin.time:
        segments += _padded(clock, margin.time - 1, styles.get("time"))
        segments.append(Segment(" ", base))
    if margin.source:
        tone = f"note-{line.mark}" if note else f"source-{line.source_tone_index % SOURCE_COLOURS}"
        segments += _padded(_NOTE if note else line.source, margin.source - 2, styles.get(tone))
        segments.append(Segment("  ", base))
    if margin.stderr:
        segments += _padded(_STDERR if line.mark == "stderr" else "", margin.stderr, styles.get("stderr"))
    return Strip(segments)


def painted_text(line: LogLine, written: str, text: str, styles: ComponentStyles) -> Strip:
    """``written`` with its colours; ``text`` is the same without."""
    if is_note(line):
        pieces = [(text, styles.get(f"note-{line.mark}"))]
    else:
        pieces = [(piece, coloured(style, styles)) for piece, style in parse_sgr(written)]
    return Strip([Segment(piece, style) for piece, style in pieces], cell_len(text))


def painted_blank(row: int, words: str, width: int, styles: ComponentStyles) -> Strip:
    """A row without a line: one of ``words``, which begin in the second row."""
    lines = words.splitlines()
    if not 1 <= row <= len(lines):
        return Strip.blank(width, styles.get())
    return Strip(_padded(" " + lines[row - 1], width, styles.get("empty")), width)


def _padded(text: str, width: int, style: Style) -> list[Segment]:
    return [Segment(span.text, style) for span in fit((Span(text),), width)]
