"""What the watcher of one instance tells → events. Knows no clock but what it is given, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from app.hosts.event_reading import HostEvent
from app.model.container import Container, TaskTag
from app.model.drain import DrainMark
from app.model.event import Event, Source, event_key, from_nano, span_words
from app.model.instance import Freshness, InstanceKey
from app.model.names import PAUSE
from app.model.record import Record, TaskRecord, record_name
from app.model.safe_text import SafeText, safe_line
from app.model.update import FreshnessTold, HostRead, HostUpdate, InfoRead, RecordGone, RecordSeen
from app.operations.bursts import Bursts
from app.operations.missed import Known, known, missed
from app.operations.record_events import told_by

MOST_BEFORE_INFO = 2000
FIRST_LOOK_BACK = timedelta(hours=1)
"""How far back is looked on a host that no dashboard of this home has ever watched."""
UNWATCHED_AFTER = timedelta(seconds=90)
_SAME_CLOCK = timedelta(milliseconds=200)
_MOVED_CLOCK = timedelta(milliseconds=500)


class _Whose(NamedTuple):
    """What is remembered of a task's record: all of it, the definition too, would be there a second time."""

    cluster: str
    family: SafeText
    revision: int


class HostNotes:
    """One instance, as one watcher tells of it; used on one thread.

    Args:
        watcher: who watches: two processes notice one outage each.
        watched_until: until when a process of this home has watched the instance; None: never.
    """

    def __init__(self, key: InstanceKey, watcher: str, watched_until: datetime | None) -> None:
        self._key = key
        self._watcher = safe_line(watcher)
        self._watched_until = watched_until
        self._engine_id = ""
        self._offset = timedelta(0)
        self._early: list[HostEvent] = []
        self._early_lost = 0
        self._bursts = Bursts()
        self._known: dict[str, Known] | None = None
        self._records: set[str] = set()
        self._tasks: dict[str, _Whose] = {}
        self._drain: DrainMark | None = None
        self._read_at: datetime | None = None
        self._missed = ""
        self._silent_since: datetime | None = None
        self._ever_live = False
        self.live = False

    def catch_up_from(self, otherwise: datetime) -> datetime:
        """From when on, by the host's clock, its engine is to be asked what it remembers."""
        begin = self._silent_since - UNWATCHED_AFTER if self._silent_since and self._ever_live else otherwise
        return begin + self._offset

    # --- its engine's events ---------------------------------------------------------------------------------------

    def heard(self, event: HostEvent) -> Iterator[Event]:
        if not self._engine_id:
            if len(self._early) < MOST_BEFORE_INFO:
                self._early.append(event)
            else:
                self._early_lost += 1
            return
        self._follow(event)
        second = event.nano // 1_000_000_000
        beyond = self._bursts.beyond(event.container_id, event.what, second)
        if (made := self._event(event)) is not None:
            if beyond:
                key = event_key(self._engine_id, "burst", event.container_id, event.what, second)
                made = replace(made, key=key, count=beyond)
            yield made

    def remembered(self, events: Iterable[HostEvent]) -> Iterator[Event]:
        """What the engine remembers of the time in which nobody listened, or an earlier list told already."""
        for event in events:
            if (made := self._event(event)) is not None:
                yield made

    def _event(self, event: HostEvent) -> Event | None:
        tag = event.tag
        if tag is not None and tag.cluster != self._key.cluster:
            return None  # told by whoever watches that cluster
        if tag is not None and tag.container == PAUSE:
            return None
        return self._made(
            event_key(self._engine_id, event.nano, event.container_id, event.what),
            from_nano(event.nano),
            event.what,
            "event",
            **_of_tag(tag),
            container=safe_line(tag.container) if tag else event.name,
            container_id=event.container_id,
            exit_code=event.exit_code,
            detail=event.detail,
        )

    def _made(self, key: str, host_at: datetime, what: str, source: Source, **members: Any) -> Event:
        return Event(
            key=key,
            at=host_at - self._offset,
            what=what,
            source=source,
            cluster=safe_line(self._key.cluster),
            instance=safe_line(self._key.name),
            host_at=host_at,
            watcher=self._watcher,
            **members,
        )

    def _follow(self, event: HostEvent) -> None:
        if self._known is None:
            return
        if event.what == "removed":
            self._known.pop(event.container_id, None)
        elif event.what in ("created", "started", "died"):
            started = from_nano(event.nano) if event.what == "started" else None
            self._known[event.container_id] = Known(event.what == "started", started)

    # --- what the watcher tells ------------------------------------------------------------------------------------

    def told(self, update: HostUpdate, now: datetime) -> Iterator[Event]:
        match update:
            case InfoRead():
                yield from self._learn(update, now)
            case HostRead():
                yield from self._compare(update, now)
            case FreshnessTold():
                yield from self._reach(update.freshness, now)
            case RecordSeen():
                yield from self._recorded(update.name, update.record, now)
            case RecordGone():
                yield from self._unrecorded(update.name, now)
            case _:
                return

    def _learn(self, update: InfoRead, now: datetime) -> Iterator[Event]:
        offset = update.clock_offset if abs(update.clock_offset) > _SAME_CLOCK else timedelta(0)
        # A host's events keep their order: a measurement that differs by its own error moves nothing.
        if not self._engine_id or abs(offset - self._offset) > _MOVED_CLOCK:
            self._offset = offset
        self._engine_id = str(update.info.engine_id) or f"{self._key.cluster}/{self._key.name}"
        early, self._early = self._early, []
        for event in early:
            yield from self.heard(event)
        if self._early_lost:
            yield self.lost(self._early_lost, now)
            self._early_lost = 0

    def _reach(self, freshness: Freshness, now: datetime) -> Iterator[Event]:
        if freshness.reach == "live":
            if not self.live:
                yield from self._came(now)
            self.live, self._ever_live, self._silent_since = True, True, None
        elif freshness.reach != "connecting" and self._silent_since is None:
            self.live, self._silent_since = False, now
            yield self._watch("silent", now, freshness.reason or "no answer")

    def _came(self, now: datetime) -> Iterator[Event]:
        if not self._ever_live:
            yield self._watch("connected", now, "")
        if self._ever_live and self._silent_since:
            words = f"{span_words(now - self._silent_since)} without events; by the list since: {self._missed}"
            yield self._watch("back", now, words)
        else:
            yield self._watch("back", now, "")
        until = self._watched_until
        if not self._ever_live and until is not None and now - until > UNWATCHED_AFTER:
            words = f"{span_words(now - until)} with nobody watching; by the list since: {self._missed}"
            key = event_key("gap", self._key.cluster, self._key.name, until.isoformat())
            yield replace(self._watch("gap", now, words), key=key)

    def _watch(self, what: str, now: datetime, words: str) -> Event:
        return Event(
            key=event_key(what, self._watcher, self._key.cluster, self._key.name, now.isoformat()),
            at=now,
            what=what,
            source="watch",
            cluster=safe_line(self._key.cluster),
            instance=safe_line(self._key.name),
            detail=safe_line(words),
            watcher=self._watcher,
        )

    def lost(self, count: int, now: datetime) -> Event:
        """That so many events were not kept."""
        return replace(self._watch("lost", now, "not kept: they came faster than they could be written"), count=count)

    # --- lists -----------------------------------------------------------------------------------------------------

    def _compare(self, reading: HostRead, now: datetime) -> Iterator[Event]:
        """What has come to pass since the list before, as far as the list tells when; and in numbers, what it was."""
        since = self._horizon(now)
        self._missed = missed(self._known, reading.containers, since)
        for container in reading.containers:
            if container.tag is not None and container.tag.container != PAUSE:
                yield from self._listed(container, since)
        self._known = known(reading.containers)
        self._read_at = now
        names = {record_name(record): record for record in reading.records}
        self._tasks = {record.task_id: _whose(record) for record in reading.records if isinstance(record, TaskRecord)}
        for name, record in names.items():
            if name not in self._records:
                yield from self._recorded(name, record, now, since)
        self._records = set(names)
        drains = {mark.name: mark for mark in reading.drains}
        if self._drain is not None and self._drain.name not in drains:
            yield from self._unrecorded(self._drain.name, now)
        for name, mark in drains.items():
            yield from self._recorded(name, mark, now, since)

    def _horizon(self, now: datetime) -> datetime:
        """What is older, by the host's clock, was told before or is none of our business."""
        if self._silent_since is not None and self._ever_live:
            begin = self._silent_since - UNWATCHED_AFTER
        else:
            begin = self._read_at or self._watched_until or now - FIRST_LOOK_BACK
        return begin + self._offset

    def _listed(self, container: Container, since: datetime) -> Iterator[Event]:
        tag = container.tag
        if tag is None or tag.cluster != self._key.cluster:
            return
        for what, moment in (
            ("created", container.created_at),
            ("started", container.started_at),
            ("died", container.finished_at),
        ):
            if moment is None or moment < since:
                continue
            yield self._made(
                event_key(self._engine_id, "list", container.id, what, moment.isoformat()),
                moment,
                what,
                "list",
                **_of_tag(tag),
                container=safe_line(tag.container),
                container_id=container.id,
                exit_code=container.exit_code if what == "died" else None,
            )

    # --- records ---------------------------------------------------------------------------------------------------

    def _recorded(
        self, name: str, record: Record | DrainMark, now: datetime, since: datetime | None = None
    ) -> Iterator[Event]:
        if isinstance(record, DrainMark):
            if self._drain is None or self._drain.name != name:
                self._drain = record
                at = record.at or now
                if since is None or at >= since:
                    yield self._of_drain("draining", record, at, record.by, record.reason)
            return
        self._records.add(name)
        made = self._of_record(name, record)
        if made is not None and (since is None or (made.host_at or now) >= since):
            yield made

    def _unrecorded(self, name: str, now: datetime) -> Iterator[Event]:
        self._records.discard(name)
        if self._drain is not None and self._drain.name == name:
            mark, self._drain = self._drain, None
            yield self._of_drain("active", mark, now + self._offset, "", "takes tasks again")

    def _of_drain(self, what: str, mark: DrainMark, host_at: datetime, by: str, words: str) -> Event:
        key = event_key(self._engine_id, what, mark.name, mark.at)
        made = self._watch(what, host_at - self._offset, words)
        return replace(made, key=key, source="record", by=safe_line(by), host_at=host_at)

    def _of_record(self, name: str, record: Record) -> Event | None:
        if isinstance(record, TaskRecord):
            self._tasks[record.task_id] = _whose(record)
        task = self._tasks.get(record.task_id)
        if task is not None and task.cluster != self._key.cluster:
            return None
        told = told_by(record)
        if told is None:
            return None
        return self._made(
            event_key(self._engine_id, "record", name),
            told.at,
            told.what,
            "record",
            task_id=record.task_id,
            family=task.family if task else SafeText(""),
            revision=task.revision if task else 0,
            container=told.container,
            exit_code=told.exit_code,
            detail=told.detail,
            by=told.by,
        )


def _whose(record: TaskRecord) -> _Whose:
    return _Whose(record.cluster, safe_line(record.family), record.revision)


def _of_tag(tag: TaskTag | None) -> dict[str, Any]:
    if tag is None:
        return {}
    return {"task_id": tag.task_id, "family": safe_line(tag.family), "revision": tag.revision}
