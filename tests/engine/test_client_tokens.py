"""Calls with one client token that come to different instances: each task is launched once, and all are told of it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.hosts.launcher import Launcher
from app.model.cluster import ClusterFile
from app.model.instance import InstanceKey
from app.model.requests import RunTaskRequest, parse_request
from app.operations import client_tokens, launch
from app.operations.launch import Launched, run_task
from app.operations.session import Session
from app.placement.planner import Plan
from app.placement.scheduling import PlacementRequest, Scheduler
from tests.engine.launching import NOTHING, left
from tests.engine.test_golden_placement import Pool
from tests.engine_bed import Daemon

Wait = Callable[[], object]


class Obstinate:
    """Places all on one instance, once it may; then nothing more anywhere."""

    name, reserves = "obstinate", False

    def __init__(self, instance: str, wait: Wait) -> None:
        self._instance, self._wait = instance, wait
        self.asked = 0

    def place(self, request: PlacementRequest) -> Plan:
        self.asked += 1
        if self.asked == 1:
            self._wait()
        return Plan((InstanceKey("default", self._instance),) * len(request.task_ids), ())

    def release(self, task_ids: Sequence[str]) -> None: ...


@pytest.fixture
def pool(engines: list[Daemon], tmp_path: Path) -> Pool:
    pool = Pool(tmp_path, *engines)
    pool.define("app")
    return pool


@pytest.fixture
def in_order(pool: Pool) -> list[str]:
    """The instances, by their ids."""
    return [entry.name for entry in sorted(pool.cluster.instances, key=lambda entry: entry.id)]


@pytest.fixture
def call(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Call run-task in a thread, as another program would: ``call(token, instance, wait)``."""
    schedulers: dict[Session, Scheduler] = {}

    def scheduler_for(session: Session, _cluster: ClusterFile, _name: str, _rng: random.Random) -> Scheduler:
        return schedulers[session]

    monkeypatch.setattr(launch, "scheduler_for", scheduler_for)
    with ThreadPoolExecutor(4) as threads:

        def called(token: str, instance: str, wait: Wait) -> Any:
            session = Session(pool.session.home)
            schedulers[session] = Obstinate(instance, wait)
            request = parse_request(RunTaskRequest, {"taskDefinition": "app", "clientToken": token})
            return threads.submit(run_task, session, request, lambda _: None)

        yield called


def one_task(pool: Pool, *launches: Launched) -> None:
    """All were told of the same task, it runs, and nothing of it is anywhere else."""
    assert [launched.failures for launched in launches] == [[]] * len(launches)
    (task,) = {(task.id, task.instance.name, task.last_status) for launched in launches for task in launched.tasks}
    task_id, name, status = task
    assert status == "RUNNING"
    for other, daemon in pool.daemons.items():
        there = [record for record in left(daemon).records if task_id in record]
        assert bool(there) == (other == name), there
    assert sum(len(left(daemon).containers) for daemon in pool.daemons.values()) == 1


def test_two_at_once_on_two_instances(pool: Pool, in_order: list[str], call: Callable[..., Any]) -> None:
    for number, (one, other) in enumerate(pairwise(in_order)):
        both = threading.Barrier(2)
        calls = [call(f"T{number}", name, lambda: both.wait(30)) for name in (one, other)]
        one_task(pool, *(done.result(60) for done in calls))
        for daemon in pool.daemons.values():
            for entry in daemon.api.containers():
                daemon.api.remove_container(entry, force=True)


def test_who_comes_later_gives_way_wherever_it_is(
    pool: Pool, in_order: list[str], call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first has looked everywhere before the second has begun, which has the better place."""
    begun, go_on, hold, look = threading.Event(), threading.Event(), Launcher._hold, client_tokens._look_elsewhere
    better, worse = in_order[:2]
    looks = []

    def hold_late(launcher: Launcher, *arguments: Any) -> None:
        begun.set()
        assert go_on.wait(30)
        hold(launcher, *arguments)

    def looked(*arguments: Any) -> Any:
        looks.append(arguments[-1].name)
        if looks.count(better) == 2:
            go_on.set()
        return look(*arguments)

    monkeypatch.setattr(Launcher, "_hold", hold_late)
    monkeypatch.setattr(client_tokens, "_look_elsewhere", looked)
    second = call("T", better, lambda: begun.wait(30))
    first = call("T", worse, lambda: None)
    one_task(pool, first.result(60), second.result(60))
    assert first.result().tasks[0].instance.name == worse


def test_an_instance_that_may_know_of_one_and_is_silent(
    pool: Pool, in_order: list[str], call: Callable[..., Any]
) -> None:
    own, silent = in_order[:2]
    try:
        launched = call("T", own, pool.daemons[silent].pause).result(60)
    finally:
        pool.daemons[silent].resume()
    (failure,) = launched.failures
    assert failure["reason"] == "AGENT"
    assert f"{silent} did not answer and may have tasks of client token 'T'" in failure["detail"]
    assert left(pool.daemons[own]) == NOTHING
