"""What a watcher tells becomes events: in the host's order, by our clock, with gaps told and bursts counted."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from app.hosts.event_reading import HostEvent
from app.model.container import Container, TaskTag
from app.model.event import Event
from app.model.instance import EngineInfo, Freshness, InstanceKey, Reach
from app.model.record import FailMark, Record, StopMark, TaskRecord
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold, HostRead, HostUpdate, InfoRead, RecordSeen
from app.operations.bursts import KEPT_EACH
from app.operations.host_notes import HostNotes
from app.operations.missed import Known, missed
from app.store.event_rows import micros
from tests.unit.builders import NOW, TASK_ID, at, container, record, tag

KEY = InstanceKey("default", "edge")
INFO = EngineInfo("engine-1", SafeText("h"), SafeText("28"), "1.48", "linux", "x86_64", Resources(1024, 1024))


def nano(seconds: float) -> int:
    return micros(at(seconds)) * 1000


def heard(what: str, seconds: float, container_id: str = "c1", marked: TaskTag | None = None) -> HostEvent:
    return HostEvent(what, nano(seconds), container_id, SafeText("by-hand"), marked, 0 if what == "died" else None)


class Told:
    """A watcher's notes, and what it was told, at a time of our clock."""

    def __init__(self, watched_until: datetime | None = None, owner: str = "me-1") -> None:
        self.notes = HostNotes(KEY, owner, watched_until)

    def tell(self, *updates: HostUpdate, now: datetime = NOW) -> list[Event]:
        return [event for update in updates for event in self.notes.told(update, now)]

    def hear(self, *events: HostEvent) -> list[Event]:
        return [made for event in events for made in self.notes.heard(event)]

    def info(self, offset: float = 0, now: datetime = NOW) -> list[Event]:
        return self.tell(InfoRead(KEY, INFO, timedelta(seconds=offset)), now=now)

    def read(self, *containers: Container, records: Iterable[Record] = (), now: datetime = NOW) -> list[Event]:
        return self.tell(HostRead(KEY, containers, tuple(records)), now=now)

    def reach(self, reach: Reach, reason: str = "", now: datetime = NOW) -> list[Event]:
        return self.tell(FreshnessTold(KEY, Freshness(reach, now, SafeText(reason))), now=now)

    def live(self, *containers: Container, now: datetime = NOW) -> list[Event]:
        return [*self.info(now=now), *self.read(*containers, now=now), *self.reach("live", now=now)]


def whats(events: Iterable[Event]) -> list[str]:
    return [event.what for event in events]


def test_two_watchers_give_an_event_the_same_key() -> None:
    one, two = Told(owner="me-1"), Told(owner="you-2")
    for told in (one, two):
        told.info()
    keys = [told.hear(heard("started", 1), heard("died", 2)) for told in (one, two)]
    assert [event.key for event in keys[0]] == [event.key for event in keys[1]]
    assert len({event.key for event in keys[0]}) == 2


def test_what_comes_before_the_engine_has_told_who_it_is_waits_for_that() -> None:
    told = Told()
    assert told.hear(heard("started", 1)) == []
    assert whats(told.info()) == ["started"]


def test_the_offset_of_the_hosts_clock_is_taken_off_and_small_errors_move_nothing() -> None:
    told = Told()
    told.info(offset=90)
    first, second = told.hear(heard("started", 100), heard("died", 101))
    assert (first.at, first.host_at) == (at(10), at(100))
    told.info(offset=90.3)
    (third,) = told.hear(heard("removed", 101.1))
    assert first.at < second.at < third.at
    told.info(offset=30)
    assert told.hear(heard("created", 200, "c2"))[0].at == at(170)


def test_a_clock_that_differs_by_less_than_can_be_measured_is_ours() -> None:
    told = Told()
    told.info(offset=0.15)
    (event,) = told.hear(heard("started", 1))
    assert event.at == event.host_at == at(1)


def test_a_burst_is_told_as_a_number_and_nothing_is_lost() -> None:
    told = Told()
    told.info()
    events = told.hear(*(heard("died", 1 + number / 1000) for number in range(50)), heard("died", 2.5))
    kept = {event.key: event for event in events}
    assert len(kept) == KEPT_EACH + 2
    assert sum(event.count for event in kept.values()) == 51
    other = Told(owner="you-2")
    other.info()
    again = other.hear(*(heard("died", 1 + number / 1000) for number in range(50)), heard("died", 2.5))
    assert {event.key: event.count for event in again} == {key: event.count for key, event in kept.items()}


def test_a_task_of_another_cluster_on_the_same_engine_is_not_ours_to_tell() -> None:
    told = Told()
    told.info()
    assert told.hear(heard("started", 1, marked=tag(cluster="other"))) == []
    (event,) = told.hear(heard("started", 1, marked=tag()))
    assert (event.task_id, event.container, event.definition) == (TASK_ID, "web", "web:1")


