"""The fleet: whatever the order of events, a reading of the host has the last word."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.fleet.fleet import Fleet, InstanceState
from app.model.container import Container
from app.model.instance import EngineInfo, Freshness, Instance, InstanceKey
from app.model.record import Lease, Record, StartMark, StopMark, record_name
from app.model.resources import Resources
from app.model.safe_text import SafeText
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
from tests.unit.builders import HOST, NOW, TASK_ID, at, container, record, tag

OTHER_ID = "f" * 32
INSTANCE = Instance(HOST, "1" * 32, "unix:///x", "ACTIVE", NOW)


def fleet() -> Fleet:
    made = Fleet()
    made.register(["default"], [INSTANCE])
    return made


def state(of: Fleet) -> InstanceState:
    return of.instances[HOST]


CONTAINERS: list[Container] = [
    *(
        container(tag(name, task_id=task_id, containers=2, essential=name == "web"), status, created_at=at(made))
        for task_id in (TASK_ID, OTHER_ID)
        for made, name in enumerate(("db", "web"))
        for status in ("created", "running", "exited")
    ),
    replace(container(), id="u" * 64, tag=None, name=SafeText("theirs")),
    replace(container(), id="u" * 64, tag=None, name=SafeText("renamed"), state="exited"),
]
RECORDS: list[Record] = [
    record("db", "web"),
    record("db", "web", task_id=OTHER_ID),
    StartMark(TASK_ID, at(1)),
    StopMark(TASK_ID, "UserInitiated", SafeText("bye"), SafeText("me"), at(2)),
    Lease(OTHER_ID, 1, "a", at(3)),
    Lease(OTHER_ID, 2, "b", at(4)),
]
EVENTS: st.SearchStrategy[HostUpdate] = st.one_of(
    st.sampled_from(CONTAINERS).map(lambda seen: ContainerSeen(HOST, seen)),
    st.sampled_from(CONTAINERS).map(lambda gone: ContainerGone(HOST, gone.id)),
    st.sampled_from(RECORDS).map(lambda seen: RecordSeen(HOST, record_name(seen), seen)),
    st.sampled_from(RECORDS).map(lambda gone: RecordGone(HOST, record_name(gone))),
)
READINGS = st.builds(
    HostRead,
    st.just(HOST),
    st.lists(st.sampled_from(CONTAINERS), unique_by=lambda seen: seen.id).map(tuple),
    st.lists(st.sampled_from(RECORDS), unique_by=record_name).map(tuple),
)


@given(st.lists(EVENTS | READINGS, max_size=30), READINGS)
def test_any_events_before_a_reading_make_no_difference(before: list[HostUpdate], reading: HostRead) -> None:
    disturbed, clean = fleet(), fleet()
    disturbed.apply(before)
    disturbed.apply([reading])
    clean.apply([reading])
    for member in ("containers", "records", "tasks", "by_task", "records_by_task"):
        assert getattr(state(disturbed), member) == getattr(state(clean), member)
    assert state(disturbed).reserved == state(clean).reserved


@given(st.lists(EVENTS, max_size=20), st.randoms(use_true_random=False))
def test_events_of_different_objects_commute(events: list[HostUpdate], chance: object) -> None:
    """The last event of each object decides, in whatever order the objects come."""
    last = {update.subject: update for update in events}
    shuffled = list(last.values())
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, two = fleet(), fleet()
    one.apply(events)
    two.apply([*shuffled, *shuffled])
    assert state(one).tasks == state(two).tasks
    assert state(one).containers == state(two).containers


@given(st.lists(EVENTS, max_size=20))
def test_what_is_gone_leaves_nothing_behind(events: list[HostUpdate]) -> None:
    one = fleet()
    one.apply(events)
    one.apply([HostRead(HOST, (), ())])
    left = state(one)
    assert not (left.containers or left.records or left.tasks or left.by_task or left.records_by_task)


@given(st.lists(EVENTS, max_size=20))
def test_changes_name_every_task_that_changed(events: list[HostUpdate]) -> None:
    one = fleet()
    for update in events:
        before = dict(state(one).tasks)
        changes = one.apply([update])
        after = state(one).tasks
        differ = {task_id for task_id in before.keys() | after.keys() if before.get(task_id) != after.get(task_id)}
        assert changes.tasks == differ
        assert not differ or changes.instances == {HOST}


def test_the_same_news_twice_changes_nothing() -> None:
    one = fleet()
    assert one.apply([ContainerSeen(HOST, CONTAINERS[0])])
    assert not one.apply([ContainerSeen(HOST, CONTAINERS[0])])


def test_news_of_strangers_is_left_out() -> None:
    one = fleet()
    assert not one.apply([HostRead(InstanceKey("default", "gone"), (CONTAINERS[0],), ())])


def test_reserved_counts_tasks_that_are_not_stopped_of_any_cluster() -> None:
    one = fleet()
    running = container(tag(cluster="other"))
    ended = container(tag(task_id=OTHER_ID), "exited", id="e" * 64)
    one.apply([HostRead(HOST, (running, ended), ())])
    assert state(one).reserved == Resources(64, 32, frozenset({80}))
    assert one.tasks("default") == [state(one).tasks[OTHER_ID]]


def test_registered_is_what_is_offered_less_what_is_kept_back() -> None:
    made = Fleet()
    made.register(["default"], [replace(INSTANCE, reserved_memory=100)])
    assert state(made).registered == Resources()
    info = EngineInfo("id", SafeText("h"), SafeText("1"), "1.41", "linux", "x86_64", Resources(2048, 512))
    made.apply([InfoRead(HOST, info, timedelta(hours=1))])
    assert state(made).registered == Resources(2048, 412)
    assert made.host_now(HOST) - made.host_now(InstanceKey("x", "y")) > timedelta(minutes=59)


def test_registering_again_keeps_what_is_known() -> None:
    made = fleet()
    made.apply([HostRead(HOST, (container(),), ()), FreshnessTold(HOST, Freshness("live", NOW))])
    changes = made.register(["default"], [replace(INSTANCE, status="DRAINING")])
    assert changes.instances == {HOST}
    assert state(made).live
    assert made.find_task(TASK_ID) is not None
    assert made.register(["default"], []).tasks == {TASK_ID}
    assert made.find_task(TASK_ID) is None
