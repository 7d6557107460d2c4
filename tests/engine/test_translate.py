"""Create bodies on a real engine: every member is taken as it was sent, and has its effect where that can be seen."""

from __future__ import annotations

from typing import Any

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.labels import container_name, read_tag
from app.hosts.networks import make_network
from app.hosts.pause import ensure_pause_image
from app.hosts.translate import TaskPlan, create_body, needs_network, needs_pause, pause_body, pause_tag, tag_for
from app.hosts.volumes import make_volumes
from app.model.container import PortBinding
from app.model.task_definition import TaskDefinition
from tests.engine.launching import definition
from tests.engine_bed import Daemon
from tests.unit.builders import TASK_ID, tag

SERVE = ["httpd", "-f", "-p", "80", "-h", "/www"]
SLEEP = ["sleep", "1000"]
FETCH = "timeout 2 wget -qO- http://"


class Made:
    """A task whose containers were made from their bodies."""

    def __init__(self, daemon: Daemon, made: TaskDefinition, **ports: tuple[PortBinding, ...]) -> None:
        self.daemon = daemon
        self.engine = Engine(parse_endpoint(daemon.endpoint))
        make_volumes(self.engine, made, TASK_ID)
        network = make_network(self.engine, TASK_ID) if needs_network(made) else ""
        self.plan = TaskPlan(made, tag(""), network, ports=ports)
        self.bodies: dict[str, dict[str, Any]] = {}
        if needs_pause(made):
            self.bodies[container_name(pause_tag(self.plan))] = pause_body(self.plan, ensure_pause_image(self.engine))
        for container in made.container_definitions:
            self.bodies[self.name(container.name)] = create_body(self.plan, container)
        for name, body in self.bodies.items():
            self.engine.create_container(name, body)

    def start(self) -> Made:
        for name in self.bodies:
            self.engine.start(name)
        return self

    def name(self, container: str) -> str:
        return container_name(tag_for(self.plan, self.plan.definition.container(container)))

    def run(self, container: str, script: str) -> list[str]:
        """The lines that a script prints in a container."""
        api = self.daemon.api
        made = api.exec_create(self.name(container), ["sh", "-c", script])["Id"]
        output = bytes(api.exec_start(made)).decode()
        assert api.exec_inspect(made)["ExitCode"] == 0, output
        return output.split("\n")[:-1]

    def differences(self) -> list[str]:
        """What the engine says otherwise than the bodies do."""
        return [difference for name, body in self.bodies.items() for difference in self._differences(name, body)]

    def _differences(self, name: str, body: dict[str, Any]) -> list[str]:
        detail = self.engine.inspect(name)
        assert read_tag(name, detail["Config"]["Labels"]) is not None
        config = {key: value for key, value in body.items() if key not in ("HostConfig", "NetworkingConfig")}
        detail["Config"]["Env"] = [pair for pair in detail["Config"]["Env"] or () if not pair.startswith("PATH=")]
        ids = {f"container:{other}": f"container:{self.engine.inspect(other)['Id']}" for other in self.bodies}
        # Docker turns the name of a container whose namespace is shared into its id, and 28 the default into its name.
        host = {key: ids.get(str(value), value) for key, value in body["HostConfig"].items() if value != "default"}
        networks = body.get("NetworkingConfig", {}).get("EndpointsConfig", {}).values()
        links = [link for endpoint in networks for link in endpoint["Links"] or ()]
        found = [network.get("Links") or [] for network in detail["NetworkSettings"]["Networks"].values()]
        return [
            *_differences(config, detail["Config"], name),
            *_differences(host, detail["HostConfig"], name),
            *(_differences(links, found[0], f"{name}.Links") if networks else ()),
        ]


def _differences(sent: Any, found: Any, at: str) -> list[str]:
    """Members of objects that the engine adds do not count."""
    if isinstance(sent, dict) and isinstance(found, dict):
        return [line for key, value in sent.items() for line in _differences(value, found.get(key), f"{at}.{key}")]
    if isinstance(sent, list) and isinstance(found, list) and len(sent) == len(found):
        pairs = zip(sent, found, strict=True)
        return [line for number, pair in enumerate(pairs) for line in _differences(*pair, f"{at}[{number}]")]
    return [] if sent == found else [f"{at}: {sent!r} became {found!r}"]


