"""From a container on a real engine to a definition: what is made of the definition is that container again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.hosts.as_created import as_created
from app.hosts.as_definition import AsDefinition, as_definition, read_surroundings
from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.labels import PREFIX
from app.hosts.translate import TaskPlan, create_body
from app.hosts.volumes import make_volumes
from app.model.container import PortBinding
from app.model.container_definition import ContainerDefinition
from app.model.definition_document import definition_from
from app.model.environment import ContainerEnvironment
from app.model.errors import MoorageError
from app.model.record import RECORD_PREFIX
from app.operations.container_import import members_of_container, members_on_instance
from app.operations.session import Session
from app.store.home import resolve_home
from tests.engine.clusters import register
from tests.engine.launching import Bench, definition, left
from tests.engine_bed import Bed, Daemon
from tests.unit.builders import TASK_ID, tag

WORD = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
NAME = st.text("abcXYZ_019", min_size=1, max_size=6)
PATH = st.lists(st.text("abc.-", min_size=1, max_size=3).filter(lambda text: text.strip(".")), min_size=1, max_size=2)
FOLDER = PATH.map(lambda parts: "/" + "/".join(parts))
MEBIBYTES = st.integers(6, 4096)
ADDRESS = st.sampled_from(["10.0.0.1", "fd00::1"])
TMPFS_OPTIONS = st.lists(st.sampled_from(["noexec", "mode=1777", "ro", "nosuid", "uid=7"]), unique=True, max_size=3)
CAPABILITIES = st.lists(st.sampled_from(["CHOWN", "NET_RAW", "KILL", "MKNOD"]), unique=True, max_size=2)


def some(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


def several(element: Any, **options: Any) -> Any:
    return st.lists(element, max_size=2, **options)


LINUX = some(
    {},
    capabilities=some({}, add=CAPABILITIES, drop=CAPABILITIES),
    devices=several(
        some(
            {"hostPath": st.sampled_from(["/dev/null", "/dev/zero"])},
            containerPath=FOLDER,
            permissions=several(st.sampled_from(["read", "write", "mknod"]), unique=True),
        )
    ),
    initProcessEnabled=st.booleans(),
    sharedMemorySize=st.integers(1, 256),
    tmpfs=several(
        some({"containerPath": FOLDER, "size": st.integers(1, 64)}, mountOptions=TMPFS_OPTIONS),
        unique_by=lambda mount: mount["containerPath"],
    ),
    maxSwap=st.integers(0, 512),
)
LOGGING = st.one_of(
    some(
        {"logDriver": st.just("json-file")},
        options=some({}, **{"max-size": st.just("1m"), "mode": st.just("blocking")}),
    ),
    some({"logDriver": st.just("syslog")}, options=st.just({"syslog-address": "udp://127.0.0.1:514"})),
    some({"logDriver": st.just("awslogs"), "options": st.just({"awslogs-group": "g", "awslogs-region": "r"})}),
)
CHECK = some(
    {
        "command": st.one_of(
            st.tuples(st.just("CMD-SHELL"), WORD).map(list), st.just(["CMD", "true", "x"]), st.just(["NONE"])
        )
    },
    interval=st.integers(5, 300),
    timeout=st.integers(2, 60),
    retries=st.integers(1, 10),
    startPeriod=st.integers(0, 300),
)
CONTAINER = some(
    {"name": st.just("c"), "image": st.just("busybox:latest"), "memory": MEBIBYTES},
    cpu=st.integers(0, 128),
    memoryReservation=st.integers(6, 6),
    portMappings=several(
        some(
            {"containerPort": st.integers(1, 65535)},
            hostPort=st.integers(20000, 60000),
            protocol=st.sampled_from(["tcp", "udp"]),
        ),
        unique_by=(lambda port: port["containerPort"], lambda port: port.get("hostPort", port["containerPort"])),
    ),
    entryPoint=st.lists(WORD, max_size=2),
    command=st.lists(WORD, min_size=1, max_size=3),
    environment=several(
        st.fixed_dictionaries({"name": NAME | st.just("PATH"), "value": WORD | st.sampled_from(["", "/bin", "a=b"])}),
        unique_by=lambda pair: pair["name"],
    ),
    linuxParameters=LINUX,
    stopTimeout=st.integers(2, 120),
    hostname=st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True),
    user=st.sampled_from(["nobody", "1000:1000", "7"]),
    workingDirectory=FOLDER,
    disableNetworking=st.booleans(),
    privileged=st.booleans(),
    readonlyRootFilesystem=st.booleans(),
    dnsServers=several(ADDRESS),
    dnsSearchDomains=several(st.just("x.y")),
    extraHosts=several(st.fixed_dictionaries({"hostname": st.just("eh"), "ipAddress": ADDRESS})),
    dockerSecurityOptions=several(
        st.sampled_from(["no-new-privileges", "label:disable", "label:type:x_t"]), unique=True
    ),
    interactive=st.booleans(),
    pseudoTerminal=st.booleans(),
    dockerLabels=st.dictionaries(NAME, WORD | st.just(""), max_size=2),
    ulimits=several(
        st.tuples(st.sampled_from(["nofile", "nproc", "core"]), st.integers(1, 9), st.integers(9, 99)).map(
            lambda limit: {"name": limit[0], "softLimit": limit[1], "hardLimit": limit[2]}
        ),
        unique_by=lambda limit: limit["name"],
    ),
    logConfiguration=LOGGING,
    healthCheck=CHECK,
    systemControls=several(
        st.sampled_from(
            [{"namespace": "net.core.somaxconn", "value": "77"}, {"namespace": "kernel.msgmax", "value": "9000"}]
        ),
        unique_by=lambda control: control["namespace"],
    ),
    resourceRequirements=st.just([{"type": "GPU", "value": "2"}]),
)
VOLUMES = [
    {"name": "data", "host": {"sourcePath": "/run/moorage-test-folder"}},
    {"name": "kept", "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True, "labels": {"a": "b"}}},
]
MOUNTS = st.lists(
    st.tuples(st.sampled_from(["data", "kept"]), st.booleans()).map(
        lambda mount: {
            "sourceVolume": mount[0],
            "containerPath": f"/mnt/{mount[0]}",
            **({"readOnly": True} if mount[1] else {}),
        }
    ),
    max_size=2,
    unique_by=lambda mount: mount["sourceVolume"],
)
TASK = some(
    {},
    networkMode=st.sampled_from(["bridge", "host", "none"]),
    pidMode=st.just("host"),
    ipcMode=st.sampled_from(["host", "none"]),
    cpu=st.sampled_from(["256", "1 vCPU", "129"]),
)

IN_LABELS = ("essential", "dependsOn", "startTimeout", "restartPolicy")
"""Members that a supervisor reads in our labels; to Docker they are nothing."""
BY_REFERENCE = ("secrets", "environmentFiles")
"""In a container these are variables like any other; an import of a task's own reads them in its record."""
OF_THE_TASK = ("links", "volumesFrom")
"""These lead to other containers of the task; an import of a single one has none."""
KEPT = ("repositoryCredentials", "versionConsistency", "firelensConfiguration", "credentialSpecs")
"""No container shows them."""


