"""The journal: it never makes a watcher wait, bounds what it holds, counts what it cannot keep, and says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.model.errors import MoorageError
from app.model.event import Event
from app.model.instance import EngineInfo, Freshness, InstanceKey
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold, InfoRead
from app.operations import journal as journals
from app.operations.bursts import KEPT_EACH
from app.operations.ear import Ear
from app.operations.host_notes import HostNotes
from app.operations.journal import Journal
from app.operations.session import Session
from app.store import events as store_module
from app.store.event_rows import micros
from app.store.events import EventQuery, EventStore
from app.store.history import HistoryStore
from app.store.home import resolve_home
from tests.engine_bed.waiting import wait_until
from tests.unit.store.past_tasks import past_task

KEY = InstanceKey("default", "edge")
INFO = EngineInfo("engine-1", SafeText("h"), SafeText("28"), "1.48", "linux", "x86_64", Resources(1024, 1024))


class Desk:
    """A home, a journal of it and an ear; what it said."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.session = Session(resolve_home(str(folder), {}))
        self.store = EventStore(self.session.home)
        self.journal = Journal(self.session, self.said.append, dashboard=True)
        self.ear = self.journal.ear(KEY, Engine(parse_endpoint("unix:///nowhere")))
        self.ear.told(InfoRead(KEY, INFO, self.session.now() - self.session.now()))
        self.nano = time.time_ns()

    def hear(self, action: str, number: int, container: int = 0, ear: Ear | None = None) -> None:
        """The ``number``th millisecond."""
        actor = {"ID": f"{container:064x}", "Attributes": {"name": f"c{container}", "exitCode": "1"}}
        raw = {"Type": "container", "Action": action, "Actor": actor, "timeNano": self.nano + number * 1_000_000}
        (ear or self.ear).heard(raw)

    def kept(self) -> list[Event]:
        return self.store.find(EventQuery(limit=1_000_000))

    def counted(self) -> int:
        return self.store.count(EventQuery())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "home")
    yield made
    made.journal.close(within=20)


def test_ten_thousand_events_in_ten_seconds_of_a_host_are_all_accounted_for(desk: Desk) -> None:
    for number in range(10_000):
        desk.hear(("start", "die")[number % 2], number, container=number % 300)
    desk.journal.close(within=60)
    assert desk.counted() == len(desk.kept()) == 10_000
    assert desk.said == []


def test_a_container_that_starts_and_dies_all_the_time_is_told_as_numbers(desk: Desk) -> None:
    for number in range(10_000):
        desk.hear(("start", "die")[number % 2], number)
    desk.journal.close(within=60)
    # Eleven seconds are touched at the most, each with five of either kind and their numbers.
    assert len(desk.kept()) <= 11 * 2 * (KEPT_EACH + 1)
    assert desk.counted() == 10_000


def test_a_watcher_never_waits_and_what_finds_no_place_is_counted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "MOST_WAITING", 500)
    held, goes_on = threading.Event(), threading.Event()
    real: Callable[..., int] = EventStore.add

    def slow(store: EventStore, events: Any) -> int:
        held.set()
        assert goes_on.wait(30)
        return real(store, events)

    monkeypatch.setattr(EventStore, "add", slow)
    desk.hear("create", 0)
    assert held.wait(10)
    for number in range(3000):
        desk.hear("die", number, container=number)
    assert len(desk.journal._waiting) == 500
    goes_on.set()
    desk.journal.close(within=30)
    (lost,) = [event for event in desk.kept() if event.what == "lost"]
    assert lost.count == 2500
    assert desk.counted() == 3001


