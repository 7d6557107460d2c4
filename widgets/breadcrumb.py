"""The one header line: where you are on the left, how things stand on the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from widgets.cells import TONES, Cell, Span, cell_width, fit
from widgets.tones import tone_classes, tone_rules

SEPARATOR: Final = " › "
_ELIDED: Final = "…"


class Breadcrumb(Widget):
    """`` moorage › prod › tasks`` with a cell of spans at the right; repainted only when it changes."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *tone_classes("breadcrumb"),
        "breadcrumb--part",
        "breadcrumb--separator",
        "breadcrumb--last",
    }
    DEFAULT_CSS = """
    Breadcrumb {
        height: 1; width: 1fr; background: $background; color: $foreground;
        & > .breadcrumb--part { color: $text-muted; }
        & > .breadcrumb--separator { color: $text-muted; }
        & > .breadcrumb--last { color: $text-primary; text-style: bold; }
    }
    """ + tone_rules("Breadcrumb", "breadcrumb")

    def __init__(
        self, parts: Sequence[str] = (), right: Cell = (), *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._parts = tuple(parts)
        self._right = right
        self._note: Cell = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The path as set last."""
        return self._parts

    @property
    def right(self) -> Cell:
        """The right side as set last."""
        return self._right

    def set(self, parts: Sequence[str], right: Cell = (), note: Cell = ()) -> None:
        """Show another path, right side, or note behind the path (what the screen is narrowed to)."""
        if (tuple(parts), right, note) != (self._parts, self._right, self._note):
            self._parts, self._right, self._note = tuple(parts), right, note
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line: the right side gives way before the last part of the path does."""
        width, base = self.size.width, self.rich_style
        if y or width < 4:
            return Strip.blank(width, base)
        room = width - 2
        note_width = min(cell_width(self._note), max(0, room - self._least_left() - 2))
        taken = note_width + 2 if note_width else 0
        right_width = min(cell_width(self._right), max(0, room - taken - self._least_left() - 2))
        left = self._left(room - taken - right_width - (2 if right_width else 0))
        pieces = [Segment(" ", base)]
        pieces += [Segment(span.text, self.get_component_rich_style(f"breadcrumb--{name}")) for span, name in left]
        if note_width:
            pieces.append(Segment("  ", base))
            pieces += self._toned(fit(self._note, note_width), base)
        used = sum(cell_len(piece.text) for piece in pieces)
        pieces.append(Segment(" " * (width - 1 - right_width - used), base))
        pieces += self._toned(fit(self._right, right_width), base)
        return Strip(pieces).adjust_cell_length(width, base)

    def _toned(self, spans: Cell, base: Style) -> list[Segment]:
        toned = []
        for span in spans:
            style = self.get_component_rich_style(f"breadcrumb--{span.tone}") if span.tone in TONES else base
            toned.append(Segment(span.text, style))
        return toned

    def _least_left(self) -> int:
        """Cells for the last two parts: what the last lies in says on what one is about to act."""
        *before, last = self._parts or ("",)
        shown = (_ELIDED, *before[-1:]) if len(before) > 1 else tuple(before)
        return min(cell_width((*(Span(part + SEPARATOR) for part in shown), Span(last))), self.size.width * 2 // 3)

    def _left(self, room: int) -> list[tuple[Span, str]]:
        parts = list(self._parts)
        if not parts:
            return []
        *before, last = parts
        shown: tuple[str, ...] = ()
        for shown in _shorter(before):
            width = cell_width((*(Span(part + SEPARATOR) for part in shown), Span(last)))
            if width <= room:
                break
        spans: list[tuple[Span, str]] = []
        for part in shown:
            spans += [(cut, "part") for cut in fit((Span(part),), cell_width((Span(part),)))]
            spans.append((Span(SEPARATOR), "separator"))
        spent = sum(cell_width((span,)) for span, _ in spans)
        size = min(cell_width((Span(last),)), max(0, room - spent))
        return spans + [(cut, "last") for cut in fit((Span(last),), size)]


def _shorter(before: list[str]) -> list[tuple[str, ...]]:
    """The parts before the last, ever shorter: the middle goes first, then the root, then what the last lies in."""
    variants = [tuple(before)]
    variants += [(before[0], _ELIDED, *before[skip:]) for skip in range(2, len(before))]
    if len(before) > 1:
        variants.append((_ELIDED, before[-1]))
    if before:
        variants.append((_ELIDED,))
    variants.append(())
    return variants
