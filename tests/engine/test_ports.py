"""Host ports of our own choice on a real engine: conflicts with what Docker does not know, and what follows of them."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.ports import PortChooser
from app.hosts.settings import HostSettings
from app.model.ids import new_id
from app.model.record import LEASE_TERM
from app.model.task import Task
from app.model.task_definition import TaskDefinition
from tests.engine.launching import LIVE, SETTINGS, Bench, child_launch, definition, left, only_records
from tests.engine_bed import Daemon, wait_until

FIRST = 41000
HTTPD = ["httpd", "-f", "-p", "80", "-h", "/www"]
WEB = {"name": "web", "command": HTTPD, "stopTimeout": 2, "portMappings": [{"containerPort": 80}]}
_HOLDER = """
import socket, sys
held = [socket.create_server(("0.0.0.0", int(port))) for port in sys.argv[1:]]
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def bench(engine: Daemon) -> Bench:
    return Bench(engine)


@contextmanager
def held(daemon: Daemon, *ports: int) -> Iterator[None]:
    """A process of the host that is no container listens there."""
    argv = daemon.machine.on_its_network([sys.executable, "-c", _HOLDER, *map(str, ports)])
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    try:
        yield
    finally:
        process.communicate("", timeout=30)


def launch(bench: Bench, made: TaskDefinition, count: int, task_id: str = "") -> Task:
    """With a range of ``count`` ports from FIRST."""
    return bench.launcher(HostSettings(host_ports=(FIRST, FIRST + count - 1))).launch(
        bench.order(made, task_id=task_id)
    )


def beginning_at(port: int, count: int) -> str:
    """An id of a task whose first choice of ``count`` ports is this one."""
    while True:
        task_id = new_id()
        if PortChooser((FIRST, FIRST + count - 1), (), task_id).block("tcp") == port:
            return task_id


def host_ports(task: Task) -> list[int]:
    assert task.last_status == "RUNNING", task.stopped_reason
    return [port.host_port for port in task.ports]


def serves(bench: Bench, port: int) -> None:
    wait_until(lambda: bench.daemon.http_get(port).text == "moorage\n", ignoring=(OSError,), what=f"port {port} serves")


def bridge(*containers: dict[str, object]) -> TaskDefinition:
    return definition(*containers, networkMode="bridge")


def test_it_stays_the_same_when_the_container_or_its_engine_is_started_again(
    fresh_engine: Callable[..., Daemon],
) -> None:
    bench = Bench(fresh_engine())
    task = bench.launcher().launch(bench.order(bridge(WEB)))
    (port,) = host_ports(task)
    assert SETTINGS.host_ports[0] <= port <= SETTINGS.host_ports[1]
    web = task.containers[0].runtime
    assert web is not None
    bench.daemon.api.restart(web.id, timeout=0)
    assert host_ports(bench.read(task.id)) == [port]
    bench.daemon.terminate()
    bench.daemon.start()
    bench.daemon.api.start(web.id)
    assert host_ports(wait_until(lambda: bench.read(task.id), ignoring=(HostError,))) == [port]
    serves(bench, port)


@pytest.mark.parametrize("free", range(4))
def test_the_only_free_port_is_found(bench: Bench, free: int) -> None:
    with held(bench.daemon, *({FIRST + offset for offset in range(4)} - {FIRST + free})):
        assert host_ports(launch(bench, bridge(WEB), 4)) == [FIRST + free]
        serves(bench, FIRST + free)


def test_what_is_free_of_the_ports_that_were_chosen_is_kept(bench: Bench) -> None:
    """Two ports of three, and one of these is a process's: the other two must do."""
    ports = [{"containerPort": 80}, {"containerPort": 90}]
    with held(bench.daemon, FIRST + 1):
        assert host_ports(launch(bench, bridge({**WEB, "portMappings": ports}), 3, beginning_at(FIRST + 1, 3))) == [
            FIRST,
            FIRST + 2,
        ]


def test_a_range_that_processes_hold_whole_is_told(bench: Bench) -> None:
    with held(bench.daemon, *range(FIRST, FIRST + 3)):
        task = launch(bench, bridge(WEB), 3)
    assert task.stopped_reason == (f"CannotStartContainerError: web: no free tcp host port from {FIRST} to {FIRST + 2}")
    assert only_records(left(bench.daemon))


def test_a_range_that_containers_hold_whole_is_told(bench: Bench) -> None:
    first = launch(bench, bridge(WEB), 1)
    task = launch(bench, bridge(WEB), 1)
    assert task.stopped_reason == f"ResourceInitializationError: no free tcp host port from {FIRST} to {FIRST}"
    assert host_ports(bench.read(first.id)) == [FIRST]


def test_a_range_of_container_ports_gets_a_row_of_host_ports(bench: Bench) -> None:
    ports = [{"containerPortRange": "80-82"}, {"containerPort": 90}]
    with held(bench.daemon, FIRST + 2):
        task = launch(bench, bridge({**WEB, "portMappings": ports}), 12, beginning_at(FIRST, 12))
        assert len(host_ports(task)) == 4
        row = [port.host_port for port in sorted(task.ports, key=lambda port: port.container_port)][:3]
        assert row == list(range(row[0], row[0] + 3))
        assert row[0] > FIRST + 2
        serves(bench, row[0])