def test_a_host_is_connected_silent_and_back_with_what_was_missed() -> None:
    told = Told()
    stays, dies, goes = (container(tag(name)) for name in ("stays", "dies", "goes"))
    # The store leaves out what it was told before: that a host is back that nobody has missed, say.
    assert [what for what in whats(told.live(stays, dies, goes)) if what not in ("created", "started")] == [
        "connected",
        "back",
    ]
    (silent,) = told.reach("stale", "no answer within 5 s", now=at(100))
    assert (silent.what, silent.detail, silent.at) == ("silent", "no answer within 5 s", at(100))
    assert told.reach("stale", "no route", now=at(110)) == []
    assert told.reach("connecting", now=at(120)) == []
    dead = replace(dies, state="exited", finished_at=at(130), exit_code=1)
    new = replace(container(tag("new")), created_at=at(131), started_at=at(132))
    told.read(stays, dead, new, now=at(161))
    (back,) = [event for event in told.reach("live", now=at(161)) if event.what == "back"]
    assert back.detail == "1 min 1 s without events; by the list since: 1 created, 1 started, 1 died, 1 removed"


def test_a_list_after_a_gap_tells_what_has_a_time_of_its_own() -> None:
    told = Told()
    told.live(container(tag("web"), "created"))
    told.reach("stale", now=at(10))
    ended = container(tag("web"), "exited", started_at=at(20), finished_at=at(25), exit_code=3)
    listed = [event for event in told.read(ended, now=at(30)) if event.source == "list" and event.what != "created"]
    assert [(event.what, event.at, event.exit_code) for event in listed] == [
        ("started", at(20), None),
        ("died", at(25), 3),
    ]


def test_nobody_watched_is_a_gap_with_the_same_key_for_all_who_come_back() -> None:
    events = []
    for owner in ("me-1", "you-2"):
        told = Told(watched_until=at(-600), owner=owner)
        ran = container(tag("web"), "exited", created_at=at(-700), started_at=at(-300), finished_at=at(-200))
        events.append([event for event in told.live(ran) if event.what == "gap"])
    assert events[0][0].key == events[1][0].key
    assert events[0][0].detail == "10 min with nobody watching; by the list since: 1 started, 1 died"
    fresh = Told(watched_until=at(-30))
    assert "gap" not in whats(fresh.live())


def test_records_tell_who_launched_stopped_and_what_failed() -> None:
    told = Told()
    told.live()
    launched, stopped = record("web"), StopMark(TASK_ID, "UserInitiated", SafeText("bye"), SafeText("ops"), at(9))
    failed = FailMark(TASK_ID, "web", None, SafeText("no such image"), at(5))
    records: list[Record] = [launched, failed, stopped]
    events = told.tell(*(RecordSeen(KEY, f"r{number}", one) for number, one in enumerate(records)))
    assert [(event.what, event.by, event.detail, event.definition) for event in events] == [
        ("launch", "me", "family:web", "web:1"),
        ("failed", "", "no such image", "web:1"),
        ("stop", "ops", "bye", "web:1"),
    ]


def test_what_was_missed_is_counted_by_what_must_have_come_to_pass() -> None:
    up = container(tag("web"))
    ended = container(tag("web"), "exited")
    assert up.started_at is not None
    before = {up.id: Known(up=True, started_at=up.started_at)}
    later = up.started_at + timedelta(seconds=60)
    cases = [
        ([up], "nothing"),
        ([ended], "1 died"),
        ([replace(up, started_at=later)], "1 started, 1 died"),
        ([replace(ended, started_at=later)], "1 started, 2 died"),
        ([], "1 removed"),
        ([up, replace(up, id="new")], "1 created, 1 started"),
        ([up, replace(ended, id="new")], "1 created, 1 started, 1 died"),
        ([up, replace(container(tag("web"), "created"), id="new")], "1 created"),
    ]
    assert [missed(before, containers, NOW) for containers, _ in cases] == [words for _, words in cases]
    down = {up.id: Known(up=False, started_at=None)}
    assert missed(down, [up], NOW) == "1 started"
    assert missed(down, [ended], NOW) == "1 started, 1 died"
    assert missed({up.id: Known(up=False, started_at=up.started_at)}, [ended], NOW) == "nothing"


def test_of_a_tasks_record_only_whose_it_is_is_kept() -> None:
    """All of it, with the definition, is the fleet's: a host of a thousand tasks would be in memory twice."""
    told, before = Told(), _records_alive()
    told.live()
    told.read(records=[record(task_id=f"{number:032x}") for number in range(20)])
    told.tell(RecordSeen(KEY, "", record(task_id="ab" * 16)))
    assert _records_alive() == before
    (event,) = told.tell(
        RecordSeen(KEY, "", StopMark("ab" * 16, "UserInitiated", SafeText("why"), SafeText("me"), NOW))
    )
    assert event.definition == "web:1"


def _records_alive() -> int:
    gc.collect()
    return sum(type(found) is TaskRecord for found in gc.get_objects())
