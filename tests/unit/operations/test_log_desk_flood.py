"""A log desk under a flood, with streams of the test's own: memory bounded, what is lost counted for each source."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from app.hosts.errors import HostError
from app.hosts.logs import LogEntry
from app.model.safe_text import SafeText
from app.operations import log_desk, log_reader
from app.operations.log_desk import LogDesk
from app.operations.log_merge import DeskLine, Item, Note, Source
from app.operations.log_reader import Wanted
from tests.engine_bed.waiting import wait_until


class Engine:
    """Only what a reader asks of one."""

    def inspect(self, container: str) -> dict[str, Any]:
        return {"State": {"Running": False, "Status": "exited", "ExitCode": 3}}

    def ping(self) -> None:
        return None


class Flood:
    """Batches without end, or so many."""

    def __init__(self, batches: int | None = None, lines: int = 500) -> None:
        self.given = 0
        self._batches, self._lines = batches, lines
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[list[LogEntry]]:
        time = datetime.now(UTC)
        while self.given != self._batches and not self._closed.is_set():
            time += timedelta(microseconds=10)
            self.given += 1
            yield [LogEntry("stdout", SafeText("x" * 100), time)] * self._lines

    def close(self) -> None:
        self._closed.set()


def source(name: str) -> Source:
    return Source(name, SafeText(name), "edge-1", cast("Any", Engine()))


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    made: dict[str, Any] = {}
    monkeypatch.setattr(log_reader, "read_logs", lambda _engine, container, **_: made[container])
    monkeypatch.setattr(log_desk, "BUFFER", 2_000_000)
    return made


def test_what_a_slow_screen_cannot_take_is_counted_and_told_and_memory_stays(streams: dict[str, Any]) -> None:
    flood, calm = Flood(), Flood(1, lines=5)
    streams["flood"], streams["calm"] = flood, calm
    taken: list[Item] = []
    may_take, first = threading.Event(), threading.Event()

    def deliver(items: list[Item]) -> None:
        taken.extend(items)
        first.set()
        may_take.wait(30)

    desk = LogDesk(Wanted(), deliver)
    desk.add([source("flood"), source("calm")])
    try:
        assert first.wait(10)
        flooding = desk.sources[0]
        wait_until(lambda: flooding.skipped > 100_000, within=20, what="lines skipped")
        assert desk._merger.size("flood") <= 2_000_000
        assert desk.sources[1].skipped == 0
        may_take.set()
        wait_until(lambda: any(isinstance(item, Note) for item in taken), what="the loss told")
        wait_until(lambda: any(isinstance(item, Note) and item.kind == "skipped" for item in taken), what="its note")
    finally:
        may_take.set()
        desk.close()
    (told, *_) = [item.text for item in taken if isinstance(item, Note) and item.kind == "skipped"]
    assert told.endswith("lines of flood skipped: they came faster than they could be shown")


def test_where_nothing_may_be_lost_the_engine_is_made_to_wait(streams: dict[str, Any]) -> None:
    streams["flood"] = Flood(100)
    seen = 0
    pauses = iter(range(10_000))
    done = threading.Event()

    def deliver(items: list[Item]) -> None:
        nonlocal seen
        seen += sum(isinstance(item, DeskLine) for item in items)
        threading.Event().wait(0.001 * (next(pauses) % 3))
        if seen == 50_000:
            done.set()

    desk = LogDesk(Wanted(lossy=False, alone=True), deliver)
    desk.add([source("flood")])
    assert done.wait(30)
    wait_until(lambda: desk.over, what="the end")
    desk.close()
    assert desk.sources[0].skipped == 0
    assert desk.sources[0].state == "ended"


def test_a_protocol_error_is_told_and_the_log_is_opened_again(
    streams: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Iterator[list[LogEntry]]:
        yield [LogEntry("stdout", SafeText("one"), datetime.now(UTC))]
        streams["a"] = Flood(1, lines=1)
        raise HostError("the log cannot be read: b'x' begins no frame", "failed")

    class Broken(Flood):
        def __iter__(self) -> Iterator[list[LogEntry]]:
            return broken()

    monkeypatch.setattr(log_reader, "_FIRST_WAIT", 0.01)
    streams["a"] = Broken()
    taken: list[Item] = []
    desk = LogDesk(Wanted(), taken.extend)
    desk.add([source("a")])
    wait_until(lambda: desk.sources[0].state == "ended" and len(taken) == 4, what="both lines and two notes")
    desk.close()
    notes = [item.text for item in taken if isinstance(item, Note)]
    assert notes == [
        "the log of a broke off: the log cannot be read: b'x' begins no frame; it is opened again",
        "a has ended: exit 3",
    ]


def test_hostile_tags_and_reasons_are_made_safe(streams: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise HostError("\x1b]0;x\x07 \u202e", "failed")

    monkeypatch.setattr(log_reader, "read_logs", refused)
    taken: list[Item] = []
    desk = LogDesk(Wanted(), taken.extend)
    desk.add([source("a\x1b[2J")])
    wait_until(lambda: bool(taken), what="the note")
    desk.close()
    (note,) = taken
    assert isinstance(note, Note)
    assert note.text.isprintable()


def test_lines_of_a_host_whose_clock_is_off_stand_where_they_belong(streams: dict[str, Any]) -> None:
    now = datetime.now(UTC)

    class Told(Flood):
        def __init__(self, *seconds: float) -> None:
            super().__init__()
            self._seconds = seconds

        def __iter__(self) -> Iterator[list[LogEntry]]:
            yield [LogEntry("stdout", SafeText(f"{n:g}"), now + timedelta(seconds=n)) for n in self._seconds]

    streams["right"], streams["ahead"] = Told(-5, -3), Told(56, 58)
    right, ahead = source("right"), source("ahead")
    ahead.host, ahead.offset = "edge-2", timedelta(seconds=60)
    taken: list[Item] = []
    desk = LogDesk(Wanted(), taken.extend)
    desk.add([right, ahead])
    wait_until(lambda: sum(isinstance(item, DeskLine) for item in taken) == 4, what="all lines")
    desk.close()
    assert [item.entry.text for item in taken if isinstance(item, DeskLine)] == ["-5", "56", "-3", "58"]


def test_lines_that_are_old_when_they_come_are_told_as_late(streams: dict[str, Any]) -> None:
    class Told(Flood):
        """A line of before, one of now, and then ``seconds`` after each other lines that are so old."""

        def __init__(self, *seconds: float) -> None:
            super().__init__()
            self._seconds = seconds
            self.next = threading.Semaphore(0)

        def __iter__(self) -> Iterator[list[LogEntry]]:
            for age in self._seconds:
                self.next.acquire()
                yield [LogEntry("stdout", SafeText("x"), datetime.now(UTC) - timedelta(seconds=age))]

    told = streams["a"] = Told(500, 0, 60)
    taken: list[Item] = []
    desk = LogDesk(Wanted(), taken.extend)
    desk.add([source("a")])
    lags = []
    for count in (1, 2, 3):
        told.next.release()
        wait_until(lambda count=count: desk.sources[0].lines == count, within=20, what="the line")  # type: ignore[misc]
        lags.append(round(desk.sources[0].lag, -1))
    desk.close()
    assert lags == [0, 0, 60]


def test_a_host_of_which_nothing_is_followed_yet_may_come_and_go() -> None:
    """A task that is not started has no logs; meanwhile its host may fall silent and come back."""
    told: list[Item] = []
    desk = LogDesk(Wanted(), told.extend)
    try:
        desk.host_silent("edge-1", datetime.now(UTC), "it does not answer")
        desk.host_back("edge-1")
    finally:
        desk.close()
    assert (desk.sources, told) == ([], [])