def test_a_file_that_cannot_be_written_is_told_once_and_what_waits_is_written_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "RETRY_AFTER", 0.0)
    full = True
    real: Callable[..., int] = EventStore.add
    tries: list[int] = []

    def failing(store: EventStore, events: Any) -> int:
        tries.append(1)
        if full:
            raise MoorageError("disk full")
        return real(store, events)

    monkeypatch.setattr(EventStore, "add", failing)
    for number in range(100):
        desk.hear("die", number, container=number)
    wait_until(lambda: len(tries) > 1)
    for number in range(100, 200):
        desk.hear("die", number, container=number)
    wait_until(lambda: len(tries) > 3)
    full = False
    wait_until(lambda: desk.counted() == 200)
    assert desk.said == ["disk full"]


def test_a_fault_in_understanding_one_does_not_end_the_journal(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    real = HostNotes.heard

    def picky(notes: HostNotes, event: Any) -> Any:
        if event.container_id.endswith("7"):
            raise RuntimeError("a seven")
        return real(notes, event)

    monkeypatch.setattr(HostNotes, "heard", picky)
    for number in range(40):
        desk.hear("die", number, container=number)
    wait_until(lambda: desk.counted() == 40)
    (lost,) = [event for event in desk.kept() if event.what == "lost"]
    assert lost.count == 3
    assert desk.said == ["an event of edge cannot be kept (RuntimeError: a seven)"]


def test_old_events_are_forgotten_and_too_many(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    day = 86_400_000
    desk.hear("die", -31 * day)
    desk.hear("die", -29 * day, container=1)
    desk.journal.close(within=20)
    Desk(tmp_path / "home").journal.close(within=20)
    assert [event.container for event in desk.kept()] == ["c1"]

    monkeypatch.setattr(journals, "_PRUNE_SLACK", 10)
    monkeypatch.setattr(store_module.EventStore.prune, "__defaults__", (50,))
    again = Desk(tmp_path / "home")
    for number in range(200):
        again.hear("die", number, container=number)
    again.journal.close(within=20)
    Desk(tmp_path / "home").journal.close(within=20)
    assert again.counted() == 50


def test_a_dashboard_knows_when_the_last_one_was_closed(desk: Desk, tmp_path: Path) -> None:
    wait_until(lambda: "dashboard" in desk.store.marks())
    assert desk.journal.away_since is None
    desk.journal.close(within=20)
    soon = Desk(tmp_path / "home")
    wait_until(lambda: soon.journal.ready)
    assert soon.journal.away_since is None
    soon.journal.close(within=20)
    closed = soon.store.marks()["dashboard"]
    later = Desk(tmp_path / "home")
    later.journal.close(within=20)
    third = Journal(later.session, later.said.append, dashboard=True)
    third.opened_at = later.session.now().replace(year=later.session.now().year + 1)
    third.ear(KEY, later.ear.engine)
    wait_until(lambda: third.ready)
    assert third.away_since is not None
    assert micros(third.away_since) >= closed
    third.close(within=20)


def test_closing_twice_and_without_a_thread_is_no_matter(tmp_path: Path) -> None:
    session = Session(resolve_home(str(tmp_path), {}))
    idle = Journal(session, print)
    idle.close()
    idle.close()
    assert EventStore(session.home).find(EventQuery()) == []


def test_tasks_that_ended_long_ago_are_forgotten_too(desk: Desk) -> None:
    history = HistoryStore(desk.session.home)
    ended = desk.session.now()
    for days in (31, 29):
        moment = ended - timedelta(days=days)
        history.remember(past_task(id=SafeText(f"{days:032x}"), stopped_at=moment))
    again = Desk(desk.session.home.state.parent)
    again.journal.close(within=20)
    assert [task.id for task in history.search()] == [f"{29:032x}"]


def test_an_instance_that_has_left_is_not_said_to_be_watched(desk: Desk) -> None:
    desk.ear.told(FreshnessTold(KEY, Freshness("live", desk.session.now())))
    wait_until(lambda: KEY in desk.journal._notes and desk.journal._notes[KEY][1].live)
    desk.ear.close()
    wait_until(lambda: KEY not in desk.journal._notes)
