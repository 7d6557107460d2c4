"""All that is pulled, pushed, copied and built from here, and what was of late."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.screens.actions import INSIDE, bindings
from app.screens.frame import FrameScreen
from app.screens.images.progress import WORK_COLUMNS, work_row
from app.screens.images.work_screen import ask_to_stop
from app.screens.images.works import Work
from widgets.cells import Cell, Span
from widgets.live_table import LiveTable

EMPTY_WORKS = """Nothing is under way.

What is done with images of a cluster appears here, and goes on when its screen is left.
I shows the images: p pulls one, b builds one."""


class WorksScreen(FrameScreen):
    BINDINGS: ClassVar[list[BindingType]] = bindings("work.stop", "copy.command", *INSIDE)

    def crumbs(self) -> Iterable[str]:
        return ("under way",)

    def status(self) -> Cell:
        """What goes on stands before it, as on every screen."""
        over = sum(not work.going for work in self.desk.works.works)
        return (Span(f"{over} over", "muted"),) if over else ()

    def content(self) -> ComposeResult:
        yield LiveTable(WORK_COLUMNS, id="works", empty=EMPTY_WORKS, markable=False)

    def sync(self, changes: ChangeSet | None) -> None:
        board = self.desk.works
        now = board.clock()
        self.query_one("#works", LiveTable).set_rows([work_row(work, now) for work in board.works])

    @property
    def _chosen(self) -> Work | None:
        key = self.query_one("#works", LiveTable).cursor_key
        return next((work for work in self.desk.works.works if str(work.number) == key), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop_work" and self.query("#works"):
            work = self._chosen
            return work is not None and work.stoppable
        return super().check_action(action, parameters)

    def action_stop_work(self) -> None:
        work = self._chosen
        if work is not None and work.stoppable:
            ask_to_stop(self, work)

    def action_copy_command(self) -> None:
        if work := self._chosen:
            self.copy(work.command, "command")

    @on(LiveTable.RowHighlighted, "#works")
    def _highlighted(self) -> None:
        self.refresh_bindings()

    @on(LiveTable.RowActivated, "#works")
    def _open(self) -> None:
        if work := self._chosen:
            self.app.push_screen(self.desk.doors.work(work))
