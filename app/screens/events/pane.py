"""The list of events, of all clusters or of one: newest first, with lines between days and at what one has missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from app.model.event import Event, is_bad, when_stopped
from app.operations.event_feed import MOST_SHOWN, Away, away_among
from app.screens.desk import Desk
from app.screens.events.rows import (
    EMPTY_EVENTS,
    EVENT_COLUMNS,
    EVENT_ORDERS,
    away_words,
    day_of,
    divider,
    event_row,
    event_subject,
    row_key,
    whole_line,
)
from app.screens.filtering import Subject, parse_filter
from app.screens.tables.orders import ordered
from app.store.table_memory import Arrangement
from widgets.cell_line import CellLine
from widgets.cells import Column, Row
from widgets.lazy_rows import LazyRows
from widgets.live_table import LiveTable
from widgets.presence import GoesQuietly

NO_MATCH = "No event matches the filter. esc clears it."
_Place = tuple[int, int]
"""An event's id and version."""
_AWAY, _BEFORE, _OLDER = "away", "before", "older"


class EventsPane(GoesQuietly, Vertical):
    """Shows what the feed has. With the cursor on the newest it stays there, else it stays on its event.

    Args:
        cluster: whose events; None: those of all.
        instance: the name of the one instance whose events are meant, "": all.
    """

    DEFAULT_CSS = "EventsPane { height: 1fr; width: 1fr; }"

    def __init__(self, desk: Desk, cluster: str | None, *, id: str, instance: str = "") -> None:
        super().__init__(id=id)
        self._desk = desk
        self._cluster = cluster
        self._instance = instance
        dropped = (*(("cluster",) if cluster is not None else ()), *(("instance",) if instance else ()))
        self._columns: tuple[Column, ...] = tuple(column for column in EVENT_COLUMNS if column.key not in dropped)
        self._shown: tuple[object, ...] = ()
        self._events: dict[str, Event] = {}
        self._top: str | None = None
        self._subjects: dict[_Place, Subject] = {}
        self._verdicts: tuple[str, dict[_Place, bool]] = ("", {})
        self.count = 0
        self.total = 0
        """Events with the filter, and without."""

    def compose(self) -> ComposeResult:
        yield LiveTable(self._columns, id="events-table", empty=EMPTY_EVENTS, markable=False)
        yield CellLine(id="events-line")

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

    def show(self, wanted: str, arrangement: Arrangement = Arrangement()) -> None:  # noqa: B008 - frozen
        """Bring it up to date. ``wanted``: a filter. Sorted by a column there are no lines between."""
        feed = self._desk.events
        feed.look()
        shown = (feed.changed, wanted, feed.away, feed.trouble, arrangement)
        if shown == self._shown:
            return
        self._shown = shown
        table = self.table
        table.empty_text = feed.trouble or (NO_MATCH if wanted and feed.events else EMPTY_EVENTS)
        # On the line above what was missed one reads on from there, though it may be the first one still.
        follow = table.cursor_key in (None, self._top) and table.cursor_key != _AWAY
        own = [
            event
            for event in feed.events
            if self._cluster in (None, event.cluster) and self._instance in ("", event.instance)
        ]
        found = self._matching(own, wanted)
        self.count, self.total = len(found), len(own)
        own_order = not arrangement.sort
        if not own_order:
            found = ordered(found, EVENT_ORDERS, arrangement)
        self._events = {row_key(event): event for event in found}
        away = feed.away if own_order and not wanted else None
        if away is not None and self._cluster is not None:
            away = away_among(found, away.since, away.until)
        rows = self._rows(away, days=own_order, older=len(feed.events) >= MOST_SHOWN)
        table.set_rows(rows)
        self._top = rows.keys[0] if rows else None
        if follow and own_order and self._top is not None:
            table.move_to(self._top)
        self._tell()

    @on(LiveTable.RowHighlighted)
    def _tell(self) -> None:
        """The event at the cursor in full, where the table had to cut it; of what was done here its command."""
        event = self.chosen
        self.query_one(CellLine).set(() if event is None else whole_line(event))

    def to_away(self) -> None:
        """Put the cursor on the line above what happened meanwhile."""
        self.table.move_to(_AWAY)

    def _matching(self, events: Sequence[Event], wanted: str) -> Sequence[Event]:
        """Each event is looked at once for a filter: a thousand may come while five thousand are there."""
        if not wanted:
            self._subjects, self._verdicts = {}, ("", {})
            return events
        matches, before, known = parse_filter(wanted), self._subjects, {}
        if self._verdicts[0] == wanted:
            known = self._verdicts[1]
        subjects, verdicts = dict[_Place, Subject](), dict[_Place, bool]()
        for event in events:
            place = event.id, event.version
            subjects[place] = before.get(place) or event_subject(event)
            verdict = known.get(place)
            verdicts[place] = matches(subjects[place]) if verdict is None else verdict
        self._subjects, self._verdicts = subjects, (wanted, verdicts)
        return [event for event in events if verdicts[event.id, event.version]]

    def _rows(self, away: Away | None, *, days: bool, older: bool) -> LazyRows:
        lines: dict[str, Event | Row] = {}
        midnight: datetime | None = None
        place = _AWAY if away is not None else ""
        for key, event in self._events.items():
            if place == _AWAY and away is not None and event.at < away.until:
                words = away_words(away)
                lines[_AWAY] = divider(_AWAY, "while you were away", self._columns, words, "accent")
                place = _BEFORE
            if place == _BEFORE and away is not None and event.at < away.since:
                lines[_BEFORE] = divider(_BEFORE, "before that", self._columns, tone="accent")
                place = ""
            if days and (midnight is None or event.at < midnight):
                if midnight is not None:
                    lines[f"day:{midnight}"] = divider(f"day:{midnight}", day_of(event), self._columns)
                midnight = event.at.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
            lines[key] = event
        if older:
            lines[_OLDER] = divider(_OLDER, "older ones:", self._columns, "moorage events --since 7d")
        made, stopped = list(lines.values()), when_stopped(self._events.values())

        def make(index: int) -> Row:
            line = made[index]
            return line if isinstance(line, Row) else event_row(line, self._columns, bad=is_bad(line, stopped))

        return LazyRows(tuple(lines), make)
