"""Docker Swarm as a scheduler, on two real engines in one swarm: it chooses the node, Moorage runs the task."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.labels import PLACEHOLDER, placeholder_name
from app.hosts.placeholder_image import PLACEHOLDER_IMAGE, ensure_placeholder_image
from app.hosts.swarm import Wanted, give_place_back, service_spec
from app.model.errors import MoorageError
from app.model.ids import new_id
from app.model.requests import StopTaskRequest
from app.model.resources import Resources
from app.model.task import Task
from app.operations.launch import Launched
from app.operations.monitor import Monitor
from app.operations.placeholders import BEGUN_WITHIN, CHOSEN_WITHIN, sweep
from app.operations.supervision import Supervision
from app.operations.tasks import stop_task
from app.operations.waiting import stay_until_stopped
from app.placement.constraints import NOT_A_MEMBER
from tests.engine.launching import ROOT
from tests.engine.test_golden_placement import Pool
from tests.engine_bed import Bed, Daemon, DaemonOptions, wait_until
from tests.engine_bed.wiring import wire

MIB = 1 << 20
SHORT = {"command": ["sh", "-c", "exit 0"]}


@dataclass
class Swarm:
    """A manager, a worker, and what Swarm's books say."""

    manager: Daemon
    worker: Daemon

    @property
    def daemons(self) -> tuple[Daemon, Daemon]:
        return self.manager, self.worker

    def node(self, daemon: Daemon) -> str:
        return str(daemon.api.info()["Swarm"]["NodeID"])

    def services(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.manager.api.services()
        return found

    def booked(self) -> dict[str, int]:
        """MiB that Swarm has reserved on each engine, by its name."""
        names = {self.node(daemon): daemon.name for daemon in self.daemons}
        books: Counter[str] = Counter()
        for task in self.manager.api.tasks(filters={"desired-state": ["running", "ready"]}):
            reserved = task["Spec"].get("Resources", {}).get("Reservations", {})
            if "NodeID" in task:
                books[names[task["NodeID"]]] += reserved.get("MemoryBytes", 0) // MIB
        return dict(books)

    def containers(self) -> list[dict[str, Any]]:
        """What Swarm runs, on both engines."""
        return [
            found
            for daemon in self.daemons
            for found in daemon.api.containers(all=True, filters={"label": PLACEHOLDER})
        ]

    def nothing_left(self) -> bool:
        return not self.services() and not self.containers()


@pytest.fixture(scope="module")
def wired(engine_bed: Bed) -> Iterator[Swarm]:
    swarm = Swarm(*(engine_bed.fresh(name, DaemonOptions()) for name in ("edge-1", "edge-2")))
    try:
        one, two = wire(swarm.manager, swarm.worker)
        swarm.manager.api.init_swarm(advertise_addr=one, listen_addr=f"{one}:2377")
        token = swarm.manager.api.inspect_swarm()["JoinTokens"]["Worker"]
        swarm.worker.api.join_swarm([f"{one}:2377"], token, advertise_addr=two, listen_addr=f"{two}:2377")
        wait_until(lambda: len(swarm.manager.api.nodes()) == 2, what="both are nodes")
        yield swarm
    finally:
        for daemon in swarm.daemons:
            engine_bed.discard(daemon)


@pytest.fixture
def swarm(wired: Swarm) -> Iterator[Swarm]:
    """Ready nodes with nothing on them; each test has to leave nothing of Swarm behind."""
    wait_until(lambda: all(node["Status"]["State"] == "ready" for node in wired.manager.api.nodes()), what="ready")
    yield wired
    left = wired.services()
    for service in left:
        wired.manager.api.remove_service(service["ID"])
    for daemon in wired.daemons:
        for found in daemon.api.containers(all=True, filters={"label": "moorage.task"}):
            daemon.api.remove_container(found["Id"], force=True)
        for volume in daemon.api.volumes()["Volumes"] or []:
            daemon.api.remove_volume(volume["Name"])
    assert left == []


@pytest.fixture
def pool(swarm: Swarm, tmp_path: Path) -> Pool:
    """Both are instances of ``default``; ``web`` asks for 64 MiB and a quarter of a core."""
    made = Pool(tmp_path, *swarm.daemons)
    made.define("web", {"memory": 64, "cpu": 256})
    return made


def run(pool: Pool, family: str = "web", count: int = 1, **members: Any) -> Launched:
    return pool.run(family, count, scheduler="swarm", **members)


def stop(pool: Pool, *tasks: Task) -> None:
    for task in tasks:
        stop_task(pool.session, StopTaskRequest(task=task.id), lambda _: None)


def engine(daemon: Daemon) -> Engine:
    return Engine(parse_endpoint(daemon.endpoint))


def instances_by_node(pool: Pool, swarm: Swarm) -> dict[str, Any]:
    fleet = pool.session.survey(pool.cluster)
    by_name = {key.name: state.instance for key, state in fleet.instances.items()}
    return {swarm.node(daemon): by_name[daemon.name] for daemon in swarm.daemons}


# --- six tasks --------------------------------------------------------------------------------------------------------


def test_six_tasks_are_placed_by_swarm_run_by_moorage_and_leave_nothing(pool: Pool, swarm: Swarm) -> None:
    launched = run(pool, count=6)
    assert launched.failures == []
    assert [task.last_status for task in launched.tasks] == ["RUNNING"] * 6
    assert Counter(task.instance.name for task in launched.tasks) == {"edge-1": 3, "edge-2": 3}

    services = swarm.services()
    assert {service["Spec"]["Name"] for service in services} == {placeholder_name(task.id) for task in launched.tasks}
    assert swarm.booked() == {"edge-1": 3 * 64, "edge-2": 3 * 64}
    reserved = services[0]["Spec"]["TaskTemplate"]["Resources"]["Reservations"]
    assert reserved == {"NanoCPUs": 250_000_000, "MemoryBytes": 64 * MIB}
    # Each is kept where its task runs.
    nodes = {daemon.name: swarm.node(daemon) for daemon in swarm.daemons}
    kept = {
        service["Spec"]["Name"]: service["Spec"]["TaskTemplate"]["Placement"]["Constraints"] for service in services
    }
    assert kept == {placeholder_name(task.id): [f"node.id=={nodes[task.instance.name]}"] for task in launched.tasks}

    first, *others = launched.tasks
    stop(pool, first)
    assert len(swarm.services()) == 5
    stop(pool, *others)
    assert swarm.services() == []
    wait_until(swarm.nothing_left, within=20, what="nothing of Swarm left")


def test_a_placeholder_can_do_nothing_and_is_no_foreign_container(pool: Pool, swarm: Swarm) -> None:
    wait_until(swarm.nothing_left, within=20, what="earlier tests' placeholders gone")
    (task,) = run(pool).tasks
    daemon = next(one for one in swarm.daemons if one.name == task.instance.name)
    (found,) = wait_until(swarm.containers, what="Swarm runs the placeholder")
    wait_until(lambda: daemon.api.inspect_container(found["Id"])["State"]["Running"], what="it runs")
    detail = daemon.api.inspect_container(found["Id"])
    host = detail["HostConfig"]
    assert (detail["Config"]["User"], host["ReadonlyRootfs"], host["CapDrop"]) == ("65534:65534", True, ["ALL"])
    assert detail["Config"]["Image"].startswith("sha256:")
    state = pool.session.survey(pool.cluster).instances[task.instance]
    assert [one.placeholder for one in state.containers.values()].count(True) == 1
    assert (state.unmanaged, list(state.tasks)) == ([], [task.id])
    # Not even its loss takes the place out of the books.
    daemon.api.remove_container(found["Id"], force=True)
    wait_until(lambda: [one["Id"] for one in swarm.containers()] not in ([], [found["Id"]]), within=20, what="again")
    assert swarm.booked() == {task.instance.name: 64}
    stop(pool, task)


def test_the_image_has_the_same_id_on_every_node(swarm: Swarm) -> None:
    ids = {ensure_placeholder_image(engine(daemon), "x86_64") for daemon in swarm.daemons}
    assert len(ids) == 1


def test_another_image_of_the_name_is_not_run(swarm: Swarm) -> None:
    api = swarm.worker.api
    right = ensure_placeholder_image(engine(swarm.worker), "x86_64")
    api.tag("busybox:latest", *PLACEHOLDER_IMAGE.split(":"))
    assert api.inspect_image(PLACEHOLDER_IMAGE)["Id"] != right
    assert ensure_placeholder_image(engine(swarm.worker), "x86_64") == right


# --- no room, no node, no manager -------------------------------------------------------------------------------------


def test_what_swarm_has_no_room_for_fails_with_its_words_and_keeps_no_place(pool: Pool, swarm: Swarm) -> None:
    """Services of others fill the nodes in Swarm's books, which Moorage's own know nothing of."""
    wait_until(swarm.nothing_left, within=20, what="earlier tests' placeholders out of the books")
    for daemon in swarm.daemons:
        node = next(one for one in swarm.manager.api.nodes() if one["ID"] == swarm.node(daemon))
        fill(swarm, daemon, node["Description"]["Resources"]["MemoryBytes"] - 100 * MIB)
    wait_until(lambda: len(swarm.booked()) == 2, what="both are full")
    launched = run(pool, count=4)
    assert Counter(task.instance.name for task in launched.tasks) == {"edge-1": 1, "edge-2": 1}
    assert pool.failures(launched) == {"edge-1": "SCHEDULER", "edge-2": "SCHEDULER"}
    detail = launched.failures[0]["detail"]
    assert "Swarm: no suitable node (insufficient resources on 2 nodes)" in detail
    assert len(swarm.services()) == 4
    # What has just stopped makes room at once, though Swarm learns of it a moment later.
    for task in launched.tasks:
        stop(pool, task)
        (again,) = run(pool).tasks
        assert again.instance == task.instance
    stop(pool, *pool.session.survey(pool.cluster).tasks())
    for service in swarm.services():
        swarm.manager.api.remove_service(service["ID"])
    wait_until(lambda: not others(swarm), within=30, what="the others out of the books")


def others(swarm: Swarm) -> list[Any]:
    label = "com.docker.swarm.service.name"
    return [
        found
        for daemon in swarm.daemons
        for found in daemon.api.containers(all=True, filters={"label": label})
        if found["Labels"][label].startswith("other-")
    ]


def fill(swarm: Swarm, daemon: Daemon, memory: int) -> None:
    """As somebody else's service would."""
    image = ensure_placeholder_image(engine(daemon), "x86_64")
    spec = {
        "Name": f"other-{daemon.name}",
        "TaskTemplate": {
            "ContainerSpec": {"Image": image},
            "Resources": {"Reservations": {"MemoryBytes": memory}},
            "Placement": {"Constraints": [f"node.id=={swarm.node(daemon)}"]},
        },
    }
    engine(swarm.manager).create_service(spec)


def test_moorages_own_limits_hold_for_swarm_too(pool: Pool, swarm: Swarm) -> None:
    """A port, a constraint, an instance's memory: Swarm knows of none of them."""
    pool.define("port", {"portMappings": [{"containerPort": 80, "hostPort": 8080}]}, networkMode="bridge")
    launched = run(pool, "port", 3)
    assert Counter(task.instance.name for task in launched.tasks) == {"edge-1": 1, "edge-2": 1}
    assert set(pool.failures(launched).values()) == {"RESOURCE:PORTS"}
    assert len(swarm.services()) == 2
    stop(pool, *launched.tasks)

    pool.put("edge-2", zone="b")
    only = [{"type": "memberOf", "expression": "attribute:zone == b"}]
    pool.trim({"edge-2": 130})
    launched = run(pool, "web", 3, placementConstraints=only)
    assert [task.instance.name for task in launched.tasks] == ["edge-2", "edge-2"], launched.failures
    assert pool.failures(launched) == {"edge-1": NOT_A_MEMBER, "edge-2": "RESOURCE:MEMORY"}
    stop(pool, *launched.tasks)


def test_a_host_outside_the_swarm_is_refused(swarm: Swarm, engines: list[Daemon], tmp_path: Path) -> None:
    pool = Pool(tmp_path, *swarm.daemons, engines[0])
    pool.define("web", {"memory": 64})
    launched = run(pool, count=3, placementConstraints=[{"type": "distinctInstance"}])
    assert {task.instance.name for task in launched.tasks} == {"edge-1", "edge-2"}
    (detail,) = [found["detail"] for found in launched.failures if found["reason"] == "SCHEDULER"]
    assert detail == f"{engines[0].name}: not a node of the swarm"
    stop(pool, *launched.tasks)


def test_a_node_that_is_drained_in_swarm_is_not_chosen(pool: Pool, swarm: Swarm) -> None:
    set_availability(swarm, "drain")
    try:
        launched = run(pool, count=2)
        assert [task.instance.name for task in launched.tasks] == ["edge-1", "edge-1"]
        stop(pool, *launched.tasks)
    finally:
        set_availability(swarm, "active")


def set_availability(swarm: Swarm, availability: str) -> None:
    node = swarm.manager.api.inspect_node(swarm.node(swarm.worker))
    swarm.manager.api.update_node(node["ID"], node["Version"]["Index"], {**node["Spec"], "Availability": availability})


def test_without_a_manager_there_is_one_line_that_says_what_to_do(swarm: Swarm, tmp_path: Path) -> None:
    pool = Pool(tmp_path, swarm.worker)
    pool.define("web")
    with pytest.raises(MoorageError) as caught:
        run(pool)
    assert caught.value.message == (
        "no instance of cluster default is a Swarm manager: run docker swarm init on one, or choose another scheduler"
    )
    assert not pool.session.survey(pool.cluster).tasks()


def test_a_manager_that_does_not_answer_is_told_in_one_line(
    swarm: Swarm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Pool(tmp_path, *swarm.daemons)
    pool.define("web")
    monkeypatch.setattr("app.operations.session.SURVEY_DEADLINE", 0.5)
    swarm.manager.pause()
    try:
        with pytest.raises(MoorageError) as caught:
            run(pool)
    finally:
        swarm.manager.resume()
    assert caught.value.message == (
        "no instance of cluster default that answers (edge-1 does not) is a Swarm manager: "
        "run docker swarm init on one, or choose another scheduler"
    )


def test_a_manager_that_fails_midway_leaves_no_place_kept(
    pool: Pool, swarm: Swarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_create = Engine.create_service
    created: list[str] = []

    def create(self: Engine, spec: Any) -> str:
        if len(created) == 2:
            raise HostError("rpc error: the swarm does not have a leader", "failed")
        created.append(spec["Name"])
        return true_create(self, spec)

    monkeypatch.setattr(Engine, "create_service", create)
    with pytest.raises(MoorageError) as caught:
        run(pool, count=3)
    assert caught.value.message == "Docker Swarm's manager edge-1 failed: rpc error: the swarm does not have a leader"
    assert (len(created), swarm.services()) == (2, [])
    assert not pool.session.survey(pool.cluster).tasks()


def test_two_who_launch_at_once_leave_a_place_for_each_task_that_runs_and_no_other(pool: Pool, swarm: Swarm) -> None:
    """Room for three by Moorage's books, of which Swarm knows nothing: who comes second gives its places back."""
    pool.trim({"edge-1": 130, "edge-2": 70})
    with ThreadPoolExecutor(2) as hands:
        both = list(hands.map(lambda _: run(pool, count=3), range(2)))
    running = [task for task in pool.session.survey(pool.cluster).tasks() if task.last_status == "RUNNING"]
    assert Counter(task.instance.name for task in running) == {"edge-1": 2, "edge-2": 1}
    assert sum(len(launched.failures) for launched in both) > 0
    assert {service["Spec"]["Name"] for service in swarm.services()} == {placeholder_name(task.id) for task in running}
    stop(pool, *running)


# --- the end of a task ------------------------------------------------------------------------------------------------


def test_a_task_that_ends_by_itself_gives_its_place_back(pool: Pool, swarm: Swarm) -> None:
    """By ``run-task --wait``, which is there when it ends."""
    pool.define("job", SHORT)
    launched = run(pool, "job")
    stay_until_stopped(pool.session, "default", launched.tasks, lambda _: None, lambda _: None)
    assert swarm.services() == []


def test_whoever_watches_gives_back_the_place_of_a_task_that_is_over(
    pool: Pool, swarm: Swarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.operations.placeholders.LOOK_EVERY", 0.5)
    (task,) = run(pool).tasks
    daemon = next(one for one in swarm.daemons if one.name == task.instance.name)
    told: list[str] = []
    monitor = Monitor(pool.session, lambda: None)
    supervision = Supervision(pool.session, lambda _, what: told.append(what), told.append)
    try:
        monitor.refresh()

        def all_gone() -> bool:
            monitor.refresh()
            monitor.pump()
            supervision.consider(monitor.fleet)
            return not swarm.services()

        live = [state.live for state in monitor.fleet.instances.values()]
        assert not all_gone(), live  # it runs
        (container,) = daemon.api.containers(filters={"label": f"moorage.task={task.id}"})
        daemon.api.kill(container["Id"])
        wait_until(all_gone, within=30, every=0.1, what="the place is given back")
    finally:
        monitor.stop()
        supervision.close()
    wait_until(lambda: not supervision.busy, what="it has told")
    assert "gave back the place of a task that is over in Docker Swarm" in told


def test_the_place_that_a_killed_launcher_asked_for_is_given_back_later(pool: Pool, swarm: Swarm) -> None:
    """It was killed between placing and creating: on the host there is nothing of the task."""
    child = subprocess.run(
        [sys.executable, str(ROOT / "moorage.py"), "--home", str(pool.session.home.state.parent), "run-task",
         "--task-definition", "web", "--scheduler", "swarm"],
        cwd=ROOT,
        env={**os.environ, "MOORAGE_CRASHPOINT": "placed-by-swarm"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL, child.stderr
    (service,) = swarm.services()
    manager, nodes = engine(swarm.manager), instances_by_node(pool, swarm)
    assert sweep(pool.session, manager, nodes) == []
    later = manager.now() + BEGUN_WITHIN + timedelta(seconds=1)
    # Where its node is not looked at, the task may well be.
    assert sweep(pool.session, manager, {}, now=later) == []
    task_id = service["Spec"]["Labels"][PLACEHOLDER]
    assert sweep(pool.session, manager, nodes, {task_id}, now=later) == []
    assert sweep(pool.session, manager, nodes, now=later) == [task_id]


def test_a_place_without_a_node_is_given_back(pool: Pool, swarm: Swarm) -> None:
    """Its scheduler was killed while Swarm had no room."""
    task_id, manager = new_id(), engine(swarm.manager)
    image = ensure_placeholder_image(manager, "x86_64")
    manager.create_service(service_spec(Wanted(task_id, "default", Resources(memory=1 << 30), image)))
    assert sweep(pool.session, manager, {}) == []
    later = manager.now() + CHOSEN_WITHIN + timedelta(seconds=1)
    assert sweep(pool.session, manager, {}, now=later) == [task_id]


def test_a_service_of_somebody_elses_is_never_removed(pool: Pool, swarm: Swarm) -> None:
    manager, later = engine(swarm.manager), timedelta(days=1)
    fill(swarm, swarm.worker, 4 * MIB)
    image = ensure_placeholder_image(manager, "x86_64")
    task_id = new_id()
    container = {"ContainerSpec": {"Image": image}}
    manager.create_service({"Name": "copy", "Labels": {PLACEHOLDER: task_id}, "TaskTemplate": container})
    manager.create_service({"Name": placeholder_name(task_id), "TaskTemplate": container})
    assert sweep(pool.session, manager, instances_by_node(pool, swarm), now=manager.now() + later) == []
    with pytest.raises(HostError, match="is not Moorage's"):
        give_place_back(manager, task_id)
    assert len(swarm.services()) == 3
    for service in swarm.services():
        swarm.manager.api.remove_service(service["ID"])
