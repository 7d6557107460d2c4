"""The list of events for those who ask by a command: what is kept, what engines remember, and what comes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from app.model.errors import MoorageError
from app.model.event import Event
from app.model.ids import short_id
from app.model.requests import Request
from app.model.since import parse_since
from app.operations.journal import Journal
from app.operations.monitor import Monitor
from app.operations.session import Session
from app.store.events import MOST_EVENTS, EventQuery, EventStore

GATHER_DEADLINE = 3.0
"""Seconds that instances have to say what they remember."""
LOOK_EVERY = 0.5
DEFAULT_SPAN = timedelta(days=1)
_KNOWN_IDS = 10_000


class EventsRequest(Request):
    """Our own verb: on AWS these are in CloudTrail, EventBridge and the service's messages."""

    cluster: Annotated[
        list[str], Field(description="Only of these clusters, by name or ARN (default: all).", default_factory=list)
    ]
    task: Annotated[str, Field(description="Only of this task, by id, the start of an id, or ARN.")] = ""
    since: Annotated[
        str, Field(description="From then on: 90s, 10m, 2h30m, 1d, or an RFC 3339 time (default: 1d; following: now).")
    ] = ""
    until: Annotated[str, Field(description="Until then, written the same way.")] = ""
    follow: Annotated[bool, Field(description="Go on with what comes, and watch the clusters meanwhile.")] = False


class EventLog:
    """One call of the verb. ``problems`` grows with what went wrong and did not end it."""

    def __init__(self, session: Session, request: EventsRequest) -> None:
        """Raises MoorageError for a cluster, a task or a time that is none."""
        self._session = session
        self._store = EventStore(session.home)
        self.problems: list[str] = []
        self._wanted = _query(session, request, self._store)
        self._follow = request.follow
        self._version = 0
        self._told: OrderedDict[int, int] = OrderedDict()
        """How many of each row were told already."""

    def kept(self) -> list[Event]:
        """What is known now, oldest first; engines were asked for what they remember. Raises MoorageError."""
        if not self._follow:
            self._gather()
        self._version = self._store.version()
        found = self._store.find(self._wanted)[::-1]
        self.problems += self._store.take_warnings()
        self._told.update((event.id, event.count) for event in found[-_KNOWN_IDS:])
        return found

    def coming(self) -> Iterator[Event]:
        """What comes after ``kept``, by whoever writes it, while the clusters are watched from here. Never ends."""
        news = threading.Event()
        journal = Journal(self._session, self.problems.append, news.set)
        monitor = self._monitor(journal)
        try:
            while True:
                monitor.refresh()
                self.problems += [
                    error.message for error in monitor.broken.values() if error.message not in self.problems
                ]
                monitor.pump()
                for event in self._store.find(replace(self._wanted, after_version=self._version, until=None)):
                    self._version = max(self._version, event.version)
                    # What was seen by a list and is then told by the engine is the same row, and no news.
                    if self._told.get(event.id, 0) < event.count:
                        self._told[event.id] = event.count
                        yield event
                while len(self._told) > _KNOWN_IDS:
                    self._told.popitem(last=False)
                news.wait(LOOK_EVERY)
                news.clear()
        finally:
            monitor.stop()
            journal.close()

    def _monitor(self, journal: Journal) -> Monitor:
        only = frozenset(self._wanted.clusters) or None
        return Monitor(self._session, lambda: None, only, journal=lambda: journal)

    def _gather(self) -> None:
        """Have the instances say what they remember, as a dashboard does when it is opened."""
        journal = Journal(self._session, self.problems.append)
        monitor = self._monitor(journal)
        try:
            monitor.refresh()
            self.problems += [error.message for error in monitor.broken.values()]
            states, end = list(monitor.fleet.instances.values()), time.monotonic() + GATHER_DEADLINE
            while time.monotonic() < end:
                monitor.pump()
                waiting = [state for state in states if state.freshness.reach == "connecting"]
                if not waiting and not journal.asking:
                    break
                time.sleep(0.02)
            self.problems += [
                f"{state.instance.key.cluster}/{state.instance.key.name} does not answer, and may know more:"
                f" {state.freshness.reason or 'no answer yet'}"
                for state in states
                if not state.live
            ]
        finally:
            monitor.stop()
            journal.close()


def _query(session: Session, request: EventsRequest, store: EventStore) -> EventQuery:
    now = session.now()
    clusters = tuple(session.cluster_name(name) for name in request.cluster)
    for name in clusters:
        # Of a cluster that is no more there may be events still.
        if not store.find(EventQuery(clusters=(name,), limit=1)):
            session.cluster(name)
    task = short_id(request.task)
    if request.task and len(task) < 4:
        raise MoorageError(f"task {task!r} is too short: give at least 4 characters of its id")
    since = _moment("since", request.since, now) or (None if request.follow else now - DEFAULT_SPAN)
    return EventQuery(clusters, task, since=since or now, until=_moment("until", request.until, now), limit=MOST_EVENTS)


def _moment(name: str, text: str, now: datetime) -> datetime | None:
    try:
        return parse_since(text, now) if text else None
    except MoorageError as error:
        raise MoorageError(error.message.replace("since", name, 1), code=error.code) from None
