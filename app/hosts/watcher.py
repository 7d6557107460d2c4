"""One watcher an engine: subscribe, list, apply; reconnect for ever; say how fresh our knowledge is.

List is the truth, events are hints: the stream is opened first, then everything is listed, then events are applied; any
end of the stream, a clean one too, is a lost connection. Two daemon threads: one only empties the stream (an unread
stream slows the whole engine), the other does the rest.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from app.hosts import turns
from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError
from app.hosts.inspecting import Inspector
from app.hosts.listing import as_known, read_host
from app.hosts.reading import container_from_inspect, drains_from, engine_info, records_from
from app.hosts.stream import Stream
from app.hosts.threads import start_soon
from app.model.container import Container
from app.model.drain import DrainMark
from app.model.instance import Freshness, InstanceKey, Reach
from app.model.record import RECORD_PREFIX, Record
from app.model.safe_text import SafeText, safe_line
from app.model.update import (
    ContainerGone,
    ContainerSeen,
    FreshnessTold,
    HostRead,
    HostUpdate,
    InfoRead,
    RecordGone,
    RecordSeen,
)

Deliver = Callable[[HostUpdate], None]
Hear = Callable[[Json], None]

PING_EVERY = 3.0
RELIST_EVERY = 60.0
MOST_WAITING = 20_000
"""Hints that wait while an engine is asked about others; of more nothing is kept but that there were more."""
_LONGEST_NAME = 255
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 10.0
_END = None
_UNREAD: Json = {"Type": None, "Action": None, "Actor": {"ID": None}}
"""The hint of what could not be read, or kept: everything is listed soon."""
_GONE_ACTIONS = frozenset({"destroy", "remove"})


class Watcher:
    """Watches one engine until stopped. ``deliver`` is called from the watcher's thread and must not block.

    ``hear`` gets each event as it came, on the thread that empties the stream; it must not block, either.
    """

    def __init__(self, key: InstanceKey, engine: Engine, deliver: Deliver, hear: Hear | None = None) -> None:
        self._key = key
        self._engine = engine
        self._deliver = deliver
        self._hear = hear or _deaf
        self._stopped = threading.Event()
        self._paused = threading.Event()
        self._interrupted = False
        self._go_on = threading.Event()
        self._resting = threading.Event()
        self._stream: Stream | None = None
        self._reach: Reach = "connecting"
        self._since = datetime.now(UTC)
        self._had_answer = False
        self._inspector = Inspector(engine)
        self._known: dict[str, Container] = {}
        self._thread = threading.Thread(target=self._run, name=f"watch-{key.name}", daemon=True)

    def start(self) -> None:
        """Begin soon; does not wait."""
        start_soon(self._thread)

    def stop(self) -> None:
        """End soon; does not wait."""
        self._stopped.set()
        self._go_on.set()
        self._close_stream()

    def pause(self) -> None:
        """Let go of the stream, and take up none until ``resume``: nobody can read it while this process is stopped."""
        self._interrupted = True
        self._paused.set()
        self._close_stream()

    def rest(self, seconds: float) -> bool:
        """Wait until there is no stream; whether that is so."""
        return self._resting.wait(seconds)

    def resume(self) -> None:
        self._paused.clear()
        self._go_on.set()

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.close()
            except (HostError, OSError, ValueError):
                return  # it was broken already, which is why it is closed

    # --- connecting ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        wait = _FIRST_WAIT
        self._tell("connecting", "")
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                self._watch()
                reason = "the event stream ended"
            except HostError as error:
                reason = error.message
            except Exception as error:  # noqa: BLE001 - nothing that an engine tells ends the watching of it
                reason = safe_line(f"what it tells cannot be read: {error!r:.80}")
            self._close_stream()
            self._inspector.close()
            self._engine.close()
            if self._rested():
                wait = _FIRST_WAIT
                continue
            if self._stopped.is_set():
                break
            wait = _FIRST_WAIT if time.monotonic() - began > _LONGEST_WAIT else min(wait * 1.7, _LONGEST_WAIT)
            pause = wait * random.uniform(0.8, 1.2)
            self._tell("stale" if self._had_answer else "unreachable", reason, next_try=pause)
            self._resting.set()
            self._stopped.wait(pause)
            self._resting.clear()
            self._rested()
        self._engine.end()

    def _rested(self) -> bool:
        """While paused: wait until it goes on; whether it was paused."""
        if not self._interrupted:
            return False
        self._interrupted = False
        self._resting.set()
        while self._paused.is_set() and not self._stopped.is_set():
            self._go_on.wait()
            self._go_on.clear()
        self._resting.clear()
        return True

    def _tell(self, reach: Reach, reason: str, next_try: float | None = None) -> None:
        now = datetime.now(UTC)
        if reach != self._reach:
            self._reach, self._since = reach, now
        when = None if next_try is None else now + timedelta(seconds=next_try)
        self._deliver(FreshnessTold(self._key, Freshness(reach, self._since, SafeText(reason), when)))

    def _watch(self) -> None:
        """One connection, from the subscription to its end. Raises HostError."""
        self._engine.ping()
        events: queue.SimpleQueue[Json | None] = queue.SimpleQueue()
        stream = self._stream = self._engine.events()
        if self._paused.is_set():
            return
        drained = (stream, events, self._hear)
        threading.Thread(target=_drain, args=drained, name=f"events-{self._key.name}", daemon=True).start()
        with turns.reading.turn():
            self._read_info()
            # What happened while nobody listened may have left no trace in a list.
            self._known = {}
            self._read_all()
        self._had_answer = True
        self._tell("live", "")
        relist_at, turn = time.monotonic() + RELIST_EVERY, 0
        while not self._stopped.is_set():
            try:
                event = events.get(timeout=PING_EVERY)
            except queue.Empty:
                self._engine.ping()
            else:
                if event is _END:
                    return
                batch = _coalesced(event, events)
                self._apply(batch)
                if _UNREAD in batch:
                    relist_at = min(relist_at, time.monotonic() + PING_EVERY)
            if time.monotonic() > relist_at:
                with turns.reading.turn():
                    self._read_info()
                    self._read_all(turn)
                relist_at, turn = time.monotonic() + RELIST_EVERY, turn + 1

    # --- reading ---------------------------------------------------------------------------------------------------

    def _read_info(self) -> None:
        asked = datetime.now(UTC)
        info = self._engine.info()
        self._engine.measure_clock(info, asked)
        self._deliver(
            InfoRead(self._key, engine_info(info, self._engine.version()), self._engine.now() - datetime.now(UTC))
        )

    def _read_all(self, turn: int = 0) -> None:
        reading = read_host(self._engine, self._inspector, self._known, turn)
        self._known = {container.id: container for container in reading.containers}
        self._deliver(HostRead(self._key, reading.containers, reading.records, reading.drains))

    def _apply(self, batch: list[Json | None]) -> None:
        """Read again what the events name, each once, in the order of its last event."""
        hints: dict[tuple[str, str], str] = {}
        for event in batch:
            if event is _END:
                self._close_stream()
                raise HostError("the event stream ended", "unreachable")
            actor = event.get("Actor")
            if not isinstance(actor, dict):
                continue
            subject = str(event.get("Type", "")), str(actor.get("ID", ""))
            hints.pop(subject, None)
            hints[subject] = str(event.get("Action", ""))
        # Records first: a launch writes the task's before it makes its containers.
        for kind, name in hints:
            if kind == "volume" and name.startswith(RECORD_PREFIX):
                self._refresh_record(name)
        self._refresh_containers({name: action for (kind, name), action in hints.items() if kind == "container"})

    def _refresh_containers(self, actions: Mapping[str, str]) -> None:
        there = []
        for container, action in actions.items():
            if action in _GONE_ACTIONS:
                self._forget(container)
            else:
                there.append(container)
        for container, detail in self._inspector.inspect(there):
            if detail is None:
                self._forget(container)
            else:
                seen = self._known[container] = as_known(self._known, container_from_inspect(detail))
                self._deliver(ContainerSeen(self._key, seen))

    def _forget(self, container: str) -> None:
        self._known.pop(container, None)
        self._deliver(ContainerGone(self._key, container))

    def _refresh_record(self, name: str) -> None:
        found: list[Record | DrainMark]
        try:
            volume = self._engine.volume(name)
            found = [*records_from([volume]), *drains_from([volume])]
        except HostError as error:
            if error.kind != "not-found":
                raise
            found = []
        self._deliver(RecordSeen(self._key, name, found[0]) if found else RecordGone(self._key, name))


def _deaf(_: Json) -> None:
    return None


def _drain(stream: Stream, events: queue.SimpleQueue[Json | None], hear: Hear) -> None:
    try:
        for event in stream:
            waiting = events.qsize()
            if waiting <= MOST_WAITING:
                events.put(_hint(event) if waiting < MOST_WAITING else _UNREAD)
            hear(event)
    except Exception:  # noqa: BLE001, S110 - whatever it was, the stream has ended: the other thread says so
        pass
    finally:
        events.put(_END)


def _hint(event: Json) -> Json:
    """What the watcher needs of an event. All of its labels would wait in memory while a slow engine is asked."""
    actor = event.get("Actor")
    name = actor.get("ID") if isinstance(actor, dict) else None
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return _UNREAD
    return {"Type": event.get("Type"), "Action": event.get("Action"), "Actor": {"ID": name}}


def _coalesced(first: Json | None, events: queue.SimpleQueue[Json | None]) -> list[Json | None]:
    """The event and all that are waiting behind it."""
    batch = [first]
    while True:
        try:
            batch.append(events.get_nowait())
        except queue.Empty:
            return batch
