"""Events of all clusters, live."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.screens.actions import INSIDE, TABLE_ACTIONS, bindings
from app.screens.desk import Desk
from app.screens.events.actions import event_command, event_line, open_event, show_event
from app.screens.events.pane import EventsPane
from app.screens.filtering import EVENT_TERMS
from app.screens.frame import FrameScreen
from widgets.live_table import LiveTable


class EventsScreen(FrameScreen):
    FILTER_HINT = "web  !health  kind:died  host:edge-1  task:3f9c"
    FILTER_TERMS = EVENT_TERMS
    BINDINGS: ClassVar[list[BindingType]] = bindings("filter", "json", "copy", "copy.command", *TABLE_ACTIONS, *INSIDE)
    ARRANGED = ("events-table",)

    def __init__(self, desk: Desk, *, at_away: bool = False) -> None:
        super().__init__(desk)
        self._at_away = at_away

    def crumbs(self) -> Iterable[str]:
        return ("events",)

    def content(self) -> ComposeResult:
        yield EventsPane(self.desk, None, id="events")

    @property
    def _pane(self) -> EventsPane:
        return self.query_one(EventsPane)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.desk.events.away_seen = True

    def sync(self, changes: ChangeSet | None) -> None:
        pane = self._pane
        pane.show(self.filter_text, self.arrangement(pane.table))
        self.counted(pane.count, pane.total)
        if self._at_away and pane.total:
            self._at_away = False
            pane.to_away()

    @on(LiveTable.RowActivated)
    def _open(self) -> None:
        if event := self._pane.chosen:
            open_event(self, event)

    def action_json(self) -> None:
        if event := self._pane.chosen:
            show_event(self, event)

    def action_copy(self) -> None:
        if event := self._pane.chosen:
            self.copy(event_line(event), "event")

    def action_copy_command(self) -> None:
        self.copy(event_command(self._pane.chosen, None), "command")
