"""The footer line: every key that is legal here, and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import ActiveBinding
from textual.dom import DOMNode
from textual.keys import key_to_character
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from widgets.plain import plain
from widgets.presence import is_here

HELP_KEY: Final = "question_mark"
# What Textual names otherwise than Unicode does, and what has no character that one could show.
_NAMES: Final = {
    "at": "@",
    "backslash": "\\",
    "enter": "enter",
    "escape": "esc",
    "minus": "-",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "plus": "+",
    "slash": "/",
    "space": "space",
    "tab": "tab",
    "underscore": "_",
}
_GAP: Final = 2


@dataclass(frozen=True, slots=True)
class Hint:
    """A key as it is shown, what it does, and how to run it."""

    key: str
    label: str
    action: str
    node: DOMNode
    keeps: bool = False

    @property
    def width(self) -> int:
        """Cells taken, without the gap."""
        return cell_len(self.key) + 1 + cell_len(self.label)


class KeyHints(Widget):
    """One line of ``key label`` pairs from ``screen.active_bindings``; a click runs the action.

    When it is too narrow the rightmost go first, but the help key stays.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-hints--key", "key-hints--label"}
    DEFAULT_CSS = """
    KeyHints {
        dock: bottom; height: 1; width: 1fr; background: $background; color: $text-muted;
        & > .key-hints--key { color: $text-primary; text-style: bold; }
        & > .key-hints--label { color: $text-muted; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._hints: tuple[Hint, ...] = ()

    @property
    def hints(self) -> tuple[Hint, ...]:
        """All legal keys, also those that there is no room for."""
        return self._hints

    def on_mount(self) -> None:
        """Listen to the screen's bindings; they change with the focus too."""
        self.screen.bindings_updated_signal.subscribe(self, self._on_bindings)
        self.call_after_refresh(self._collect)

    def _on_bindings(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen and screen.app.app_focus:
            self._collect()

    def _collect(self) -> None:
        if not is_here(self):
            return
        hints = tuple(collect_hints(self.screen.active_bindings, self.screen.focused))
        if hints != self._hints:
            self._hints = hints
            self.refresh()

    def placed(self) -> list[tuple[int, Hint]]:
        """What there is room for, each with the column where it begins."""
        return place_hints(self._hints, self.size.width)

    def render_line(self, y: int) -> Strip:
        """The line of hints."""
        width, base = self.size.width, self.rich_style
        if y:
            return Strip.blank(width, base)
        key_style = self.get_component_rich_style("key-hints--key")
        label_style = self.get_component_rich_style("key-hints--label")
        segments: list[Segment] = []
        column = 0
        for start, hint in self.placed():
            segments.append(Segment(" " * (start - column), base))
            segments.append(Segment(hint.key, key_style))
            segments.append(Segment(" " + hint.label, label_style))
            column = start + hint.width
        return Strip(segments).adjust_cell_length(width, base)

    async def on_click(self, event: events.Click) -> None:
        """Run the action under the mouse."""
        for start, hint in self.placed():
            if start <= event.x < start + hint.width:
                event.stop()
                await self.app.run_action(hint.action, hint.node)
                return


def key_name(key: str) -> str:
    """A Textual key as a person types it: ``question_mark`` is ``?``, ``escape`` is ``esc``."""
    *modifiers, last = key.split("+")
    name = _NAMES.get(last) or (key_to_character(last) or last)
    return "+".join((*modifiers, name))


def collect_hints(bindings: dict[str, ActiveBinding], focused: Widget | None = None) -> list[Hint]:
    """One hint an action, the first of its keys; bindings of one group share a hint (``+/- size``)."""
    hints: list[Hint] = []
    groups: dict[object, int] = {}
    seen: set[tuple[int, str]] = set()
    for node, binding, enabled, _ in bindings.values():
        if not (binding.show and enabled and binding.description) or (id(node), binding.action) in seen:
            continue
        if focused is not None and not binding.priority and _types_into(focused, binding.key):
            continue
        seen.add((id(node), binding.action))
        key = binding.key_display or key_name(binding.key)
        group = binding.group
        if group is not None and group in groups:
            known = hints[groups[group]]
            label = plain(group.description or known.label)
            hints[groups[group]] = Hint(f"{known.key}/{plain(key)}", label, known.action, known.node, known.keeps)
            continue
        if group is not None:
            groups[group] = len(hints)
        keeps = binding.key == HELP_KEY
        hints.append(Hint(plain(key), plain(binding.description), binding.action, node, keeps))
    return hints


def _types_into(focused: Widget, key: str) -> bool:
    """Whether the focused widget takes the key as text. Textual 8.2.8 leaves out keys such as ``/`` when it asks."""
    name = " " if key == "space" else key_name(key)
    return len(name) == 1 and focused.check_consume_key(key, name)


def place_hints(hints: tuple[Hint, ...], width: int) -> list[tuple[int, Hint]]:
    """Columns for as many hints as fit after one cell of margin; the rightmost give way, the help key does not."""
    shown = list(hints)

    def needed() -> int:
        return 1 + sum(hint.width for hint in shown) + _GAP * max(0, len(shown) - 1)

    while len(shown) > 1 and needed() > width:
        droppable = [index for index, hint in enumerate(shown) if not hint.keeps]
        if not droppable:
            break
        del shown[droppable[-1]]
    placed: list[tuple[int, Hint]] = []
    column = 1
    for hint in shown:
        placed.append((column, hint))
        column += hint.width + _GAP
    return placed
