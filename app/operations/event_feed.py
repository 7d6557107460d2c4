"""The events for those who look at them: the latest, in memory, and brought up to date while a screen looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from app.model.errors import MoorageError
from app.model.event import Event, is_bad, when_stopped
from app.operations.session import Session
from app.store.events import EventQuery, EventStore

if TYPE_CHECKING:
    from app.operations.journal import Journal

MOST_SHOWN = 5000
AWAY_SETTLES = timedelta(seconds=20)
"""By then engines have told what they remember."""
LOOK_EVERY = 1.0
"""Seconds between two looks at what other processes have written; what this one writes is seen at once."""


@dataclass(frozen=True, slots=True)
class Away:
    """What happened between two dashboards."""

    since: datetime
    until: datetime
    count: int
    bad: int


def away_among(events: Sequence[Event], since: datetime, until: datetime) -> Away | None:
    """What of these events happened then; None: nothing."""
    found = [event for event in events if since <= event.at < until and event.what != "gap"]
    count, stopped = sum(event.count for event in found), when_stopped(events)
    return Away(since, until, count, sum(is_bad(event, stopped) for event in found)) if count else None


class EventFeed:
    """Call everything on the screens' thread. ``events`` are the newest first.

    Args:
        post: hands a call to that thread, and wakes it.
        complain: gets, in any thread, what keeps events from being written.
    """

    def __init__(
        self, session: Session, post: Callable[[Callable[[], None]], None], complain: Callable[[str], None]
    ) -> None:
        self._session = session
        self._post = post
        self._complain = complain
        self._journal: Journal | None = None
        self._by_id: dict[int, Event] = {}
        self._version = -1
        self._busy = False
        self._due = 0.0
        self._written = -1
        self._away: tuple[int, Away | None] = (-1, None)
        self.events: Sequence[Event] = ()
        self.changed = 0
        """Grows with each change of ``events``."""
        self.trouble = ""
        """Why the events cannot be read, in a line."""
        self.away_seen = False

    def journal(self) -> Journal:
        """The journal of this dashboard; made when the first watcher begins."""
        if self._journal is None:
            from app.operations.journal import Journal

            self._journal = Journal(self._session, self._complain, self._news, dashboard=True)
        return self._journal

    def close(self) -> None:
        """Write what is waiting."""
        if self._journal is not None:
            self._journal.close()

    def look(self) -> None:
        """Somebody looks now. Call it as often as you like."""
        written = self._journal.written if self._journal is not None else 0
        now = time.monotonic()
        if not self._busy and (now >= self._due or written != self._written):
            self._busy, self._due, self._written = True, now + LOOK_EVERY, written
            threading.Thread(target=self._read, args=(self._version,), name="events-feed", daemon=True).start()

    def of_task(self, task_id: str, take: Callable[[list[Event]], None]) -> None:
        """Read all events of a task, the oldest first, and hand them over."""

        def read() -> None:
            try:
                found = EventStore(self._session.home).find(EventQuery(task=task_id, limit=MOST_SHOWN))
            except MoorageError:
                return  # the feed tells what is wrong with the file
            self._post(partial(take, found[::-1]))

        threading.Thread(target=read, name="events-task", daemon=True).start()

    def look_for_away(self) -> None:
        """As ``look``, for those to whom only ``away`` matters: it does not change long after the start."""
        journal = self._journal
        if self.away_seen or journal is None or journal.away_since is None:
            return
        if self._session.now() - journal.opened_at < AWAY_SETTLES:
            self.look()

    @property
    def away(self) -> Away | None:
        """What happened since a dashboard of this home was open last; None: nothing, or it was never closed."""
        if self._away[0] != self.changed:
            self._away = self.changed, self._find_away()
        return self._away[1]

    def _find_away(self) -> Away | None:
        journal = self._journal
        if journal is None or journal.away_since is None:
            return None
        return away_among(self.events, journal.away_since, journal.opened_at)

    # --- in a thread of its own ------------------------------------------------------------------------------------

    def _read(self, known: int) -> None:
        store, found = EventStore(self._session.home), list[Event]()
        anew, version, trouble = False, known, ""
        try:
            version = store.version()
            anew = known < 0 or version < known  # the file may have been set aside
            if not anew and version > known:
                found = store.find(EventQuery(after_version=known, limit=MOST_SHOWN))
                anew = len(found) >= MOST_SHOWN  # there are more than that: the latest count
            if anew:
                found = store.find(EventQuery(limit=MOST_SHOWN))
            trouble = "; ".join(store.take_warnings())
        except MoorageError as error:
            trouble = error.message
        if found and not anew:
            # Read after the version was: what is newer than it is in hand already.
            version = max(version, *(event.version for event in found))
        self._post(partial(self._take, found, version, anew, trouble))

    def _news(self) -> None:
        """The journal has written; in its thread. Whoever looks is woken to look again."""
        self._post(_nothing)

    # --- on the screens' thread ------------------------------------------------------------------------------------

    def _take(self, found: list[Event], version: int, anew: bool, trouble: str) -> None:
        self._busy, self._version, self.trouble = False, version, trouble
        if not found and not anew:
            return
        if anew:
            self._by_id = {}
        self._by_id.update((event.id, event) for event in found)
        latest = sorted(self._by_id.values(), key=lambda event: (event.at, event.id), reverse=True)[:MOST_SHOWN]
        if len(self._by_id) > MOST_SHOWN:
            self._by_id = {event.id: event for event in latest}
        self.events = latest
        self.changed += 1


def _nothing() -> None:
    return None
