"""Which scheduler a name stands for, and what a launch asks of it when a task loses its place."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.fleet.fleet import Fleet
from app.hosts.errors import HostError
from app.hosts.launcher import LaunchOrder, ReservationLost
from app.model.cluster import ClusterFile, InstanceEntry
from app.model.errors import MoorageError
from app.model.instance import EngineInfo, Freshness, InstanceKey
from app.model.requests import RunTaskRequest
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold, HostRead, InfoRead
from app.operations import launch
from app.operations.blueprint import _digest
from app.operations.definitions import register_task_definition
from app.operations.launch import Launched, run_task
from app.operations.schedulers import check_scheduler, known_schedulers, scheduler_for
from app.operations.session import Session, instances_of
from app.placement.external import ExternalScheduler
from app.placement.planner import Plan
from app.placement.scheduling import BuiltInScheduler, PlacementRequest, Scheduler
from app.store.home import resolve_home
from tests.unit.interop.installing import install

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONFIG = """[schedulers]
mine = {program = ["/bin/cat"]}
both = {program = ["/bin/cat"]}
"""


def session_in(folder: Path, config: str = "") -> Session:
    home = resolve_home(str(folder), {})
    home.config_file.parent.mkdir(parents=True, exist_ok=True)
    home.config_file.write_text(config, encoding="utf-8")
    home.config_file.chmod(0o600)
    return Session(home)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    source = "def place(request):\n    return []\n"
    points = {"both": "pilot_plugin:place", "pilot": "pilot_plugin:place", "swarm": "pilot_plugin:place"}
    install(tmp_path, monkeypatch, "pilot_plugin", source, points)
    return session_in(tmp_path, CONFIG)


def named(session: Session, name: str, own: str = "") -> Scheduler:
    return scheduler_for(session, ClusterFile(name="prod", scheduler=own), name, random.Random(0))


def test_all_names_once_moorage_s_own_first(session: Session) -> None:
    assert known_schedulers(session) == ["built-in", "swarm", "both", "mine", "pilot"]


@pytest.mark.parametrize(("name", "own"), [("", ""), ("built-in", ""), ("built-in", "mine")])
def test_the_built_in_one(session: Session, name: str, own: str) -> None:
    assert isinstance(named(session, name, own), BuiltInScheduler)


def test_a_program_goes_before_an_entry_point_of_the_same_name(session: Session) -> None:
    for name in ("mine", "both"):
        found = named(session, name)
        assert isinstance(found, ExternalScheduler)
        # cat answers with the request.
        assert found.ask({"placements": []}) == {"placements": []}
    pilot = named(session, "pilot", "mine")
    assert isinstance(pilot, ExternalScheduler)
    assert (pilot.name, pilot.ask({"placements": [1]})) == ("pilot", [])


def test_the_cluster_s_own_is_taken_without_a_name(session: Session) -> None:
    assert named(session, "", "mine").name == "mine"


def test_an_unknown_name_is_told_with_the_nearest(session: Session) -> None:
    for ask in (named, check_scheduler):
        with pytest.raises(MoorageError) as caught:
            ask(session, "mime")
        assert caught.value.message == "scheduler 'mime' not found; did you mean 'mine'?"


def test_a_cluster_s_that_is_not_known_here_is_told_with_the_way_round_it(session: Session) -> None:
    with pytest.raises(MoorageError) as caught:
        named(session, "", "other")
    assert caught.value.message.startswith("cluster 'prod' has a scheduler that is not known here: scheduler 'other' ")
    assert caught.value.message.endswith("; --scheduler built-in does without it")


def test_the_built_in_one_is_no_entry_in_a_cluster_s_file(session: Session) -> None:
    assert [check_scheduler(session, name) for name in ("", "built-in", "mine", "pilot")] == ["", "", "mine", "pilot"]


def test_a_program_is_looked_at_before_each_run(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho '[]'\n", encoding="ascii")
    program.chmod(0o700)
    found = named(session_in(tmp_path, f'[schedulers]\nx = {{program = ["{program}"], timeout = "20s"}}\n'), "x")
    assert isinstance(found, ExternalScheduler)
    assert found.ask({}) == []
    program.chmod(0o722)
    with pytest.raises(MoorageError) as caught:
        found.ask({})
    assert caught.value.message == (
        f"scheduler 'x' was not run: {program}: can be written by others; run chmod go-w {program}"
    )


def test_a_scheduler_that_is_not_named_is_no_part_of_a_call_s_digest() -> None:
    """The constant is from the version before there were schedulers: its tasks are still found by their token."""
    call = RunTaskRequest(task_definition="web", count=2, client_token="t")
    before = "79b8c9f98d320e1d76c5e4be53613f4f754427a63a9064ad9cc57830228914cf"
    assert _digest(call, "default") == before
    assert _digest(call.model_copy(update={"scheduler": "mine"}), "default") != before


# --- a launch and its scheduler ---------------------------------------------------------------------------------------


@dataclass
class Harbour:
    """A cluster of two instances without engines: what a launch on them comes to is said by ``ends``.

    ``told``: what the scheduler was asked and what was launched, in order.
    """

    session: Session
    ends: dict[str, list[str]] = field(default_factory=dict)
    told: list[tuple[str, ...]] = field(default_factory=list)
    answers: list[list[str] | str] = field(default_factory=list)
    release_fails: bool = False
    name: str = "recorder"
    reserves: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def place(self, request: PlacementRequest) -> Plan:
        barred = [one.key.name for one in request.candidates if one.barred]
        self.told.append(("place", *request.task_ids, *(f"not {name}" for name in barred)))
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise MoorageError(answer)
        return Plan(tuple(InstanceKey("default", name) for name in answer), ())

    def release(self, task_ids: Sequence[str]) -> None:
        self.told.append(("release", *task_ids))
        if self.release_fails:
            raise MoorageError("the books are closed")

    def launch(self, key: InstanceKey, order: LaunchOrder) -> Any:
        with self._lock:
            self.told.append(("launch", order.record.task_id, key.name))
            end = self.ends[key.name].pop(0)
        if end == "lost":
            raise ReservationLost("another task has the room", "RESOURCE:MEMORY")
        if end == "silent":
            raise HostError("no answer", "timeout")
        if end == "fault":
            raise ZeroDivisionError
        code = "TaskFailedToStart" if end == "STOPPED" else ""
        return SimpleNamespace(id=order.record.task_id, last_status=end, stop_code=code, instance=key)

    def run(self, count: int = 1) -> Launched:
        request = RunTaskRequest(task_definition="web", count=count, client_token="t", scheduler="recorder")
        return run_task(self.session, request, lambda _: None)


@pytest.fixture
def harbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harbour:
    made = Harbour(session_in(tmp_path))
    made.session.clusters.create("default")
    entries = [
        InstanceEntry(name=f"edge-{number}", id=str(number) * 32, endpoint="unix:///nowhere", registered_at=NOW)
        for number in (1, 2)
    ]
    made.session.clusters.update("default", lambda found: found.model_copy(update={"instances": entries}))
    document = {"family": "web", "containerDefinitions": [{"name": "web", "image": "busybox", "memory": 16}]}
    register_task_definition(made.session, json.dumps(document).encode(), "test")

    class Pretender:
        def __init__(self, engine: object, key: InstanceKey, *rest: object) -> None:
            self.key = key

        def launch(self, order: LaunchOrder) -> Any:
            return made.launch(self.key, order)

    monkeypatch.setattr(launch, "Launcher", Pretender)
    monkeypatch.setattr(launch, "scheduler_for", lambda *_: made)
    monkeypatch.setattr(Session, "survey", survey)
    monkeypatch.setattr(Session, "engine", lambda *_: SimpleNamespace(now=lambda: NOW))
    return made


def survey(session: Session, cluster: ClusterFile) -> Fleet:
    fleet, instances = Fleet(), list(instances_of(cluster, cluster.name))
    fleet.register([cluster.name], instances)
    info = EngineInfo("1", SafeText("edge"), SafeText("28"), "1.41", "linux", "x86_64", Resources(4096, 4096))
    for one in instances:
        live = FreshnessTold(one.key, Freshness("live", NOW))
        fleet.apply([InfoRead(one.key, info, NOW - NOW), HostRead(one.key, (), ()), live])
    return fleet


def test_a_task_that_runs_is_not_released(harbour: Harbour) -> None:
    harbour.answers, harbour.ends = [["edge-2"]], {"edge-2": ["RUNNING"]}
    made = harbour.run()
    (task,) = made.tasks
    assert harbour.told == [("place", task.id), ("launch", task.id, "edge-2")]


def test_a_task_that_lost_its_place_is_released_and_placed_again_with_its_id(harbour: Harbour) -> None:
    harbour.answers, harbour.ends = [["edge-2"], ["edge-1"]], {"edge-2": ["lost"], "edge-1": ["RUNNING"]}
    made = harbour.run()
    (task,) = made.tasks
    assert harbour.told == [
        ("place", task.id),
        ("launch", task.id, "edge-2"),
        ("release", task.id),
        ("place", task.id, "not edge-2"),
        ("launch", task.id, "edge-1"),
    ]
    assert made.failures == []


def test_a_task_that_finds_no_other_place_is_released_once(harbour: Harbour) -> None:
    harbour.answers, harbour.ends = [["edge-2"], []], {"edge-2": ["lost"]}
    made = harbour.run()
    assert [step[0] for step in harbour.told] == ["place", "launch", "release", "place"]
    assert [failure["detail"] for failure in made.failures] == ["edge-2: another task has the room"]


def test_a_scheduler_that_fails_the_second_time_costs_that_task_alone(harbour: Harbour) -> None:
    harbour.answers = [["edge-1", "edge-2"], "scheduler 'recorder' fell over"]
    harbour.ends = {"edge-1": ["RUNNING"], "edge-2": ["lost"]}
    made = harbour.run(2)
    assert [task.last_status for task in made.tasks] == ["RUNNING"]
    assert [(failure["reason"], failure["detail"]) for failure in made.failures] == [
        ("RESOURCE:MEMORY", "edge-2: another task has the room; scheduler 'recorder' fell over")
    ]


def test_a_task_that_failed_to_start_is_released(harbour: Harbour) -> None:
    harbour.answers, harbour.ends = [["edge-1"]], {"edge-1": ["STOPPED"]}
    (task,) = harbour.run().tasks
    assert harbour.told[-1] == ("release", task.id)


def test_a_task_of_which_nothing_is_known_keeps_what_was_reserved(harbour: Harbour) -> None:
    harbour.answers, harbour.ends = [["edge-1"]], {"edge-1": ["silent"]}
    made = harbour.run()
    assert [step[0] for step in harbour.told] == ["place", "launch"]
    assert [failure["reason"] for failure in made.failures] == ["AGENT"]


def test_a_task_whose_launch_is_a_fault_of_moorage_is_not_passed_over(
    harbour: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_type))
    harbour.answers, harbour.ends = [["edge-1", "edge-2"]], {"edge-1": ["fault"], "edge-2": ["RUNNING"]}
    made = harbour.run(2)
    assert (len(made.tasks), made.succeeded, told) == (1, False, [ZeroDivisionError])
    (failure,) = made.failures
    assert failure["reason"] == "FAULT"
    assert failure["detail"].endswith(": a fault of Moorage; what was begun is finished or undone by whoever watches")


def test_a_release_that_fails_is_a_warning(harbour: Harbour) -> None:
    harbour.answers, harbour.ends, harbour.release_fails = [["edge-1"]], {"edge-1": ["STOPPED"]}, True
    made = harbour.run()
    assert "scheduler: the books are closed" in [str(warning) for warning in made.warnings]
    assert len(made.tasks) == 1


def test_nothing_is_launched_without_an_answer(harbour: Harbour) -> None:
    harbour.answers = ["scheduler 'recorder' fell over"]
    with pytest.raises(MoorageError, match="fell over"):
        harbour.run(3)
    assert [step[0] for step in harbour.told] == ["place"]
