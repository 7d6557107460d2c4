"""The editor of a task definition."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.operations.editing import EditStart
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.frame import FrameScreen
from widgets.json_view import JsonView


class EditorScreen(FrameScreen):
    BINDINGS: ClassVar[list[BindingType]] = bindings(*INSIDE)

    def __init__(self, desk: Desk, start: EditStart) -> None:
        super().__init__(desk)
        self._start = start

    def crumbs(self) -> Iterable[str]:
        return ("definitions", "draft")

    def content(self) -> ComposeResult:
        yield JsonView(self._start.text)

    def sync(self, changes: ChangeSet | None) -> None:
        return
