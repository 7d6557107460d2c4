"""A JSON document, full screen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.model.masking import Masker
from app.model.safe_text import safe, safe_line
from app.placement.automaton import LinePattern
from app.placement.patterns import PatternError
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.frame import FrameScreen
from widgets.cells import Cell, Span
from widgets.json_view import JsonView
from widgets.line_view import LineView


def shown_json(value: Any) -> str:
    """JSON as it is shown: indented, safe, and in the characters that people wrote."""
    return safe(json.dumps(value, indent=2, ensure_ascii=False))


def masked_json(value: Any, *, revealed: bool = False) -> tuple[str, bool]:
    """JSON as it is shown, with what looks like a secret masked unless it is revealed; and whether something is."""
    if revealed:
        return shown_json(value), False
    masked = Masker().masked(value)
    return shown_json(masked), masked != value


class JsonScreen(FrameScreen):
    """``y``: what describe prints. The document is as of the moment at which it was opened."""

    FILTER_HINT = "text  /regex/"
    BINDINGS: ClassVar[list[BindingType]] = bindings("search", "reveal", "copy.document", *INSIDE)

    def __init__(self, desk: Desk, crumbs: Sequence[str], value: Any) -> None:
        super().__init__(desk)
        self._crumbs = tuple(safe_line(crumb) for crumb in crumbs)
        self._value = value
        self._revealed = False
        self._text, self._masked = masked_json(value)

    def crumbs(self) -> Iterable[str]:
        return self._crumbs

    def status(self) -> Cell:
        return (Span("secrets masked  ", "muted"), *super().status()) if self._masked else super().status()

    def content(self) -> ComposeResult:
        yield JsonView(self._text, id="json")

    def sync(self, changes: ChangeSet | None) -> None:
        if changes is None:
            search_in(self.query_one(JsonView), self.filter_text)

    def matches(self) -> int | None:
        return search_in(self.query_one(JsonView), self.filter_text)

    def action_reveal(self) -> None:
        """v: the lines stay where they are, as a mask is no longer and no shorter in lines."""
        view = self.query_one(JsonView)
        at = view.scroll_offset
        self._revealed = not self._revealed
        self._text, self._masked = masked_json(self._value, revealed=self._revealed)
        view.set_text(self._text)
        view.scroll_to(at.x, at.y, animate=False, force=True)
        self.refresh_now(None)

    def action_copy(self) -> None:
        """What is shown."""
        self.app.copy_to_clipboard(self._text)
        self.say("Copied the document, its secrets masked; v reveals them" if self._masked else "Copied the document")


def search_in(view: LineView, text: str) -> int:
    """Search for a plain text, or a /regex/; one that is not valid yet is taken as plain text. How many lines match.

    The /regex/ is one of ``app.placement.patterns``: none of those can make a long line hang the screen.
    """
    if not text:
        return view.search(None)
    if len(text) > 2 and text[0] == text[-1] == "/":
        try:
            return view.search(LinePattern(text[1:-1]))
        except PatternError:
            return view.search(re.compile(re.escape(text), re.IGNORECASE))
    return view.search(re.compile(re.escape(text), re.IGNORECASE))
