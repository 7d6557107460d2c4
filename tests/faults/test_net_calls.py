"""Launches and stops over a network that loses answers: what was asked happens once, or is undone and told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.launcher import Launcher
from app.hosts.stopping import mark_stopped, stop_in_order
from app.model.ids import new_id
from app.model.task import Task
from tests.engine.launching import HOST, SETTINGS, Bench, definition, left, order
from tests.engine_bed import Daemon
from tests.engine_bed.chaos import ChaosProxy, Fault, answer, black_hole, cut, late, speaks, stall, trickle

SOON = 1.0
LATE = 1.5
MADE = definition({"name": "web"}, {"name": "db"})


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CREATE_TIMEOUT", "START_TIMEOUT"):
        monkeypatch.setattr(f"app.hosts.engine.{name}", SOON)


@pytest.fixture
def proxy(engine: Daemon, tmp_path: Path) -> Iterator[ChaosProxy]:
    with ChaosProxy(tmp_path, engine.socket) as made:
        yield made


class Way(Bench):
    """A bench whose engine is reached by the proxy."""

    def __init__(self, daemon: Daemon, proxy: ChaosProxy) -> None:
        super().__init__(daemon)
        self.engine = Engine(parse_endpoint(proxy.endpoint), timeout=SOON)


def launched(way: Way) -> Task:
    return Launcher(way.engine, HOST, way.told.append, SETTINGS).launch(order(way.engine, MADE, new_id()))


def names(daemon: Daemon) -> list[str]:
    return left(daemon).containers


LOSSES: dict[str, Fault] = {
    "done, and no answer": stall(0),
    "done, and half an answer": stall(30),
    "done, and cut off": cut(0),
    "done, and cut in its headers": cut(20),
    "done, and cut in its headers once more": cut(150),
    "done, and cut at its end": cut(-1),
    "done, and answered too late": late(LATE, before=False),
    "done, and answered a byte at a time": trickle(1, 0.2),
    "never heard of": black_hole,
    "done too late": late(LATE),
}
FEW_LOSSES = ("done, and no answer", "done, and cut in its headers", "never heard of", "done too late")


@pytest.mark.parametrize("loss", LOSSES)
def test_a_create_without_an_answer_is_read_back_and_never_doubled(
    engine: Daemon, proxy: ChaosProxy, loss: str
) -> None:
    way = Way(engine, proxy)
    rule = proxy.on("POST", "/containers/create", LOSSES[loss], 1)
    task = launched(way)
    assert rule.matched >= 2
    assert task.last_status == "RUNNING"
    assert names(engine) == sorted(f"moorage-web-1-{name}-{task.id[:12]}" for name in ("db", "web"))


@pytest.mark.parametrize("loss", [*FEW_LOSSES, "done, and answered a byte at a time", "done, and cut at its end"])
def test_a_start_without_an_answer_is_read_back(engine: Daemon, proxy: ChaosProxy, loss: str) -> None:
    way = Way(engine, proxy)
    proxy.on("POST", "/containers/[^/]+/start", LOSSES[loss], 1)
    task = launched(way)
    assert task.last_status == "RUNNING"
    assert {entry["State"] for entry in engine.api.containers(all=True)} == {"running"}
    assert way.names_of(task, "start").count("web") == 1, "started once"


@pytest.mark.parametrize("loss", FEW_LOSSES)
def test_a_record_without_an_answer_costs_nothing(engine: Daemon, proxy: ChaosProxy, loss: str) -> None:
    """The first thing that a launch writes: either it goes on, or it says that it is unknown and leaves nothing."""
    way = Way(engine, proxy)
    proxy.on("POST", "/volumes/create", LOSSES[loss], 1)
    try:
        task = launched(way)
    except HostError as error:
        assert error.unanswered
        assert names(engine) == []
    else:
        assert task.last_status == "RUNNING"
        assert len(names(engine)) == 2


@pytest.mark.parametrize(("status", "body"), [(400, b'{"message":"boom"}'), (503, b"[]")])
@pytest.mark.parametrize("call", ["/containers/create", "/containers/[^/]+/start"])
@pytest.mark.parametrize("which", [1, 2])
def test_a_refused_call_undoes_the_launch_and_tells_why(
    engine: Daemon, proxy: ChaosProxy, status: int, body: bytes, call: str, which: int
) -> None:
    way = Way(engine, proxy)
    proxy.on("POST", call, answer(status, body), *range(which, 9))
    task = launched(way)
    assert (task.last_status, task.stop_code) == ("STOPPED", "TaskFailedToStart")
    assert ("boom" if b"boom" in body else "") in task.stopped_reason
    assert task.stopped_reason
    assert "\n" not in task.stopped_reason
    assert not [entry for entry in engine.api.containers() if entry["State"] == "running"]


def test_a_redirect_takes_nothing_anywhere(engine: Daemon, proxy: ChaosProxy, tmp_path: Path) -> None:
    """A create has secrets in its body: the target of a 307 gets no request at all, by whatever call."""
    with ChaosProxy(tmp_path, engine.socket, "target") as target:
        way = Way(engine, proxy)
        way.engine.ping()
        for location in (f"http+docker://{target.socket}/x", "http://127.0.0.1:9/x", "/elsewhere"):
            proxy.on("", ".*", answer(307, b"", f"Location: {location}\r\n"))
            for call in (
                lambda: way.engine.create_container("x1", {"Env": ["PASSWORD=hunter2"]}),
                way.engine.info,
                way.engine.events,
                lambda: list(way.engine.pull("busybox")),
                lambda: way.engine.load_image(b"x"),
            ):
                with pytest.raises(HostError, match="another address"):
                    call()
        assert target.asked == []
        assert not [path for _, path in proxy.asked if path == "/elsewhere"]


@pytest.mark.parametrize("loss", FEW_LOSSES)
def test_a_stop_without_an_answer_is_not_taken_for_one(engine: Daemon, proxy: ChaosProxy, loss: str) -> None:
    """What the task is afterwards is what its containers are; asked again it is stopped."""
    way = Way(engine, proxy)
    task = launched(way)
    proxy.on("POST", "/containers/[^/]+/(stop|kill)", LOSSES[loss])
    mark_stopped(way.engine, task.id, "UserInitiated", "bye", "me")
    try:
        stop_in_order(way.engine, way.read(task.id), way.told.append)
    except HostError as error:
        assert error.unanswered
    seen = Bench(engine).read(task.id)
    running = {entry["State"] for entry in engine.api.containers(all=True)} == {"running"}
    assert seen.last_status in (("STOPPING", "RUNNING") if running else ("STOPPING", "STOPPED"))
    assert seen.desired_status == "STOPPED"
    proxy.calm()
    stopped = stop_in_order(way.engine, way.read(task.id), way.told.append)
    assert stopped is not None
    assert stopped.last_status == "STOPPED"


def test_an_engine_that_became_newer_is_asked_in_its_own_version(engine: Daemon, proxy: ChaosProxy) -> None:
    """Docker 29 refuses what Docker 20.10 was spoken to with: one question more, and everything goes on."""
    way = Way(engine, proxy)
    assert way.engine.api().api_version == "1.41"
    proxy.on("", ".*", speaks("1.44", "1.52", "1.41"))
    made = way.engine.create_container("x1", {"Image": "busybox", "Cmd": ["true"]})
    assert way.engine.inspect(made)["Name"] == "/x1"
    assert way.engine.api().api_version == "1.51"
    assert [path for method, path in proxy.asked if method == "POST"] == ["/containers/create"] * 2
    proxy.calm()
    assert way.engine.inspect(made)["Name"] == "/x1", "and back"
    assert way.engine.api().api_version == "1.41"
