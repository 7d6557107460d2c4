"""Much at once on one engine: ten containers in a task, a task twice, sixty tasks with links, ten in awsvpc mode."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.hosts.launcher import LaunchOrder
from app.model.resources import Resources
from app.model.task import Task
from tests.engine.launching import LIVE, Bench, definition, left
from tests.engine_bed import Daemon, wait_until

ROOM = Resources(65536, 65536)


@pytest.fixture
def bench(engine: Daemon) -> Bench:
    return Bench(engine)


def launch_all(bench: Bench, orders: Sequence[LaunchOrder], at_once: int = 4) -> list[Task]:
    """Launch with as many hands as run-task has for one instance."""
    with ThreadPoolExecutor(at_once) as hands:
        return list(hands.map(lambda order: bench.launcher().launch(order), orders))


# --- ten containers ---------------------------------------------------------------------------------------------------


def after(name: str, condition: str) -> dict[str, Any]:
    return {"dependsOn": [{"containerName": name, "condition": condition}]}


DATA = {"mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}]}
TEN = definition(
    {"name": "proxy", "links": ["web:backend"], "portMappings": [{"containerPort": 80}], **after("web", "HEALTHY")},
    {
        "name": "web",
        "links": ["db:sql", "cache"],
        **DATA,
        "command": ["sh", "-c", f"cat /data/schema >/up; {LIVE[2]}"],
        "healthCheck": {"command": ["CMD", "test", "-s", "/up"], "interval": 5, "retries": 2},
        **after("migrate", "SUCCESS"),
    },
    {
        "name": "migrate",
        "essential": False,
        "links": ["db"],
        **DATA,
        "command": ["sh", "-c", "grep made /data/file >/data/schema"],
        **after("db", "HEALTHY"),
    },
    {
        "name": "db",
        **DATA,
        "command": ["sh", "-c", f"echo made >/data/file; {LIVE[2]}"],
        "healthCheck": {"command": ["CMD-SHELL", "test -e /data/file"], "interval": 5},
        **after("seed", "COMPLETE"),
    },
    {"name": "seed", "essential": False, **DATA, "command": ["sh", "-c", "echo seed >/data/seed; exit 1"]},
    {"name": "cache"},
    {"name": "worker", "links": ["cache"], **after("web", "START")},
    {"name": "backup", "essential": False, "volumesFrom": [{"sourceContainer": "db", "readOnly": True}]},
    {"name": "metrics", **after("proxy", "START")},
    {"name": "logs", "essential": False, "volumesFrom": [{"sourceContainer": "web"}]},
    family="ten",
    networkMode="bridge",
    volumes=[{"name": "data"}],
)


def before(log: Sequence[str], *names: str) -> bool:
    """Does the log have these names in this order?"""
    places = [log.index(name) for name in names]
    return places == sorted(places)


def test_ten_containers_twice_on_one_host(bench: Bench) -> None:
    first = bench.launcher().launch(bench.order(TEN, room=ROOM))
    assert (first.last_status, len(first.containers)) == ("RUNNING", 10)
    codes = {part.name: part.exit_code for part in first.containers if part.exit_code is not None}
    assert codes == {"migrate": 0, "seed": 1}
    second = bench.launcher().launch(bench.order(TEN, room=ROOM))
    assert (second.last_status, bench.read(first.id).last_status) == ("RUNNING", "RUNNING")
    assert {port.host_port for port in first.ports}.isdisjoint(port.host_port for port in second.ports)

    for task in (first, second):
        starts = bench.names_of(task, "start")
        assert sorted(starts) == sorted(part.name for part in task.containers)
        assert before(starts, "seed", "db", "migrate", "web", "proxy", "metrics")
        assert before(starts, "web", "worker")
        assert before(starts, "cache", "web")
        log = bench.log_of(task)
        assert log.index(("die", "seed")) < log.index(("start", "db"))
        assert log.index(("health_status: healthy", "db")) < log.index(("start", "migrate"))
        assert log.index(("die", "migrate")) < log.index(("start", "web"))
        assert log.index(("health_status: healthy", "web")) < log.index(("start", "proxy"))

    stopped = bench.stop(first)
    assert (stopped.last_status, bench.read(second.id).last_status) == ("STOPPED", "RUNNING")
    ends = [name for name in bench.names_of(first, "die") if name not in ("seed", "migrate")]
    assert before(ends, "metrics", "proxy", "web", "db")
    assert before(ends, "worker", "web", "cache")
    assert before(ends, "backup", "db")
    assert before(ends, "logs", "web")
    found = left(bench.daemon)
    assert found.volumes == sorted(f"moorage-volume-{task.id[:12]}-data" for task in (first, second))
    assert found.networks == [f"moorage-{second.id[:12]}"]


# --- sixty, and ten ---------------------------------------------------------------------------------------------------

PAIR = definition(
    {"name": "db", "command": ["sh", "-c", "echo from-db >/www/index.html; exec httpd -f -p 80 -h /www"]},
    {
        "name": "web",
        "links": ["db"],
        "portMappings": [{"containerPort": 80}],
        "command": ["sh", "-c", "timeout 5 wget -qO /www/index.html http://db/; exec httpd -f -p 80 -h /www"],
    },
    networkMode="bridge",
)


def test_sixty_tasks_in_bridge_mode_on_one_engine(fresh_engine: Callable[..., Daemon]) -> None:
    """Each has a network of its own, twice as many as Docker's address pools give, and a host port of our choice."""
    bench = Bench(fresh_engine())
    tasks = launch_all(bench, [bench.order(PAIR, room=ROOM) for _ in range(60)])
    assert {task.last_status for task in tasks} == {"RUNNING"}
    assert len({port.host_port for task in tasks for port in task.ports}) == 60
    assert len(left(bench.daemon).networks) == 60
    for task in tasks[::10]:
        (port,) = task.ports
        wait_until(functools.partial(answers, bench.daemon, port.host_port, "/", "from-db"), ignoring=(OSError,))


