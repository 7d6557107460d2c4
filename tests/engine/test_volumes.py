"""The volumes of a task on a real engine: which are made, whose they are, and which outlive it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.labels import TASK
from app.hosts.policy.rule import ReadOnlyError
from app.hosts.task_objects import remove_belongings
from app.hosts.volumes import make_volumes
from app.model.task_definition import TaskDefinition
from tests.engine_bed import Daemon
from tests.unit.builders import TASK_ID, definition

TMPFS = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
OWN = f"moorage-volume-{TASK_ID[:12]}-"


def volumes_of(daemon: Daemon) -> dict[str, dict[str, Any]]:
    return {volume["Name"]: volume for volume in daemon.api.volumes()["Volumes"] or []}


def with_volumes(*volumes: dict[str, Any]) -> TaskDefinition:
    return definition({}, volumes=list(volumes))


def docker(name: str, **configuration: Any) -> dict[str, Any]:
    return {"name": name, "dockerVolumeConfiguration": configuration}


def make(daemon: Daemon, *volumes: dict[str, Any]) -> None:
    make_volumes(Engine(parse_endpoint(daemon.endpoint)), with_volumes(*volumes), TASK_ID)


def test_volumes_of_the_task_go_with_it_and_the_others_stay(engine: Daemon) -> None:
    labels = {"a": "b", "moorage.kind": "task", TASK: "f" * 32}
    volumes = (
        {"name": "scratch"},
        {"name": "empty", "host": {}},
        {"name": "folder", "host": {"sourcePath": "/run/moorage-test-folder"}},
        docker("own", driver="local", driverOpts=TMPFS, labels=labels),
        docker("shared", scope="shared", autoprovision=True, driver="local", driverOpts=TMPFS, labels=labels),
        {"name": "efs", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}},
        {"name": "ebs", "configuredAtLaunch": True},
    )
    make(engine, *volumes)
    make(engine, *volumes)
    found = volumes_of(engine)
    assert found.keys() == {"shared", *(f"{OWN}{name}" for name in ("scratch", "empty", "own", "efs", "ebs"))}
    assert (found[f"{OWN}own"]["Labels"], found[f"{OWN}own"]["Options"]) == ({"a": "b", TASK: TASK_ID}, TMPFS)
    assert (found["shared"]["Labels"], found["shared"]["Options"]) == ({"a": "b"}, TMPFS)
    assert (found[f"{OWN}scratch"]["Labels"], found[f"{OWN}scratch"]["Driver"]) == ({TASK: TASK_ID}, "local")
    remove_belongings(Engine(parse_endpoint(engine.endpoint)), TASK_ID)
    assert volumes_of(engine).keys() == {"shared"}


def test_a_shared_volume_that_is_there_is_taken_by_its_name(engine: Daemon) -> None:
    engine.api.create_volume("data", labels={"theirs": "1"})
    other = docker("data", scope="shared", autoprovision=True, driver="no-such-driver", labels={"a": "b"})
    make(engine, other, docker("data-2", scope="shared", autoprovision=True))
    make(engine, docker("data", scope="shared"))
    assert volumes_of(engine)["data"]["Labels"] == {"theirs": "1"}


def test_tasks_that_make_a_shared_volume_at_once_share_it(engine: Daemon) -> None:
    problems: list[HostError] = []
    start = threading.Barrier(6)

    def race() -> None:
        start.wait()
        try:
            make(engine, docker("data", scope="shared", autoprovision=True))
        except HostError as error:
            problems.append(error)

    threads = [threading.Thread(target=race) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert problems == []
    assert list(volumes_of(engine)) == ["data"]


@pytest.mark.parametrize(
    ("volume", "problem"),
    [
        (
            docker("data", scope="shared"),
            "it is shared and not on the host; make it (docker volume create data), or set autoprovision",
        ),
        (
            docker("moorage-volume-x", scope="shared", autoprovision=True),
            "shared volumes can't be named moorage-…: Moorage's own are; choose another name",
        ),
        (
            docker("data", driver="no-such"),
            f'create {OWN}data: error looking up volume plugin no-such: plugin "no-such" not found',
        ),
        (
            docker("data", scope="shared", autoprovision=True, driverOpts={"no": "such"}),
            'create data: invalid option: "no"',
        ),
    ],
)
def test_what_is_wrong_with_a_volume_is_one_line_that_names_it(
    engine: Daemon, volume: dict[str, Any], problem: str
) -> None:
    with pytest.raises(HostError) as caught:
        make(engine, volume)
    assert caught.value.message == f"volume '{volume['name']}': {problem}"
    assert volumes_of(engine) == {}


def test_a_volume_of_somebody_else_under_the_tasks_name_is_not_used(engine: Daemon) -> None:
    engine.api.create_volume(f"{OWN}scratch", labels={TASK: "f" * 32})
    with pytest.raises(HostError, match="not this task's") as caught:
        make(engine, {"name": "scratch"})
    assert caught.value.kind == "conflict"


def test_an_engine_that_may_only_be_read_makes_none(engine: Daemon) -> None:
    read_only = Engine(parse_endpoint(engine.endpoint), read_only=True)
    with pytest.raises(HostError, match="read-only") as caught:
        make_volumes(read_only, with_volumes({"name": "scratch"}), TASK_ID)
    assert isinstance(caught.value.__cause__, ReadOnlyError)
    assert volumes_of(engine) == {}
