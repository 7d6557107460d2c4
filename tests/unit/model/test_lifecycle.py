"""Containers and records → task: a table of cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.model.container import Container
from app.model.lifecycle import (
    ESSENTIAL_EXITED,
    FAILED_TO_START,
    OUT_OF_MEMORY,
    REMOVED,
    derive_task,
    gate_open,
    stoppable,
)
from app.model.record import LEASE_TERM, Lease, Record, StartMark, StopCode, StopMark
from app.model.safe_text import SafeText
from app.model.task import Task
from tests.unit.builders import HOST, NOW, TASK_ID, at, container, manifest, record, tag

TWO = {"containers": 2}


def task(*parts: Container | Record) -> Task:
    containers = [part for part in parts if isinstance(part, Container)]
    found = derive_task(HOST, containers, [part for part in parts if not isinstance(part, Container)])
    assert found is not None
    return found


def stop(code: StopCode = "UserInitiated", reason: str = "bye") -> StopMark:
    return StopMark(TASK_ID, code, SafeText(reason), SafeText("me"), at(10))


def db(state: str = "running", **changes: Any) -> Container:
    return container(tag("db", **TWO), state, **changes)


def web(state: str = "running", *, essential: bool = True, **changes: Any) -> Container:
    return container(tag("web", **TWO, essential=essential), state, **changes)


BOTH = record("db", "web")
STARTED = StartMark(TASK_ID, at(1))


@pytest.mark.parametrize(
    ("parts", "last", "desired", "code"),
    [
        pytest.param([BOTH], "PENDING", "RUNNING", None, id="only the record"),
        pytest.param([BOTH, db("created")], "PENDING", "RUNNING", None, id="one of two made"),
        pytest.param([db("created")], "PENDING", "RUNNING", None, id="one of two made, no record"),
        pytest.param([BOTH, db("created"), web("created")], "PENDING", "RUNNING", None, id="made"),
        pytest.param([BOTH, db(), web("created")], "PENDING", "RUNNING", None, id="one started"),
        pytest.param([BOTH, db(), web()], "RUNNING", "RUNNING", None, id="running"),
        pytest.param([db(), web()], "RUNNING", "RUNNING", None, id="running, no record"),
        pytest.param([BOTH, db("paused"), web("restarting")], "RUNNING", "RUNNING", None, id="paused and restarting"),
        pytest.param([BOTH, db(), web(), stop()], "STOPPING", "STOPPED", "UserInitiated", id="to stop"),
        pytest.param([BOTH, db("exited"), web("exited"), stop()], "STOPPED", "STOPPED", "UserInitiated", id="stopped"),
        pytest.param(
            [BOTH, db(), web("exited")], "STOPPING", "STOPPED", "EssentialContainerExited", id="essential exit"
        ),
        pytest.param([BOTH, db(), web("exited", essential=False)], "RUNNING", "RUNNING", None, id="other exit"),
        pytest.param(
            [BOTH, db("exited"), web("exited")], "STOPPED", "STOPPED", "EssentialContainerExited", id="both exited"
        ),
        pytest.param(
            [BOTH, db("exited"), web("created")],
            "STOPPED",
            "STOPPED",
            "TaskFailedToStart",
            id="exited before the other",
        ),
        pytest.param(
            [BOTH, stop("TaskFailedToStart", "why")], "STOPPED", "STOPPED", "TaskFailedToStart", id="launch failed"
        ),
        pytest.param([BOTH, db("created"), stop()], "STOPPED", "STOPPED", "UserInitiated", id="stopped while PENDING"),
        pytest.param([BOTH, db("dead"), web()], "STOPPING", "STOPPED", "EssentialContainerExited", id="dead"),
        pytest.param([BOTH, web()], "STOPPING", "STOPPED", "EssentialContainerExited", id="an essential one removed"),
        pytest.param([BOTH, STARTED], "STOPPED", "STOPPED", "EssentialContainerExited", id="all removed"),
        pytest.param([web(), STARTED], "RUNNING", "RUNNING", None, id="removed, nobody knows which"),
        pytest.param(
            [web(essential=False)], "STOPPING", "STOPPED", "EssentialContainerExited", id="only inessential ones left"
        ),
    ],
)
def test_states(parts: list[Container | Record], last: str, desired: str, code: str | None) -> None:
    found = task(*parts)
    assert (found.last_status, found.desired_status, found.stop_code) == (last, desired, code)


def test_nothing_is_no_task() -> None:
    assert derive_task(HOST, []) is None
    assert derive_task(HOST, [], [stop(), STARTED, Lease(TASK_ID, 1, "x", NOW)]) is None


def test_a_finished_container_that_was_pruned_does_not_stop_its_task() -> None:
    """docker container prune takes finished init containers away from running tasks."""
    init = record("init", "web", manifest=manifest({"init": False, "web": True}))
    found = task(init, web())
    assert (found.last_status, found.desired_status) == ("RUNNING", "RUNNING")
    assert found.started_at == at(1)
    assert [(part.name, part.last_status, part.reason) for part in found.containers] == [
        ("init", "STOPPED", REMOVED),
        ("web", "RUNNING", ""),
    ]
    ended = task(init, web("exited"))
    assert (ended.stop_code, ended.stopped_reason) == ("EssentialContainerExited", ESSENTIAL_EXITED)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"definition":{"containerDefinitions":[1,{"name":[]}]}}'])
def test_a_container_is_essential_when_its_manifest_does_not_say(text: str) -> None:
    assert task(record("init", "web", manifest=text), web()).desired_status == "STOPPED"


def test_exit_codes_and_reasons() -> None:
    found = task(
        BOTH,
        db("exited", exit_code=137, oom_killed=True),
        web("created", exit_code=128, error=SafeText("port is already allocated")),
    )
    first, second = found.containers
    assert (first.exit_code, first.reason) == (137, OUT_OF_MEMORY)
    assert (second.exit_code, second.reason, second.last_status) == (None, "port is already allocated", "STOPPED")
    assert (found.stop_code, found.stopped_reason) == ("TaskFailedToStart", FAILED_TO_START)


def test_times() -> None:
    running = task(BOTH, db(started_at=at(1)), web(started_at=at(3)))
    assert (running.started_at, running.stopping_at, running.stopped_at) == (at(3), None, None)
    ended = task(BOTH, db("exited", finished_at=at(9)), web("exited", finished_at=at(5)))
    assert (ended.stopping_at, ended.stopped_at) == (at(5), at(9))
    by_user = task(BOTH, db("exited", finished_at=at(12)), web("exited", finished_at=at(11)), stop())
    assert (by_user.stopping_at, by_user.stopped_at) == (at(10), at(12))
    never_ran = task(BOTH, stop("TaskFailedToStart"))
    assert (never_ran.started_at, never_ran.stopping_at, never_ran.stopped_at) == (None, at(10), at(10))
    undone = task(BOTH, db("exited"), stop("TaskFailedToStart"))
    assert undone.started_at is None


@pytest.mark.parametrize(
    ("db_health", "web_health", "verdict"),
    [
        ("healthy", "healthy", "HEALTHY"),
        ("healthy", "starting", "UNKNOWN"),
        ("unhealthy", "healthy", "UNHEALTHY"),
        ("unhealthy", "starting", "UNHEALTHY"),
        ("", "healthy", "UNKNOWN"),
    ],
)
def test_health_roll_up(db_health: Any, web_health: Any, verdict: str) -> None:
    checked = {**TWO, "health_checked": True}
    found = task(
        BOTH,
        container(tag("db", **checked), health=db_health),
        container(tag("web", **checked), health=web_health),
        container(tag("helper", **checked, essential=False), health="unhealthy"),
    )
    assert found.health == verdict


def test_health_checks_of_images_and_of_ended_containers_do_not_count() -> None:
    assert task(record(), container(health="healthy")).health == "UNKNOWN"
    ended = container(tag(health_checked=True), "exited", health="unhealthy")
    assert task(record(), ended).health == "UNKNOWN"


def test_the_order_in_which_things_are_seen_does_not_matter() -> None:
    parts: list[Container] = [web(created_at=at(2)), db(created_at=at(1))]
    records: list[Record] = [Lease(TASK_ID, 1, "a", at(1)), Lease(TASK_ID, 2, "b", at(2)), stop()]
    one = derive_task(HOST, parts, records)
    assert one == derive_task(HOST, parts[::-1], records[::-1])
    assert one is not None
    assert [part.name for part in one.containers] == ["db", "web"]
    assert (one.lease_number, one.lease_at) == (2, at(2))


def test_a_later_container_cannot_take_the_place_of_the_first() -> None:
    first, late = web(created_at=at(1)), web("exited", created_at=at(2), id="f" * 64)
    assert task(BOTH, db(), first, late).last_status == "RUNNING"
    assert task(BOTH, late, first, db()).last_status == "RUNNING"


def test_a_launch_is_cut_off_when_its_lease_has_run_out() -> None:
    pending = task(BOTH, db("created"))
    assert not pending.launch_cut_off(NOW + LEASE_TERM)
    assert pending.launch_cut_off(NOW + LEASE_TERM + timedelta(seconds=1))
    renewed = task(BOTH, db("created"), Lease(TASK_ID, 3, "x", at(50)))
    assert not renewed.launch_cut_off(at(50) + LEASE_TERM)
    assert renewed.launch_cut_off(at(51) + LEASE_TERM)
    assert not task(BOTH, db(), web()).launch_cut_off(at(10**6))
    assert not task(BOTH, stop()).launch_cut_off(at(10**6))


def test_failed_means_it_ended_badly_by_itself() -> None:
    assert task(BOTH, db("exited"), web("exited", exit_code=1)).failed
    assert not task(BOTH, db("exited"), web("exited")).failed
    assert not task(BOTH, db("exited", exit_code=137), web("exited"), stop()).failed
    assert task(BOTH, stop("TaskFailedToStart")).failed
    assert not task(BOTH, db(), web("exited", exit_code=1)).failed


def test_containers_stop_when_all_that_waited_for_them_have() -> None:
    def chain(**states: str) -> Task:
        waits = {"a": (), "b": (("a", "START"),), "c": (("b", "START"), ("a", "HEALTHY"))}
        return task(*(container(tag(name, containers=3, depends_on=waits[name]), states[name]) for name in "abc"))

    assert [part.name for part in stoppable(chain(a="running", b="running", c="running"))] == ["c"]
    assert [part.name for part in stoppable(chain(a="running", b="running", c="exited"))] == ["b"]
    assert [part.name for part in stoppable(chain(a="running", b="exited", c="exited"))] == ["a"]
    assert stoppable(chain(a="exited", b="exited", c="exited")) == []


@pytest.mark.parametrize(
    ("condition", "state", "changes", "opens"),
    [
        ("START", "created", {}, False),
        ("START", "running", {}, True),
        ("START", "exited", {"exit_code": 1}, True),
        ("COMPLETE", "running", {}, False),
        ("COMPLETE", "exited", {"exit_code": 1}, True),
        ("SUCCESS", "running", {}, False),
        ("SUCCESS", "exited", {"exit_code": 0}, True),
        ("SUCCESS", "exited", {"exit_code": 3}, "exited with 3"),
        ("HEALTHY", "running", {"health": "starting"}, False),
        ("HEALTHY", "running", {"health": "unhealthy"}, False),
        ("HEALTHY", "running", {"health": "healthy"}, True),
        ("HEALTHY", "exited", {"health": "unhealthy"}, "has stopped"),
    ],
)
def test_gates(condition: Any, state: str, changes: dict[str, Any], opens: bool | str) -> None:
    init = container(tag("init", containers=2, essential=False, health_checked=True), state, **changes)
    waiting = container(tag("web", containers=2, depends_on=(("init", condition),)), "created")
    found = task(record("init", "web", manifest=manifest({"init": False, "web": True})), init, waiting)
    gate = gate_open(found, found.containers[1])
    assert opens in gate if isinstance(opens, str) and isinstance(gate, str) else gate is opens


def test_a_gate_on_nothing_never_opens() -> None:
    waiting = container(tag(depends_on=(("ghost", "START"),)), "created")
    found = task(record(), waiting)
    assert "does not exist" in str(gate_open(found, found.containers[0]))


def test_a_removed_dependency_did_not_succeed() -> None:
    waiting = container(tag("web", containers=2, depends_on=(("init", "SUCCESS"),)), "created")
    found = task(record("init", "web", manifest=manifest({"init": False, "web": True})), waiting, STARTED)
    assert "was removed" in str(gate_open(found, found.containers[1]))


def test_a_task_is_of_its_record_before_its_tags() -> None:
    found = task(replace(BOTH, group="other", manifest="m"), db(), web())
    assert (found.group, found.manifest, found.definition) == ("other", "m", "web:1")
