"""``?``: the keys of the screen below, from its own bindings, so that help is never wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

WIDE = 118
_KEY_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "escape": "esc",
    "colon": ":",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "upper_y": "Y",
}


def key_name(binding: Binding) -> str:
    if binding.key_display:
        return binding.key_display
    return _KEY_NAMES.get(binding.key, binding.key)


def help_lines(active: Iterable[ActiveBinding]) -> list[tuple[str, str]]:
    """(keys, what they do), each action once with all its keys, in the order of the bindings."""
    keys: dict[str, list[str]] = {}
    for entry in active:
        binding = entry.binding
        text = binding.tooltip or binding.description
        if not entry.enabled or not text or binding.id is None:
            continue
        keys.setdefault(text, [])
        name = key_name(binding)
        if name not in keys[text]:
            keys[text].append(name)
    return [(" ".join(names), text) for text, names in keys.items()]


class HelpScreen(ModalScreen[None]):
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
                    yield Static(_aligned(part))


def _aligned(lines: Sequence[tuple[str, str]]) -> Content:
    width = max(len(keys) for keys, _ in lines)
    text = [Content.assemble((f"{keys:<{width}}", "bold $accent-text"), "  ", words) for keys, words in lines]
    return Content("\n").join(text)