def test_the_members_that_no_generated_container_has_are_those_with_a_reason() -> None:
    told = {*IN_LABELS, *BY_REFERENCE, *OF_THE_TASK, *KEPT, "mountPoints"}
    known = {field.alias for field in ContainerDefinition.model_fields.values()}
    assert known - told == set(_members_of(CONTAINER))


def _members_of(strategy: Any) -> Iterator[str]:
    wrapped = strategy.wrapped_strategy
    yield from wrapped.mapping
    yield from wrapped.optional


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    container, mounts, task = draw(CONTAINER), draw(MOUNTS), draw(TASK)
    mode = task.get("networkMode")
    if mode == "none":
        container.pop("portMappings", None)
    for mapping in container.get("portMappings", ()):
        if mode == "host":
            mapping.pop("hostPort", None)
    allowed = ("net.",) * (mode != "host") + ("kernel.",) * ("ipcMode" not in task)
    controls = [entry for entry in container.get("systemControls", ()) if entry["namespace"].startswith(allowed)]
    if task.get("ipcMode") == "none":
        container.get("linuxParameters", {}).pop("sharedMemorySize", None)
    container.update({"mountPoints": mounts, "systemControls": controls})
    return {"family": "web", "containerDefinitions": [container], "volumes": VOLUMES, **task}


@pytest.fixture(scope="module")
def host(engine_bed: Bed) -> Iterator[Engine]:
    daemon = engine_bed.daemon(0)
    yield Engine(parse_endpoint(daemon.endpoint))
    engine_bed.clean(daemon)


def plan_of(document: dict[str, Any]) -> TaskPlan:
    definition = definition_from(document, "test").definition
    (container,) = definition.container_definitions
    ports = tuple(
        PortBinding(mapping.container_port or 0, mapping.host_port or 61000 + number, mapping.protocol)
        for number, mapping in enumerate(container.port_mappings)
    )
    return TaskPlan(definition, tag(""), "", ports={"c": ports})


