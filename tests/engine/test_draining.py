"""Draining on real engines: a record that every operator sees, whoever wrote it, and what becomes of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.fleet.fleet import InstanceState
from app.hosts.labels import PREFIX
from app.model.cluster import InstanceEntry
from app.model.drain import drain_name
from app.model.errors import MoorageError
from app.model.instance import InstanceKey
from app.model.requests import (
    DeregisterContainerInstanceRequest,
    DescribeContainerInstancesRequest,
    ListContainerInstancesRequest,
    RegisterContainerInstanceRequest,
    RunTaskRequest,
    StartTaskRequest,
    UpdateContainerInstancesStateRequest,
    parse_request,
)
from app.operations import instances
from app.operations.definitions import register_task_definition
from app.operations.launch import run_task, start_task
from app.operations.leaving import deregister_container_instance
from app.operations.monitor import Monitor
from app.operations.session import Session
from app.operations.supervision import Supervision
from app.store.home import resolve_home
from tests.engine.clusters import pump_until, register
from tests.engine.launching import LIVE
from tests.engine_bed import Daemon

NAME = drain_name("default")


class Operator:
    """Somebody with a home, in whose cluster files an engine may have any name."""

    def __init__(self, home: Path, name: str) -> None:
        self.session = Session(resolve_home(str(home / name), {}))
        self.session.operator = name
        self.told: list[str] = []

    def has(self, daemon: Daemon, name: str, cluster: str = "default") -> Operator:
        register(self.session, cluster=cluster)
        request = RegisterContainerInstanceRequest(cluster=cluster, name=name, endpoint=daemon.endpoint)
        instances.register_container_instance(self.session, request, self.told.append)
        return self

    def change(self, name: str, status: str, reason: str = "", cluster: str = "default") -> dict[str, Any]:
        self.told.clear()
        members = {"cluster": cluster, "containerInstances": [name], "status": status, "reason": reason}
        request = parse_request(UpdateContainerInstancesStateRequest, members)
        return instances.update_container_instances_state(self.session, request, self.told.append)

    def status(self, name: str, cluster: str = "default") -> str:
        request = DescribeContainerInstancesRequest(cluster=cluster, container_instances=[name])
        (shape,) = instances.describe_container_instances(self.session, request)["containerInstances"]
        return str(shape["status"])

    def entry(self, name: str) -> InstanceEntry:
        found = self.session.cluster("default").find(name)
        assert found is not None
        return found

    @contextmanager
    def watching(self) -> Iterator[tuple[Monitor, InstanceState]]:
        """A dashboard's monitor, and the state of its only instance once that was tried."""
        monitor = Monitor(self.session, lambda: None)
        monitor.refresh()
        (state,) = monitor.fleet.instances.values()
        try:
            pump_until(monitor, lambda: state.freshness.reach != "connecting", what="an answer, or none")
            yield monitor, state
        finally:
            monitor.stop()


@pytest.fixture
def operators(tmp_path: Path) -> Callable[[str], Operator]:
    return lambda name: Operator(tmp_path, name)


def drains(daemon: Daemon) -> list[str]:
    volumes = daemon.api.volumes(filters={"label": f"{PREFIX}record=drain"})["Volumes"] or []
    return [str(volume["Name"]) for volume in volumes]


