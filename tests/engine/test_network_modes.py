"""The network modes and shared namespaces of a definition, as its containers see them on a real engine."""

from __future__ import annotations

from typing import Any

import pytest

from app.model.task import Task, TaskContainer
from tests.engine.launching import SETTINGS, Bench, left
from tests.engine_bed import Daemon, wait_until

HTTPD = ["httpd", "-f", "-p", "80", "-h", "/www"]


@pytest.fixture
def bench(engine: Daemon) -> Bench:
    return Bench(engine)


def part(task: Task, name: str) -> TaskContainer:
    return next(found for found in task.parts if found.name == name)


def run(bench: Bench, *containers: dict[str, Any], **members: Any) -> Task:
    task = bench.launch(*containers, **members)
    assert task.last_status == "RUNNING", task.stopped_reason
    return task


def sh(bench: Bench, task: Task, name: str, script: str) -> str:
    """What a command in the container says, errors too."""
    runtime = part(task, name).runtime
    assert runtime is not None
    made = bench.daemon.api.exec_create(runtime.id, ["sh", "-c", script])
    return bytes(bench.daemon.api.exec_start(made["Id"])).decode()


def get(bench: Bench, task: Task, name: str, host: str) -> str:
    return sh(bench, task, name, f"timeout 3 wget -qO- http://{host}/ 2>&1")


def test_bridge_without_links_is_dockers_own(bench: Bench) -> None:
    """Faithful to ECS: tasks on one host reach each other by address there."""
    web = run(bench, {"name": "web", "command": HTTPD}, networkMode="bridge")
    other = run(bench, {"name": "other"}, networkMode="bridge")
    address = part(web, "web").runtime.address  # type: ignore[union-attr]
    assert address.startswith("172.17.")
    wait_until(lambda: get(bench, other, "other", address) == "moorage\n")
    assert left(bench.daemon).networks == []


def test_links_are_names_within_one_task(bench: Bench) -> None:
    """Two tasks of one family on one host: each finds its own by alias and by name, and neither reaches the other."""
    containers = (
        {"name": "db", "command": ["sh", "-c", "hostname >/www/index.html; exec httpd -f -p 80 -h /www"]},
        {"name": "web", "links": ["db:sql"]},
    )
    tasks = [run(bench, *containers, networkMode="bridge") for _ in range(2)]
    for task in tasks:
        own = part(task, "db").runtime.id[:12]  # type: ignore[union-attr]
        for name in ("sql", "db"):
            wait_until(lambda: get(bench, task, "web", name).strip() == own, what=f"{name} is {own}")
    address = part(tasks[1], "db").runtime.address  # type: ignore[union-attr]
    assert sh(bench, tasks[0], "web", f"timeout 1 wget -qO- http://{address}/") == ""
    assert sh(bench, tasks[1], "web", f"timeout 1 wget -qO- http://{address}/") != ""
    assert len(left(bench.daemon).networks) == 2


def test_host_has_the_ports_as_they_are(bench: Bench) -> None:
    ports = [{"containerPort": 8088}]
    task = run(
        bench,
        {"name": "web", "command": ["httpd", "-f", "-p", "8088", "-h", "/www"], "portMappings": ports},
        networkMode="host",
    )
    wait_until(lambda: bench.daemon.http_get(8088).text == "moorage\n", ignoring=(OSError,))
    assert task.ports == ()


def test_none_has_nothing_but_itself(bench: Bench) -> None:
    task = run(bench, {"name": "web"}, networkMode="none")
    assert sh(bench, task, "web", "ls /sys/class/net").split() == ["lo"]


def test_networking_that_is_disabled(bench: Bench) -> None:
    task = run(bench, {"name": "web", "disableNetworking": True}, {"name": "other"}, networkMode="bridge")
    assert sh(bench, task, "web", "ls /sys/class/net").split() == ["lo"]
    assert "eth0" in sh(bench, task, "other", "ls /sys/class/net").split()


def test_awsvpc_shares_localhost_ports_and_kernel_parameters(bench: Bench) -> None:
    controls = [{"namespace": "net.ipv4.ip_unprivileged_port_start", "value": "79"}]
    task = run(
        bench,
        {"name": "web", "command": HTTPD, "portMappings": [{"containerPort": 80}], "systemControls": controls},
        {"name": "client"},
        networkMode="awsvpc",
    )
    wait_until(lambda: get(bench, task, "client", "127.0.0.1") == "moorage\n")
    (port,) = task.ports
    wait_until(lambda: bench.daemon.http_get(port.host_port).text == "moorage\n", ignoring=(OSError,))
    assert sh(bench, task, "client", "cat /proc/sys/net/ipv4/ip_unprivileged_port_start") == "79\n"
    assert [found.name for found in task.containers] == ["web", "client"]


