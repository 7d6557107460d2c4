"""Containers and records → task: a table of cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.model.container import Container, DockerHealth, RestartPolicy
from app.model.gates import creation_order, gate_open, overdue, stoppable
from app.model.lifecycle import ESSENTIAL_EXITED, FAILED_TO_START, derive_task
from app.model.names import PAUSE, Dependence
from app.model.parts import OUT_OF_MEMORY, REMOVED
from app.model.record import (
    LEASE_TERM,
    FailMark,
    Lease,
    Record,
    ReplaceMark,
    RestartMark,
    StartMark,
    StopCode,
    StopMark,
)
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


def test_health_checks_of_images_do_not_count() -> None:
    assert task(record(), container(health="healthy")).health == "UNKNOWN"


@pytest.mark.parametrize(
    ("docker", "ecs"), [("healthy", "HEALTHY"), ("unhealthy", "UNHEALTHY"), ("starting", "UNKNOWN")]
)
def test_the_last_verdict_on_a_container_that_has_ended_stays(docker: DockerHealth, ecs: str) -> None:
    assert task(record(), container(tag(health_checked=True), "exited", health=docker)).health == ecs


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


# --- containers that will not start, restarts, the pause container ----------------------------------------------------


def fail(container: str, exit_code: int | None = None) -> FailMark:
    return FailMark(TASK_ID, container, exit_code, SafeText(f"why not {container}"), at(2))


def test_an_essential_container_that_cannot_start_stops_its_task() -> None:
    found = task(BOTH, db(), web("created"), STARTED, fail("web", 143))
    assert (found.last_status, found.stop_code, found.stopped_reason) == (
        "STOPPING",
        "TaskFailedToStart",
        "why not web",
    )
    last = found.containers[1]
    assert (last.last_status, last.exit_code, last.reason, last.failed) == ("STOPPED", 143, "why not web", True)
    gone = task(BOTH, db("exited"), STARTED, fail("web", 143))
    assert (gone.last_status, gone.stop_code, gone.stopped_reason) == ("STOPPED", "TaskFailedToStart", "why not web")
    assert gone.containers[1].exit_code == 143


def test_a_task_goes_on_without_one_that_is_not_essential() -> None:
    for parts in ((web("created", essential=False),), ()):
        marked = record("db", "web", manifest=manifest({"db": True, "web": False}))
        found = task(marked, db(), *parts, STARTED, fail("web"))
        assert (found.last_status, found.desired_status) == ("RUNNING", "RUNNING")
        assert found.started_at == at(1)
        assert (found.containers[1].last_status, found.containers[1].exit_code) == ("STOPPED", None)


def test_a_task_does_not_stop_before_it_is_stopping() -> None:
    """The mark comes after what it is about: an end, or a container that could not start."""
    found = task(BOTH, db("exited", finished_at=at(1)), STARTED, fail("web", 143), stop("TaskFailedToStart", "why"))
    assert (found.stopping_at, found.stopped_at, found.stop_marked_at) == (at(1), at(2), at(10))
    assert task(BOTH, db(), web(), stop()).stopping_at == at(10)


def test_a_failure_before_anything_was_made_ends_the_task_when_it_was_settled() -> None:
    found = task(BOTH, fail("db"))
    assert (found.last_status, found.stop_code, found.stopped_at) == ("STOPPED", "TaskFailedToStart", at(2))


POLICY = RestartPolicy(ignored_exit_codes=(0,), period=60)


def restarted(number: int, moment: float) -> RestartMark:
    return RestartMark(TASK_ID, "web", number, at(moment), at(1))


def ended(code: int, ran: float = 60, **changes: Any) -> Container:
    times = {"started_at": at(100), "finished_at": at(100 + ran), "exit_code": code, **changes}
    return container(tag(restart=POLICY), "exited", **times)


@pytest.mark.parametrize(
    ("code", "ran", "restarts"), [(1, 60, True), (1, 59.9, False), (0, 600, False), (137, 61, True)]
)
def test_which_ends_are_answered_with_a_restart(code: int, ran: float, restarts: bool) -> None:
    found = task(record(), ended(code, ran))
    assert found.last_status == ("RUNNING" if restarts else "STOPPED")
    assert found.containers[0].restarting is restarts
    assert found.containers[0].exit_code == code


def test_an_end_that_is_noted_before_its_start_was_at_once() -> None:
    at_once = ended(1, -0.01, tag=tag(restart=RestartPolicy((), 0)))
    assert task(record(), at_once).containers[0].restarting


def test_nothing_is_restarted_that_is_to_stop_or_that_could_not_be() -> None:
    for mark in (stop(), fail("web")):
        found = task(record(), ended(1), mark)
        assert found.last_status == "STOPPED"
        assert not found.containers[0].restarting
    assert task(record(), ended(1), fail("web")).stop_code == "EssentialContainerExited"


def test_what_could_not_be_restarted_keeps_the_code_that_it_had_ended_with() -> None:
    """Docker has put the code of the failed start in its place."""
    assert task(record(), ended(127), fail("web", 3)).containers[0].exit_code == 3


def test_one_that_is_made_again_is_missing_and_not_removed() -> None:
    again = ReplaceMark(TASK_ID, "web", at(2))
    found = task(BOTH, db(), STARTED, again)
    assert (found.last_status, found.desired_status, found.started_at) == ("PENDING", "RUNNING", None)
    assert found.containers[1].last_status == "PENDING"
    assert task(BOTH, db(), web("created"), STARTED, again) == task(BOTH, db(), web("created"), STARTED)
    assert task(BOTH, db(), STARTED, again, stop()).last_status == "STOPPING"
    failed = task(BOTH, db(), STARTED, again, fail("web"))
    assert (failed.last_status, failed.stopped_reason) == ("STOPPING", "why not web")


def test_restarts_are_counted_and_the_first_start_is_kept() -> None:
    again = container(tag(restart=POLICY), started_at=at(500))
    found = task(record(), again, restarted(1, 200), restarted(2, 499))
    assert (found.containers[0].restart_count, found.started_at) == (2, at(1))
    # Marked after its end: that restart is about to be made, or was cut off, and is not counted yet.
    assert task(record(), ended(1), restarted(3, 161)).containers[0].restart_count == 2
    assert task(record(), ended(1), restarted(3, 99)).containers[0].restart_count == 3


def pause(state: str = "running") -> Container:
    return container(tag(PAUSE, containers=2), state)


def shared(state: str = "running", **changes: Any) -> Container:
    return container(tag("web", containers=2, depends_on=((PAUSE, "START"),)), state, **changes)


def test_the_pause_container_is_none_of_the_definition() -> None:
    found = task(record(PAUSE, "web"), pause(), shared())
    assert [part.name for part in found.containers] == ["web"]
    assert [part.name for part in found.parts] == [PAUSE, "web"]
    assert found.last_status == "RUNNING"
    assert [part.name for part in stoppable(found)] == ["web"]
    assert [part.name for part in stoppable(task(record(PAUSE, "web"), pause(), shared("exited")))] == [PAUSE]
    assert task(record(PAUSE, "web"), pause("exited"), shared()).last_status == "STOPPING"
    assert task(pause("created")).last_status == "PENDING"
    waiting = task(record(PAUSE, "web"), pause("created"), shared("created"))
    assert gate_open(waiting, waiting.containers[0]) is False
    assert waiting.containers[0].awaits == ()


@pytest.mark.parametrize(
    ("waits", "order"),
    [
        ({"a": {}, "b": {}}, ["a", "b"]),
        ({"a": {"b": "START"}, "b": {"c": "CREATE"}, "c": {}}, ["c", "b", "a"]),
        ({"a": {"b": "START"}, "b": {"a": "CREATE"}}, None),
        ({"a": {"a": "START"}}, None),
    ],
)
def test_the_order_of_creation(waits: dict[str, dict[str, Dependence]], order: list[str] | None) -> None:
    assert creation_order(waits) == order


def test_a_start_timeout_counts_from_the_start_of_the_dependency() -> None:
    slow = container(tag("db", **TWO, start_timeout=20, health_checked=True), started_at=at(10), health="starting")
    waiting = container(tag("web", **TWO, depends_on=(("db", "HEALTHY"),)), "created")
    found = task(BOTH, slow, waiting)
    assert overdue(found, found.containers[1], at(30)) == ""
    assert "within its startTimeout of 20 s" in overdue(found, found.containers[1], at(30.1))
