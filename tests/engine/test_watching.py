"""Watchers on real engines: what any hand does is seen, what goes away is told, what comes back heals by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.fleet.fleet import InstanceState
from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.pipeline import Pipeline
from app.hosts.watcher import Watcher
from app.model.cluster import InstanceEntry
from app.model.ids import new_id
from app.model.instance import InstanceKey, Reach
from app.model.update import ContainerGone, ContainerSeen, FreshnessTold, HostRead, HostUpdate
from app.operations.monitor import Monitor
from app.operations.session import SURVEY_DEADLINE, Session
from app.store.home import resolve_home
from tests.engine.clusters import pump_until, register
from tests.engine.launching import HOST, Bench, definition
from tests.engine_bed import Daemon, wait_until
from tests.figures import tell

SLEEP = ["sleep", "1000"]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(resolve_home(str(tmp_path), {}))


@contextmanager
def watching(session: Session) -> Iterator[Monitor]:
    monitor = Monitor(session, lambda: None)
    monitor.refresh()
    try:
        yield monitor
    finally:
        monitor.stop()


def state_of(monitor: Monitor, daemon: Daemon) -> InstanceState:
    return monitor.fleet.instances[InstanceKey("default", daemon.name)]


def reach(monitor: Monitor, daemon: Daemon, wanted: Reach, *, within: float = 30.0) -> InstanceState:
    state = state_of(monitor, daemon)
    pump_until(monitor, lambda: state.freshness.reach == wanted, within=within, what=f"{daemon.name} {wanted}")
    return state


def names(state: InstanceState) -> set[str]:
    return {str(container.name) for container in state.containers.values()}


def test_what_any_hand_does_is_seen_within_a_second(engine: Daemon, session: Session) -> None:
    register(session, engine)
    with watching(session) as monitor:
        state = reach(monitor, engine, "live")
        made = engine.run(SLEEP, name="by-hand", stop_signal="KILL")

        def seen(what: str, found: Callable[[], bool]) -> None:
            pump_until(monitor, found, what=what)

        seen("docker run", lambda: [c.name for c in state.unmanaged if c.up] == ["by-hand"])
        engine.api.rename(made, "renamed")
        seen("docker rename", lambda: names(state) == {"renamed"})
        engine.api.pause(made)
        seen("docker pause", lambda: state.containers[made].state == "paused")
        engine.api.unpause(made)
        engine.api.kill(made)
        seen("docker kill", lambda: state.containers[made].exit_code == 137)
        engine.api.remove_container(made)
        seen("docker rm", lambda: not state.containers)


def test_a_launch_is_seen_from_its_record_to_its_end(engine: Daemon, session: Session) -> None:
    register(session, engine)
    with watching(session) as monitor:
        state = reach(monitor, engine, "live")
        bench = Bench(engine)
        task = bench.launch({"name": "web"})
        seen_running = replace(task, instance=state.instance.key)
        pump_until(monitor, lambda: state.tasks.get(task.id) == seen_running)
        assert state.reserved == task.reservation
        stopped = bench.stop(task)
        pump_until(monitor, lambda: state.tasks[task.id].last_status == "STOPPED")
        seen = state.tasks[task.id]
        assert (seen.stop_code, seen.stopped_reason) == ("UserInitiated", "bye")
        assert (seen.stopped_at, seen.containers[0].exit_code) == (stopped.stopped_at, 7)


def test_a_killed_engine_is_stale_and_live_again_without_us(
    engine: Daemon, fresh_engine: Callable[..., Daemon], session: Session
) -> None:
    mortal = fresh_engine(name="mortal")
    register(session, engine, mortal)
    with watching(session) as monitor:
        for daemon in (engine, mortal):
            reach(monitor, daemon, "live")
        before = mortal.run(SLEEP, name="before", stop_signal="KILL")
        pump_until(monitor, lambda: before in (known := state_of(monitor, mortal).containers) and known[before].up)
        mortal.kill()
        state = reach(monitor, mortal, "stale")
        assert state.freshness.reason
        assert state.freshness.next_try is not None
        assert state.containers[before].up
        engine.run(SLEEP, name="meanwhile", stop_signal="KILL")
        pump_until(monitor, lambda: names(state_of(monitor, engine)) == {"meanwhile"})
        assert state_of(monitor, engine).live
        mortal.start()
        reach(monitor, mortal, "live")
        assert state.freshness.reason == ""
        pump_until(monitor, lambda: not state.containers[before].up)


def test_a_frozen_engine_is_stale_within_seconds(
    engine: Daemon, fresh_engine: Callable[..., Daemon], session: Session
) -> None:
    frozen = fresh_engine(name="frozen")
    register(session, engine, frozen)
    with watching(session) as monitor:
        reach(monitor, engine, "live")
        reach(monitor, frozen, "live")
        frozen.pause()
        paused = time.monotonic()
        try:
            state = reach(monitor, frozen, "stale")
            tell("silent engine", shown_s=time.monotonic() - paused)
            assert "no answer" in state.freshness.reason
            engine.run(SLEEP, name="meanwhile", stop_signal="KILL")
            pump_until(monitor, lambda: names(state_of(monitor, engine)) == {"meanwhile"})
        finally:
            frozen.resume()
        reach(monitor, frozen, "live", within=25)


def test_an_engine_that_was_never_there_is_unreachable_and_tried_again(session: Session, tmp_path: Path) -> None:
    entry = InstanceEntry(
        name="ghost", id=new_id(), endpoint=f"unix://{tmp_path}/none.sock", registered_at=session.now()
    )
    session.clusters.create("default")
    session.clusters.update("default", lambda cluster: cluster.with_instance(entry))
    with watching(session) as monitor:
        state = monitor.fleet.instances[InstanceKey("default", "ghost")]
        pump_until(monitor, lambda: state.freshness.reach == "unreachable")
        assert "the socket does not exist" in state.freshness.reason
        first = state.freshness
        assert first.next_try is not None
        pump_until(monitor, lambda: state.freshness.next_try != first.next_try)
        assert state.freshness.since == first.since


def containers_told(told: list[HostUpdate]) -> set[str]:
    """The containers that are there by all that was told: a list replaces, and events go over it."""
    ids: set[str] = set()
    for update in list(told):
        if isinstance(update, HostRead):
            ids = {container.id for container in update.containers}
        elif isinstance(update, ContainerSeen):
            ids.add(update.container.id)
        elif isinstance(update, ContainerGone):
            ids.discard(update.container_id)
    return ids


def test_300_changes_while_away_are_right_after_the_return(engine: Daemon) -> None:
    """More than the engine keeps in its history of events: only a list can tell."""
    api = engine.api
    for number in range(20):
        api.create_container("busybox", SLEEP, name=f"old-{number}")
    told: list[HostUpdate] = []
    watcher = Watcher(HOST, Engine(parse_endpoint(engine.endpoint)), told.append)
    watcher.start()
    try:
        wait_until(lambda: any(isinstance(update, HostRead) for update in told))
        watcher._close_stream()  # as if the connection broke
        for number in range(20):
            api.remove_container(f"old-{number}")
        for number in range(130):
            api.create_volume(f"moorage-record-{number}")
            api.remove_volume(f"moorage-record-{number}")
        for number in range(20):
            api.create_container("busybox", SLEEP, name=f"new-{number}")
        expected = {entry["Id"] for entry in api.containers(all=True)}

        def right() -> bool:
            readings = sum(isinstance(update, HostRead) for update in told)
            return readings > 1 and containers_told(told) == expected

        wait_until(right)
    finally:
        watcher.stop()


def moorage_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith(("watch-", "events-"))}


def test_watcher_threads_end_when_they_are_stopped(
    engine: Daemon, fresh_engine: Callable[..., Daemon], session: Session
) -> None:
    dead = fresh_engine(name="dead")
    register(session, engine, dead)
    for _ in range(3):
        with watching(session) as monitor:
            reach(monitor, engine, "live")
        wait_until(lambda: not moorage_threads(), within=8, what="no watcher's thread is left")
    with watching(session) as monitor:
        reach(monitor, dead, "live")
        dead.kill()
        reach(monitor, dead, "stale")
    wait_until(lambda: not moorage_threads(), within=8, what="no watcher's thread is left")


def test_stopping_at_any_moment_ends_the_threads_quietly(engine: Daemon) -> None:
    """A thread that dies of an exception would fail this test: see filterwarnings."""
    for number in range(40):
        watcher = Watcher(HOST, Engine(parse_endpoint(engine.endpoint)), lambda _: None)
        watcher.start()
        end = time.monotonic() + number * 0.001
        wait_until(lambda end=end: time.monotonic() >= end, every=0.0005)  # type: ignore[misc]
        watcher.stop()
    wait_until(lambda: not moorage_threads(), within=8, what="no watcher's thread is left")


class Hostile(Engine):
    """An engine whose answers are JSON of the wrong shape."""

    answer: Any = None

    def containers(self, *labels: str, container_id: str = "") -> list[dict[str, Any]]:
        return [self.answer]

    def pipeline(self) -> Pipeline:
        raise HostError("there is no such connection", "failed")

    def inspect(self, container: str) -> dict[str, Any]:
        return {"Id": 3, "State": "running", "Config": []}


@pytest.mark.parametrize("answer", [{}, {"Id": None, "Created": "x"}, {"Id": "1", "Labels": {"moorage.task": 5}}])
def test_an_engine_that_talks_nonsense_is_not_live_and_says_so(engine: Daemon, answer: dict[str, Any]) -> None:
    told: list[HostUpdate] = []
    hostile = Hostile(parse_endpoint(engine.endpoint))
    hostile.answer = answer
    watcher = Watcher(HOST, hostile, told.append)
    watcher.start()
    try:
        reasons = wait_until(
            lambda: [
                update.freshness.reason
                for update in told
                if isinstance(update, FreshnessTold) and update.freshness.reach == "unreachable"
            ]
        )
        assert "cannot be read" in reasons[0]
    finally:
        watcher.stop()


def test_hostile_volumes_and_labels_do_not_stop_the_watching(engine: Daemon, session: Session) -> None:
    """Anybody may put our labels on anything of theirs."""
    register(session, engine)
    with watching(session) as monitor:
        state = reach(monitor, engine, "live")
        task_id = new_id()
        for number, value in enumerate(('{"number":1e999,"owner":"x","at":"2026-01-01T00:00:00Z"}', "[" * 10**5, "{}")):
            labels = {"moorage.task": task_id, "moorage.record": "lease", "moorage.value": value}
            engine.api.create_volume(f"moorage-record-{task_id}-lease-{number}", labels=labels)
        engine.run(SLEEP, name="forged", labels={"moorage.task": "\x1b]0;x\x07"}, stop_signal="KILL")
        found = pump_until(monitor, lambda: [c for c in state.unmanaged if c.name == "forged"])
        assert found[0].damage
        engine.run(SLEEP, name="after", stop_signal="KILL")
        pump_until(monitor, lambda: "after" in names(state))
        assert state.live
        assert not state.tasks


# --- one look at all hosts --------------------------------------------------------------------------------------------


def test_a_survey_with_a_dead_and_a_hanging_host_is_bounded_and_says_why(
    engine: Daemon, fresh_engine: Callable[..., Daemon], session: Session
) -> None:
    dead, frozen = fresh_engine(name="dead"), fresh_engine(name="frozen")
    register(session, engine, dead, frozen)
    dead.kill()
    frozen.pause()
    try:
        began = time.monotonic()
        fleet = session.survey(session.cluster("default"))
        assert time.monotonic() - began < SURVEY_DEADLINE + 1
    finally:
        frozen.resume()
    found = {key.name: state.freshness for key, state in fleet.instances.items()}
    assert found[engine.name].reach == "live"
    assert found["dead"].reach == found["frozen"].reach == "unreachable"
    assert "no Docker Engine is listening" in found["dead"].reason
    assert "no answer" in found["frozen"].reason


def test_a_host_that_answers_too_slowly_has_a_reason_too(
    engine: Daemon, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(session, engine)
    released = threading.Event()
    monkeypatch.setattr("app.operations.session.SURVEY_DEADLINE", 0.2)
    monkeypatch.setattr(Engine, "version", lambda self: {"late": released.wait(10)})
    fleet = session.survey(session.cluster("default"))
    released.set()
    (state,) = fleet.instances.values()
    assert (state.freshness.reach, state.freshness.reason) == ("unreachable", "no answer within 0.2 s")


def test_a_launch_of_another_cluster_on_the_same_host_counts(engine: Daemon, session: Session) -> None:
    register(session, engine)
    register(session, engine, cluster="second")
    bench = Bench(engine)
    task = bench.launcher().launch(bench.order(definition({"name": "web"}, cpu="512", memory="64")))
    second = session.survey(session.cluster("second"))
    (state,) = second.instances.values()
    assert state.reserved == task.reservation
    assert second.tasks("second") == []
    assert [found.id for found in session.survey(session.cluster("default")).tasks("default")] == [task.id]
