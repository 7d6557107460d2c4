"""Network, processes and shared memory of a task's containers: which of them are whose, and what goes where."""

from __future__ import annotations

from typing import Any

import pytest

from app.hosts.labels import labels_of
from app.hosts.translate import TaskPlan, create_body, needs_network, needs_pause, pause_body, pause_tag, tag_for
from app.model.container import PortBinding
from app.model.names import PAUSE
from tests.unit.builders import definition, tag
from tests.unit.hosts.bodies import MIB

PAUSE_NAME = "moorage-web-1-internal.pause-0123456789ab"
PORTS = [{"containerPort": 80}, {"containerPort": 53, "protocol": "udp"}, {"containerPortRange": "90-91"}]
PUBLISHED = (
    PortBinding(80, 8080),
    PortBinding(53, 5353, "udp"),
    PortBinding(90, 9090),
    PortBinding(91, 9091),
    PortBinding(80, 8081),
)
EXPOSED: dict[str, dict[str, str]] = {"53/udp": {}, "80/tcp": {}, "90/tcp": {}, "91/tcp": {}}
BOUND = {
    "80/tcp": [{"HostPort": "8080"}, {"HostPort": "8081"}],
    "53/udp": [{"HostPort": "5353"}],
    "90/tcp": [{"HostPort": "9090"}],
    "91/tcp": [{"HostPort": "9091"}],
}


def plan_of(*containers: dict[str, Any], network: str = "", **members: Any) -> TaskPlan:
    made = definition(*containers, **members)
    published = {"web": PUBLISHED} if any(container.get("portMappings") for container in containers) else {}
    return TaskPlan(made, tag(""), network, ports=published)


def body_of(plan: TaskPlan, name: str = "web") -> dict[str, Any]:
    return create_body(plan, plan.definition.container(name))


@pytest.mark.parametrize(
    ("mode", "docker"), [(None, "default"), ("bridge", "bridge"), ("host", "host"), ("none", "none")]
)
def test_network_modes(mode: str | None, docker: str) -> None:
    plan = plan_of({"name": "web"}, networkMode=mode)
    assert body_of(plan)["HostConfig"]["NetworkMode"] == docker
    assert "NetworkingConfig" not in body_of(plan)
    assert not needs_pause(plan.definition)


@pytest.mark.parametrize("mode", [None, "bridge"])
def test_ports_are_published_as_they_were_chosen(mode: str | None) -> None:
    body = body_of(plan_of({"name": "web", "portMappings": PORTS}, networkMode=mode))
    assert (body["ExposedPorts"], body["HostConfig"]["PortBindings"]) == (EXPOSED, BOUND)


def test_in_host_mode_ports_are_told_and_not_published() -> None:
    body = body_of(plan_of({"name": "web", "portMappings": PORTS[:2]}, networkMode="host"))
    assert body["ExposedPorts"] == {"53/udp": {}, "80/tcp": {}}
    assert "PortBindings" not in body["HostConfig"]


def test_links_are_aliases_on_the_tasks_own_network() -> None:
    containers = ({"name": "web", "links": ["db:sql", "cache"]}, {"name": "db"}, {"name": "cache"})
    plan = plan_of(*containers, network="net-id")
    body = body_of(plan)
    assert body["HostConfig"]["NetworkMode"] == "net-id"
    assert body["NetworkingConfig"]["EndpointsConfig"] == {
        "net-id": {
            "Links": ["moorage-web-1-db-0123456789ab:sql", "moorage-web-1-cache-0123456789ab:cache"],
            "Aliases": ["web"],
        }
    }
    assert body_of(plan, "db")["NetworkingConfig"]["EndpointsConfig"] == {"net-id": {"Links": None, "Aliases": ["db"]}}
    assert "Links" not in body["HostConfig"]
    assert needs_network(plan.definition)
    assert not needs_network(definition({}))


def test_awsvpc_gives_the_network_to_the_pause_container() -> None:
    plan = plan_of({"name": "web", "portMappings": PORTS}, {"name": "log"}, networkMode="awsvpc")
    web, pause = body_of(plan), pause_body(plan, "moorage/pause:1")
    assert (
        web["HostConfig"]["NetworkMode"]
        == body_of(plan, "log")["HostConfig"]["NetworkMode"]
        == f"container:{PAUSE_NAME}"
    )
    assert not {"ExposedPorts", "Hostname", "NetworkingConfig"} & web.keys()
    assert not {"PortBindings", "PidMode", "IpcMode"} & web["HostConfig"].keys()
    assert pause == {
        "Image": "moorage/pause:1",
        "Labels": {
            "com.amazonaws.ecs.task-arn": f"arn:aws:ecs:local-1:000000000000:task/default/{plan.task.task_id}",
            "com.amazonaws.ecs.container-name": "~internal~ecs~pause",
            "com.amazonaws.ecs.task-definition-family": "web",
            "com.amazonaws.ecs.task-definition-version": "1",
            "com.amazonaws.ecs.cluster": "default",
            **labels_of(pause_tag(plan)),
        },
        "ExposedPorts": EXPOSED,
        "StopTimeout": 2,
        "HostConfig": {"NetworkMode": "default", "PortBindings": BOUND, "RestartPolicy": {"Name": "no"}},
    }