SHARED = definition(
    {
        "name": "server",
        "command": ["sh", "-c", "echo $HOSTNAME >/www/index.html; exec httpd -f -p 80 -h /www"],
        "portMappings": [{"containerPort": 80}],
    },
    {
        "name": "client",
        "command": ["sh", "-c", "timeout 9 wget -qO- http://127.0.0.1/ && exec httpd -f -p 81 -h /etc"],
        "portMappings": [{"containerPort": 81, "hostPort": 81}],
        "dependsOn": [{"containerName": "server", "condition": "START"}],
    },
    networkMode="awsvpc",
)


def test_ten_tasks_in_awsvpc_mode_on_one_engine(bench: Bench) -> None:
    """All publish the same ports: each has an address of its own, and host ports of our choice."""
    tasks = launch_all(bench, [bench.order(SHARED, room=ROOM) for _ in range(10)])
    assert {task.last_status for task in tasks} == {"RUNNING"}
    assert len({task.pause.runtime.address for task in tasks if task.pause and task.pause.runtime}) == 10
    assert len({port.host_port for task in tasks for port in task.ports}) == 20
    for task in tasks:
        hosts = {port.container_port: port.host_port for port in task.ports}
        wait_until(functools.partial(bench.output, task, "client"), what="the client reached localhost")
        wait_until(functools.partial(answers, bench.daemon, hosts[81], "/passwd", "root:"), ignoring=(OSError,))
        assert fetch(bench.daemon, hosts[80]).strip() == bench.output(task, "client").strip()
    stopped = bench.stop(tasks[0])
    assert stopped.last_status == "STOPPED"
    assert bench.names_of(tasks[0], "die")[-1] == "internal.pause"
    assert {bench.read(task.id).last_status for task in tasks[1:]} == {"RUNNING"}


def answers(daemon: Daemon, port: int, path: str, text: str) -> bool:
    return text in fetch(daemon, port, path)


def fetch(daemon: Daemon, port: int, path: str = "/") -> str:
    with daemon.connect(port) as connection:
        connection.settimeout(5)
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
    return answer.partition(b"\r\n\r\n")[2].decode()
