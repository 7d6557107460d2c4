"""Remembering what has stopped, without an engine; and finding it through the verbs."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.fleet.fleet import Fleet
from app.model.cluster import InstanceEntry
from app.model.endpoint import Endpoint
from app.model.errors import MoorageError, NotFoundError
from app.model.instance import Freshness, Instance, Reach
from app.model.lifecycle import derive_task
from app.model.manifest import write_manifest
from app.model.record import StopMark
from app.model.requests import DescribeTasksRequest, ListTasksRequest
from app.model.safe_text import SafeText
from app.model.task import Task
from app.model.update import ContainerSeen, FreshnessTold, HostUpdate, RecordSeen
from app.operations import history
from app.operations.history import Historian, past_task, prune, remember, remember_if_possible
from app.operations.logs import LogsRequest, open_task_logs
from app.operations.session import Session
from app.operations.tasks import describe_tasks, list_tasks
from app.store.history import HistoryStore
from app.store.home import resolve_home
from tests.unit.builders import HOST, NOW, TASK_ID, at, container, record, tag
from tests.unit.store.past_tasks import past_container
from tests.unit.store.past_tasks import past_task as made_past

STOP = StopMark(TASK_ID, "UserInitiated", SafeText("enough"), SafeText("me"), at(4))
INSTANCE = Instance(HOST, "1" * 32, "unix:///nonexistent/docker.sock", "ACTIVE", NOW)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    made = Session(resolve_home(str(tmp_path / "home"), {}))
    made.clusters.create("default")
    return made


@pytest.fixture
def store(session: Session) -> HistoryStore:
    return HistoryStore(session.home)


@pytest.fixture
def mute_endpoint(tmp_path: Path) -> Iterator[str]:
    """A socket that takes connections and never answers."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "mute.sock"))
        listener.listen(16)
        yield f"unix://{tmp_path}/mute.sock"


def stopped(**changes: Any) -> Task:
    task = derive_task(HOST, [container(state="exited", exit_code=3, **changes)], [record("web"), STOP])
    assert task is not None
    assert task.last_status == "STOPPED"
    return task


def fleet_of(*updates: HostUpdate) -> Fleet:
    fleet = Fleet()
    fleet.register(["default"], [INSTANCE])
    fleet.apply([FreshnessTold(HOST, Freshness("unreachable", NOW)), *updates])
    return fleet


def seen(task_id: str = TASK_ID) -> ContainerSeen:
    return ContainerSeen(HOST, container(tag(task_id=task_id), state="exited", exit_code=3))


def add_silent_instance(session: Session) -> None:
    entry = InstanceEntry(name="edge", id="1" * 32, endpoint=INSTANCE.endpoint, registered_at=NOW)
    session.clusters.update("default", lambda cluster: cluster.with_instance(entry))


# --- remembering ------------------------------------------------------------------------------------------------------


def test_what_is_remembered_of_a_task() -> None:
    task = replace(stopped(oom_killed=True), tags=((SafeText("team"), SafeText("blue")),))

    past = past_task(task, {"web": tuple(f"line {number}" for number in range(30))})

    assert (past.id, past.cluster, past.instance, past.family, past.revision) == (TASK_ID, "default", "edge", "web", 1)
    assert (past.stop_code, past.stopped_reason, past.stopped_by) == ("UserInitiated", "enough", "me")
    assert (past.created_at, past.stopped_at) == (NOW, at(5))
    assert (past.cpu, past.memory, past.tags) == (64, 32, (("team", "blue"),))
    (part,) = past.containers
    assert (part.name, part.image, part.exit_code, part.oom_killed, part.essential) == ("web", "busybox", 3, True, True)
    assert (part.started_at, part.finished_at) == (at(1), at(5))
    assert part.last_lines == tuple(f"line {number}" for number in range(10, 30))


def test_a_container_that_was_never_made_has_the_definitions_image() -> None:
    manifest = write_manifest({"family": "web", "containerDefinitions": [{"name": "web", "image": "none:1"}]}, {})
    task = derive_task(HOST, [], [record("web", manifest=manifest), STOP])
    assert task is not None

    (part,) = past_task(task, {}).containers

    assert (part.image, part.runtime_id, part.exit_code) == ("none:1", "", None)


