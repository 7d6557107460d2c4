"""What the tests of launches share: an engine under test, orders for it, and a look at what is left on its host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.labels import TASK
from app.hosts.launcher import Launcher, LaunchOrder, part_names
from app.hosts.settings import HostSettings
from app.hosts.stopping import mark_stopped, stop_in_order
from app.hosts.supervisor import Due, Hand, act, due
from app.hosts.task_objects import read_task
from app.model.definition_document import definition_from
from app.model.ids import new_id
from app.model.instance import InstanceKey
from app.model.manifest import write_manifest
from app.model.progress import Progress
from app.model.record import RECORD_PREFIX, TaskRecord
from app.model.reservation import reservation
from app.model.resources import Resources
from app.model.task import Task
from app.model.task_definition import TaskDefinition
from tests.engine_bed import Daemon

ROOT = Path(__file__).parents[2]
HOST = InstanceKey("default", "edge")
ROOM = Resources(4096, 4096)
SETTINGS = HostSettings()
LIVE = ["sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done"]
"""Runs until it is asked to end, and then ends with 7."""
DEAF = ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"]


def definition(*containers: dict[str, Any], **members: Any) -> TaskDefinition:
    """Containers of busybox that run until they are told to stop, without a network unless one is asked for."""
    filled = [
        {"name": f"c{number}", "image": "busybox", "memory": 8, "command": LIVE, "stopTimeout": 2, **given}
        for number, given in enumerate(containers or ({},))
    ]
    document = {"family": "web", "networkMode": "none", "containerDefinitions": filled, **members}
    return definition_from(document, "test").definition


@dataclass
class Bench:
    """One engine, and everything that a launch on it told."""

    daemon: Daemon
    told: list[Progress] = field(default_factory=list)
    began: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        self.engine = Engine(parse_endpoint(self.daemon.endpoint))

    def launcher(self, settings: HostSettings = SETTINGS) -> Launcher:
        return Launcher(self.engine, HOST, self.told.append, settings)

    def due(self, task: Task, later: timedelta = timedelta(0)) -> Due | None:
        """What a supervisor would find due on a task, in a while."""
        return due(task, self.engine.now() + later, SETTINGS.retention)

    def act(self, task: Task, what: Due | None, owner: str = "agent", room: Resources = ROOM) -> str:
        return act(self.engine, task, what, Hand(owner, self.told.append, room, SETTINGS)) if what else ""

    def supervise(self, task_id: str, later: timedelta = timedelta(0), owner: str = "agent") -> str:
        """One step of a supervisor that has just looked."""
        task = self.read(task_id)
        return self.act(task, self.due(task, later), owner)

    def order(self, made: TaskDefinition, *, task_id: str = "", room: Resources = ROOM) -> LaunchOrder:
        return order(self.engine, made, task_id or new_id(), room)

    def launch(self, *containers: dict[str, Any], **members: Any) -> Task:
        return self.launcher().launch(self.order(definition(*containers, **members)))

    def stop(self, task: Task, reason: str = "bye") -> Task:
        mark_stopped(self.engine, task.id, "UserInitiated", reason, "me")
        stopped = stop_in_order(self.engine, self.read(task.id), self.told.append)
        assert stopped is not None
        return stopped

    def read(self, task_id: str) -> Task:
        found = read_task(self.engine, HOST, task_id)
        assert found is not None
        return found

    def events(self, *actions: str) -> list[tuple[str, str]]:
        """The engine's own log since this bench was made: (action, name of the container in its task)."""
        until = str(time.time())
        stream = self.daemon.api.events(
            since=f"{self.began:.3f}", until=until, decode=True, filters={"type": "container", "event": list(actions)}
        )
        return [(event["Action"], event["Actor"]["Attributes"].get("moorage.container", "")) for event in stream]

    def log_of(self, task: Task) -> list[tuple[str, str]]:
        """As ``events``, of one task alone: its starts, ends and verdicts of health."""
        actions = ["start", "die", "health_status"]
        filters = {"type": "container", "event": actions, "label": f"{TASK}={task.id}"}
        stream = self.daemon.api.events(since=f"{self.began:.3f}", until=str(time.time()), decode=True, filters=filters)
        return [(event["Action"], event["Actor"]["Attributes"]["moorage.container"]) for event in stream]

    def names_of(self, task: Task, action: str) -> list[str]:
        return [name for seen, name in self.log_of(task) if seen == action]

    def output(self, task: Task, name: str) -> str:
        runtime = next(part.runtime for part in task.containers if part.name == name)
        assert runtime is not None
        return bytes(self.daemon.api.logs(runtime.id)).decode()


def order(engine: Engine, made: TaskDefinition, task_id: str, room: Resources = ROOM) -> LaunchOrder:
    record = TaskRecord(
        task_id=task_id,
        cluster="default",
        family=made.family,
        revision=1,
        group="family:web",
        started_by="me",
        created_at=engine.now(),
        reservation=reservation(made),
        launcher=f"me-{task_id[:8]}",
        containers=part_names(made),
        manifest=write_manifest(made.model_dump(by_alias=True, exclude_unset=True), {}),
    )
    return LaunchOrder(record, made, room)


def moved(what: LaunchOrder, **changes: Any) -> LaunchOrder:
    """The order with changes in the task's record."""
    return replace(what, record=replace(what.record, **changes))


@dataclass(frozen=True)
class Left:
    """What is on a host: names of containers, of networks beside Docker's own, of volumes and of records."""

    containers: list[str]
    networks: list[str]
    volumes: list[str]
    records: list[str]


def left(daemon: Daemon) -> Left:
    api = daemon.api
    volumes = sorted(volume["Name"] for volume in api.volumes()["Volumes"] or [])
    return Left(
        containers=sorted(entry["Names"][0].removeprefix("/") for entry in api.containers(all=True)),
        networks=sorted({network["Name"] for network in api.networks()} - {"bridge", "host", "none"}),
        volumes=[name for name in volumes if not name.startswith(RECORD_PREFIX)],
        records=[name.removeprefix(RECORD_PREFIX) for name in volumes if name.startswith(RECORD_PREFIX)],
    )


NOTHING = Left([], [], [], [])


def only_records(found: Left) -> bool:
    return bool(found.records) and replace(found, records=[]) == NOTHING


def child_launch(
    daemon: Daemon, task_id: str, made: TaskDefinition, crashpoint: str = "", *, endpoint: str = ""
) -> subprocess.Popen[str]:
    """A process of its own that launches a task, and kills itself at the crash point. ``endpoint``: a detour."""
    document = json.dumps(made.model_dump(by_alias=True, exclude_unset=True))
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.engine.launch_child", endpoint or daemon.endpoint, task_id],
        cwd=ROOT,
        env={**os.environ, "MOORAGE_CRASHPOINT": crashpoint},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert child.stdin is not None
    child.stdin.write(document)
    child.stdin.close()
    child.stdin = None
    return child
