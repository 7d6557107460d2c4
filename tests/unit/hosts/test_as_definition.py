"""From an answer of inspect to members: what no engine of the tests shows, and answers that are broken."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.hosts.as_definition import AsDefinition, Surroundings, as_definition, valid_name, with_some_memory
from app.hosts.as_mounts import source_names
from app.hosts.errors import HostError
from app.model.definition_document import definition_from

IMAGE = {"Id": "sha256:1", "Config": {"Env": ["PATH=/bin"], "Volumes": {"/of-image": {}}}}


def read(config: dict[str, Any] | None = None, around: dict[str, Any] | None = None, **host: Any) -> AsDefinition:
    detail = {
        "Id": "a" * 64,
        "Name": "/web",
        "Config": {"Image": "web:1", "Hostname": "a" * 12, **(config or {})},
        "HostConfig": {"Memory": 32 << 20, **host},
    }
    found = as_definition(detail, Surroundings(**{"image": IMAGE, **(around or {})}))
    definition_from(
        {"family": "web", "containerDefinitions": [found.container], "volumes": found.volumes, **found.task}, "test"
    )
    return found


def told(found: AsDefinition) -> list[str]:
    return [str(finding) for finding in found.findings]


def test_nothing_said_is_nothing_written() -> None:
    """But for what Docker does without being told, and ECS does otherwise."""
    found = read()
    assert (found.container, found.task, found.volumes, found.findings) == (
        {"name": "web", "image": "web:1", "memory": 32, "stopTimeout": 10}, {}, [], (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "valid"),
    [("/web", "web"), ("/shop.web_1", "shop-web_1"), ("/-x", "x"), ("/...", "container"), ("/" + "a" * 300, "a" * 255)],
)
def test_a_name_becomes_one_that_ecs_takes(name: str, valid: str) -> None:
    assert valid_name(name) == valid


@pytest.mark.parametrize(
    ("host", "member", "value"),
    [
        ({"CpuShares": 2}, "cpu", None),
        ({"CpuShares": 2}, "stopTimeout", 10),
        ({"CpuShares": 512}, "cpu", 512),
        ({"Memory": 0, "MemoryReservation": 16 << 20}, "memoryReservation", 16),
        ({"MemorySwap": 64 << 20}, "linuxParameters", None),
        ({"MemorySwap": 32 << 20}, "linuxParameters", {"maxSwap": 0}),
        ({"MemorySwap": 64 << 20, "MemorySwappiness": 7}, "linuxParameters", {"maxSwap": 32, "swappiness": 7}),
        ({"ShmSize": 64 << 20}, "linuxParameters", None),
        ({"Tmpfs": {"/t": "size=1g,ro"}}, "linuxParameters",
         {"tmpfs": [{"containerPath": "/t", "size": 1024, "mountOptions": ["ro"]}]}),
        ({"Privileged": True, "SecurityOpt": ["label=disable"]}, "dockerSecurityOptions", None),
        ({"SecurityOpt": ["label=disable"]}, "dockerSecurityOptions", ["label:disable"]),
        ({"SecurityOpt": ["label:user:u", "apparmor:p"]}, "dockerSecurityOptions", ["label:user:u", "apparmor:p"]),
        ({"ExtraHosts": ["eh:fd00::1", "dh=10.0.0.1"]}, "extraHosts",
         [{"hostname": "eh", "ipAddress": "fd00::1"}, {"hostname": "dh", "ipAddress": "10.0.0.1"}]),
        ({"DeviceRequests": [{"Count": 3, "Capabilities": [["gpu", "x"]]}]}, "resourceRequirements",
         [{"type": "GPU", "value": "3"}]),
        ({"LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}}}, "logConfiguration",
         {"logDriver": "json-file", "options": {"max-size": "1m", "mode": "blocking"}}),
        ({"PortBindings": {"80/tcp": None, "9/udp": [{"HostPort": ""}]}}, "portMappings",
         [{"containerPort": 9, "protocol": "udp"}, {"containerPort": 80}]),
        ({"Binds": ["/a:/x", "/a:/y:ro"]}, "mountPoints",
         [{"sourceVolume": "a", "containerPath": "/x"},
          {"sourceVolume": "a", "containerPath": "/y", "readOnly": True}]),
    ],
)  # fmt: skip
def test_what_ecs_has_words_for_is_written_and_nothing_is_told(host: dict[str, Any], member: str, value: Any) -> None:
    found = read(**host)
    assert found.container.get(member) == value
    assert told(found) == []


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ({"NetworkMode": "container:x"}, "HostConfig.NetworkMode"),
        ({"NetworkMode": "shop"}, "NetworkSettings.Networks"),
        ({"PidMode": "container:x"}, "HostConfig.PidMode"),
        ({"IpcMode": "container:x"}, "HostConfig.IpcMode"),
        ({"UTSMode": "host"}, "HostConfig.UTSMode"),
        ({"UsernsMode": "host"}, "HostConfig.UsernsMode"),
        ({"CgroupnsMode": "private"}, "HostConfig.CgroupnsMode"),
        ({"CgroupParent": "/x"}, "HostConfig.CgroupParent"),
        ({"Runtime": "runsc"}, "HostConfig.Runtime"),
        ({"Links": ["/db:/web/db"]}, "HostConfig.Links"),
        ({"AutoRemove": True}, "HostConfig.AutoRemove"),
        ({"OomKillDisable": True}, "HostConfig.OomKillDisable"),
        ({"MaskedPaths": []}, "HostConfig.MaskedPaths"),
        ({"Sysctls": {"kernel.msgmax": "1"}, "IpcMode": "host"}, "HostConfig.Sysctls"),
        ({"Ulimits": [{"Name": "odd", "Soft": 1, "Hard": 1}]}, "HostConfig.Ulimits"),
        ({"SecurityOpt": ["seccomp={}"]}, "HostConfig.SecurityOpt"),
        ({"Mounts": [{"Type": "image", "Target": "/x"}]}, "HostConfig.Mounts"),
        ({"Mounts": [{"Type": "volume", "Source": "v", "Target": "/x", "VolumeOptions": {"Subpath": "s"}}]},
         "HostConfig.Mounts"),
        ({"Binds": ["/a:/x:rshared"]}, "HostConfig.Binds"),
        ({"Binds": ["moorage-volume-x:/x"]}, "HostConfig.Binds"),
        ({"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["x"]}]}, "HostConfig.DeviceRequests"),
        ({"DeviceRequests": [{"DeviceIDs": ["0", "2"], "Capabilities": [["gpu"]]}]}, "HostConfig.DeviceRequests"),
        ({"DnsSearch": ["."]}, "HostConfig.DnsSearch"),
        ({"PortBindings": {"80/tcp": [{"HostPort": "8000-8010"}]}}, "HostConfig.PortBindings"),
        ({"RestartPolicy": {"Name": "always"}}, "HostConfig.RestartPolicy"),
        ({"NanoCpus": 10**15}, "HostConfig.NanoCpus"),
        ({"CpuQuota": 1000, "CpuPeriod": 100_000}, "HostConfig.NanoCpus"),
        ({"Memory": (32 << 20) + 1}, "HostConfig.Memory"),
        ({"MemorySwap": -1}, "HostConfig.MemorySwap"),
    ],
)  # fmt: skip
def test_what_ecs_has_no_words_for_is_told_once(host: dict[str, Any], path: str) -> None:
    assert [finding.path for finding in read(**host).findings] == [path]


def test_what_a_container_has_of_its_host_is_not_its_own() -> None:
    found = read({"Hostname": "edge"}, {"info": {"Name": "edge"}}, NetworkMode="host")
    assert (found.container.get("hostname"), found.task) == (None, {"networkMode": "host"})
    assert read({"Hostname": "edge"}).container["hostname"] == "edge"
    # A kernel that cannot limit swap leaves that of every container unlimited.
    assert told(read(None, {"info": {"SwapLimit": False}}, MemorySwap=-1)) == []
    private = read(
        None, {"info": {"CgroupVersion": "2", "DefaultRuntime": "runsc"}}, CgroupnsMode="private", Runtime="runsc"
    )
    assert told(private) == []


def test_volumes_of_the_image_and_of_other_containers() -> None:
    detail = {
        "Name": "/web",
        "Config": {"Image": "web:1", "Volumes": {"/of-image": {}, "/own": {}}},
        "HostConfig": {"VolumesFrom": ["other"], "Memory": 32 << 20},
        "Mounts": [
            {"Type": "volume", "Name": "b" * 64, "Destination": "/of-image", "RW": True},
            {"Type": "volume", "Name": "theirs", "Destination": "/theirs", "RW": False},
            {"Type": "bind", "Source": "/srv", "Destination": "/srv", "RW": True},
        ],
    }
    found = as_definition(
        detail, Surroundings(image=IMAGE, volumes={"theirs": {"Driver": "nfs", "Options": {"o": "x"}}})
    )
    assert found.container["mountPoints"] == [
        {"sourceVolume": "own", "containerPath": "/own"},
        {"sourceVolume": "theirs", "containerPath": "/theirs", "readOnly": True},
        {"sourceVolume": "srv", "containerPath": "/srv"},
    ]
    shared = {"scope": "shared", "autoprovision": True, "driver": "nfs", "driverOpts": {"o": "x"}}
    assert found.volumes == [
        {"name": "own"},
        {"name": "theirs", "dockerVolumeConfiguration": shared},
        {"name": "srv", "host": {"sourcePath": "/srv"}},
    ]
    assert source_names(detail) == ["theirs"]


def test_an_image_that_is_gone_or_has_no_name_is_told() -> None:
    gone = read({"Env": ["PATH=/bin"]}, {"image": {}})
    assert gone.container["environment"] == [{"name": "PATH", "value": "/bin"}]
    assert told(gone) == ["Image: the image is gone from the host; what came from it is taken for the container's own"]
    named = read({"Image": "sha256:" + "a" * 64}, {"image": {**IMAGE, "RepoTags": ["<none>:<none>", "real:1"]}})
    assert (named.container["image"], told(named)) == ("real:1", [])
    assert [finding.path for finding in read({"Image": "a" * 12}).findings] == ["Config.Image"]


def test_some_memory_is_written_where_there_is_none() -> None:
    container, findings = with_some_memory({"name": "web", "image": "x", "user": "u"})
    assert container == {"name": "web", "image": "x", "memoryReservation": 128, "user": "u"}
    assert [finding.path for finding in findings] == ["HostConfig.Memory"]
    assert with_some_memory({"memory": 4}) == ({"memory": 4}, ())


def test_no_value_of_an_environment_is_told() -> None:
    found = read({"Env": ["HUNTER2", "A=hunter2"], "Labels": {"com.docker.compose.x": "hunter2"}})
    assert "hunter2" not in "".join(told(found)).lower()
    assert [finding.path for finding in found.findings] == ["Config.Env", "Config.Labels"]


SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=4)
KEYS = st.sampled_from(["Type", "Name", "Config", "Test", "Source", "Target", "80/tcp", "HostPort", "Mode", "x"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3))
CONFIG = ["Env", "Cmd", "Entrypoint", "Labels", "ExposedPorts", "Volumes", "Healthcheck", "StopTimeout", "Image"]
HOST_CONFIG = [
    "Binds", "Mounts", "Tmpfs", "PortBindings", "LogConfig", "RestartPolicy", "Memory", "MemorySwap", "NanoCpus",
    "CpuShares", "Ulimits", "Sysctls", "SecurityOpt", "Devices", "DeviceRequests", "ExtraHosts", "NetworkMode",
    "VolumesFrom", "CapAdd", "MemorySwappiness", "ShmSize", "IpcMode",
]  # fmt: skip
DETAILS = st.fixed_dictionaries(
    {
        "Config": st.dictionaries(st.sampled_from(CONFIG), VALUES, max_size=3) | VALUES,
        "HostConfig": st.dictionaries(st.sampled_from(HOST_CONFIG), VALUES, max_size=3) | VALUES,
        "Name": VALUES,
    }
)


@settings(max_examples=300)
@given(detail=DETAILS)
def test_whatever_an_engine_answers_nothing_else_is_raised(detail: dict[str, Any]) -> None:
    try:
        source_names(detail)
        found = as_definition(detail, Surroundings(image=IMAGE))
    except HostError as error:
        assert error.kind == "failed"
    else:
        assert found.container["name"]
