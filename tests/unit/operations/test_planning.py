"""A plan and the launch of the same call: what the one says the other does, by the same chance and the same state."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.fleet.fleet import Fleet
from app.hosts.errors import HostError
from app.hosts.launcher import LaunchOrder
from app.model.cluster import ClusterFile, InstanceEntry
from app.model.errors import MoorageError
from app.model.instance import InstanceKey
from app.model.record import Record
from app.model.requests import PlacementStrategy, RunTaskRequest
from app.model.resources import Resources
from app.model.update import HostRead
from app.operations import launch
from app.operations.blueprint import make_blueprint
from app.operations.definitions import register_task_definition
from app.operations.launch import run_task
from app.operations.planning import plan_task
from app.operations.session import Session
from tests.unit.builders import container, record, tag
from tests.unit.operations.test_schedulers import NOW, session_in, survey

PORT = 8080


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the instances that tasks were launched on."""
    found: list[str] = []

    class Pretender:
        def __init__(self, engine: object, key: InstanceKey, *rest: object) -> None:
            self.key = key

        def launch(self, order: LaunchOrder) -> Any:
            found.append(self.key.name)
            return SimpleNamespace(id=order.record.task_id, last_status="RUNNING", stop_code="", instance=self.key)

    monkeypatch.setattr(launch, "Launcher", Pretender)
    engine = SimpleNamespace(now=lambda: NOW, image=lambda _: {"Id": "sha256:1"})
    monkeypatch.setattr(Session, "engine", lambda *_: engine)
    return found


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Five instances, and web with a port of the host."""
    made = session_in(tmp_path)
    made.clusters.create("default")
    entries = [
        InstanceEntry(
            name=f"edge-{number}",
            # Ids in another order than names.
            id=str(9 - number) * 32,
            endpoint="unix:///nowhere",
            registered_at=NOW,
            attributes={"zone": "ab"[number % 2]},
            reserved_memory=number * 100,
        )
        for number in range(1, 6)
    ]
    made.clusters.update("default", lambda found: found.model_copy(update={"instances": entries}))
    for family, mappings in (("web", [{"containerPort": 80, "hostPort": PORT}]), ("batch", [])):
        part = {"name": family, "image": "busybox", "memory": 16, "portMappings": mappings}
        register_task_definition(made, json.dumps({"family": family, "containerDefinitions": [part]}).encode(), "test")
    monkeypatch.setattr(Session, "survey", survey)
    return made


def chain(*parts: tuple[str, str]) -> list[PlacementStrategy]:
    return [PlacementStrategy.model_validate({"type": type_, "field": field}) for type_, field in parts]


@pytest.mark.parametrize(
    "strategy", [(), (("spread", "attribute:zone"), ("random", "")), (("spread", "instanceId"), ("binpack", "memory"))]
)
@pytest.mark.parametrize("family", ["web", "batch"])
@pytest.mark.parametrize("seed", range(4))
def test_a_launch_goes_where_a_plan_with_the_same_seed_says(
    session: Session, launched: list[str], strategy: Sequence[tuple[str, str]], family: str, seed: int
) -> None:
    request = RunTaskRequest(task_definition=family, count=7, placement_strategy=chain(*strategy))
    planned = plan_task(session, request, seed)
    made = run_task(session, request, lambda _: None, random.Random(seed))
    assert Counter(launched) == Counter(one["name"] for one in planned.shape["placements"])
    assert made.failures == planned.shape["failures"]
    assert len(launched) == planned.placed == (5 if family == "web" else 7)


def with_task(monkeypatch: pytest.MonkeyPatch, *records: Record, **members: Any) -> None:
    """From now on edge-1 has a task of the cluster."""

    def found(session: Session, cluster: ClusterFile) -> Fleet:
        fleet = survey(session, cluster)
        fleet.apply([HostRead(InstanceKey("default", "edge-1"), (container(tag(**members)),), records)])
        return fleet

    monkeypatch.setattr(Session, "survey", found)


def test_who_has_a_port_is_told_of_each_instance_that_a_task_did_not_go_to(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_task(monkeypatch, reservation=Resources(ports=frozenset({PORT})), task_id="f" * 32)
    (placement,) = plan_task(session, RunTaskRequest(task_definition="web")).shape["placements"]
    (detail,) = [one["detail"] for one in placement["others"] if one["name"] == "edge-1"]
    assert detail == f"tcp {PORT} taken by task ffffffff (web:1)"
    assert {one["reason"] for one in placement["others"]} == {"RESOURCE:PORTS", "STRATEGY"}


def test_what_is_missing_where_is_told_and_refuses_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def engine(_: Session, endpoint: Any) -> Any:
        def image(name: str) -> dict[str, str]:
            if endpoint.url.endswith("1"):
                return {"Id": "sha256:1"}
            raise HostError(f"No such image: {name}", "not-found")

        return SimpleNamespace(now=lambda: NOW, image=image)

    def moved(found: ClusterFile) -> ClusterFile:
        apart = [one.model_copy(update={"endpoint": f"unix:///{one.name}"}) for one in found.instances]
        return found.model_copy(update={"instances": apart})

    session.clusters.update("default", moved)
    monkeypatch.setattr(Session, "engine", engine)
    planned = plan_task(session, RunTaskRequest(task_definition="web", count=2), 1)
    missing = {one["name"]: one["missingImages"] for one in planned.shape["instances"]}
    assert missing == {"edge-1": [], **{f"edge-{number}": ["busybox"] for number in (2, 3, 4, 5)}}
    assert planned.placed == 2
    told = [str(warning) for warning in planned.warnings if warning.path == "image"]
    placed = sorted(one["name"] for one in planned.shape["placements"] if one["name"] != "edge-1")
    assert placed
    assert told[0].startswith("image: busybox is on edge-1, and not on edge-")
    assert all(name in told[0] for name in placed)
    assert "moorage copy-image busybox --cluster default --from edge-1 --to edge-" in told[0]


def test_a_plan_of_a_call_that_was_made_before(
    session: Session, monkeypatch: pytest.MonkeyPatch, launched: list[str]
) -> None:
    call = RunTaskRequest(task_definition="batch", count=2, client_token="t")
    with_task(monkeypatch, record(client_token="t", request=make_blueprint(session, call).request))

    assert len(run_task(session, call, lambda _: None).tasks) == 1
    planned = plan_task(session, call)
    assert (launched, planned.shape["placements"], planned.shape["failures"]) == ([], [], [])
    assert (planned.wanted, planned.placed) == (0, 0)
    assert [str(warning) for warning in planned.warnings] == [
        "clientToken: this call was made before, and started 1 task; run-task tells of it and starts nothing"
    ]

    other = call.model_copy(update={"count": 3})
    for ask in (lambda: run_task(session, other, lambda _: None), lambda: plan_task(session, other)):
        with pytest.raises(MoorageError, match="was used for another request") as caught:
            ask()
        assert caught.value.code == "ConflictException"
