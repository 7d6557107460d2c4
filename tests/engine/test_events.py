"""What happens on real engines by any hand is kept as events, each once, whoever and how many watch."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.hosts.drain import remove_drain, write_drain
from app.hosts.errors import HostError
from app.model.event import Event
from app.model.instance import InstanceKey
from app.operations.journal import Journal
from app.operations.monitor import Monitor
from app.operations.session import Session
from app.store.event_rows import micros, moment
from app.store.events import FILE_NAME, EventQuery, EventStore
from app.store.home import resolve_home
from tests.engine.clusters import pump_until, register
from tests.engine.launching import LIVE, Bench
from tests.engine_bed import Daemon, wait_until

SLEEP = ["sleep", "1000"]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(resolve_home(str(tmp_path / "home"), {}))


class Watch:
    """A process's watchers and its journal."""

    def __init__(self, session: Session) -> None:
        self.said: list[str] = []
        self.session = session
        self.journal = Journal(session, self.said.append, dashboard=True)
        self.monitor = Monitor(session, lambda: None, journal=lambda: self.journal)
        self.monitor.refresh()

    def live(self, *daemons: Daemon) -> None:
        keys = [InstanceKey("default", daemon.name) for daemon in daemons]
        fleet = self.monitor.fleet
        pump_until(self.monitor, lambda: all(fleet.instances[key].live for key in keys), within=25)

    def stop(self) -> None:
        self.monitor.stop()
        self.journal.close(within=20)


@contextmanager
def watching(session: Session, *daemons: Daemon) -> Iterator[Watch]:
    watch = Watch(session)
    try:
        watch.live(*daemons)
        yield watch
    finally:
        watch.stop()
        assert watch.said == []


def kept(session: Session, **asked: Any) -> list[Event]:
    """Oldest first."""
    return EventStore(session.home).find(EventQuery(limit=100_000, **asked))[::-1]


def whats(events: list[Event]) -> list[str]:
    return [event.what for event in events]


def of(session: Session, container: str) -> list[Event]:
    return [event for event in kept(session) if event.container_id == container]


def until_told(found: Callable[[], list[Event]], *wanted: str) -> list[Event]:
    """What was kept, as soon as it is what was wanted; fails with what it was instead."""
    with suppress(AssertionError):
        wait_until(lambda: whats(found()) == list(wanted))
    events = found()
    assert whats(events) == list(wanted)
    return events


def until_kept(session: Session, container: str, *wanted: str) -> list[Event]:
    return until_told(lambda: of(session, container), *wanted)


def without_second_pause(events: list[Event]) -> list[Event]:
    """Docker tells of a pause that was very short a second time, once containerd has told it."""
    first = {what: next((event for event in events if event.what == what), None) for what in ("paused", "unpaused")}
    return [event for event in events if event is first.get(event.what, event)]


def test_what_docker_does_by_hand_is_kept_in_order(engine: Daemon, session: Session) -> None:
    register(session, engine)
    with watching(session, engine):
        made = engine.run(SLEEP, name="by-hand")
        engine.api.pause(made)
        engine.api.unpause(made)
        engine.api.rename(made, "renamed")
        engine.api.kill(made, signal="USR1")
        engine.api.kill(made)
        engine.api.remove_container(made)
        told = ["created", "started", "paused", "unpaused", "renamed", "killed", "killed", "died", "removed"]
        events = until_told(lambda: without_second_pause(of(session, made)), *told)
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert {(event.cluster, event.instance, event.task_id, event.source) for event in events} == {
        ("default", engine.name, "", "event")
    }
    details = {event.what: (event.container, event.detail, event.exit_code) for event in events}
    assert details["created"] == ("by-hand", "busybox:latest", None)
    assert details["renamed"] == ("renamed", "was by-hand", None)
    assert [event.detail for event in events if event.what == "killed"] == ["SIGUSR1", "SIGKILL"]
    assert details["died"][2] == 137
    # The clock of an engine on this machine is ours.
    assert all(event.at == event.host_at for event in events)


