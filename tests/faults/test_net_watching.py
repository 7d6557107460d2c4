"""Watching over a network that is slow, silent, cut, or tells things twice: one host's trouble is its own."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.fleet.fleet import InstanceState
from app.hosts import watcher as watching
from app.hosts.engine import Engine
from app.model.instance import InstanceKey, Reach
from app.model.requests import CreateClusterRequest, RegisterContainerInstanceRequest
from app.operations.clusters import create_cluster
from app.operations.instances import register_container_instance
from app.operations.monitor import Monitor
from app.operations.session import Session
from app.operations.stats import StatsFeed
from app.screens.rows import INSTANCE_COLUMNS, instance_row
from app.store.home import resolve_home
from tests.engine.clusters import pump_until
from tests.engine.launching import Bench, definition
from tests.engine_bed import Daemon, wait_until
from tests.engine_bed.chaos import (
    ChaosProxy,
    Exchange,
    Fault,
    answer,
    black_hole,
    cut,
    late,
    rewrite,
    rewrite_lines,
    speaks,
    stall,
    trickle,
)
from tests.figures import tell

SLEEP = ["sleep", "1000"]
EVERY = ".*"


@pytest.fixture
def proxy(engines: list[Daemon], tmp_path: Path) -> Iterator[ChaosProxy]:
    with ChaosProxy(tmp_path, engines[0].socket) as made:
        yield made


class Fleeting:
    """A monitor of two hosts: "well", and "ill", to which the proxy leads."""

    def __init__(self, session: Session, monitor: Monitor) -> None:
        self.session = session
        self.monitor = monitor

    def state(self, name: str) -> InstanceState:
        return self.monitor.fleet.instances[InstanceKey("default", name)]

    def reaches(self, name: str, wanted: Reach, within: float = 30.0) -> InstanceState:
        state = self.state(name)
        pump_until(self.monitor, lambda: state.freshness.reach == wanted, within=within, what=f"{name} {wanted}")
        return state

    def names(self, name: str) -> set[str]:
        return {str(container.name) for container in self.state(name).containers.values()}


@pytest.fixture
def fleet(
    engines: list[Daemon], proxy: ChaosProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Fleeting]:
    monkeypatch.setattr(watching, "PING_EVERY", 0.5)
    defaults = Engine.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout", 1.0)
    monkeypatch.setattr("app.hosts.sampler_round.CALL_TIMEOUT", 1.0)
    session = Session(resolve_home(str(tmp_path / "home"), {}))
    create_cluster(session, CreateClusterRequest(cluster_name="default"))
    for name, endpoint in (("well", engines[1].endpoint), ("ill", proxy.endpoint)):
        request = RegisterContainerInstanceRequest(cluster="default", name=name, endpoint=endpoint)
        register_container_instance(session, request)
    with seen(session) as found:
        found.reaches("well", "live")
        found.reaches("ill", "live")
        yield found


@contextmanager
def seen(session: Session) -> Iterator[Fleeting]:
    monitor = Monitor(session, lambda: None)
    monitor.refresh()
    try:
        yield Fleeting(session, monitor)
    finally:
        monitor.stop()


class Crowd:
    """Around a fault: how many requests are in it at once."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._lock = threading.Lock()
        self.now = self.most = 0

    def __call__(self, exchange: Exchange) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            self._fault(exchange)
        finally:
            with self._lock:
                self.now -= 1


ILLS: dict[str, Fault] = {
    "black hole": black_hole,
    "five seconds late": late(5),
    "stalled in its headers": stall(30),
    "stalled in its body": stall(300),
    "a byte at a time": trickle(1, 0.05),
    "cut": cut(40),
    "refused": answer(500, b'{"message":"no"}'),
    "redirected": answer(307, b"", "Location: /x\r\n"),
    "nonsense": answer(200, b'{"x":'),
}


@pytest.mark.parametrize("ill", ILLS)
def test_a_host_that_is_ill_is_told_and_slows_nobody(
    fleet: Fleeting, engines: list[Daemon], proxy: ChaosProxy, ill: str
) -> None:
    before = threading.active_count()
    crowd = Crowd(ILLS[ill])
    proxy.on("", EVERY, crowd)
    proxy.hang_up()
    state = fleet.reaches("ill", "stale", within=20)
    assert state.freshness.reason
    assert state.freshness.next_try is not None
    for number in range(3):
        name = f"meanwhile-{number}"
        began = time.monotonic()
        engines[1].api.create_container("busybox", SLEEP, name=name)
        pump_until(fleet.monitor, lambda name=name: name in fleet.names("well"))  # type: ignore[misc]
        others = time.monotonic() - began
        assert others < 1.5, "the other host's news come as fast as ever"
        tell("ill host", news=1, others_s=others)
    assert fleet.state("well").live
    assert crowd.most <= 4, "what is not answered does not pile up"
    assert threading.active_count() <= before + 3
    tell("ill host", ways=1)
    proxy.calm()
    proxy.hang_up()
    fleet.reaches("ill", "live", within=30)
    assert state.freshness.reason == ""


