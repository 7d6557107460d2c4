"""``?``: the keys of the screen below, from its own bindings, so that help is never wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll

from app.screens.facts import Facts
from widgets.dialog import Dialog
from widgets.key_hints import key_name

WIDE = 118


def help_lines(active: Iterable[ActiveBinding]) -> list[tuple[str, str]]:
    """(keys, what they do), each action once with all its keys, in the order of the bindings."""
    keys: dict[str, list[str]] = {}
    for entry in active:
        binding = entry.binding
        text = binding.tooltip or binding.description
        if not entry.enabled or not text or binding.id is None:
            continue
        keys.setdefault(text, [])
        name = binding.key_display or key_name(binding.key)
        if name not in keys[text]:
            keys[text].append(name)
    return [(" ".join(names), text) for text, names in keys.items()]


class KeyFacts(Facts):
    """Keys and what they do; long sentences wrap below themselves."""

    DEFAULT_CSS = "KeyFacts > .facts--name { color: $accent-text; text-style: bold; }"


class HelpScreen(Dialog[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss", "close", id="help.close", tooltip="Close help"),
    ]

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        dialog = Vertical(classes="dialog help-dialog")
        dialog.border_title = "Keys of this screen"
        dialog.border_subtitle = "esc close"
        # Where there is room they stand side by side, so that all are seen at once.
        half = (len(self._lines) + 1) // 2 if self.app.size.width >= WIDE else len(self._lines)
        dialog.set_class(half < len(self._lines), "-wide-help")
        with dialog, VerticalScroll(), Horizontal():
            for part in (self._lines[:half], self._lines[half:]):
                if part:
                    facts = KeyFacts()
                    facts.show(part)
                    yield facts
