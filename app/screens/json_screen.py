"""A JSON document, full screen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.model.safe_text import safe, safe_line
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.frame import FrameScreen
from widgets.json_view import JsonView
from widgets.line_view import LineView


def shown_json(value: Any) -> str:
    """JSON as it is shown: indented, safe, and in the characters that people wrote."""
    return safe(json.dumps(value, indent=2, ensure_ascii=False))


class JsonScreen(FrameScreen):
    """``y``: what describe prints. The document is as of the moment at which it was opened."""

    FILTER_HINT = "text  /regex/"
    BINDINGS: ClassVar[list[BindingType]] = bindings("search", "copy.document", *INSIDE)

    def __init__(self, desk: Desk, crumbs: Sequence[str], value: Any) -> None:
        super().__init__(desk)
        self._crumbs = tuple(safe_line(crumb) for crumb in crumbs)
        self._text = shown_json(value)

    def crumbs(self) -> Iterable[str]:
        return self._crumbs

    def content(self) -> ComposeResult:
        yield JsonView(self._text, id="json")

    def sync(self, changes: ChangeSet | None) -> None:
        if changes is None:
            search_in(self.query_one(JsonView), self.filter_text)

    def matches(self) -> int | None:
        return search_in(self.query_one(JsonView), self.filter_text)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._text)
        self.say("Copied the document")


def search_in(view: LineView, text: str) -> int:
    """Search for a plain text, or a /regex/; one that is not valid yet is taken as plain text. How many lines match."""
    if not text:
        return view.search(None)
    source = text[1:-1] if len(text) > 2 and text[0] == text[-1] == "/" else re.escape(text)
    try:
        pattern = re.compile(source, re.IGNORECASE)
    except re.error:
        pattern = re.compile(re.escape(text), re.IGNORECASE)
    return view.search(pattern)