@pytest.mark.parametrize(
    ("members", "own", "of_pause"),
    [
        ({"pidMode": "host"}, {"PidMode": "host"}, None),
        ({"ipcMode": "host"}, {"IpcMode": "host"}, None),
        ({"ipcMode": "none"}, {"IpcMode": "none"}, None),
        ({"pidMode": "task"}, {"PidMode": f"container:{PAUSE_NAME}"}, {"NetworkMode": "none"}),
        (
            {"ipcMode": "task", "networkMode": "host"},
            {"IpcMode": f"container:{PAUSE_NAME}", "NetworkMode": "host"},
            {"NetworkMode": "none", "IpcMode": "shareable"},
        ),
        (
            {"ipcMode": "task", "pidMode": "task", "networkMode": "awsvpc"},
            dict.fromkeys(("PidMode", "IpcMode", "NetworkMode"), f"container:{PAUSE_NAME}"),
            {"NetworkMode": "default", "IpcMode": "shareable"},
        ),
    ],
)
def test_processes_and_shared_memory(
    members: dict[str, Any], own: dict[str, str], of_pause: dict[str, str] | None
) -> None:
    plan = plan_of({"name": "web"}, **members)
    modes = {name: value for name, value in body_of(plan)["HostConfig"].items() if name.endswith("Mode")}
    assert modes == {"NetworkMode": "default"} | own
    assert needs_pause(plan.definition) == (of_pause is not None)
    if of_pause is not None:
        assert pause_body(plan, "p")["HostConfig"] == {**of_pause, "RestartPolicy": {"Name": "no"}}


CONTROLS = [{"namespace": "net.core.somaxconn", "value": "1"}, {"namespace": "kernel.msgmax", "value": "2"}]


@pytest.mark.parametrize(
    ("members", "own", "of_pause"),
    [
        ({"pidMode": "task"}, ["net.core.somaxconn", "kernel.msgmax"], []),
        ({"networkMode": "awsvpc"}, ["kernel.msgmax"], ["net.core.somaxconn"]),
        ({"ipcMode": "task"}, ["net.core.somaxconn"], ["kernel.msgmax"]),
        ({"ipcMode": "task", "networkMode": "awsvpc"}, [], ["net.core.somaxconn", "kernel.msgmax"]),
    ],
)
def test_kernel_parameters_go_where_their_namespace_is(
    members: dict[str, Any], own: list[str], of_pause: list[str]
) -> None:
    plan = plan_of({"name": "web", "systemControls": CONTROLS}, **members)
    assert list(body_of(plan)["HostConfig"].get("Sysctls", {})) == own
    assert list(pause_body(plan, "p")["HostConfig"].get("Sysctls", {})) == of_pause


def test_of_what_several_ask_of_a_shared_namespace_the_last_value_and_the_largest_size_count() -> None:
    sizes = [{"linuxParameters": {"sharedMemorySize": size}} for size in (128, 8)]
    controls = [{"systemControls": [{"namespace": "kernel.msgmax", "value": value}]} for value in ("1", "2")]
    plan = plan_of(*({**size, **control} for size, control in zip(sizes, controls, strict=True)), ipcMode="task")
    config = pause_body(plan, "p")["HostConfig"]
    assert (config["Sysctls"], config["ShmSize"]) == ({"kernel.msgmax": "2"}, 128 * MIB)
    apart = plan_of({"linuxParameters": {"sharedMemorySize": 8}}, pidMode="task")
    assert "ShmSize" not in pause_body(apart, "p")["HostConfig"]


def test_the_others_wait_for_the_pause_container_and_it_is_counted() -> None:
    containers = ({"name": "db"}, {"name": "web", "dependsOn": [{"containerName": "db", "condition": "START"}]})
    plan = plan_of(*containers, pidMode="task")
    db, web = (tag_for(plan, container) for container in plan.definition.container_definitions)
    pause = pause_tag(plan)
    assert (db.depends_on, web.depends_on) == (((PAUSE, "START"),), (("db", "START"), (PAUSE, "START")))
    assert (db.containers, web.containers, pause.containers) == (3, 3, 3)
    assert (pause.container, pause.essential, pause.depends_on, pause.stop_timeout) == (PAUSE, True, (), 2)
