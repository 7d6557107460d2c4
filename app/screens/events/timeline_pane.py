"""The Timeline tab of a task: what became of it, in order, with the time that lies between."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from app.model.event import WHATS, Event, length_words
from app.model.task import Task
from app.operations.timeline import Moment, timeline
from app.screens.desk import Desk
from app.screens.events.rows import word_of
from app.store.past_task import PastTask
from widgets.cells import Cell, Column, Row, cell
from widgets.live_table import LiveTable
from widgets.presence import GoesQuietly, is_here

COLUMNS = (
    Column("time", "TIME", width=12),
    Column("after", "AFTER", width=7, align="right"),
    Column("what", "EVENT", width=12),
    Column("container", "CONTAINER", min_width=10, weight=1),
    Column("detail", "DETAIL", min_width=20, weight=4),
)
EMPTY = "Nothing is known of how it came about."


class TimelinePane(GoesQuietly, Vertical):
    """Reads what was heard of the task when it is shown, and again when there is more."""

    DEFAULT_CSS = "TimelinePane { height: 1fr; width: 1fr; }"

    def __init__(self, desk: Desk, task_id: str, *, id: str) -> None:
        super().__init__(id=id)
        self._desk = desk
        self._task_id = task_id
        self._events: Sequence[Event] = ()
        self._read_at = -1
        self._busy = False
        self._known: tuple[Task | None, PastTask | None] = (None, None)
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield LiveTable(COLUMNS, id="timeline-table", empty=EMPTY, markable=False, openable=False)

    @property
    def table(self) -> LiveTable:
        """What takes the keys."""
        return self.query_one(LiveTable)

    def show(self, task: Task | None, past: PastTask | None) -> None:
        """Call it while it is in sight, as often as you like."""
        self._known = task, past
        feed = self._desk.events
        feed.look()
        if not self._busy and feed.changed != self._read_at:
            self._busy, self._read_at = True, feed.changed
            feed.of_task(self._task_id, self._take)
        self._draw()

    def _take(self, events: list[Event]) -> None:
        self._busy, self._events = False, events
        if is_here(self):
            self._draw()

    def _draw(self) -> None:
        drawn = (*self._known, self._events)
        if drawn != self._drawn:
            self._drawn = drawn
            self.table.set_rows(timeline_rows(timeline(*self._known, self._events)))


def timeline_rows(moments: Sequence[Moment]) -> list[Row]:
    rows, before = [], None
    for number, moment in enumerate(moments):
        after = f"+{length_words(moment.at - before)}" if before is not None else ""
        before = moment.at
        cells = (
            cell(moment.at.astimezone().strftime("%H:%M:%S.%f")[:-3], "muted"),
            cell(after, "muted"),
            _what(moment),
            cell(moment.container),
            cell(moment.detail, "bad" if moment.bad else ""),
        )
        rows.append(Row(f"moment:{number}", cells))
    return rows


def _what(moment: Moment) -> Cell:
    if moment.what == "STOPPED":
        return cell("✕ STOPPED", "bad") if moment.bad else cell("○ STOPPED", "muted")
    if moment.what in WHATS:
        return cell(*word_of(moment.what, bad=moment.bad))
    return cell("● RUNNING", "ok") if moment.what == "RUNNING" else cell("▾ pulled", "muted")
