"""Drift on a real engine: an untouched task is its revision, and what somebody changes shows as exactly that."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.hosts.labels import TASK
from app.model.errors import MoorageError
from app.model.record import RECORD_PREFIX
from app.model.requests import RunTaskRequest, StopTaskRequest
from app.operations.definitions import register_task_definition
from app.operations.drift import Running, notes_of, running_members, running_tasks_of
from app.operations.launch import run_task
from app.operations.session import Session
from app.operations.tasks import stop_task
from app.store.home import resolve_home
from tests.cli import stand_ins
from tests.engine.clusters import register
from tests.engine_bed import Daemon

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "sample_defs").glob("*.json"))
SLEEP = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
LOUD = {"name": "web", "image": "busybox:latest", "memory": 32, "command": SLEEP, "stopTimeout": 2}


class Home:
    """A session with an engine in its cluster, and a task of a definition on it."""

    def __init__(self, folder: Path, engine: Daemon) -> None:
        self.engine = engine
        self.session = Session(resolve_home(str(folder), {}))
        # What is compared has everything, the host's network and devices among it.
        self.session.ask = lambda _: True
        register(self.session, engine)
        self.task = ""

    def run(self, members: dict[str, Any] | bytes, **call: Any) -> Home:
        document = members if isinstance(members, bytes) else json.dumps(members).encode()
        stored = register_task_definition(self.session, document, "test").stored
        request = RunTaskRequest.model_validate({"task_definition": stored.family, **call}, by_name=True)
        launched = run_task(self.session, request, lambda _: None)
        assert launched.shape()["failures"] == []
        (task,) = launched.tasks
        self.task = task.id
        return self

    def container(self, name: str = "web") -> str:
        filters = {"label": [f"{TASK}={self.task}", f"moorage.container={name}"]}
        return str(self.engine.api.containers(all=True, filters=filters)[0]["Id"])

    def look(self) -> Running:
        return running_members(self.session, "default", self.task)


@pytest.fixture
def home(engine: Daemon, tmp_path: Path) -> Home:
    return Home(tmp_path, engine)


def web(**members: Any) -> dict[str, Any]:
    return {"family": "web", "containerDefinitions": [{**LOUD, **members}]}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_an_untouched_sample_is_its_revision(home: Home, path: Path) -> None:
    members = json.loads(path.read_text())
    for image in {container["image"] for container in members["containerDefinitions"]}:
        stand_ins.load(home.engine.api, image)
    found = home.run(path.read_bytes()).look()
    assert (found.reference, found.revision) == (f"{path.stem}:1", members)
    assert json.dumps(found.members) == json.dumps(members)
    assert not found.drifted
    assert [note for note in found.notes if "has ended" not in note] == []
    tasks = running_tasks_of(home.session.survey(home.session.cluster("default")), path.stem, 1)
    assert {task.id for task in tasks} <= {home.task}


EVERYTHING: dict[str, Any] = {
    "entryPoint": ["/bin/sh", "-c"],
    "command": ["trap 'exit 0' TERM; while :; do sleep 0.1; done"],
    "environment": [{"name": "A", "value": "1=2"}, {"name": "B"}, {"name": "PATH", "value": "/bin"}],
    "secrets": [{"name": "TOKEN", "valueFrom": "token"}],
    "environmentFiles": [{"value": "arn:aws:s3:::bucket/web.env", "type": "s3"}],
    "user": "nobody",
    "workingDirectory": "/tmp",
    "hostname": "h",
    "cpu": 64,
    "memoryReservation": 16,
    "interactive": True,
    "readonlyRootFilesystem": True,
    "extraHosts": [{"hostname": "eh", "ipAddress": "10.9.9.9"}],
    "dockerLabels": {"a": "b", "moorage.extra": "x"},
    "dockerSecurityOptions": ["no-new-privileges"],
    "ulimits": [{"name": "nofile", "softLimit": 100, "hardLimit": 200}],
    "systemControls": [{"namespace": "net.core.somaxconn", "value": "77"}],
    "healthCheck": {"command": ["CMD", "true"], "interval": 5, "timeout": 2, "retries": 1, "startPeriod": 3},
    "linuxParameters": {
        "capabilities": {"add": [], "drop": ["CHOWN"]},
        "devices": [{"hostPath": "/dev/null", "containerPath": "/dev/x", "permissions": ["read", "mknod"]}],
        "initProcessEnabled": True,
        "sharedMemorySize": 8,
        "tmpfs": [{"containerPath": "/t", "size": 4, "mountOptions": ["noexec", "mode=1777"]}],
        "maxSwap": 8,
    },
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": "g", "awslogs-region": "r", "mode": "non-blocking"},
    },
    "portMappings": [
        {"containerPort": 80},
        {"containerPortRange": "90-91", "protocol": "udp"},
        {"containerPort": 81, "hostPort": 8081},
    ],
    "links": ["db:sql"],
    "volumesFrom": [{"sourceContainer": "db", "readOnly": True}],
    "mountPoints": [
        {"sourceVolume": "scratch", "containerPath": "/s"},
        {"sourceVolume": "folder", "containerPath": "/d", "readOnly": True},
        {"sourceVolume": "shared", "containerPath": "/shared"},
    ],
    "restartPolicy": {"enabled": True},
    "unknownMember": [1],
}


def test_an_untouched_task_of_everything_is_its_revision_whatever_overrides_and_secrets_it_has(
    home: Home, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("hunter2")
    (tmp_path / "web.env").write_text("FROM_FILE=1\nA=9\n")
    config = f'[secrets]\ntoken = "file:{tmp_path}/token"\n[environment_files]\n'
    (tmp_path / "config.toml").write_text(f'{config}"arn:aws:s3:::bucket/web.env" = "{tmp_path}/web.env"\n')
    home.session = Session(home.session.home)
    home.session.ask = lambda _: True
    volumes = [
        {"name": "scratch"},
        {"name": "folder", "host": {"sourcePath": "/run/moorage-test-folder"}},
        {"name": "shared", "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True}},
    ]
    mounts = [{"sourceVolume": "scratch", "containerPath": "/from-db"}]
    members = web(**EVERYTHING)
    members["containerDefinitions"].append({**LOUD, "name": "db", "essential": False, "mountPoints": mounts})
    members |= {"cpu": "1 vCPU", "memory": "0.5 GB", "volumes": volumes, "networkMode": "bridge"}
    override = {
        "name": "web",
        "memory": 48,
        "environment": [{"name": "A", "value": "over"}, {"name": "NEW", "value": "1"}],
    }
    found = home.run(members, overrides={"containerOverrides": [override]}).look()
    assert (found.members, found.revision, found.notes) == (members, members, ())
    assert found.overrides == {"containerOverrides": [override]}
    assert list(notes_of(found)) == ["it was launched with overrides for web, which do not count as differences"]
    assert "hunter2" not in repr(found)

    home.engine.api.update_container(home.container(), mem_limit=60 << 20, memswap_limit=60 << 20)
    changed = home.look()
    container = changed.members["containerDefinitions"][0]
    assert container["memory"] == 60
    assert container["linuxParameters"] == {**EVERYTHING["linuxParameters"], "maxSwap": 0}
    assert {**container, "memory": 32, "linuxParameters": EVERYTHING["linuxParameters"]} == members[
        "containerDefinitions"
    ][0]


@pytest.mark.parametrize(
    "modes", [{"networkMode": "awsvpc", "pidMode": "task", "ipcMode": "task"}, {"networkMode": "host"}]
)
def test_an_untouched_task_in_any_network_is_its_revision(home: Home, modes: dict[str, str]) -> None:
    members = {**web(portMappings=[{"containerPort": 80}]), **modes}
    found = home.run(members).look()
    assert (found.members, found.notes) == (members, ())


def test_the_defaults_of_an_engine_are_no_drift(fresh_engine: Callable[..., Daemon], tmp_path: Path) -> None:
    flags = ["--default-shm-size=128m", "--log-opt=max-size=1m", "--default-ulimit=nofile=512:512", "--init"]
    home = Home(tmp_path, fresh_engine(flags=flags))
    logging = {"logDriver": "json-file", "options": {"max-file": "2"}}
    ulimits = [{"name": "core", "softLimit": 1, "hardLimit": 2}]
    members = web(logConfiguration=logging, ulimits=ulimits)
    members["containerDefinitions"].append({**LOUD, "name": "plain"})
    found = home.run(members).look()
    assert (found.members, found.notes) == (members, ())


def test_what_docker_update_changes_shows_as_that(home: Home) -> None:
    members = {**web(cpu=10, memoryReservation=8), "cpu": "512"}
    home.run(members)
    api, container = home.engine.api, home.container()
    api.update_container(
        container, mem_limit=64 << 20, memswap_limit=128 << 20, mem_reservation=16 << 20, cpu_shares=99,
        restart_policy={"Name": "always"},
    )  # fmt: skip
    api._result(api._post_json(api._url("/containers/{0}/update", container), data={"NanoCpus": 10**9, "PidsLimit": 9}))
    found = home.look()
    assert found.drifted
    expected = {**LOUD, "cpu": 99, "memory": 64, "memoryReservation": 16}
    assert found.members == {**members, "cpu": "1024", "containerDefinitions": [expected]}
    assert len(found.notes) == 2
    assert found.notes[0].startswith("container web: HostConfig.RestartPolicy: restart always becomes a restartPolicy")
    assert found.notes[1] == (
        "container web: HostConfig.PidsLimit: its number of processes is limited; it is not taken over"
    )


def test_another_image_under_the_tag_and_another_network_are_told(home: Home) -> None:
    api = home.engine.api
    api.tag("busybox:latest", "mine", "1")
    members = web(image="mine:1")
    home.run(members)
    assert home.look().notes == ()
    stand_ins.load(api, "alpine:3.22")
    api.tag("alpine:3.22", "mine", "1", force=True)
    network = api.create_network("other", driver="bridge")["Id"]
    api.connect_container_to_network(home.container(), network)
    found = home.look()
    assert found.members == members
    network_note, image_note = found.notes
    assert network_note.startswith("container web: NetworkSettings.Networks: it is in the network 'other', by which")
    assert image_note == (
        "container web: Image: mine:1 names another image on its host now; a new container gets that one"
    )
    api.disconnect_container_from_network(home.container(), network, force=True)


def test_containers_that_are_missing_ended_or_strange_are_told(home: Home) -> None:
    members = web()
    members["containerDefinitions"] += [
        {**LOUD, "name": "side", "essential": False},
        {**LOUD, "name": "job", "essential": False, "command": ["sh", "-c", "exit 3"]},
    ]
    home.run(members)
    api = home.engine.api
    api.wait(home.container("job"))
    api.remove_container(home.container("side"), force=True)
    api.create_container("busybox", ["true"], name="stranger", labels={TASK: home.task})
    found = home.look()
    assert [container["name"] for container in found.members["containerDefinitions"]] == ["web", "job"]
    assert found.revision == members
    missing, ended, strange = found.notes
    assert missing.startswith("container side: is not there")
    assert ended == "container job: has ended with exit code 3"
    assert strange == "container stranger: has the task's label, and is not in its definition"


def test_another_revision_of_the_same_name_and_a_record_that_is_gone(home: Home, tmp_path: Path) -> None:
    home.run(web())
    other = Home.__new__(Home)
    other.engine, other.task = home.engine, home.task
    other.session = Session(resolve_home(str(tmp_path / "other"), {}))
    register(other.session, home.engine)
    found = other.look()
    assert (found.members, found.revision) == (web(), web())
    assert found.notes == ("web:1 is not registered here; it is told as the task was launched from it",)

    register_task_definition(other.session, json.dumps(web(memory=64)).encode(), "test")
    found = other.look()
    assert (found.members, found.revision) == (web(), web(memory=64))
    assert found.notes == ("the task was launched from another web:1 than the one that is registered here",)

    home.engine.api.remove_volume(f"{RECORD_PREFIX}{home.task}-task")
    assert home.look().members == web()
    assert home.look().notes == ("the task's record is gone: overrides that it was launched with show as differences",)
    assert other.look().members == web()
    for file in (tmp_path / "task-definitions/web").glob("1*"):
        file.unlink()
    with pytest.raises(MoorageError, match="nobody knows web:1 any more"):
        Home.look(home)


def test_running_tasks_are_those_that_run(home: Home) -> None:
    first = home.run(web()).task
    second = home.run(web(memory=64)).task
    fleet = home.session.survey(home.session.cluster("default"))
    assert [task.id for task in running_tasks_of(fleet, "web")] == [first, second]
    assert [task.id for task in running_tasks_of(fleet, "web", 2)] == [second]
    assert running_tasks_of(fleet, "web", 2, "other") == []
    stop_task(home.session, StopTaskRequest(task=first), lambda _: None)
    fleet = home.session.survey(home.session.cluster("default"))
    assert [task.id for task in running_tasks_of(fleet, "web")] == [second]


def test_of_a_task_that_nobody_has_one_line_is_said(home: Home) -> None:
    home.task = "f" * 32
    with pytest.raises(MoorageError, match=f"^task '{'f' * 32}' not found; there are none yet$"):
        home.look()
