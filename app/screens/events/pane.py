"""The list of events, of all clusters or of one: newest first, with lines between days and at what one has missed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from app.model.event import Event, is_bad, when_stopped
from app.operations.event_feed import MOST_SHOWN, Away
from app.screens.desk import Desk
from app.screens.events.rows import (
    EMPTY_EVENTS,
    EVENT_COLUMNS,
    away_words,
    day_of,
    divider,
    event_row,
    event_subject,
    row_key,
)
from app.screens.filtering import parse_filter
from widgets.cells import Column, Row
from widgets.lazy_rows import LazyRows
from widgets.live_table import LiveTable

NO_MATCH = "No event matches the filter. esc clears it."
_AWAY, _BEFORE, _OLDER = "away", "before", "older"


class EventsPane(Vertical):
    """Shows what the feed has. With the cursor on the newest it stays there, else it stays on its event.

    Args:
        cluster: whose events; None: those of all.
    """

    DEFAULT_CSS = "EventsPane { height: 1fr; width: 1fr; }"

    def __init__(self, desk: Desk, cluster: str | None, *, id: str) -> None:
        super().__init__(id=id)
        self._desk = desk
        self._cluster = cluster
        dropped = ("cluster",) if cluster is not None else ()
        self._columns: tuple[Column, ...] = tuple(column for column in EVENT_COLUMNS if column.key not in dropped)
        self._shown: tuple[object, ...] = ()
        self._events: dict[str, Event] = {}
        self.count = 0
        self.total = 0
        """Events with the filter, and without."""

    def compose(self) -> ComposeResult:
        yield LiveTable(self._columns, id="events-table", empty=EMPTY_EVENTS, markable=False)

    @property
    def takes_keys(self) -> LiveTable:
        return self.table

    @property
    def table(self) -> LiveTable:
        """What takes the keys."""
        return self.query_one(LiveTable)

    @property
    def chosen(self) -> Event | None:
        """The event at the cursor; None on a line between."""
        return self._events.get(self.table.cursor_key or "")

    def show(self, wanted: str) -> None:
        """Bring it up to date. ``wanted``: a filter."""
        feed = self._desk.events
        feed.look()
        shown = (feed.changed, wanted, feed.away, feed.trouble)
        if shown == self._shown:
            return
        self._shown = shown
        table = self.table
        table.empty_text = feed.trouble or (NO_MATCH if wanted and feed.events else EMPTY_EVENTS)
        # On the line above what was missed one reads on from there, though it may be the first one still.
        follow = not table.rows or (table.cursor_key == table.rows[0].key and table.cursor_key != _AWAY)
        of_cluster = [event for event in feed.events if self._cluster in (None, event.cluster)]
        matches = parse_filter(wanted) if wanted else None
        found = of_cluster if matches is None else [event for event in of_cluster if matches(event_subject(event))]
        self.count, self.total = len(found), len(of_cluster)
        self._events = {row_key(event): event for event in found}
        rows = self._rows(found, None if wanted else feed.away, older=len(feed.events) >= MOST_SHOWN)
        table.set_rows(rows)
        if follow and rows:
            table.move_to(rows.keys[0])

    def to_away(self) -> None:
        """Put the cursor on the line above what happened meanwhile."""
        self.table.move_to(_AWAY)

    def _rows(self, events: Sequence[Event], away: Away | None, *, older: bool) -> LazyRows:
        lines: dict[str, Event | Row] = {}
        day, place = "", _AWAY if away is not None else ""
        for event in events:
            if place == _AWAY and away is not None and event.at < away.until:
                words = away_words(away)
                lines[_AWAY] = divider(_AWAY, "while you were away", self._columns, words, "accent")
                place, day = _BEFORE, day or day_of(event)
            if place == _BEFORE and away is not None and event.at < away.since:
                lines[_BEFORE] = divider(_BEFORE, "before that", self._columns, tone="accent")
                place = ""
            if (now := day_of(event)) != day:
                if day:
                    lines[f"day:{now}"] = divider(f"day:{now}", now, self._columns)
                day = now
            lines[row_key(event)] = event
        if older:
            lines[_OLDER] = divider(_OLDER, "older ones:", self._columns, "moorage events --since 7d")
        made, stopped = list(lines.values()), when_stopped(events)

        def make(index: int) -> Row:
            line = made[index]
            return line if isinstance(line, Row) else event_row(line, self._columns, bad=is_bad(line, stopped))

        return LazyRows(tuple(lines), make)