def made(engine: Engine, plan: TaskPlan) -> dict[str, Any]:
    """The inspect of a container that was made of the plan; it is gone again."""
    make_volumes(engine, plan.definition, TASK_ID)
    (container,) = plan.definition.container_definitions
    created = engine.create_container("made", create_body(plan, container))
    try:
        return engine.inspect(created)
    finally:
        engine.remove_container(created)


def effect(detail: dict[str, Any]) -> dict[str, Any]:
    """What of an inspect makes the container what it is."""
    config, host = dict(detail["Config"]), dict(detail["HostConfig"])
    config["Labels"] = {key: value for key, value in config["Labels"].items() if not key.startswith(PREFIX)}
    config["Env"] = sorted(config["Env"] or ())
    config["Hostname"] = "" if config["Hostname"] == detail["Id"][:12] else config["Hostname"]
    check = config.get("Healthcheck") or {"Test": ["NONE"]}
    config["Healthcheck"] = check if check["Test"] != ["NONE"] else None
    host["SecurityOpt"] = sorted(host.get("SecurityOpt") or ())
    host["NetworkMode"] = host["NetworkMode"].replace("default", "bridge")
    return {**config, **host}


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (one[name], other.get(name)) for name in one if one[name] != other.get(name)}


def members_from(document: dict[str, Any], found: AsDefinition) -> dict[str, Any]:
    return {
        "family": document["family"],
        "containerDefinitions": [{**found.container, "name": "c"}],
        "volumes": found.volumes,
        **found.task,
    }


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(document=documents())
def test_a_container_made_of_what_was_read_is_the_same(host: Engine, document: dict[str, Any]) -> None:
    first = made(host, plan_of(document))
    found = as_definition(first, read_surroundings(host, first))
    again = members_from(document, found)
    assert differences(effect(first), effect(made(host, plan_of(again)))) == {}
    assert [str(finding) for finding in found.findings] == []


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(document=documents())
def test_what_is_expected_of_a_body_is_what_the_engine_says(host: Engine, document: dict[str, Any]) -> None:
    """``as_created`` is Docker's create call to the letter that ``as_definition`` reads."""
    plan = plan_of(document)
    around = read_surroundings(host, found := made(host, plan))
    body = create_body(plan, plan.definition.container_definitions[0])
    expected = as_definition(as_created("made", body, around.image["Config"]), around)
    read = as_definition(found, around)
    assert (expected.container, expected.task, expected.volumes) == (read.container, read.task, read.volumes)


STRANGER = {
    "Image": "busybox:latest",
    "Cmd": ["sleep", "600"],
    "Env": ["A=1", "PATH=/bin", "PASSWORD=hunter2"],
    "Labels": {"com.docker.compose.project": "shop", "team": "a"},
    "ExposedPorts": {"80/tcp": {}, "81/tcp": {}, "9/sctp": {}},
    "Volumes": {"/anonymous": {}},
    "Domainname": "example.org",
    "StopSignal": "SIGINT",
    "StopTimeout": 0,
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1_500_000_000, "Timeout": 90_000_000_000, "Retries": 20},
    "HostConfig": {
        "Binds": ["/srv/data:/data:ro", "stock:/kept", "with.dot:/dots:z"],
        "Mounts": [
            {"Type": "tmpfs", "Target": "/scratch", "TmpfsOptions": {"SizeBytes": 1_000_000, "Mode": 0o1777}},
            {"Type": "volume", "Source": "stock", "Target": "/again", "ReadOnly": True},
        ],
        "Tmpfs": {"/run": "noexec"},
        "PortBindings": {
            "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}, {"HostPort": "8081"}],
            "9/sctp": [{"HostPort": "9"}],
        },
        "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
        "NetworkMode": "shop",
        "Memory": 100_000_000,
        "MemorySwap": -1,
        "NanoCpus": 100_000_000,
        "CpuShares": 2048,
        "CpusetCpus": "0",
        "PidsLimit": 50,
        "CapAdd": ["CAP_NET_RAW"],
        "GroupAdd": ["7"],
        "DeviceRequests": [{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}],
        "SecurityOpt": ["seccomp=unconfined", "no-new-privileges:true"],
        "Ulimits": [{"Name": "nofile", "Soft": 100, "Hard": 200}],
        "LogConfig": {"Type": "local", "Config": {}},
        "OomScoreAdj": 5,
        "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/null", "CgroupPermissions": "rwm"}],
    },
}


