"""Whatever an engine tells, the watching of it goes on, and what is right again is live again."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.hosts import watcher as watching
from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.event_reading import EventReader
from app.hosts.glance import Glance
from app.hosts.watcher import MOST_WAITING, Watcher
from app.model.instance import Freshness, Instance
from app.model.update import FreshnessTold, HostRead, HostUpdate, InfoRead
from tests.engine.launching import HOST
from tests.engine_bed import wait_until
from tests.engine_bed.hostile import INFO, VERSION, HostileEngine, plain, told
from tests.faults.bad_inputs import spoilt
from tests.unit.builders import inspected, tag

ID = "ab" * 32
LISTED = {
    "Id": ID, "Names": ["/x"], "Image": "busybox", "ImageID": "sha256:1", "State": "running", "Status": "Up",
    "Created": 1767225600, "Labels": {"moorage.task": "x"},
    "Ports": [{"PrivatePort": 80, "PublicPort": 1, "Type": "tcp"}],
}  # fmt: skip
INSPECTED = {**inspected(tag()), "Id": ID}
EVENT = {"Type": "container", "Action": "start", "time": 1, "Actor": {"ID": ID, "Attributes": {"name": "x"}}}
VOLUMES = {"Volumes": [{"Name": "moorage-record-x", "Labels": {"moorage.record": "1"}}]}
GOOD: dict[str, Any] = {
    "/info": INFO, "/version": VERSION, "/containers/json": [LISTED], "/volumes": VOLUMES,
    f"/containers/{ID}/json": INSPECTED,
}  # fmt: skip
SHAPES: tuple[Any, ...] = (
    None, [], {}, "x", 5, -1, 1e308, True, [[]], [{}], [None], {"Id": []}, {"Volumes": 5}, {"Volumes": [[]]},
    {"Actor": []},
    {"ApiVersion": "\ud800"}, [{"Id": "\ud800", "Labels": {"moorage.task": 5}}], [{"Id": ID, "Labels": []}],
    [{"Id": ID, "Labels": {"moorage.task": "x"}, "Names": {}}], [{**LISTED, "Created": 10**400}],
    [{**LISTED, "Ports": [{"PublicPort": 10**400, "PrivatePort": 1}]}], {**INFO, "MemTotal": 10**400},
    {**INFO, "NCPU": 10**400}, {**INFO, "SystemTime": "9998-12-31T23:59:59Z"}, {**INFO, "SystemTime": 5},
    {**INFO, "Labels": {}, "Warnings": 5}, {**INSPECTED, "State": []},
    {**INSPECTED, "Config": {"Env": None, "Labels": 5}},
    {**INSPECTED, "NetworkSettings": {"Networks": [], "Ports": {"80": 5}}},
)  # fmt: skip


class Watched:
    """A watcher of a hostile engine, and what it has told."""

    def __init__(self, evil: HostileEngine) -> None:
        self.told: list[HostUpdate] = []
        self._events = EventReader()
        engine = Engine(parse_endpoint(evil.endpoint), timeout=2)
        self.watcher = Watcher(HOST, engine, self.told.append, self._hear)

    def _hear(self, event: dict[str, Any]) -> None:
        self._events.read(event)

    @property
    def freshness(self) -> list[Freshness]:
        return [update.freshness for update in self.told if isinstance(update, FreshnessTold)]

    @property
    def reaches(self) -> list[str]:
        return [one.reach for one in self.freshness]


@contextmanager
def watched(evil: HostileEngine) -> Iterator[Watched]:
    found = Watched(evil)
    found.watcher.start()
    try:
        yield found
    finally:
        found.watcher.stop()
        found.watcher._thread.join(10)
        assert not found.watcher._thread.is_alive()


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileEngine]:
    monkeypatch.setattr(watching, "_FIRST_WAIT", 0.02)
    monkeypatch.setattr(watching, "_LONGEST_WAIT", 0.05)
    with HostileEngine(tmp_path) as server:
        yield server


@pytest.fixture(autouse=True)
def no_thread_dies(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """By an exception, that is, which would be printed over the screen."""
    dead: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", dead.append)
    yield
    assert not dead, dead


def well(evil: HostileEngine) -> None:
    evil.answers.clear()
    evil.answers.update({path: told(value) for path, value in GOOD.items()})


def heals(evil: HostileEngine, bad: dict[str, Any]) -> None:
    """With these answers it is tried again and again, or taken; with good ones it is live."""
    well(evil)
    evil.answers.update(bad)
    with watched(evil) as found:
        wait_until(lambda: {"live", "unreachable"} & set(found.reaches), what="an end of the first attempt")
        well(evil)
        wait_until(lambda: found.reaches[-1] == "live", what="live again")
        assert any(isinstance(one, HostRead) for one in found.told)


@pytest.mark.parametrize("path", GOOD)
def test_any_shape_of_an_answer(evil: HostileEngine, path: str) -> None:
    for shape in SHAPES:
        heals(evil, {path: told(shape)})


def test_answers_that_are_spoilt(evil: HostileEngine) -> None:
    chance = random.Random(7)
    seeds = {path: json.dumps(value).encode() for path, value in GOOD.items()}
    for _ in range(60):
        path = chance.choice(list(GOOD))
        heals(evil, {path: plain(spoilt([seeds[path]], chance))})


@pytest.mark.parametrize(
    "event",
    [*SHAPES, {**EVENT, "Actor": {"ID": "\ud800"}}, {**EVENT, "Actor": {"ID": [ID]}}, {**EVENT, "Action": {}},
     {**EVENT, "Type": []}, {**EVENT, "Actor": {"ID": "../../../version?"}}, {**EVENT, "Actor": {"ID": ""}},
     {**EVENT, "Type": "volume", "Actor": {"ID": "moorage-record-\ud800"}}, {**EVENT, "Actor": {"ID": "x" * 900_000}}],
)  # fmt: skip
def test_any_shape_of_an_event(evil: HostileEngine, event: Any) -> None:
    line = json.dumps(event).encode() + b"\n"
    heals(evil, {"/events": lambda: evil.stream([line])})


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/info", {**INFO, "MemTotal": 10**400}),
        ("/info", {**INFO, "NCPU": 10**400}),
        ("/info", {**INFO, "Images": -1}),
        ("/containers/json", [{**LISTED, "Labels": {}, "Ports": [{"PublicPort": 10**400, "PrivatePort": 1}]}]),
        ("/containers/json", [{**LISTED, "Labels": {}, "Status": "Exited (" + "9" * 400 + ") now"}]),
    ],
)
def test_numbers_that_no_screen_could_divide_are_not_taken(evil: HostileEngine, path: str, shape: Any) -> None:
    well(evil)
    evil.answers[path] = told(shape)
    with watched(evil) as found:
        wait_until(lambda: "unreachable" in found.reaches)
        assert "cannot be" in found.freshness[-1].reason


def test_a_clock_far_away_is_no_end(evil: HostileEngine) -> None:
    well(evil)
    evil.answers["/info"] = told({**INFO, "SystemTime": "9998-12-31T23:59:59Z"})
    with watched(evil) as found:
        wait_until(lambda: "live" in found.reaches)
        (read,) = (one for one in found.told if isinstance(one, InfoRead))
        assert read.clock_offset.days > 300_000


def test_an_incompatible_engine_is_told_so(evil: HostileEngine) -> None:
    well(evil)
    evil.answers["/version"] = told({"Version": "35.0", "ApiVersion": "1.80", "MinAPIVersion": "1.70"})
    with watched(evil) as found:
        wait_until(lambda: "unreachable" in found.reaches)
        assert found.freshness[-1].reason.startswith("INCOMPATIBLE: its API begins at 1.70")


def test_a_flood_of_events_is_not_kept(evil: HostileEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the engine does not answer what is asked about the first, a hundred thousand more come in."""
    monkeypatch.setattr(watching, "PING_EVERY", 0.2)
    well(evil)
    asked = threading.Event()

    def flood() -> Iterator[bytes]:
        asked.wait(20)
        for start in range(0, 3 * MOST_WAITING, 500):
            events = ({**EVENT, "Actor": {"ID": f"{number:064x}"}} for number in range(start, start + 500))
            yield b"".join(json.dumps(event).encode() + b"\n" for event in events)

    most: list[int] = []
    coalesced = watching._coalesced

    def counted(first: Any, events: Any) -> Any:
        batch = coalesced(first, events)
        most.append(len(batch))
        return batch

    monkeypatch.setattr(watching, "_coalesced", counted)
    evil.answers["/events"] = lambda: evil.stream(flood())
    with watched(evil) as found:
        wait_until(lambda: "live" in found.reaches)
        before = evil.asked.count("/containers/json")
        asked.set()
        wait_until(lambda: evil.asked.count("/containers/json") > before, within=60, what="everything is listed")
    assert max(most) <= MOST_WAITING + 2


@pytest.mark.parametrize("path", ["/info", "/version", "/containers/json", "/volumes"])
def test_a_first_look_takes_any_shape_and_no_longer_than_it_may(evil: HostileEngine, path: str) -> None:
    instance = Instance(HOST, "1" * 32, evil.endpoint, "ACTIVE", datetime(2026, 3, 1, tzinfo=UTC))
    answers: list[Any] = [told(shape) for shape in SHAPES]
    answers += [
        plain(b"[" * 100_000),
        plain(b"NaN"),
        plain(b"{}", headers="Content-Encoding: gzip\r\n"),
        b"",
        b"\0" * 999,
    ]
    answers += [lambda: evil.drip(told([]), 0.05), lambda: itertools.repeat(b"x" * 65536)]
    for answer in answers:
        well(evil)
        evil.answers[path] = answer
        began = time.monotonic()
        Glance([instance]).read(0.3)
        assert time.monotonic() - began < 1.5