def test_an_oom_and_flips_of_health_are_kept(engine: Daemon, session: Session) -> None:
    register(session, engine)
    with watching(session, engine):
        hungry = engine.run(["sh", "-c", "x=0123456789abcdef; while :; do x=$x$x; done"], mem_limit="8m")
        until_kept(session, hungry, "created", "started", "oom", "died")
        check = {"test": ["CMD-SHELL", "test -e /tmp/well"], "interval": 200_000_000, "retries": 1}
        ill = engine.api.create_container("busybox", SLEEP, healthcheck=check)["Id"]
        engine.api.start(ill)
        until_kept(session, ill, "created", "started", "unhealthy")
        engine.api.exec_start(engine.api.exec_create(ill, ["touch", "/tmp/well"])["Id"])
        until_kept(session, ill, "created", "started", "unhealthy", "healthy")
    assert [event.bad for event in of(session, hungry)][2:] == [True, True]


def test_two_watchers_of_one_home_keep_each_event_once(
    engine: Daemon, fresh_engine: Callable[..., Daemon], session: Session
) -> None:
    frozen = fresh_engine(name="frozen")
    register(session, engine, frozen)
    with watching(session, engine, frozen) as one, watching(Session(session.home), engine, frozen) as two:
        assert one.session.owner != two.session.owner
        containers = [engine.run(LIVE) for _ in range(3)]
        for container in containers:
            engine.api.kill(container)
        for container in containers:
            until_kept(session, container, "created", "started", "killed", "died")
        frozen.pause()
        for watch in (one, two):
            state = watch.monitor.fleet.instances[InstanceKey("default", "frozen")]
            pump_until(watch.monitor, lambda state=state: not state.live, within=20)  # type: ignore[misc]
        frozen.resume()
        for watch in (one, two):
            watch.live(frozen)
        wait_until(lambda: "back" in whats(kept(session)))
    # Both have written all that they know by now.
    assert Counter(event.what for event in kept(session) if event.container_id in containers) == {
        "created": 3,
        "started": 3,
        "killed": 3,
        "died": 3,
    }
    reached = [event for event in kept(session) if event.source == "watch" and event.instance == "frozen"]
    assert whats(reached) == ["connected", "silent", "back"]
    assert "no answer" in reached[1].detail
    assert reached[2].detail.endswith("without events; by the list since: nothing")


def test_what_was_missed_in_a_gap_is_told_in_numbers_and_made_up_for(engine: Daemon, session: Session) -> None:
    register(session, engine)
    with watching(session, engine) as watch:
        dies, goes = engine.run(SLEEP), engine.run(SLEEP)
        until_kept(session, goes, "created", "started")
        key = InstanceKey("default", engine.name)
        watcher = watch.monitor._watchers[key][1]
        # As if the network to it was cut: nothing is heard until it has come to pass.
        real, watcher._engine.ping = watcher._engine.ping, unreachable  # type: ignore[method-assign]
        watcher._close_stream()
        pump_until(watch.monitor, lambda: not watch.monitor.fleet.instances[key].live)
        task = Bench(engine).launch({"name": "web"})
        engine.api.kill(dies)
        engine.api.remove_container(goes, force=True)
        watcher._engine.ping = real  # type: ignore[method-assign]
        watch.live(engine)
        until_kept(session, dies, "created", "started", "killed", "died")
        until_kept(session, goes, "created", "started", "killed", "died", "removed")
        wait_until(lambda: "back" in whats(kept(session)))
        (back,) = [event for event in kept(session) if event.what == "back"]
        assert back.detail.endswith("without events; by the list since: 1 created, 1 started, 1 died, 1 removed")
        wait_until(lambda: len(of_task(session, task.id)) == 3)
    # Seen by the list and told by the engine: kept once, and the engine's own word counts.
    assert [(event.what, event.source) for event in of_task(session, task.id)] == [
        ("launch", "record"),
        ("created", "event"),
        ("started", "event"),
    ]