def test_one_drains_the_other_sees_it_and_makes_it_active_again(
    engine: Daemon, operators: Callable[[str], Operator]
) -> None:
    anna, bert = operators("anna").has(engine, "edge"), operators("bert").has(engine, "rack-7")
    document = {"containerDefinitions": [{"name": "a", "image": "busybox", "memory": 8, "command": LIVE}]}
    register_task_definition(bert.session, json.dumps({"family": "web", **document}).encode(), "web.json")
    with anna.watching() as (mine, here), bert.watching() as (theirs, there):
        shape = anna.change("edge", "DRAINING", "a new kernel")
        assert [found["status"] for found in shape["containerInstances"]] == ["DRAINING"]
        assert anna.told == ["edge is DRAINING: no new tasks are placed there", "nothing runs there"]
        pump_until(theirs, lambda: there.draining, what="the other's monitor sees it")
        assert there.drain is not None
        assert (there.drain.by, there.drain.reason) == ("anna", "a new kernel")
        assert bert.entry("rack-7").status == "ACTIVE"

        refused = run_task(bert.session, RunTaskRequest(task_definition="web"), lambda _: None)
        assert [(failure["reason"], failure["detail"]) for failure in refused.failures] == [
            ("DRAINING", "rack-7: the instance is draining, by anna: a new kernel")
        ]
        asked = StartTaskRequest(task_definition="web", container_instances=["rack-7"])
        assert [f["reason"] for f in start_task(bert.session, asked, lambda _: None).failures] == ["DRAINING"]
        assert not engine.api.containers(all=True)

        pump_until(mine, lambda: here.draining, what="one's own monitor sees it")
        bert.change("rack-7", "ACTIVE")
        assert bert.told[0].startswith("rack-7 takes tasks again; it was drained by anna since ")
        pump_until(mine, lambda: not here.draining, what="it is ACTIVE for the one who drained it")
        assert (anna.entry("edge").status, anna.status("edge"), drains(engine)) == ("DRAINING", "ACTIVE", [])


def test_of_many_who_drain_at_once_one_is_first_and_all_say_who(
    engine: Daemon, operators: Callable[[str], Operator]
) -> None:
    several = [operators(f"op{number}").has(engine, f"edge-{number}") for number in range(4)]
    start = threading.Barrier(len(several))

    def drain(number: int) -> list[str]:
        start.wait()
        several[number].change(f"edge-{number}", "DRAINING", f"because {number}")
        return several[number].told

    with ThreadPoolExecutor(len(several)) as hands:
        told = [lines[0] for lines in hands.map(drain, range(len(several)))]
    assert drains(engine) == [NAME]
    first = [number for number, line in enumerate(told) if " already" not in line]
    assert len(first) == 1
    others = [line for number, line in enumerate(told) if number not in first]
    assert all(f"drained by op{first[0]} since " in line and f": because {first[0]}):" in line for line in others)
    assert [one.status(f"edge-{number}") for number, one in enumerate(several)] == ["DRAINING"] * 4


def test_a_cluster_drains_for_itself_alone(engine: Daemon, operators: Callable[[str], Operator]) -> None:
    anna = operators("anna").has(engine, "edge").has(engine, "edge", "staging")
    anna.change("edge", "DRAINING", cluster="staging")
    assert (anna.status("edge"), anna.status("edge", "staging")) == ("ACTIVE", "DRAINING")
    listed = instances.list_container_instances(
        anna.session, ListContainerInstancesRequest(cluster="staging", status="DRAINING")
    )
    assert len(listed["containerInstanceArns"]) == 1
    anna.change("edge", "ACTIVE")
    assert drains(engine) == [drain_name("staging")]


def test_an_engine_that_is_away_is_told_when_it_answers(
    fresh_engine: Callable[..., Daemon], operators: Callable[[str], Operator]
) -> None:
    daemon = fresh_engine(name="mortal")
    anna, bert = operators("anna").has(daemon, "edge"), operators("bert").has(daemon, "edge")
    daemon.kill()

    assert anna.change("edge", "DRAINING", "it is broken")["failures"] == []
    assert len(anna.told) == 2
    assert anna.told[0].startswith("edge could not be told (")
    assert "other operators see it once it answers" in anna.told[0]
    assert (anna.status("edge"), bert.status("edge")) == ("DRAINING", "ACTIVE")
    # What was never told can be taken back; what may be recorded on the engine can't.
    assert anna.change("edge", "ACTIVE")["failures"] == []
    assert anna.status("edge") == "ACTIVE"
    (failure,) = bert.change("edge", "ACTIVE")["failures"]
    assert failure["reason"] == "AGENT"
    assert "try again once it does" in failure["detail"]

    anna.change("edge", "DRAINING", "it is broken")
    reports: list[str] = []
    with anna.watching() as (monitor, state):
        watch = Supervision(anna.session, lambda _, line: reports.append(line), reports.append)
        daemon.start()

        def told() -> bool:
            monitor.refresh()
            watch.consider(monitor.fleet)
            return bool(reports) and not state.drain_untold

        pump_until(monitor, told, within=20, what="the engine is told")
        watch.close()
        assert reports == ["edge is told now that it is DRAINING; all operators see it"]
    assert bert.status("edge") == "DRAINING"
    found = bert.session.survey(bert.session.cluster("default")).instances[InstanceKey("default", "edge")].drain
    assert found is not None
    assert (found.by, found.reason) == ("anna", "it is broken")
    assert anna.entry("edge").drain_recorded
    # It is no more than a memory now: what the other does counts, and nothing drains it anew.
    bert.change("edge", "ACTIVE")
    assert (anna.status("edge"), drains(daemon)) == ("ACTIVE", [])