def test_events_that_stop_coming_are_made_up_for(fleet: Fleeting, engines: list[Daemon], proxy: ChaosProxy) -> None:
    """More happens than an engine remembers, while the stream is dead and does not say so."""
    api = engines[0].api
    proxy.on("GET", "/events", stall(400))
    proxy.hang_up()
    fleet.reaches("ill", "stale")
    fleet.reaches("ill", "live")
    for number in range(130):
        api.create_volume(f"moorage-record-{number}")
        api.remove_volume(f"moorage-record-{number}")
    for number in range(20):
        api.create_container("busybox", SLEEP, name=f"new-{number}")
    proxy.calm()
    proxy.hang_up()
    wanted = {f"new-{number}" for number in range(20)}
    pump_until(fleet.monitor, lambda: fleet.names("ill") == wanted, what="what the list says")


def test_a_dead_stream_is_noticed_though_it_is_only_silent(
    fleet: Fleeting, engines: list[Daemon], proxy: ChaosProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pings are answered and no event comes any more: the list that is taken now and then heals it."""
    monkeypatch.setattr(watching, "RELIST_EVERY", 1.0)
    proxy.on("GET", "/events", rewrite_lines(lambda _: []))
    proxy.hang_up()
    fleet.reaches("ill", "stale")
    fleet.reaches("ill", "live")
    engines[0].api.create_container("busybox", SLEEP, name="unheard")
    pump_until(fleet.monitor, lambda: "unheard" in fleet.names("ill"), within=10)


def test_events_twice_late_in_another_order_and_of_strangers(
    fleet: Fleeting, engines: list[Daemon], proxy: ChaosProxy
) -> None:
    chance = random.Random(3)
    kept: list[bytes] = []
    stranger = json.dumps({"Type": "container", "Action": "start", "Actor": {"ID": "f" * 64}}).encode()

    def muddle(line: bytes) -> list[bytes]:
        kept.append(line)
        some = chance.sample(kept, min(len(kept), 3))
        return [*([line, line] if chance.random() < 0.7 else []), *some, stranger]

    proxy.on("GET", "/events", rewrite_lines(muddle))
    proxy.hang_up()
    fleet.reaches("ill", "stale")
    fleet.reaches("ill", "live")
    api = engines[0].api
    for number in range(12):
        made = api.create_container("busybox", SLEEP, name=f"n{number}")["Id"]
        if number % 2:
            api.start(made)
        if number % 3 == 0:
            api.remove_container(made, force=True)
    for _ in range(3):  # events that were held back come with later ones
        api.remove_container(api.create_container("busybox", SLEEP)["Id"])

    def right() -> bool:
        there = {entry["Id"]: entry["State"] for entry in api.containers(all=True)}
        return {id_: one.state for id_, one in fleet.state("ill").containers.items()} == there

    pump_until(fleet.monitor, right, what="as the list has it")
    assert len(kept) > 15
    for entry in api.containers(all=True):
        api.remove_container(entry["Id"], force=True)


_TIME = re.compile(rb'"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z"')


def shifted(by: timedelta) -> Any:
    """Every moment in an answer, and the numbers of events, moved: as from a host whose clock is wrong."""

    def moved(match: re.Match[bytes]) -> bytes:
        moment = datetime.fromisoformat(match[1].decode()).replace(tzinfo=UTC) + by
        return f'"{moment:%Y-%m-%dT%H:%M:%S}.5Z"'.encode()

    def change(body: bytes) -> bytes:
        seconds = int(by.total_seconds())
        body = re.sub(rb'"(time|Created)":(\d{10})\b', lambda m: b'"%b":%d' % (m[1], int(m[2]) + seconds), body)
        body = re.sub(rb'"timeNano":(\d{19})', lambda m: b'"timeNano":%d' % (int(m[1]) + seconds * 10**9), body)
        return _TIME.sub(moved, body)

    return change


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_is_an_hour_off_is_told_and_makes_no_age_wrong(
    fleet: Fleeting, engines: list[Daemon], proxy: ChaosProxy, by: timedelta
) -> None:
    change = shifted(by)
    proxy.on("GET", EVERY, rewrite(change))
    proxy.on("GET", "/events", rewrite_lines(lambda line: [change(line)]))
    proxy.hang_up()
    fleet.reaches("ill", "stale")
    state = fleet.reaches("ill", "live")
    assert abs(state.clock_offset - by) < timedelta(seconds=2)
    engines[0].run(SLEEP, name="young", stop_signal="KILL")
    pump_until(fleet.monitor, lambda: [one for one in fleet.state("ill").containers.values() if one.up])
    (young,) = fleet.state("ill").containers.values()
    host_now = fleet.monitor.fleet.host_now(state.instance.key)
    assert young.started_at is not None or young.created_at is not None
    assert timedelta(seconds=-2) < host_now - young.created_at < timedelta(seconds=20)
    row = instance_row(state, datetime.now(UTC), INSTANCE_COLUMNS)
    told = " ".join("".join(span.text for span in cell) for cell in row.cells)
    # An hour, less the blink between the two clocks.
    assert re.search(r"clock (1h|59m) " + ("ahead" if by > timedelta(0) else "behind"), told)


def test_docker_29_with_its_least_version(fleet: Fleeting, engines: list[Daemon], proxy: ChaosProxy) -> None:
    """API 1.44 to 1.52, which refuses what Docker 20.10 speaks: negotiated, watched and launched on."""
    proxy.on("", EVERY, speaks("1.44", "1.52", "1.41"))
    proxy.hang_up()
    fleet.reaches("ill", "stale")
    state = fleet.reaches("ill", "live")
    assert state.info is not None
    assert state.info.api_version == "1.52"
    bench = Bench(engines[0])
    bench.engine = fleet.session.engine(state.instance.reached_by)
    task = bench.launch({"name": "web"})
    pump_until(fleet.monitor, lambda: task.id in state.tasks and state.tasks[task.id].last_status == "RUNNING")


@pytest.mark.parametrize(
    ("oldest", "newest", "words"),
    [("1.12", "1.40", "INCOMPATIBLE: its API is 1.40"), ("1.70", "1.80", "INCOMPATIBLE: its API begins at 1.70")],
)
def test_an_engine_of_another_age_is_one_plain_line(
    fleet: Fleeting, proxy: ChaosProxy, oldest: str, newest: str, words: str
) -> None:
    proxy.on("", EVERY, speaks(oldest, newest, "1.41"))
    proxy.hang_up()
    state = fleet.reaches("ill", "stale")
    pump_until(fleet.monitor, lambda: state.freshness.reason.startswith(words))
    assert fleet.state("well").live


GONE_FROM_EVENTS = ("status", "id", "from", "time")
GONE_FROM_NETWORKS = (
    "Bridge", "SandboxID", "HairpinMode", "LinkLocalIPv6Address", "SecondaryIPAddresses", "EndpointID", "Gateway",
    "GlobalIPv6Address", "IPAddress", "IPPrefixLen", "IPv6Gateway", "MacAddress",
)  # fmt: skip


def as_of_152(body: bytes) -> bytes:
    """Without what API 1.52 has left out."""
    value = json.loads(body)
    if isinstance(value, dict) and isinstance(value.get("NetworkSettings"), dict):
        for name in GONE_FROM_NETWORKS:
            value["NetworkSettings"].pop(name, None)
        value.pop("ResolvConfPath", None)
        value["Config"].pop("MacAddress", None)
        value["Config"]["Env"] = None
    return json.dumps(value).encode()


def event_of_152(line: bytes) -> list[bytes]:
    value = json.loads(line)
    return [json.dumps({name: part for name, part in value.items() if name not in GONE_FROM_EVENTS}).encode()]


def test_members_that_later_engines_leave_out_are_not_needed(
    fleet: Fleeting, engines: list[Daemon], proxy: ChaosProxy
) -> None:
    """Events without status, id, from and time; networks' addresses only where they belong; Env null."""
    proxy.on("GET", "/containers/[^/]+/json", rewrite(as_of_152))
    proxy.on("GET", "/events", rewrite_lines(event_of_152))
    proxy.hang_up()
    fleet.reaches("ill", "stale")
    state = fleet.reaches("ill", "live")
    bench = Bench(engines[0])
    bench.engine = fleet.session.engine(state.instance.reached_by)
    made = definition({"name": "db"}, {"name": "web", "links": ["db"]}, networkMode="bridge")
    task = bench.launcher().launch(bench.order(made))
    assert task.last_status == "RUNNING"
    pump_until(fleet.monitor, lambda: task.id in state.tasks and state.tasks[task.id].last_status == "RUNNING")
    assert all(part.runtime and part.runtime.address for part in state.tasks[task.id].containers)
    bench.stop(task)
    pump_until(fleet.monitor, lambda: state.tasks[task.id].last_status == "STOPPED")


def test_a_question_for_stats_that_hangs_costs_its_own_container(
    fleet: Fleeting, engines: list[Daemon], proxy: ChaosProxy
) -> None:
    ids = [engines[0].run(SLEEP, name=f"n{number}", stop_signal="KILL") for number in range(3)]
    proxy.on("GET", f"/containers/{ids[0]}/stats", black_hole)
    state = fleet.state("ill")
    pump_until(fleet.monitor, lambda: set(ids) <= state.containers.keys())
    feed = StatsFeed(fleet.session.engine)

    def told() -> bool:
        feed.want(state, ids)
        feed.collect()
        return all(feed.of(id_) is not None for id_ in ids[1:])

    wait_until(told, within=10)
    assert feed.of(ids[0]) is None
    wait_until(lambda: told() and "no answer" in feed.problem(ids[0]), within=10)
    feed.close()
    assert state.live