def unreachable() -> None:
    raise HostError("cut off", "unreachable")


def of_task(session: Session, task_id: str) -> list[Event]:
    return kept(session, task=task_id)


def test_a_task_is_told_from_its_launch_to_its_end(engine: Daemon, session: Session) -> None:
    register(session, engine)
    with watching(session, engine):
        bench = Bench(engine)
        task = bench.launch({"name": "web"})
        bench.stop(task, "enough of it")
        wanted = ["launch", "created", "started", "stop", "killed", "died"]
        events = until_told(lambda: of_task(session, task.id), *wanted)
    assert {(event.family, event.revision) for event in events} == {("web", 1)}
    assert [event.container for event in events] == ["", "web", "web", "", "web", "web"]
    assert (events[3].by, events[3].detail) == ("me", "enough of it")
    assert (events[4].detail, events[5].exit_code) == ("SIGTERM", 7)


def test_what_happened_while_nobody_watched_is_found_afterwards(engine: Daemon, session: Session) -> None:
    register(session, engine)
    with watching(session, engine):
        before = engine.run(SLEEP)
        until_kept(session, before, "created", "started")
    store, away = EventStore(session.home), session.now() - timedelta(hours=2)
    age_marks(session, away)
    engine.api.kill(before)
    task = Bench(engine).launch({"name": "web"})

    with watching(Session(session.home), engine) as watch:
        until_kept(session, before, "created", "started", "killed", "died")
        wait_until(lambda: len(of_task(session, task.id)) == 3)
        assert watch.journal.away_since == moment(micros(away))
        wait_until(lambda: "gap" in whats(kept(session)))
    (gap,) = [event for event in kept(session) if event.what == "gap"]
    # Unmanaged containers have no times in a list: of these only the engine's memory tells.
    assert gap.detail == "2 h with nobody watching; by the list since: 2 created, 1 started"
    assert [event.what for event in kept(session) if event.source == "watch"] == ["connected", "gap"]
    assert store.take_warnings() == []


def age_marks(session: Session, then: datetime) -> None:
    """As if everybody had gone at that time."""
    with closing(sqlite3.connect(session.home.state / FILE_NAME, isolation_level=None)) as connection:
        connection.execute("UPDATE mark SET value = ? WHERE name <> 'version'", [micros(then)])


def test_one_engine_in_two_clusters_tells_each_of_its_own_tasks(engine: Daemon, session: Session) -> None:
    register(session, engine)
    register(session, engine, cluster="other")
    with watching(session, engine) as watch:
        fleet = watch.monitor.fleet
        pump_until(watch.monitor, lambda: all(state.live for state in fleet.instances.values()))
        task = Bench(engine).launch({"name": "web"})
        by_hand = engine.run(SLEEP)
        until_told(lambda: of_task(session, task.id), "launch", "created", "started")
        wait_until(lambda: len(of(session, by_hand)) == 4)
    assert {event.cluster for event in of_task(session, task.id)} == {"default"}
    assert Counter(event.cluster for event in of(session, by_hand)) == {"default": 2, "other": 2}


def test_a_drain_and_its_end_are_kept_whoever_watches(engine: Daemon, session: Session) -> None:
    register(session, engine)
    with watching(session, engine), watching(Session(session.home), engine):
        api = Bench(engine).engine
        write_drain(api, "default", "ops", "a new kernel")
        wait_until(lambda: "draining" in whats(kept(session)))
        remove_drain(api, "default")
        wait_until(lambda: "active" in whats(kept(session)))
    changes = [event for event in kept(session) if event.what in ("draining", "active")]
    assert [(event.what, event.by, event.detail) for event in changes] == [
        ("draining", "ops", "a new kernel"),
        ("active", "", "takes tasks again"),
    ]
