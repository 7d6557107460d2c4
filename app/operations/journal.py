"""The journal: keeps what watchers tell of their hosts as events. Never makes a watcher wait."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from app.hosts.engine import Engine
from app.hosts.event_reading import HostEvent
from app.model.errors import MoorageError
from app.model.event import Event
from app.model.instance import InstanceKey
from app.model.safe_text import safe_line
from app.model.update import FreshnessTold, HostUpdate
from app.operations.ear import Closed, Ear, Item, Past
from app.operations.host_notes import FIRST_LOOK_BACK, HostNotes
from app.operations.session import Session
from app.store.event_rows import micros, moment
from app.store.events import MOST_EVENTS, EventStore

WRITE_EVERY = 0.25
"""Seconds that events are gathered before they are written together."""
MOST_WAITING = 20_000
"""Events that may wait to be written; what comes beyond is counted, and told as a number."""
MOST_UPDATES = 50_000
HEARTBEAT = 30.0
RETRY_AFTER = 10.0
"""Seconds without a try after the file could not be written."""
PRUNE_EVERY = 600.0
_PRUNE_SLACK = MOST_EVENTS // 20
DASHBOARD = "dashboard"
"""The mark of when a dashboard of this home was open last."""


class Journal:
    """One for all watchers of a process. ``close`` writes what is waiting.

    Args:
        report: called from the journal's thread with what went wrong, in a line, when it differs from the last.
        news: called from it after events were written.
        dashboard: whether somebody looks: then it is noted until when.
    """

    def __init__(
        self,
        session: Session,
        report: Callable[[str], None],
        news: Callable[[], None] | None = None,
        *,
        dashboard: bool = False,
    ) -> None:
        self._session = session
        self._report = report
        self._news = news or (lambda: None)
        self._dashboard = dashboard
        self._store = EventStore(session.home)
        self._lock = threading.Lock()
        self._came = threading.Event()
        self._closed = threading.Event()
        self._waiting: deque[tuple[Ear, Item]] = deque()
        self._lost: Counter[InstanceKey] = Counter()
        self._thread: threading.Thread | None = None
        self._at_work = False
        self._asked = 0
        self._notes: dict[InstanceKey, tuple[Ear, HostNotes]] = {}
        self._unwritten: dict[tuple[str, str], Event] = {}
        self._marks: dict[str, int] | None = None
        self._not_before = 0.0
        self._beat_at = 0.0
        self._prune_at = 0.0
        self._since_prune = 0
        self._trouble = ""
        self._ready = threading.Event()
        self.opened_at = session.now()
        self.away_since: datetime | None = None
        """When a dashboard was open last before this one; None: never, or it is open still. Known once ``ready``."""
        self.written = 0
        """Grows with each event that is written."""

    def ear(self, key: InstanceKey, engine: Engine) -> Ear:
        """For the watcher of an instance. Begins the journal's thread, if it has not begun."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
                self._thread.start()
        return Ear(self, key, engine)

    @property
    def ready(self) -> bool:
        return self._ready.is_set()

    @property
    def asking(self) -> bool:
        """Is something still to be written, or an engine asked what it remembers?"""
        with self._lock:
            return bool(self._waiting) or self._at_work or self._asked > 0

    def put(self, ear: Ear, item: Item) -> None:
        """Called by the threads that empty event streams, a thousand times a second: there is no lock on the way.

        A hundred threads that take turns at one keep each other waiting, and their engines with them.
        """
        waiting = len(self._waiting)
        if waiting >= (MOST_WAITING if isinstance(item, HostEvent) else MOST_UPDATES):
            with self._lock:
                self._lost[ear.key] += len(item.events) if isinstance(item, Past) else 1
            return
        self._waiting.append((ear, item))
        if not self._came.is_set():
            self._came.set()

    def asked(self, change: int) -> None:
        """One engine more, or less, is being asked what it remembers."""
        with self._lock:
            self._asked += change

    def close(self, within: float = 2.0) -> None:
        """Write what is waiting, for at most ``within`` seconds."""
        self._closed.set()
        self._came.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(within)

    # --- in its thread ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        self._begin()
        while True:
            self._came.wait(RETRY_AFTER if self._unwritten else HEARTBEAT / 4)
            # Gathered, so that a thousand events a second are four transactions and not a thousand.
            closing = self._closed.wait(WRITE_EVERY)
            self._came.clear()
            self._take()
            self._write(last=closing)
            self._at_work = False
            self._beat(last=closing)
            self._prune()
            if closing:
                return

    def _begin(self) -> None:
        try:
            self._marks = self._store.marks()
        except MoorageError as error:
            self._marks = {}
            self._tell(error.message)
        seen = self._time_of(DASHBOARD)
        if seen is not None and self.opened_at - seen > timedelta(seconds=HEARTBEAT * 2):
            self.away_since = seen
        self._ready.set()

    def _time_of(self, name: str) -> datetime | None:
        value = (self._marks or {}).get(name)
        try:
            return None if value is None else moment(value)
        except OverflowError:
            return None

    def _take(self) -> None:
        """Everything that waits becomes events; what cannot be written now waits as such."""
        self._at_work = True
        items = [self._waiting.popleft() for _ in range(len(self._waiting))]
        with self._lock:
            lost, self._lost = self._lost, Counter()
        now = datetime.now(UTC)
        for ear, item in items:
            try:
                for event in self._events_of(ear, item, now):
                    self._hold(event, lost)
            except Exception as error:  # noqa: BLE001 - one that cannot be understood must not end the journal
                lost[ear.key] += 1
                self._tell(safe_line(f"an event of {ear.key.name} cannot be kept ({type(error).__name__}: {error})"))
        for key, count in lost.items():
            if key in self._notes:
                event = self._notes[key][1].lost(count, now)
                self._unwritten[event.key, event.cluster] = event

    def _events_of(self, ear: Ear, item: Item, now: datetime) -> Iterable[Event]:
        if isinstance(item, Closed):
            if self._notes.get(ear.key, (None,))[0] is ear:
                del self._notes[ear.key]
            return ()
        notes = self._notes_of(ear)
        if isinstance(item, HostEvent):
            return notes.heard(item)
        if isinstance(item, Past):
            return notes.remembered(item.events)
        self._catch_up(ear, notes, item, now)
        return notes.told(item, now)

    def _hold(self, event: Event, lost: Counter[InstanceKey]) -> None:
        if len(self._unwritten) >= MOST_WAITING and (event.key, event.cluster) not in self._unwritten:
            lost[InstanceKey(event.cluster, event.instance)] += event.count
        else:
            self._unwritten[event.key, event.cluster] = event

    def _notes_of(self, ear: Ear) -> HostNotes:
        known = self._notes.get(ear.key)
        if known is None or known[0] is not ear:
            until = self._time_of(_watched(ear.key))
            known = self._notes[ear.key] = ear, HostNotes(ear.key, self._session.owner, until)
        return known[1]

    def _catch_up(self, ear: Ear, notes: HostNotes, update: HostUpdate, now: datetime) -> None:
        """When a host answers (again), its engine is asked what it remembers of the time without a listener."""
        if not isinstance(update, FreshnessTold) or update.freshness.reach != "live" or notes.live:
            return
        since = notes.catch_up_from(self._time_of(_watched(ear.key)) or now - FIRST_LOOK_BACK)
        self.asked(1)
        ear.ask(since)

    def _write(self, *, last: bool) -> None:
        if not self._unwritten or (time.monotonic() < self._not_before and not last):
            return
        try:
            changed = self._store.add(self._unwritten.values())
            self._tell(*self._store.take_warnings())
        except MoorageError as error:
            self._not_before = time.monotonic() + RETRY_AFTER
            self._tell(error.message)
            return
        self._unwritten = {}
        self._since_prune += changed
        if changed:
            self.written += changed
            self._news()

    def _beat(self, *, last: bool) -> None:
        """Note until when somebody watched, so that the next one knows what it has missed."""
        if not last and time.monotonic() < self._beat_at:
            return
        self._beat_at = time.monotonic() + HEARTBEAT
        now = micros(datetime.now(UTC))
        marks = {_watched(key): now for key, (_, notes) in self._notes.items() if notes.live}
        if self._dashboard:
            marks[DASHBOARD] = now
        try:
            if marks:
                self._store.write_marks(marks)
        except MoorageError as error:
            self._tell(error.message)

    def _prune(self) -> None:
        if time.monotonic() < self._prune_at and self._since_prune < _PRUNE_SLACK:
            return
        from app.operations.history import prune

        self._prune_at, self._since_prune = time.monotonic() + PRUNE_EVERY, 0
        try:
            self._tell(*prune(self._session))
            self._store.prune(datetime.now(UTC) - self._session.config.history_retention)
        except MoorageError as error:
            self._tell(error.message)

    def _tell(self, *problems: str) -> None:
        for problem in problems:
            if problem != self._trouble:
                self._trouble = problem
                self._report(problem)


def _watched(key: InstanceKey) -> str:
    return f"watched {key.cluster}/{key.name}"
