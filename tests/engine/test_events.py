"""What happens on real engines by any hand is kept as events, each once, whoever and how many watch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.model.event import Event
from app.model.instance import InstanceKey
from app.operations.journal import Journal
from app.operations.monitor import Monitor
from app.operations.session import Session
from app.store.events import EventQuery, EventStore
from app.store.home import resolve_home
from tests.engine.clusters import pump_until, register
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


def until_kept(session: Session, container: str, *wanted: str, within: float = 10) -> list[Event]:
    wait_until(lambda: whats(of(session, container)) == list(wanted), within=within, what=f"{wanted} of {container}")
    return of(session, container)


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
        events = until_kept(session, made, *told)
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
        until_kept(session, hungry, "created", "started", "oom", "died", within=30)
        check = {"test": ["CMD-SHELL", "test -e /tmp/well"], "interval": 200_000_000, "retries": 1}
        ill = engine.api.create_container("busybox", SLEEP, healthcheck=check)["Id"]
        engine.api.start(ill)
        until_kept(session, ill, "created", "started", "unhealthy", within=20)
        engine.api.exec_start(engine.api.exec_create(ill, ["touch", "/tmp/well"])["Id"])
        until_kept(session, ill, "created", "started", "unhealthy", "healthy", within=20)
    assert [event.bad for event in of(session, hungry)][2:] == [True, True]