@pytest.mark.parametrize("how", ["kill", "remove"])
def test_a_task_does_not_outlive_its_pause_container(bench: Bench, how: str) -> None:
    task = run(bench, {"name": "web"}, {"name": "helper", "essential": False}, networkMode="awsvpc")
    assert task.pause is not None
    assert task.pause.runtime is not None
    if how == "kill":
        bench.daemon.api.kill(task.pause.runtime.id)
    else:
        bench.daemon.api.remove_container(task.pause.runtime.id, force=True)
    wait_until(lambda: bench.due(bench.read(task.id)) == "stop")
    bench.supervise(task.id)
    stopped = bench.read(task.id)
    assert (stopped.last_status, stopped.stop_code) == ("STOPPED", "EssentialContainerExited")
    assert stopped.stopped_reason
    assert [found.exit_code for found in stopped.containers] == [7, 7]


def test_processes_of_a_task_see_each_other_and_their_orphans_are_reaped(bench: Bench) -> None:
    orphans = "while :; do (sleep 0.02 &); sleep 0.01; done"
    task = run(bench, {"name": "web", "command": ["sh", "-c", orphans]}, {"name": "other"}, pidMode="task")
    seen = sh(bench, task, "other", "cat /proc/1/comm; ps -o args")
    assert seen.startswith("pause\n")
    assert orphans in seen

    def newest() -> int:
        return max(int(pid) for pid in sh(bench, task, "other", "ls /proc").split() if pid.isdigit())

    goal = newest() + 60
    wait_until(lambda: newest() > goal)
    zombies = "grep -h ^State /proc/[0-9]*/status 2>/dev/null | grep -c zombie"
    wait_until(lambda: int(sh(bench, task, "other", zombies)) <= 1, what="orphans are reaped")


def test_memory_is_shared_within_a_task(bench: Bench) -> None:
    task = run(bench, {"name": "web"}, {"name": "other"}, ipcMode="task")
    assert sh(bench, task, "web", "echo here >/dev/shm/file") == ""
    assert sh(bench, task, "other", "cat /dev/shm/file") == "here\n"


def test_the_hosts_processes(bench: Bench) -> None:
    task = run(bench, {"name": "web"}, pidMode="host")
    assert "dockerd" in sh(bench, task, "web", "ps -o args")


def test_all_namespaces_at_once_start_and_stop(bench: Bench) -> None:
    task = run(bench, {"name": "a"}, {"name": "b"}, networkMode="awsvpc", pidMode="task", ipcMode="task")
    stopped = bench.stop(task)
    assert [found.exit_code for found in stopped.containers] == [7, 7]
    assert stopped.last_status == "STOPPED"


# --- volumes ----------------------------------------------------------------------------------------------------------


def docker_volume(name: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "dockerVolumeConfiguration": members}


def mounted(*volumes: str) -> dict[str, Any]:
    return {"mountPoints": [{"sourceVolume": name, "containerPath": f"/{name}"} for name in volumes]}


def test_what_is_the_tasks_goes_and_what_is_shared_stays(bench: Bench) -> None:
    task = run(
        bench,
        {"name": "web", **mounted("scratch", "own", "common")},
        volumes=[
            {"name": "scratch"},
            docker_volume("own", scope="task"),
            docker_volume("common", scope="shared", autoprovision=True),
        ],
    )
    assert len(left(bench.daemon).volumes) == 3
    bench.stop(task)
    assert len(left(bench.daemon).volumes) == 3, "kept as long as what ran in them"
    assert bench.supervise(task.id, later=SETTINGS.retention * 2).startswith("forgot")
    assert left(bench.daemon).volumes == ["common"]


def test_a_shared_volume_that_is_not_there(bench: Bench) -> None:
    task = bench.launch({"name": "web", **mounted("common")}, volumes=[docker_volume("common", scope="shared")])
    assert (task.last_status, task.stop_code) == ("STOPPED", "TaskFailedToStart")
    assert task.stopped_reason == (
        "CannotCreateVolumeError: volume 'common': it is shared and not on the host; "
        "make it (docker volume create common), or set autoprovision"
    )


def test_volumes_from_another_container_to_read(bench: Bench) -> None:
    sources = [{"sourceContainer": "web", "readOnly": True}]
    task = run(
        bench, {"name": "reader", "volumesFrom": sources}, {"name": "web", **mounted("v")}, volumes=[{"name": "v"}]
    )
    sh(bench, task, "web", "echo here >/v/file")
    assert sh(bench, task, "reader", "cat /v/file") == "here\n"
    assert "Read-only" in sh(bench, task, "reader", "echo no >/v/file")
