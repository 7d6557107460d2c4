"""The inbox: the latest of each object, and a reading of the host before what came after it."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from app.fleet.fleet import Fleet
from app.fleet.inbox import Inbox
from app.model.instance import Freshness, Instance, InstanceKey
from app.model.update import ContainerGone, ContainerSeen, FreshnessTold, HostRead, HostUpdate
from tests.unit.builders import HOST, NOW, container, tag
from tests.unit.fleet.test_fleet import EVENTS, READINGS

ELSEWHERE = InstanceKey("default", "other")


def seen(state: str = "running", host: InstanceKey = HOST) -> ContainerSeen:
    return ContainerSeen(host, container(tag(), state))


def test_the_latest_of_each_object_wins() -> None:
    inbox = Inbox(lambda: None)
    for state in ("created", "running", "exited"):
        inbox.put(seen(state))
    inbox.put(seen("created", ELSEWHERE))
    assert inbox.drain() == [seen("exited"), seen("created", ELSEWHERE)]
    assert inbox.drain() == []


def test_a_reading_takes_the_place_of_older_news_of_its_host_alone() -> None:
    inbox = Inbox(lambda: None)
    fresh = FreshnessTold(HOST, Freshness("live", NOW))
    reading = HostRead(HOST, (), ())
    for update in (seen(), fresh, seen("created", ELSEWHERE), reading, seen("exited")):
        inbox.put(update)
    assert inbox.drain() == [fresh, seen("created", ELSEWHERE), reading, seen("exited")]


def test_gone_replaces_seen() -> None:
    inbox = Inbox(lambda: None)
    inbox.put(seen())
    inbox.put(ContainerGone(HOST, seen().container.id))
    assert inbox.drain() == [ContainerGone(HOST, seen().container.id)]


def test_what_is_too_much_for_one_time_comes_the_next_and_wakes() -> None:
    woken: list[int] = []
    inbox = Inbox(lambda: woken.append(1))
    readings = [
        HostRead(InstanceKey("default", f"host-{number}"), (container(tag()),) * (number + 1), ())
        for number in range(3)
    ]
    for reading in readings:
        inbox.put(reading)
    assert inbox.drain(3) == readings[:2]
    assert woken == [1, 1]
    assert inbox.drain(1) == readings[2:]
    assert inbox.drain(1) == []
    assert woken == [1, 1]


@given(
    st.lists(EVENTS | READINGS, max_size=30),
    st.dictionaries(st.integers(0, 30), st.none() | st.integers(1, 5), max_size=5),
)
def test_through_the_inbox_comes_the_same_fleet(updates: list[HostUpdate], drains: dict[int, int | None]) -> None:
    direct, through = Fleet(), Fleet()
    instance = Instance(HOST, "1" * 32, "unix:///x", "ACTIVE", NOW)
    for fleet in (direct, through):
        fleet.register(["default"], [instance])
    direct.apply(updates)
    inbox = Inbox(lambda: None)
    for number, update in enumerate(updates):
        inbox.put(update)
        if number in drains:
            through.apply(inbox.drain(drains[number]))
    through.apply(inbox.drain())
    assert through.instances[HOST].tasks == direct.instances[HOST].tasks
    assert through.instances[HOST].containers == direct.instances[HOST].containers


def test_the_first_update_wakes_and_later_ones_do_not() -> None:
    woken: list[int] = []
    inbox = Inbox(lambda: woken.append(1))
    inbox.put(seen())
    inbox.put(seen("exited"))
    assert woken == [1]
    inbox.drain()
    inbox.put(seen())
    assert woken == [1, 1]


def test_nothing_is_lost_between_threads() -> None:
    inbox = Inbox(lambda: None)
    found: list[HostUpdate] = []
    keys = [InstanceKey("default", f"host-{number}") for number in range(4)]

    def put(key: InstanceKey) -> None:
        for number in range(500):
            inbox.put(ContainerGone(key, str(number)))

    threads = [threading.Thread(target=put, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        found += inbox.drain()
    found += inbox.drain()
    assert {(update.instance, update.subject) for update in found} == {
        (key, ("container", str(number))) for key in keys for number in range(500)
    }
