"""Launches and stops on an engine whose answers are spoilt: a task or one line, whatever it says."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images.ensuring import ensure_image
from app.hosts.launcher import Launcher
from app.hosts.stopping import mark_stopped, stop_in_order
from app.model.errors import MoorageError
from app.model.ids import new_id
from app.model.safe_text import SafeText
from app.model.task import Task
from tests.engine.launching import HOST, SETTINGS, Bench, definition, order
from tests.engine_bed import Daemon
from tests.engine_bed.chaos import ChaosProxy, rewrite
from tests.engine_bed.hostile import HostileEngine, chunks, told
from tests.faults.bad_inputs import spoilt

MADE = definition(
    {"name": "web", "portMappings": [{"containerPort": 80, "hostPort": 0}], "links": ["db"]},
    {"name": "db", "mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]},
    networkMode="bridge",
    volumes=[{"name": "v"}],
)
READS = (
    "/containers/json", "/containers/[^/]+/json", "/volumes", "/volumes/[^/]+", "/images/.*/json", "/networks", "/info",
)  # fmt: skip
WRITES = (
    "/containers/create",
    "/containers/[^/]+/start",
    "/volumes/create",
    "/networks/create",
    "/containers/[^/]+/stop",
)
SHAPES = (b"null", b"[]", b"{}", b'[{"Id":5}]', b'{"Id":[],"Name":5,"Config":5,"Labels":5}', b'{"Id":"\\ud800"}')


@pytest.fixture
def proxy(engine: Daemon, tmp_path: Path) -> Iterator[ChaosProxy]:
    with ChaosProxy(tmp_path, engine.socket) as made:
        yield made


def attempt(daemon: Daemon, proxy: ChaosProxy) -> Task | None:
    """A launch and a stop; nothing but a MoorageError may end either."""
    engine = Engine(parse_endpoint(proxy.endpoint), timeout=3)
    bench = Bench(daemon)
    task_id = new_id()
    asked = order(bench.engine, MADE, task_id)
    task: Task | None = None
    try:
        task = Launcher(engine, HOST, bench.told.append, SETTINGS).launch(asked)
        mark_stopped(engine, task_id, "UserInitiated", "bye", "me")
        return stop_in_order(engine, task, bench.told.append)
    except MoorageError as error:
        assert "\n" not in error.message
        assert len(error.message) < 3000
        return task


@pytest.mark.parametrize("path", READS)
def test_what_is_read_is_of_another_shape(engine: Daemon, proxy: ChaosProxy, path: str) -> None:
    for shape in SHAPES:
        proxy.calm()
        proxy.on("GET", path, rewrite(lambda _, shape=shape: shape))  # type: ignore[misc]
        attempt(engine, proxy)


@pytest.mark.parametrize("path", WRITES)
def test_what_is_said_to_a_write_is_of_another_shape(engine: Daemon, proxy: ChaosProxy, path: str) -> None:
    for shape in SHAPES[2:]:
        proxy.calm()
        proxy.on("", path, rewrite(lambda _, shape=shape: shape))  # type: ignore[misc]
        attempt(engine, proxy)


def test_what_is_read_is_spoilt(engine: Daemon, proxy: ChaosProxy) -> None:
    chance = random.Random(11)
    for _ in range(15):
        proxy.calm()
        proxy.on("GET", chance.choice(READS), rewrite(lambda body: spoilt([body], chance)))
        attempt(engine, proxy)


PULLS = [
    {"status": "Downloading", "id": "a", "progressDetail": []},
    {"status": "Downloading", "id": "a", "progressDetail": {"total": "x", "current": {}}},
    {"status": "Downloading", "id": ["a"], "progressDetail": {"total": 1e308}},
    {"status": "Downloading", "id": "a", "progressDetail": {"total": 10**400, "current": -5}},
    {"status": {"a": 1}, "id": None, "progressDetail": None},
    {"status": "x" * 100_000, "id": "y" * 100_000},
    {"progressDetail": {"total": 5}},
]


def test_progress_of_a_pull_in_any_shape(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    with HostileEngine(tmp_path) as evil:
        frames = [
            *PULLS,
            *({"status": "Downloading", "id": f"l{n}", "progressDetail": {"total": 9}} for n in range(3000)),
        ]
        evil.answers["/images/create"] = lambda: chunks(json.dumps(frame).encode() + b"\n" for frame in frames)
        evil.answers["/images/busybox/json"] = told({"Id": "x", "Config": {"Labels": {}}})
        ensure_image(
            Engine(parse_endpoint(evil.endpoint)), "busybox", lambda what, done, whole: seen.append((what, done, whole))
        )
    assert len(seen) == len(frames)
    assert max(len(what) for what, _, _ in seen) <= 200
    assert max(whole for _, _, whole in seen) <= 9 * 1000, "no more layers than an image can have"


@pytest.mark.parametrize(
    "image",
    [{"Config": []}, {"Config": {"Labels": []}}, {"Config": {"Labels": {"moorage.task": 5}}}, {"Os": [], "Config": 5}],
)
def test_an_image_in_any_shape(tmp_path: Path, image: object) -> None:
    with HostileEngine(tmp_path) as evil:
        evil.answers["/images/busybox/json"] = told(image)
        engine = Engine(parse_endpoint(evil.endpoint))
        try:
            assert ensure_image(engine, "busybox", lambda *_: None, "prefer-cached") == SafeText("")
        except HostError as error:
            assert error.kind in ("failed", "refused")
