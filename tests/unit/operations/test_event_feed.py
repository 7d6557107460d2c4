"""The feed of events for screens: the latest, in order, brought up to date by what changed alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.model.event import Event
from app.operations import event_feed
from app.operations.event_feed import EventFeed, away_among
from app.operations.session import Session
from app.store.events import FILE_NAME, EventStore
from app.store.home import resolve_home
from tests.engine_bed.waiting import wait_until
from tests.unit.store.test_event_store import NOW, event


class Desk:
    """A feed whose posted calls are made when they are waited for."""

    def __init__(self, folder: Path) -> None:
        self.session = Session(resolve_home(str(folder), {}))
        self.store = EventStore(self.session.home)
        self.posted: list[Callable[[], None]] = []
        self.feed = EventFeed(self.session, self.posted.append, print)

    def look_until(self, condition: Callable[[], object]) -> None:
        def look() -> object:
            self.feed.look()
            while self.posted:
                self.posted.pop(0)()
            return condition()

        wait_until(look, within=10)

    def seconds(self) -> list[float]:
        return [(one.at - NOW).total_seconds() for one in self.feed.events]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(event_feed, "LOOK_EVERY", 0.0)
    return Desk(tmp_path)


def many(*seconds: float) -> list[Event]:
    return [event("died", second, container_id=f"{second:064}") for second in seconds]


def test_the_newest_comes_first_wherever_it_is_told_in_between(desk: Desk) -> None:
    desk.store.add(many(1, 5))
    desk.look_until(lambda: desk.seconds() == [5, 1])
    desk.store.add(many(3, 9))
    desk.look_until(lambda: desk.seconds() == [9, 5, 3, 1])
    changed = desk.feed.changed
    desk.look_until(lambda: not desk.feed._busy)
    assert desk.feed.changed == changed


def test_what_is_changed_in_the_file_is_changed_here(desk: Desk) -> None:
    desk.store.add([event("started", 1, source="list", key="listed"), event("died", 2, key="burst", count=2)])
    desk.look_until(lambda: len(desk.feed.events) == 2)
    desk.store.add([event("started", 1.5), event("died", 2, key="burst", count=7)])
    desk.look_until(lambda: [(one.source, one.count) for one in desk.feed.events] == [("event", 7), ("event", 1)])


def test_more_than_are_shown_are_let_go_and_none_of_the_latest_is_missed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "MOST_SHOWN", 10)
    desk.store.add(many(*range(5)))
    desk.look_until(lambda: len(desk.feed.events) == 5)
    desk.store.add(many(*range(5, 12)))
    desk.look_until(lambda: desk.seconds() == list(range(11, 1, -1)))
    for first in range(100, 150, 5):
        desk.store.add(many(*range(first, first + 5)))
    desk.look_until(lambda: desk.seconds() == list(range(149, 139, -1)))
    assert len(desk.feed._by_id) == 10


def test_a_file_that_was_set_aside_is_read_anew_and_told(desk: Desk) -> None:
    desk.store.add(many(*range(5)))
    desk.look_until(lambda: len(desk.feed.events) == 5)
    (desk.session.home.state / FILE_NAME).write_bytes(b"nonsense" * 100)
    desk.look_until(lambda: not desk.feed.events)
    assert "was moved to" in desk.feed.trouble
    desk.store.add(many(7))
    desk.look_until(lambda: desk.seconds() == [7])
    assert desk.feed.trouble == ""


def test_what_happened_while_one_was_away(desk: Desk) -> None:
    since, until = NOW, NOW.replace(hour=13)
    told = [
        event("stop", 10, task_id="a" * 32),
        event("died", 20, task_id="a" * 32, exit_code=143),
        event("died", 30, task_id="b" * 32, exit_code=1, count=4),
        event("gap", 40),
        event("died", 3600, exit_code=1),
        event("oom", -1),
    ]
    away = away_among(told, since, until)
    assert away is not None
    assert (away.count, away.bad) == (6, 1)
    assert away_among(told[3:], since, until) is None