def test_the_next_look_tells_it_too_and_never_over_somebody_elses(
    engine: Daemon, operators: Callable[[str], Operator]
) -> None:
    anna, bert = operators("anna").has(engine, "edge"), operators("bert").has(engine, "edge")

    def by_hand(status: str) -> None:
        def edit(current: Any) -> Any:
            return current.with_instance(current.find("edge").model_copy(update={"status": status}))

        anna.session.clusters.update("default", edit)

    by_hand("DRAINING")
    assert (bert.status("edge"), anna.status("edge"), bert.status("edge")) == ("ACTIVE", "DRAINING", "DRAINING")
    bert.change("edge", "ACTIVE")
    assert anna.status("edge") == "ACTIVE"


def test_a_pruned_record_ends_the_drain(engine: Daemon, operators: Callable[[str], Operator]) -> None:
    anna = operators("anna").has(engine, "edge")
    anna.change("edge", "DRAINING")
    with anna.watching() as (monitor, state):
        assert state.draining
        engine.api.remove_volume(NAME)
        pump_until(monitor, lambda: not state.draining, what="the record is gone")
    assert (anna.status("edge"), drains(engine)) == ("ACTIVE", [])
    anna.change("edge", "DRAINING")
    assert (anna.status("edge"), drains(engine)) == ("DRAINING", [NAME])


@pytest.mark.parametrize("value", ["", "[" * 50_000, '{"by":"x","at":"never","reason":{}}', None])
def test_a_damaged_record_drains_and_is_taken_away(
    engine: Daemon, operators: Callable[[str], Operator], value: str | None
) -> None:
    anna = operators("anna").has(engine, "edge")
    labels = {f"{PREFIX}record": "drain", **({} if value is None else {f"{PREFIX}value": value})}
    with anna.watching() as (monitor, state):
        engine.api.create_volume(NAME, labels=labels)
        pump_until(monitor, lambda: state.draining, what="seen")
    assert anna.status("edge") == "DRAINING"
    anna.change("edge", "DRAINING", "mine")
    assert anna.told[0] == "edge is DRAINING already (drained): no new tasks are placed there"
    anna.change("edge", "ACTIVE")
    assert (anna.told, drains(engine)) == (["edge takes tasks again; it was drained"], [])


def test_a_foreign_volume_in_the_way_is_told_and_left(engine: Daemon, operators: Callable[[str], Operator]) -> None:
    anna = operators("anna").has(engine, "edge")
    engine.api.create_volume(NAME, labels={"theirs": "1"})
    anna.change("edge", "DRAINING")
    assert f"docker volume rm {NAME}" in anna.told[0]
    assert (anna.status("edge"), anna.entry("edge").drain_recorded) == ("DRAINING", False)
    anna.change("edge", "ACTIVE")
    assert engine.api.inspect_volume(NAME)["Labels"] == {"theirs": "1"}


def test_who_leaves_takes_the_record_along(engine: Daemon, operators: Callable[[str], Operator]) -> None:
    anna, bert = operators("anna").has(engine, "edge"), operators("bert")
    anna.change("edge", "DRAINING", "for good")
    assert bert.has(engine, "rack-7").told[0].startswith("rack-7 is DRAINING (drained by anna since ")
    request = DeregisterContainerInstanceRequest(container_instance="edge")
    anna.told.clear()
    shape = deregister_container_instance(anna.session, request, anna.told.append)
    assert shape["containerInstance"]["status"] == "INACTIVE"
    assert len(anna.told) == 1
    assert "for good; that record is taken away" in anna.told[0]
    assert (bert.status("rack-7"), drains(engine)) == ("ACTIVE", [])
    with pytest.raises(MoorageError):
        anna.change("edge", "ACTIVE", cluster="nowhere")