def test_every_member_is_taken_and_has_its_effect(engine: Daemon) -> None:
    web = {
        "name": "web",
        "entryPoint": ["/bin/sh", "-c"],
        "command": ["sleep 1000; true"],
        "environment": [{"name": "A", "value": "1=2"}, {"name": "B"}],
        "user": "nobody",
        "workingDirectory": "/tmp",
        "hostname": "h",
        "cpu": 64,
        "memory": 32,
        "memoryReservation": 16,
        "stopTimeout": 2,
        "interactive": True,
        "pseudoTerminal": True,
        "readonlyRootFilesystem": True,
        "extraHosts": [{"hostname": "eh", "ipAddress": "10.9.9.9"}],
        "dockerLabels": {"a": "b", "moorage.extra": "x", "com.amazonaws.ecs.cluster": "x"},
        "dockerSecurityOptions": ["no-new-privileges", "label:disable"],
        "ulimits": [{"name": "nofile", "softLimit": 100, "hardLimit": 200}],
        "systemControls": [
            {"namespace": "net.core.somaxconn", "value": "77"},
            {"namespace": "kernel.msgmax", "value": "9000"},
        ],
        "healthCheck": {"command": ["CMD", "true"], "interval": 5, "timeout": 2, "retries": 1, "startPeriod": 3},
        "linuxParameters": {
            "capabilities": {"add": ["NET_RAW"], "drop": ["CHOWN"]},
            "devices": [{"hostPath": "/dev/null", "containerPath": "/dev/x", "permissions": ["read", "mknod"]}],
            "initProcessEnabled": True,
            "sharedMemorySize": 8,
            "tmpfs": [{"containerPath": "/t", "size": 4, "mountOptions": ["noexec", "mode=1777"]}],
            "maxSwap": 8,
            "swappiness": 10,
        },
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": "g", "awslogs-region": "r", "max-buffer-size": "2m"},
        },
        "portMappings": [{"containerPort": 80}, {"containerPortRange": "90-91", "protocol": "udp"}],
        "links": ["db:sql"],
        "volumesFrom": [{"sourceContainer": "db", "readOnly": True}],
        "mountPoints": [
            {"sourceVolume": "scratch", "containerPath": "/s"},
            {"sourceVolume": "folder", "containerPath": "/d", "readOnly": True},
        ],
    }
    db = {"name": "db", "command": SERVE, "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/from-db"}]}
    volumes = [{"name": "scratch"}, {"name": "folder", "host": {"sourcePath": "/run/moorage-test-folder"}}]
    ports = (PortBinding(80, 8080), PortBinding(90, 9090, "udp"), PortBinding(91, 9091, "udp"))
    made = Made(
        engine, definition(db, web, networkMode="bridge", cpu="1 vCPU", memory="64", volumes=volumes), web=ports
    ).start()
    assert made.differences() == []
    assert made.run("web", "id -u; pwd; hostname; echo $A$B; ulimit -n; cat /proc/1/comm /proc/sys/kernel/msgmax") == [
        "65534", "/tmp", "h", "1=2", "100", "docker-init", "9000",
    ]  # fmt: skip
    made.run("db", "echo scratch > /from-db/x")
    assert made.run("web", "cat /s/x /proc/sys/net/core/somaxconn; grep -w eh /etc/hosts") == [
        "scratch", "77", "10.9.9.9\teh",
    ]  # fmt: skip
    sizes = made.run(
        "web", "df -k /t /dev/shm | tail -n 2 | awk '{print $2}'; touch /from-db/y /d/y 2>/dev/null || echo ro"
    )
    assert sizes == ["4096", "8192", "ro"]
    assert made.run("web", f"{FETCH}sql/") == ["moorage"]
    assert made.run("db", "ping -c 1 -w 5 web > /dev/null && echo found") == ["found"]