def test_lines_that_do_not_come_in_time_are_left_out(
    session: Session, store: HistoryStore, mute_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LINES_DEADLINE", 0.1)
    began = time.monotonic()

    assert remember(session, session.engine(Endpoint(mute_endpoint)), stopped()) == []

    assert time.monotonic() - began < 3
    (past,) = store.find(TASK_ID)
    assert past.containers[0].last_lines == ()


def test_a_damaged_history_is_told_and_the_task_is_remembered(session: Session, store: HistoryStore) -> None:
    session.home.state.mkdir(parents=True)
    (session.home.state / "history.sqlite3").write_text("no database")

    (warning,) = remember(session, None, stopped())

    assert "history.sqlite3.broken-1" in warning
    assert [past.id for past in store.find(TASK_ID)] == [TASK_ID]


def test_a_history_that_cannot_be_written_keeps_nothing_from_being_forgotten(session: Session) -> None:
    session.home.state.write_text("no folder")

    with pytest.raises(MoorageError):
        remember(session, None, stopped())
    (warning,) = remember_if_possible(session, session.engine(INSTANCE.reached_by), stopped())
    assert warning.startswith(f"task {TASK_ID[:8]} is not remembered: ")


def test_prune_forgets_what_is_older_than_the_retention(session: Session, store: HistoryStore) -> None:
    now = session.now()
    old = made_past(stopped_at=now - session.config.history_retention - timedelta(hours=1))
    young = made_past(id=SafeText("f" * 32), stopped_at=now)
    store.remember(old)
    store.remember(young)

    assert prune(session) == []

    assert store.search() == [young]


# --- the historian ----------------------------------------------------------------------------------------------------


def test_the_historian_remembers_what_has_stopped_and_nothing_else(session: Session, store: HistoryStore) -> None:
    running = ContainerSeen(HOST, container(tag(task_id="a" * 32)))
    foreign = ContainerSeen(HOST, container(tag(task_id="b" * 32, cluster="other"), state="exited"))
    said: list[str] = []
    historian = Historian(session, said.append)

    historian.note(fleet_of(seen(), running, foreign))
    historian.close(within=10)

    assert [past.id for past in store.search()] == [TASK_ID]
    assert said == []


def test_the_historian_takes_a_task_again_only_when_its_end_is_told_otherwise(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def remembered(_session: object, engine: object, task: Task) -> list[str]:
        told.append(f"{'live' if engine else 'silent'} {task.stopped_reason}")
        return []

    monkeypatch.setattr(history, "remember", remembered)
    historian = Historian(session, lambda _: None)
    fleet = fleet_of(seen())
    reaches: list[Reach] = ["unreachable", "live", "live", "stale"]
    for reach in reaches:
        fleet.apply([FreshnessTold(HOST, Freshness(reach, NOW))])
        historian.note(fleet)
    fleet.apply([RecordSeen(HOST, "stop", STOP)])
    historian.note(fleet)
    historian.note(fleet)
    historian.close(within=10)
    historian.note(fleet_of(seen("c" * 32)))

    first = "Essential container in task exited"
    assert told == [f"silent {first}", f"live {first}", "silent enough"]


def test_more_tasks_than_find_a_place_have_their_turn_later(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, told = threading.Event(), []

    def remembered(_session: object, _engine: object, task: Task) -> list[str]:
        assert gate.wait(30)
        told.append(task.id)
        return []

    monkeypatch.setattr(history, "remember", remembered)
    ids = [f"{number:04x}".ljust(32, "0") for number in range(2 * history.WAITING_TASKS + 10)]
    fleet = fleet_of(*map(seen, ids))
    historian = Historian(session, lambda _: None)
    historian.note(fleet)
    historian.note(fleet)
    gate.set()
    deadline = time.monotonic() + 30

    while len(told) < len(ids):
        assert time.monotonic() < deadline
        historian.note(fleet)

    historian.close(within=10)
    assert sorted(told) == ids


def test_a_history_that_cannot_be_written_is_told_once_and_tried_again(
    session: Session, store: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "RETRY_AFTER", 0.0)
    session.home.state.write_text("no folder")
    said: list[str] = []
    historian = Historian(session, said.append)
    fleet = fleet_of(seen(), seen("d" * 32))
    deadline = time.monotonic() + 30
    while not said:
        assert time.monotonic() < deadline
        historian.note(fleet)
    session.home.state.unlink()

    while len(store.search()) < 2:
        assert time.monotonic() < deadline
        historian.note(fleet)

    historian.close(within=10)
    assert len(said) == 1


def test_a_history_that_was_not_to_be_written_is_left_alone_for_a_while(session: Session, store: HistoryStore) -> None:
    session.home.state.write_text("no folder")
    said: list[str] = []
    historian = Historian(session, said.append)
    deadline = time.monotonic() + 30
    while not said:
        assert time.monotonic() < deadline
        historian.note(fleet_of(seen()))
    session.home.state.unlink()

    historian.note(fleet_of(seen("d" * 32)))
    historian.close(within=10)

    assert store.search() == []


# --- through the verbs ------------------------------------------------------------------------------------------------


def test_describe_tasks_answers_for_a_task_that_no_host_has(session: Session, store: HistoryStore) -> None:
    store.remember(made_past(containers=(past_container(), past_container("late", runtime_id="", exit_code=None))))

    answer = describe_tasks(session, DescribeTasksRequest(tasks=[TASK_ID[:8], "f" * 32]))

    (shape,) = answer["tasks"]
    assert (shape["lastStatus"], shape["desiredStatus"], shape["stopCode"]) == (
        "STOPPED",
        "STOPPED",
        "EssentialContainerExited",
    )
    assert shape["taskDefinitionArn"].endswith("task-definition/web:7")
    assert shape["containerInstanceArn"].endswith("container-instance/default/edge")
    assert shape["detail"] == "known from the history only: no instance has it any more"
    assert (shape["cpu"], shape["memory"], shape["tags"]) == ("128", "64", [{"key": "team", "value": "blue"}])
    assert [part.get("exitCode") for part in shape["containers"]] == [1, None]
    assert "so it ends" not in str(answer)
    assert [failure["reason"] for failure in answer["failures"]] == ["MISSING"]


def test_a_host_that_does_not_answer_is_named(session: Session, store: HistoryStore) -> None:
    add_silent_instance(session)
    store.remember(made_past())

    (shape,) = describe_tasks(session, DescribeTasksRequest(tasks=[TASK_ID]))["tasks"]

    assert shape["detail"] == "known from the history only: edge does not answer"
    assert shape["containerInstanceArn"].endswith("1" * 32)
    listed = list_tasks(session, ListTasksRequest(desired_status="STOPPED"))
    assert [arn[-32:] for arn in listed["taskArns"]] == [TASK_ID]
    assert [failure["arn"] for failure in listed["failures"]] == ["edge"]


def test_another_clusters_tasks_are_not_told(session: Session, store: HistoryStore) -> None:
    store.remember(made_past(cluster=SafeText("other")))

    assert describe_tasks(session, DescribeTasksRequest(tasks=[TASK_ID]))["tasks"] == []
    assert list_tasks(session, ListTasksRequest(desired_status="STOPPED")) == {"taskArns": []}
    with pytest.raises(NotFoundError):
        open_task_logs(session, LogsRequest(task=TASK_ID))


def test_list_tasks_has_the_past_only_among_what_has_stopped(session: Session, store: HistoryStore) -> None:
    add_silent_instance(session)
    store.remember(made_past())
    store.remember(made_past(id=SafeText("f" * 32), family=SafeText("job"), instance=SafeText("gone")))

    def listed(**asked: str) -> list[str]:
        return [arn[-32:] for arn in list_tasks(session, ListTasksRequest.model_validate(asked))["taskArns"]]

    assert listed() == []
    assert listed(desired_status="STOPPED") == [TASK_ID, "f" * 32]
    assert listed(desired_status="STOPPED", family="job") == ["f" * 32]
    assert listed(desired_status="STOPPED", container_instance="edge") == [TASK_ID]
    assert listed(desired_status="STOPPED", started_by="ci") == []


def test_a_start_that_several_past_tasks_have_is_not_clear(session: Session, store: HistoryStore) -> None:
    store.remember(made_past())
    store.remember(made_past(id=SafeText(TASK_ID[:8] + "f" * 24)))

    with pytest.raises(MoorageError, match="is not clear: the history has"):
        describe_tasks(session, DescribeTasksRequest(tasks=[TASK_ID[:8]]))


def test_an_unusable_history_is_said_beside_what_the_hosts_say(session: Session) -> None:
    session.home.state.write_text("no folder")

    (failure,) = describe_tasks(session, DescribeTasksRequest(tasks=[TASK_ID]))["failures"]
    assert failure["reason"] == "MISSING"
    assert str(session.home.state) in failure["detail"]
    (failure,) = list_tasks(session, ListTasksRequest(desired_status="STOPPED"))["failures"]
    assert failure["reason"] == "HISTORY"
    with pytest.raises(MoorageError, match=f"not found.*{session.home.state}"):
        open_task_logs(session, LogsRequest(task=TASK_ID))


def lines_of(session: Session, **asked: object) -> list[tuple[str, str]]:
    logs = open_task_logs(session, LogsRequest.model_validate({"task": TASK_ID, **asked}))
    return [(line.source, str(line.entry.text)) for batch in logs for line in batch]


def test_logs_has_the_last_lines_of_each_container(session: Session, store: HistoryStore) -> None:
    one, two = past_container("one"), past_container("two", last_lines=tuple(map(SafeText, "abc")))
    store.remember(made_past(containers=(one, two, past_container("mute", last_lines=()))))

    assert lines_of(session) == [("one", "so it ends"), ("two", "a"), ("two", "b"), ("two", "c")]
    assert lines_of(session, tail=2, container="two", follow=True) == [("two", "b"), ("two", "c")]
    assert lines_of(session, tail=0) == []
    assert lines_of(session, since="1h") == []
    assert lines_of(session, since="2026-03-01T11:59:00Z", container="one") == [("one", "so it ends")]
    with pytest.raises(NotFoundError, match="did you mean 'two'"):
        lines_of(session, container="twoo")
    logs = open_task_logs(session, LogsRequest(task=TASK_ID))
    assert logs.note == (
        f"task {TASK_ID[:8]} is known from the history only: no instance has it any more; "
        "the last 20 lines of each container are all that is left"
    )