@pytest.mark.parametrize("mode", ["bridge", "awsvpc"])
def test_launches_at_once_share_a_range_that_is_just_wide_enough(bench: Bench, mode: str) -> None:
    made = definition(WEB, networkMode=mode)
    tasks: list[Task] = []
    threads = [threading.Thread(target=lambda: tasks.append(launch(Bench(bench.daemon), made, 3))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(port for task in tasks for port in host_ports(task)) == [FIRST, FIRST + 1, FIRST + 2]


def make_image_with_volume(daemon: Daemon) -> None:
    made = daemon.api.create_container("busybox", ["true"])
    daemon.api.commit(made["Id"], "with-volume", "1", changes=["VOLUME /data"])
    daemon.api.remove_container(made["Id"])


def test_a_volume_without_a_name_is_still_shared_when_its_container_moves_to_other_ports(bench: Bench) -> None:
    make_image_with_volume(bench.daemon)
    write = {"image": "with-volume:1", "command": ["sh", "-c", f"echo from-web >/data/file; {LIVE[2]}"]}
    read = ["sh", "-c", f"while [ ! -e /data/file ]; do sleep 0.05; done; cat /data/file; {LIVE[2]}"]
    client = {"name": "client", "command": read, "volumesFrom": [{"sourceContainer": "web"}]}
    # It is there already when its source is made again, and waits for it.
    waits = {"dependsOn": [{"containerName": "web", "condition": "START"}]}
    with held(bench.daemon, FIRST):
        task = launch(bench, bridge({**client, **waits}, {**WEB, **write}), 2, beginning_at(FIRST, 2))
    assert host_ports(task) == [FIRST + 1]
    wait_until(lambda: bench.output(task, "client") == "from-web\n")


def test_what_shares_the_network_of_a_pause_container_follows_it_to_other_ports(bench: Bench) -> None:
    """The containers are bound to the pause container's id, and a volume without a name to its container's."""
    daemon = bench.daemon
    make_image_with_volume(daemon)
    client = f"timeout 5 wget -qO- http://127.0.0.1/; cat /data/file; {LIVE[2]}"
    task_definition = definition(
        {
            "name": "client",
            "command": ["sh", "-c", f"while [ ! -e /data/file ]; do sleep 0.05; done; {client}"],
            "volumesFrom": [{"sourceContainer": "web"}],
        },
        {
            **WEB,
            "image": "with-volume:1",
            "command": ["sh", "-c", f"echo from-web >/data/file; exec {' '.join(HTTPD)}"],
            "linuxParameters": {"initProcessEnabled": True},
        },
        networkMode="awsvpc",
    )
    with held(daemon, FIRST, FIRST + 2):
        task = launch(bench, task_definition, 3, beginning_at(FIRST, 3))
        assert host_ports(task) == [FIRST + 1]
        wait_until(lambda: "moorage\nfrom-web\n" in bench.output(task, "client"), what="they share network and volume")
        serves(bench, FIRST + 1)
    assert len([name for name in left(daemon).volumes if not name.startswith("moorage-")]) == 1


@pytest.mark.parametrize("mode", ["bridge", "awsvpc"])
def test_whoever_looks_while_a_container_is_made_again_finds_nothing_wrong(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """A container that somebody removed ends its task; one that its launch makes again is only late."""
    task_id, seen = beginning_at(FIRST, 8), list[tuple[str, str, object]]()
    remove = Engine.remove_container

    def remove_and_look(engine: Engine, container: str) -> None:
        remove(engine, container)
        task = bench.read(task_id)
        seen.append((task.last_status, task.desired_status, bench.due(task)))

    monkeypatch.setattr(Engine, "remove_container", remove_and_look)
    with held(bench.daemon, *({FIRST, FIRST + 1} - {FIRST + 1})), held(bench.daemon, *range(FIRST + 2, FIRST + 8)):
        task = launch(bench, definition(WEB, {}, networkMode=mode), 8, task_id)
    assert host_ports(task) == [FIRST + 1]
    assert set(seen) <= {("PENDING", "RUNNING", None)}
    assert seen, "a conflict came up"
    assert left(bench.daemon).records == [f"{task_id}-start", f"{task_id}-task"]


@pytest.mark.parametrize("mode", ["bridge", "awsvpc"])
def test_a_launcher_killed_while_it_makes_a_container_again(bench: Bench, mode: str) -> None:
    task_id = new_id()
    chosen = PortChooser(SETTINGS.host_ports, (), task_id).block("tcp")
    with held(bench.daemon, chosen):
        child = child_launch(bench.daemon, task_id, definition(WEB, networkMode=mode), "between-remove-and-create")
        said, _ = child.communicate(timeout=60)
    assert (child.returncode, said) == (-signal.SIGKILL, "")
    seen = bench.read(task_id)
    assert (seen.last_status, seen.desired_status, bench.due(seen)) == ("PENDING", "RUNNING", None)
    assert bench.due(seen, LEASE_TERM * 2) == "undo"
    bench.supervise(task_id, LEASE_TERM * 2)
    assert bench.read(task_id).stopped_reason == "The launch was cut off and not resumed"
    assert only_records(left(bench.daemon))


def test_a_launcher_killed_when_only_the_pause_container_is_made_again(bench: Bench) -> None:
    """Whoever finishes the launch binds the others to the new one."""
    task_id = new_id()
    chosen = PortChooser(SETTINGS.host_ports, (), task_id).block("tcp")
    with held(bench.daemon, chosen):
        child = child_launch(bench.daemon, task_id, definition(WEB, networkMode="awsvpc"), "between-replacements")
        assert child.wait(60) == -signal.SIGKILL
        child.communicate()
        assert bench.due(bench.read(task_id), LEASE_TERM * 2) == "finish"
        bench.supervise(task_id, LEASE_TERM * 2)
        (port,) = host_ports(bench.read(task_id))
        assert port != chosen
        serves(bench, port)
