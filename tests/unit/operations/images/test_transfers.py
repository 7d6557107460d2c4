"""One deed on many instances at once: what fails is told and stops nobody, and all can be broken off."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.hosts.errors import HostError
from app.hosts.images.breaking import Break
from app.hosts.images.layers import Layers
from app.model.cluster import ClusterFile, InstanceEntry
from app.model.errors import MoorageError, NotFoundError
from app.model.image_progress import TransferProgress
from app.model.image_requests import PullImageRequest
from app.model.safe_text import SafeText
from app.operations.deeds import kept
from app.operations.images import transfers
from app.operations.images.pace import EVERY, Pace
from app.operations.images.transfers import Transferred, on_each, transferred_words
from app.operations.session import Session
from app.store.audit import AuditLog
from tests.unit.builders import HOST, NOW
from tests.unit.operations.test_schedulers import session_in


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return session_in(tmp_path)


def cluster(count: int) -> ClusterFile:
    entries = [
        InstanceEntry(name=f"edge-{number}", id=f"{number:032x}", endpoint=f"unix:///{number}", registered_at=NOW)
        for number in range(count)
    ]
    return ClusterFile(name="default", instances=entries)


class Told:
    def __init__(self) -> None:
        self.events: list[TransferProgress] = []

    def __call__(self, progress: TransferProgress) -> None:
        self.events.append(progress)

    def of(self, name: str) -> list[str]:
        return [one.state for one in self.events if one.instance.name == name]


def run(session: Session, count: int, work: Any, told: Any = None, names: list[str] | None = None, **rest: Any) -> Any:
    return on_each(session, cluster(count), names or [], work, verb="pull", image="web:7", tell=told or Told(), **rest)


def test_each_ends_for_itself(session: Session) -> None:
    def work(engine: Any, begun: TransferProgress, tell: Any, breaking: Break) -> TransferProgress:
        if begun.instance.name == "edge-1":
            tell(replace(begun, done=5))
            raise HostError("the disk is full", "failed")
        return begun.ended("done" if begun.instance.name == "edge-0" else "present", SafeText("sha256:1"))

    told = Told()
    done = run(session, 3, work, told)
    assert [one.state for one in done.results] == ["done", "failed", "present"]
    assert (done.succeeded, done.partly) == (False, True)
    assert done.results[1].done == 5
    assert told.of("edge-1") == ["waiting", "working", "working", "failed"]
    shape = done.shape()
    assert [one["containerInstance"] for one in shape["images"]] == ["edge-0", "edge-2"]
    (failure,) = shape["failures"]
    assert (failure["containerInstance"], failure["reason"], failure["detail"]) == (
        "edge-1",
        "FAILED",
        "the disk is full",
    )
    assert failure["arn"].endswith(f"{1:032x}")
    assert done.words() == "web:7: 1 done, 1 present; 1 failed: FAILED"


def test_named_instances_alone_each_once(session: Session) -> None:
    done = run(session, 3, lambda engine, begun, *_: begun.ended("done"), names=["edge-2", "edge-0", "edge-2"])
    assert [one.instance.name for one in done.results] == ["edge-0", "edge-2"]
    with pytest.raises(NotFoundError, match="edge-9"):
        run(session, 3, lambda *_: pytest.fail("it has begun"), names=["edge-9"])
    with pytest.raises(MoorageError, match="No Container Instances"):
        run(session, 0, lambda *_: pytest.fail("it has begun"))


def test_no_more_at_once_than_a_registry_bears(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "AT_ONCE", 2)
    both, lock, now, most = threading.Barrier(2), threading.Lock(), 0, 0

    def work(engine: Any, begun: TransferProgress, *_: Any) -> TransferProgress:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        both.wait(30)
        with lock:
            now -= 1
        return begun.ended("done")

    assert run(session, 6, work).succeeded
    assert most == 2


def test_broken_off_what_goes_on_is_cut_and_nothing_more_begins(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "AT_ONCE", 1)
    stop, begun_on = threading.Event(), list[str]()

    def work(engine: Any, begun: TransferProgress, tell: Any, breaking: Break) -> TransferProgress:
        cut = threading.Event()
        begun_on.append(begun.instance.name)
        with breaking.cutting(cut.set):
            stop.set()
            assert cut.wait(30)
            raise HostError("the connection is gone", "timeout")

    done = run(session, 3, work, stop=stop)
    assert len(begun_on) == 1
    assert [one.state for one in done.results] == ["stopped"] * 3
    assert {one.detail for one in done.results} == {"broken off"}
    assert {failure["reason"] for failure in done.shape()["failures"]} == {"STOPPED"}


def test_a_fault_is_a_failure_too(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    done = run(session, 1, lambda *_: 1 / 0)
    assert [(one.state, one.detail) for one in done.results] == [("failed", "a fault of Moorage")]


@pytest.mark.parametrize(
    ("states", "outcome"), [(["done"], "done"), (["done", "failed"], "partly"), (["stopped"], "failed")]
)
def test_what_came_of_it_is_kept(session: Session, states: list[str], outcome: str) -> None:
    results = run(session, len(states), lambda engine, begun, *_: begun).results
    ended = tuple(one.ended(state) for one, state in zip(results, states, strict=True))

    @kept("pull", transferred_words, asks=False)
    def pull(session: Session, request: PullImageRequest) -> Transferred:
        return Transferred(ended)

    pull(session, PullImageRequest(image="web:7", cluster="default"))
    ((entry,), *_) = AuditLog(session.home).read()
    assert (entry["verb"], entry["outcome"], entry["cluster"]) == ("pull", outcome, "default")
    assert entry["command"] == "moorage pull --image web:7 --cluster default"


def test_bytes_alone_are_told_a_few_times_a_second() -> None:
    now, told = [0.0], Told()
    begun = run_begun()
    pace, layers = Pace(begun, told, lambda: now[0]), Layers(lambda: now[0])

    def frame(current: int, status: str = "Downloading") -> None:
        changed = layers.take({"status": status, "id": "a", "progressDetail": {"current": current, "total": 100}})
        pace.take(layers, changed)

    frame(1)
    frame(2)
    assert [one.done for one in told.events] == [1]
    now[0] += EVERY
    frame(3)
    frame(4)
    frame(100, "Extracting")
    assert [one.done for one in told.events] == [1, 3, 100]
    assert pace.last == told.events[-1]
    assert (pace.last.total, pace.last.layers[0].state, pace.last.detail) == (100, "extracting", "Extracting")


def run_begun() -> TransferProgress:
    return TransferProgress("pull", SafeText("web:7"), HOST, "working")
