"""What the watcher of one instance tells the journal: cheap calls, from whichever thread, that never raise."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import NamedTuple, Protocol

from app.hosts.engine import Engine, Json
from app.hosts.event_reading import EventReader, HostEvent
from app.hosts.past_events import past_events
from app.model.errors import MoorageError
from app.model.instance import InstanceKey
from app.model.update import FreshnessTold, HostRead, HostUpdate, InfoRead, RecordGone, RecordSeen

_KEPT_UPDATES = (InfoRead, HostRead, FreshnessTold, RecordSeen, RecordGone)


class Past(NamedTuple):
    events: list[HostEvent]


class Closed(NamedTuple):
    """The instance is watched no longer."""


Item = HostEvent | HostUpdate | Past | Closed


class Sink(Protocol):
    """Takes what an ear hears."""

    def put(self, ear: Ear, item: Item) -> None: ...

    def asked(self, change: int) -> None:
        """One engine more, or less, is being asked what it remembers."""
        ...


class Ear:
    """What the watcher of one instance tells the journal; both calls are cheap and never raise."""

    def __init__(self, journal: Sink, key: InstanceKey, engine: Engine) -> None:
        self._journal = journal
        self._reader = EventReader()
        self.key = key
        self.engine = engine

    def heard(self, raw: Json) -> None:
        """An event of the engine, as it came. Called on the one thread that reads the stream."""
        try:
            event = self._reader.read(raw)
        except Exception:  # noqa: BLE001 - whatever an engine sends, its stream goes on being read
            event = None
        if event is not None:
            self._journal.put(self, event)

    def told(self, update: HostUpdate) -> None:
        """What the watcher found out."""
        if isinstance(update, _KEPT_UPDATES):
            self._journal.put(self, update)

    def close(self) -> None:
        """Its instance is watched no longer."""
        self._journal.put(self, Closed())

    def ask(self, since: datetime) -> None:
        """Ask the engine what it remembers; in a thread of its own."""
        threading.Thread(target=self._ask, args=(since,), name=f"past-{self.key.name}", daemon=True).start()

    def _ask(self, since: datetime) -> None:
        reader = EventReader()
        try:
            found = [event for raw in past_events(self.engine, since) if (event := reader.read(raw)) is not None]
            self._journal.put(self, Past(found))
        except MoorageError:
            return  # the list has told as well as it can
        finally:
            self._journal.asked(-1)