def test_a_task_that_shares_everything(engine: Daemon) -> None:
    controls = [{"namespace": "net.core.somaxconn", "value": "77"}, {"namespace": "kernel.msgmax", "value": "9000"}]
    web = {
        "name": "web",
        "command": SERVE,
        "portMappings": [{"containerPort": 80}],
        "systemControls": controls,
        "linuxParameters": {"sharedMemorySize": 8},
    }
    log = {"name": "log", "command": SLEEP, "portMappings": [{"containerPort": 81}]}
    task = definition(web, log, networkMode="awsvpc", pidMode="task", ipcMode="task")
    made = Made(engine, task, web=(PortBinding(80, 8080),), log=(PortBinding(81, 8081),)).start()
    assert made.differences() == []
    assert "moorage" in made.run("log", f"{FETCH}localhost/")
    assert engine.http_get(8080).status == 200
    # A kernel parameter or a size that one container asks for holds for all that share the namespace.
    assert made.run("log", "cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax /proc/1/comm") == [
        "77", "9000", "pause",
    ]  # fmt: skip
    made.run("web", "echo shared > /dev/shm/x")
    assert made.run("log", "cat /dev/shm/x; df -k /dev/shm | tail -n 1 | awk '{print $2}'") == ["shared", "8192"]
    assert any("httpd" in line for line in made.run("log", "ps -o args"))


@pytest.mark.parametrize(
    "members",
    [
        {"networkMode": "host", "pidMode": "host", "ipcMode": "host"},
        {"networkMode": "none", "ipcMode": "none"},
        {"networkMode": "bridge"},
    ],
)
def test_names_and_servers_in_every_network_of_its_own(engine: Daemon, members: dict[str, Any]) -> None:
    web = {
        "name": "web",
        "command": SLEEP,
        "hostname": "h",
        "dnsServers": ["10.0.0.1"],
        "dnsSearchDomains": ["x.y"],
        "extraHosts": [{"hostname": "eh", "ipAddress": "10.9.9.9"}],
        "portMappings": [] if members["networkMode"] == "none" else [{"containerPort": 80}],
    }
    made = Made(engine, definition(web, **members)).start()
    assert made.differences() == []
    assert made.run("web", "hostname; grep -v ^# /etc/resolv.conf | grep . | sort; grep -w eh /etc/hosts") == [
        "h", "nameserver 10.0.0.1", "search x.y", "10.9.9.9\teh",
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["bridge", "host", "none"])
def test_networking_can_be_disabled_in_every_mode(engine: Daemon, mode: str) -> None:
    links = {"links": ["other"]} if mode == "bridge" else {}
    web = {"name": "web", "command": SLEEP, "disableNetworking": True, **links}
    made = Made(engine, definition(web, {"name": "other", "command": SLEEP}, networkMode=mode)).start()
    assert made.run("web", "ls /sys/class/net") == ["lo"]


def test_the_health_check_of_an_image_does_not_count(engine: Daemon) -> None:
    made = engine.api.create_container("busybox", SLEEP)["Id"]
    changes = ["HEALTHCHECK --interval=1s CMD true"]
    engine.api.commit(made, "checked", "1", changes=changes)
    engine.api.remove_container(made)
    plain = engine.run(SLEEP, stop_signal="KILL")
    ours = Made(engine, definition({"name": "web", "image": "checked:1", "command": SLEEP})).start()
    detail = ours.engine.inspect(ours.name("web"))
    assert "Health" not in detail["State"]
    assert detail["Config"]["Healthcheck"]["Test"] == ["NONE"]
    assert "Healthcheck" not in engine.api.inspect_container(plain)["Config"]


LOGGING = {
    "json-file": {"max-size": "1m"},
    "syslog": {"syslog-address": "udp://127.0.0.1:514"},
    "journald": {"tag": "x"},
    "gelf": {"gelf-address": "udp://127.0.0.1:12201"},
    "fluentd": {"fluentd-address": "127.0.0.1:24224"},
    "splunk": {"splunk-token": "t", "splunk-url": "http://127.0.0.1:1"},
    "awslogs": {"awslogs-group": "g", "awslogs-region": "r", "awslogs-stream-prefix": "p", "mode": "non-blocking"},
    "awsfirelens": {"Name": "cloudwatch", "log-driver-buffer-limit": "100"},
}


def test_what_this_engine_cannot_start_it_takes_all_the_same(engine: Daemon) -> None:
    """Log drivers without a server, a privileged container, security profiles and GPUs, which the machine may lack."""
    drivers = [{"logConfiguration": {"logDriver": name, "options": options}} for name, options in LOGGING.items()]
    strong = {"privileged": True, "dockerSecurityOptions": ["apparmor:docker-default", "label:type:x_t"]}
    gpus = {"resourceRequirements": [{"type": "GPU", "value": "2"}]}
    assert Made(engine, definition(*drivers, strong, gpus)).differences() == []
