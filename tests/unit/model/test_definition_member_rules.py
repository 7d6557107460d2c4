"""The rules of single members and of modes: each broken one by itself, and what they leave alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.model.definitions import container, errors

PORTS = "portMappings[0]"
EFS = "volumes[0].efsVolumeConfiguration"


def port(**members: Any) -> list[dict[str, Any]]:
    return [{"containerPort": 80, **members}]


@pytest.mark.parametrize(
    ("members", "task", "path", "words"),
    [
        # one container
        ({"image": "a@md5:" + "0" * 64}, {}, "image", "invalid characters"),
        ({"image": "a@sha256:" + "0" * 63 + "g"}, {}, "image", "invalid characters"),
        ({"secrets": [{"name": "A", "valueFrom": "x"}] * 2}, {}, "secrets[1].name", "set twice"),
        (
            {"secrets": [{"name": "A", "valueFrom": "x"}], "environment": [{"name": "A"}]},
            {},
            "secrets[0].name",
            "set twice",
        ),
        ({"environmentFiles": [{"value": "a.env", "type": "s3"}]}, {}, "environmentFiles[0].value", "no ARN"),
        (
            {"environmentFiles": [{"value": f"arn:aws:s3:::b/{n}.env", "type": "s3"} for n in range(11)]},
            {},
            "environmentFiles",
            "limit is 10",
        ),
        ({"healthCheck": {"command": ["CMD"]}}, {}, "healthCheck.command", "no command"),
        ({"healthCheck": {"command": ["CMD-SHELL"]}}, {}, "healthCheck.command", "no command"),
        ({"logConfiguration": {"logDriver": "awslogs"}}, {}, "logConfiguration.options", "awslogs-group and"),
        (
            {
                "logConfiguration": {
                    "logDriver": "splunk",
                    "options": {"t": "1"},
                    "secretOptions": [{"name": "t", "valueFrom": "x"}],
                }
            },
            {},
            "logConfiguration.secretOptions[0].name",
            "set twice",
        ),
        ({"resourceRequirements": [{"type": "GPU"}]}, {}, "resourceRequirements[0].value", "no number"),
        ({"resourceRequirements": [{"type": "GPU", "value": "0"}]}, {}, "resourceRequirements[0].value", "no number"),
        ({"resourceRequirements": [{"type": "GPU", "value": "1"}] * 2}, {}, "resourceRequirements", "twice"),
        ({"credentialSpecs": ["credentialspec:a", "credentialspec:b"]}, {}, "credentialSpecs", "limit is 1"),
        (
            {"restartPolicy": {"enabled": True, "restartAttemptPeriod": 59}},
            {},
            "restartPolicy.restartAttemptPeriod",
            "",
        ),
        (
            {"restartPolicy": {"enabled": True, "ignoredExitCodes": [1] * 51}},
            {},
            "restartPolicy.ignoredExitCodes",
            "50",
        ),
        # the kernel
        ({"ulimits": [{"name": "nofile", "softLimit": 9, "hardLimit": 8}]}, {}, "ulimits[0].softLimit", "more than"),
        ({"ulimits": [{"name": "nofile", "softLimit": -1, "hardLimit": 8}]}, {}, "ulimits[0].softLimit", "more than"),
        ({"systemControls": [{"namespace": "vm.x", "value": "1"}]}, {}, "systemControls[0].namespace", "no container"),
        (
            {"systemControls": [{"namespace": "net.core.somaxconn", "value": "1"}]},
            {"networkMode": "host"},
            "systemControls[0].namespace",
            "networkMode host",
        ),
        (
            {"systemControls": [{"namespace": "kernel.sem", "value": "1"}]},
            {"ipcMode": "host"},
            "systemControls[0].namespace",
            "ipcMode host",
        ),
        ({"dockerSecurityOptions": ["label:"]}, {}, "dockerSecurityOptions[0]", "no security option"),
        ({"dockerSecurityOptions": ["seccomp:x"]}, {}, "dockerSecurityOptions[0]", "no security option"),
        (
            {"linuxParameters": {"maxSwap": 0}, "memory": None, "memoryReservation": 16},
            {},
            "linuxParameters.maxSwap",
            "needs the container's memory",
        ),
        (
            {"linuxParameters": {"capabilities": {"drop": ["CAP_CHOWN"]}}},
            {},
            "linuxParameters.capabilities.drop[0]",
            "without CAP_",
        ),
        (
            {"linuxParameters": {"tmpfs": [{"containerPath": "/t", "size": 1, "mountOptions": ["quick"]}]}},
            {},
            "linuxParameters.tmpfs[0].mountOptions[0]",
            "no option of tmpfs",
        ),
        # ports
        ({"portMappings": [{}]}, {}, f"{PORTS}.containerPort", "Invalid 'containerPort' setting for container 'a'."),
        ({"portMappings": port(containerPortRange="1-2")}, {}, f"{PORTS}.containerPortRange", "exclude each other"),
        ({"portMappings": [{"containerPortRange": "2-2"}]}, {}, f"{PORTS}.containerPortRange", "no range"),
        ({"portMappings": [{"containerPortRange": "0-2"}]}, {}, f"{PORTS}.containerPortRange", "no range"),
        ({"portMappings": [{"containerPortRange": "1-65536"}]}, {}, f"{PORTS}.containerPortRange", "no range"),
        (
            {"portMappings": [{"containerPortRange": "1-2"}]},
            {"networkMode": "host"},
            f"{PORTS}.containerPortRange",
            "bridge or awsvpc",
        ),
        ({"portMappings": [{"containerPortRange": "1-2", "hostPort": 1}]}, {}, f"{PORTS}.hostPort", "no hostPort"),
        (
            {"portMappings": [{"containerPortRange": "70-80"}, {"containerPort": 80}]},
            {},
            f"{PORTS}.containerPortRange",
            "overlaps",
        ),
        (
            {"portMappings": [{"containerPortRange": f"{9 * n + 1}-{9 * n + 2}"} for n in range(101)]},
            {},
            "portMappings",
            "101 ranges",
        ),
        (
            {"portMappings": port(hostPort=81)},
            {"networkMode": "awsvpc"},
            f"{PORTS}.hostPort",
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        ),
        # awsvpc
        ({"hostname": "h"}, {"networkMode": "awsvpc"}, "hostname", "awsvpc"),
        ({"dnsServers": ["1.1.1.1"]}, {"networkMode": "awsvpc"}, "dnsServers", "awsvpc"),
        ({"dnsSearchDomains": ["a.b"]}, {"networkMode": "awsvpc"}, "dnsSearchDomains", "awsvpc"),
        (
            {"extraHosts": [{"hostname": "h", "ipAddress": "1.1.1.1"}]},
            {"networkMode": "awsvpc"},
            "extraHosts",
            "awsvpc",
        ),
        ({"disableNetworking": True}, {"networkMode": "awsvpc"}, "disableNetworking", "awsvpc"),
        # other containers
        ({"volumesFrom": [{"sourceContainer": "b"}]}, {}, "volumesFrom[0].sourceContainer", "does not exist"),
        ({"volumesFrom": [{"sourceContainer": "a"}]}, {}, "volumesFrom[0].sourceContainer", "itself"),
    ],
)
def test_each_rule_of_a_container(members: dict[str, Any], task: dict[str, Any], path: str, words: str) -> None:
    found = errors(container("a", **members), **task)
    assert [where for where, _ in found] == [f"containerDefinitions[0].{path}"]
    assert words in found[0][1]


@pytest.mark.parametrize(
    ("task", "path", "words"),
    [
        ({"cpu": "127"}, "cpu", "Invalid 'cpu' setting for task."),
        ({"cpu": "193 vCPU"}, "cpu", "Invalid 'cpu' setting for task."),
        ({"tags": [{"key": "AWS:x"}]}, "tags[0].key", "reserved"),
        ({"tags": [{"key": "a*"}]}, "tags[0].key", "invalid characters"),
        ({"tags": [{"key": "a", "value": "#"}]}, "tags[0].value", "invalid characters"),
        ({"tags": [{"key": str(n)} for n in range(51)]}, "tags", "limit is 50"),
        ({"placementConstraints": [{"type": "memberOf"}]}, "placementConstraints[0].expression", "needs an expression"),
        (
            {"placementConstraints": [{"type": "memberOf", "expression": "x"}] * 11},
            "placementConstraints",
            "limit is 10",
        ),
        ({"proxyConfiguration": {"containerName": "b"}}, "proxyConfiguration.containerName", "no container"),
        ({"ephemeralStorage": {"sizeInGiB": 20}}, "ephemeralStorage.sizeInGiB", "21"),
        (
            {"volumes": [{"name": "v", "configuredAtLaunch": True}, {"name": "w", "configuredAtLaunch": True}]},
            "volumes[1].configuredAtLaunch",
            "one volume at most",
        ),
        (
            {"volumes": [{"name": "v", "host": {"sourcePath": "/x"}, "dockerVolumeConfiguration": {"scope": "task"}}]},
            "volumes[0]",
            "host and dockerVolumeConfiguration",
        ),
        (
            {"volumes": [{"name": "v", "dockerVolumeConfiguration": {"autoprovision": True}}]},
            "volumes[0].dockerVolumeConfiguration.autoprovision",
            "only a shared volume",
        ),
        (
            {
                "volumes": [
                    {
                        "name": "v",
                        "efsVolumeConfiguration": {"fileSystemId": "x", "authorizationConfig": {"iam": "ENABLED"}},
                    }
                ]
            },
            f"{EFS}.transitEncryption",
            "needs it",
        ),
        (
            {
                "volumes": [
                    {
                        "name": "v",
                        "efsVolumeConfiguration": {
                            "fileSystemId": "x",
                            "rootDirectory": "/x",
                            "transitEncryption": "ENABLED",
                            "authorizationConfig": {"accessPointId": "y"},
                        },
                    }
                ]
            },
            f"{EFS}.rootDirectory",
            "root of its own",
        ),
    ],
)
def test_each_rule_of_the_task(task: dict[str, Any], path: str, words: str) -> None:
    found = errors(container("a"), **task)
    assert [where for where, _ in found] == [path]
    assert words in found[0][1]


def test_memory_of_a_task_below_dockers_minimum() -> None:
    found = errors(container("a"), memory="0.001 GB")
    assert ("memory", "Invalid 'memory' setting for task.") in found


def test_rules_between_containers() -> None:
    router = {"firelensConfiguration": {"type": "fluentbit"}}
    assert errors(container("a", **router), container("b", **router)) == [
        ("containerDefinitions[1].firelensConfiguration", "a task has one log router at most")
    ]
    assert errors(*(container(f"c{number}") for number in range(11))) == [
        ("containerDefinitions", "has more than 10 containers")
    ]
    assert errors(container("a"), container("b"), container("c", links=["a:x", "b:x"])) == [
        ("containerDefinitions[2].links[1]", "'x' is another link's alias")
    ]
    off = container("b", healthCheck={"command": ["NONE"]})
    found = errors(container("a", dependsOn=[{"containerName": "b", "condition": "HEALTHY"}]), off)
    assert found == [
        (
            "containerDefinitions[0].dependsOn[0]",
            "A dependency container with HEALTHY condition must have health check configured",
        )
    ]
    twice = errors(container("a", portMappings=port()), container("b", portMappings=port()), networkMode="awsvpc")
    assert [problem for _, problem in twice] == ["TCP host port '80' is mapped multiple times in task."]
    keys = errors(container("a"), tags=[{"key": "k"}, {"key": "k"}])
    assert [path for path, _ in keys] == ["tags[0].key", "tags[1].key"]


def test_mistakes_in_containers_beyond_the_tenth_are_told_too() -> None:
    found = errors(*(container(f"c{number}") for number in range(11)), container("x", memory=1))
    assert [path for path, _ in found] == ["containerDefinitions", "containerDefinitions[11].memory"]