def test_a_container_of_somebody_else_is_taken_and_what_cannot_be_is_told(host: Engine, tmp_path: Path) -> None:
    host.create_network("shop", "10.203.7.0/28", {})
    host.create_volume("stock", {"keep": "me", "com.docker.compose.volume": "stock"})
    created = host.create_container("shop.web_1", STRANGER)
    session = Session(resolve_home(str(tmp_path), {}))
    members, findings = members_on_instance(session, host.endpoint, created)
    assert members == {
        "family": "shop-web_1",
        "cpu": "128",
        "containerDefinitions": [
            {
                "name": "shop-web_1",
                "image": "busybox:latest",
                "cpu": 128,
                "memory": 96,
                "portMappings": [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 80, "hostPort": 8081}],
                "restartPolicy": {"enabled": True, "ignoredExitCodes": [0], "restartAttemptPeriod": 60},
                "command": ["sleep", "600"],
                "environment": [{"name": "A", "value": "1"}, {"name": "PASSWORD", "value": "hunter2"}],
                "mountPoints": [
                    {"sourceVolume": "srv-data", "containerPath": "/data", "readOnly": True},
                    {"sourceVolume": "stock", "containerPath": "/kept"},
                    {"sourceVolume": "with-dot", "containerPath": "/dots"},
                    {"sourceVolume": "stock", "containerPath": "/again", "readOnly": True},
                    {"sourceVolume": "anonymous", "containerPath": "/anonymous"},
                ],
                "linuxParameters": {
                    "capabilities": {"add": ["NET_RAW"]},
                    "devices": [{"hostPath": "/dev/null"}],
                    "tmpfs": [
                        {"containerPath": "/run", "size": 64, "mountOptions": ["noexec"]},
                        {"containerPath": "/scratch", "size": 1, "mountOptions": ["mode=1777"]},
                    ],
                },
                "stopTimeout": 2,
                "dockerSecurityOptions": ["no-new-privileges"],
                "dockerLabels": {"team": "a"},
                "ulimits": [{"name": "nofile", "softLimit": 100, "hardLimit": 200}],
                "healthCheck": {"command": ["CMD", "true"], "interval": 5, "timeout": 60, "retries": 10},
                "resourceRequirements": [{"type": "GPU", "value": "1"}],
            }
        ],
        "volumes": [
            {"name": "srv-data", "host": {"sourcePath": "/srv/data"}},
            {
                "name": "stock",
                "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True, "labels": {"keep": "me"}},
            },
            {"name": "with-dot"},
            {"name": "anonymous"},
        ],
    }
    definition_from(members, "test")
    assert {finding.severity for finding in findings} == {"warning"}
    assert {finding.path.removeprefix("HostConfig.") for finding in findings} == {
        "Memory", "MemorySwap", "NanoCpus", "CpuShares", "CpusetCpus", "PidsLimit", "GroupAdd", "DeviceRequests",
        "SecurityOpt", "LogConfig", "OomScoreAdj", "RestartPolicy", "PortBindings", "Binds", "Mounts", "Tmpfs",
        "NetworkSettings.Networks", "Config.ExposedPorts", "Config.Volumes", "Config.Domainname", "Config.StopSignal",
        "Config.StopTimeout", "Config.Healthcheck.Interval", "Config.Healthcheck.Timeout",
        "Config.Healthcheck.Retries", "Config.Labels",
    }  # fmt: skip
    assert not any("hunter2" in str(finding) for finding in findings)


def test_a_container_with_nothing_said_is_its_image_and_some_memory(engine: Daemon, tmp_path: Path) -> None:
    made = engine.api.create_container("busybox", ["sh"])["Id"]
    base = engine.api.commit(
        made,
        "based",
        "1",
        changes=[
            "ENV A=1", 'ENTRYPOINT ["/bin/sh", "-c"]', 'CMD ["true"]', "LABEL a=b", "EXPOSE 80", "VOLUME /data",
            "USER nobody", "WORKDIR /tmp", "HEALTHCHECK --interval=10s CMD true",
        ],
    )  # fmt: skip
    assert base["Id"]
    host = Engine(parse_endpoint(engine.endpoint))
    session = Session(resolve_home(str(tmp_path), {}))

    def read(name: str, **body: Any) -> tuple[dict[str, Any], list[str]]:
        created = host.create_container(name, {"Image": "based:1", **body})
        members, findings = members_on_instance(session, parse_endpoint(engine.endpoint), created)
        (container,) = members["containerDefinitions"]
        return container, [finding.path for finding in findings]

    plain = {
        "name": "plain",
        "image": "based:1",
        "memoryReservation": 128,
        "stopTimeout": 10,
        "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 10, "timeout": 30},
    }
    assert read("plain") == (plain, ["HostConfig.Memory"])
    # Without its entry point the image's command is gone too: the whole line becomes the entry point.
    assert read("bare", Entrypoint=[""], Cmd=["sleep", "9"])[0]["entryPoint"] == ["sleep", "9"]
    assert read("cleared", Entrypoint=["/bin/sh", "-c"])[0]["entryPoint"] == ["/bin/sh", "-c"]
    assert read("command", Cmd=["x"])[0]["command"] == ["x"]
    assert read("published", HostConfig={"PublishAllPorts": True})[0]["portMappings"] == [{"containerPort": 80}]
    engine.api.tag("busybox:latest", "based", "1", force=True)
    members, findings = members_on_instance(session, parse_endpoint(engine.endpoint), str(host.inspect("plain")["Id"]))
    assert members["containerDefinitions"] == [plain]
    assert "Image: based:1 names another image on its host now; a new container gets that one" in map(str, findings)


