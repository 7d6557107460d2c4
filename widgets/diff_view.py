"""Two documents compared, line by line: a sign before each line that differs, and what is left out told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.strip import Strip

from widgets.json_view import JsonView

_SIGNS: Final = {"added": "+", "removed": "-", "same": " ", "gap": "⋮"}

_ABOVE: Final = 2
"""Lines that are shown above a change that is gone to."""


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One line; a ``gap`` says in words what stands for lines that are left out."""

    kind: Literal["same", "removed", "added", "gap"]
    text: str


class DiffView(JsonView, inherit_bindings=True):
    """Shows ``DiffRow``s; JSON in them is coloured. While nothing is searched for, n and N go from change to change."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"diff-view--added", "diff-view--removed", "diff-view--gap"}
    DEFAULT_CSS = """
    DiffView {
        & > .json-view--key { color: $text-primary; }
        & > .json-view--number { color: $text-warning; }
        & > .json-view--literal { color: $text-secondary; }
        & > .json-view--punctuation { color: $text-muted; }
        & > .json-view--match { background: $warning 35%; }
        & > .json-view--match-current { background: $warning; color: auto 95%; }
        & > .diff-view--added { color: $text-success; background: $success 14%; text-style: bold; }
        & > .diff-view--removed { color: $text-error; background: $error 14%; text-style: bold; }
        & > .diff-view--gap { color: $text-muted; text-style: italic; }
        &:ansi > .diff-view--added, &:ansi > .diff-view--removed { background: ansi_default; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next_match", "next", id="diff.next", tooltip="To the next change, or the next match of a search"),
        Binding("N", "previous_match", "last", id="diff.previous", show=False, tooltip="To the change before"),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        self._rows: tuple[DiffRow, ...] = ()
        self._change: int | None = None
        super().__init__(id=id, classes=classes)

    def set_lines(self, rows: Sequence[DiffRow]) -> None:
        """Show these lines from the first."""
        if tuple(rows) == self._rows:
            return
        self._rows, self._change = tuple(rows), None
        # Lines are told apart by their number: a break in one of them would shift all that follow.
        self.set_text("\n".join(row.text.replace("\n", " ") for row in rows))
        self.forget_strips()
        self.refresh()

    @property
    def changes(self) -> list[int]:
        """The first line of each run of lines that differ, from 0."""
        kinds = [row.kind in ("added", "removed") for row in self._rows]
        return [number for number, changed in enumerate(kinds) if changed and not (number and kinds[number - 1])]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """n and N have something to go to also without a search."""
        if action in ("next_match", "previous_match"):
            return self.pattern is not None or bool(self.changes)
        return super().check_action(action, parameters)

    def action_next_match(self) -> None:
        if self.pattern is not None:
            super().action_next_match()
        else:
            self._go_to_change(1)

    def action_previous_match(self) -> None:
        if self.pattern is not None:
            super().action_previous_match()
        else:
            self._go_to_change(-1)

    def _go_to_change(self, step: int) -> None:
        changes = self.changes
        if changes:
            before = self._change if self._change is not None else min(-step, 0)
            self._change = (before + step) % len(changes)
            self.scroll_to(y=max(0, changes[self._change] - _ABOVE), animate=False)

    def _paint(self, number: int) -> Strip:
        kind = self._rows[number].kind if number < len(self._rows) else "same"
        line = self._lines[number]
        if kind == "gap":
            style = self.get_component_rich_style("diff-view--gap")
            return Strip([Segment(f" {_SIGNS[kind]} {line}", style)])
        strip = super()._paint(number)
        if kind == "same":
            return Strip([Segment("  ", self._styles.get()), *strip])
        tint = self.get_component_rich_style(f"diff-view--{kind}")
        under = Style(bgcolor=tint.bgcolor)
        body = [Segment(segment.text, (segment.style or Style.null()) + under) for segment in strip]
        return Strip([Segment(f" {_SIGNS[kind]}", tint), *body])
