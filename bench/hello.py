"""The least that a Textual program can be: what is left for ours to lose. ``j`` and ``k`` move a bar, as in a list."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

MARK = "▌"


class Hello(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [("j", "move(1)", "down"), ("k", "move(-1)", "up")]
    line = 0

    def compose(self) -> ComposeResult:
        yield Static(f"{MARK}hello 0")

    def action_move(self, by: int) -> None:
        self.line += by
        self.query_one(Static).update(f"{MARK}hello {self.line}")


if __name__ == "__main__":
    Hello().run()