def test_a_container_of_a_task_gives_the_whole_task_from_its_record(engine: Daemon, tmp_path: Path) -> None:
    bench = Bench(engine)
    (tmp_path / "config.toml").write_text('[secrets]\nTOKEN = "env:TOKEN"\n')
    session = Session(resolve_home(str(tmp_path), {}))
    made = definition(
        {"secrets": [{"name": "T", "valueFrom": "TOKEN"}]},
        {"dependsOn": [{"containerName": "c0", "condition": "START"}]},
    )
    order = replace(
        bench.order(made), environments={"c0": ContainerEnvironment((("T", "hunter2"),)), "c1": ContainerEnvironment()}
    )
    task = bench.launcher().launch(order)
    runtime = task.containers[1].runtime
    assert runtime is not None
    members, findings = members_on_instance(session, parse_endpoint(engine.endpoint), runtime.id)
    assert (members, findings) == (made.model_dump(by_alias=True, exclude_unset=True), ())

    for name in [record for record in left(engine).records if record.endswith("-task")]:
        engine.api.remove_volume(f"{RECORD_PREFIX}{name}")
    members, findings = members_on_instance(session, parse_endpoint(engine.endpoint), runtime.id)
    assert [container["name"] for container in members["containerDefinitions"]] == ["c1"]
    assert (members["family"], members["networkMode"]) == ("web", "none")
    assert str(findings[0]).startswith("the record of its task is gone; ")

    first = task.containers[0].runtime
    assert first is not None
    stored = json.dumps(made.model_dump(by_alias=True, exclude_unset=True)).encode()
    session.definitions.register("web", stored, "me", session.now())
    (container,) = members_on_instance(session, parse_endpoint(engine.endpoint), first.id)[0]["containerDefinitions"]
    assert container["secrets"] == [{"name": "T", "valueFrom": "TOKEN"}]
    assert "environment" not in container


def test_a_container_is_found_by_name_and_by_id_wherever_it_is(engines: list[Daemon], tmp_path: Path) -> None:
    session = Session(resolve_home(str(tmp_path), {}))
    register(session, *engines)
    first, second, third = (Engine(parse_endpoint(daemon.endpoint)) for daemon in engines)
    body = {"Image": "busybox", "HostConfig": {"Memory": 32 << 20}}
    wanted = first.create_container("only", body)
    second.create_container("twice", body)
    third.create_container("twice", body)

    def families(container: str, instance: str = "") -> str:
        members, findings = members_of_container(session, "default", instance, container)
        assert findings == ()
        return str(members["family"])

    assert {families("only"), families("/only"), families(wanted), families(wanted[:12])} == {"only"}
    assert families("twice", engines[1].name) == "twice"
    with pytest.raises(MoorageError, match=r"^container 'twice' is not clear: [0-9a-f]{12} on .*; give its id"):
        families("twice")
    with pytest.raises(MoorageError, match=r"^container of cluster 'default' 'onyl' not found; did you mean 'only'\?$"):
        families("onyl")
    with pytest.raises(MoorageError, match="not found"):
        families("only", engines[1].name)


def test_of_a_host_that_does_not_answer_nothing_is_said(fresh_engine: Callable[..., Daemon], tmp_path: Path) -> None:
    daemon = fresh_engine()
    session = Session(resolve_home(str(tmp_path), {}))
    register(session, daemon)
    daemon.kill()
    with pytest.raises(MoorageError, match=r"container 'web' is on no instance that answers; .* did not: try again"):
        members_of_container(session, "default", "", "web")
