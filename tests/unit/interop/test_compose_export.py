"""Compose files made of task definitions: what accepts them, and the way back."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import check_jsonschema  # type: ignore[import-untyped]
import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, example, given, settings

from app.interop.compose import render_compose
from app.interop.yaml_text import parse_yaml, render_yaml
from app.model.definition_document import definition_from
from app.model.dialects import recognise
from app.model.equality import same_definition
from app.model.errors import DocumentError
from tests.unit.aws_client import SAMPLES
from tests.unit.generated import definitions, with_unknown_members
from tests.unit.interop.composing import read

VENDOR = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
SCHEMA = jsonschema.Draft202012Validator(json.loads((VENDOR / "compose-spec.json").read_text(encoding="utf-8")))
SLOW = settings(suppress_health_check=list(HealthCheck))


def sample(path: Path) -> dict[str, Any]:
    return recognise(json.loads(path.read_text(encoding="utf-8")), path.name).members


def back(text: str, **options: Any) -> dict[str, Any]:
    (one,) = read(text, environment={}, **options).definitions
    return one.members


def without_extension(text: str) -> str:
    value = parse_yaml(text.encode(), "x")
    del value["x-ecs"]
    return render_yaml(value)


FULL: dict[str, Any] = {
    "family": "Shop_1",
    "cpu": "1 vCPU",
    "memory": "1 GB",
    "networkMode": "bridge",
    "taskRoleArn": "arn:aws:iam::123456789012:role/x",
    "pidMode": "task",
    "ipcMode": "task",
    "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
    "placementConstraints": [{"type": "memberOf", "expression": "attribute:stack == prod"}],
    "tags": [{"key": "team", "value": "web"}],
    "volumes": [
        {"name": "scratch"},
        {"name": "b", "host": {"sourcePath": "/srv/b"}},
        {"name": "s", "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True, "labels": {"a": "$"}}},
        {"name": "ext", "dockerVolumeConfiguration": {"scope": "shared", "driver": "local"}},
        {"name": "efs", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}},
    ],
    "containerDefinitions": [
        {
            "name": "web",
            "image": "nginx:1",
            "cpu": 10,
            "memory": 64,
            "memoryReservation": 32,
            "essential": True,
            "links": ["db:sql"],
            "portMappings": [
                {"containerPort": 80, "hostPort": 8080, "protocol": "tcp"},
                {"containerPort": 53, "hostPort": 0, "protocol": "udp"},
                {"containerPort": 90, "name": "admin", "appProtocol": "http"},
                {"containerPortRange": "3000-3002"},
            ],
            "entryPoint": ["sh", "-c"],
            "command": ["echo $HOME ${X} $$"],
            "environment": [{"name": "A", "value": "$B ${C:-d}"}, {"name": "Yes", "value": "yes"}, {"name": "E"}],
            "secrets": [{"name": "PASSWORD", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/p"}],
            "environmentFiles": [{"value": "arn:aws:s3:::b/x.env", "type": "s3"}],
            "mountPoints": [
                {"sourceVolume": "scratch", "containerPath": "/scratch"},
                {"sourceVolume": "b", "containerPath": "/b", "readOnly": True},
                {"sourceVolume": "s", "containerPath": "/s"},
                {"sourceVolume": "ext", "containerPath": "/ext"},
                {"sourceVolume": "efs", "containerPath": "/efs"},
            ],
            "volumesFrom": [{"sourceContainer": "db", "readOnly": True}],
            "linuxParameters": {
                "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
                "devices": [{"hostPath": "/dev/null", "containerPath": "/dev/x", "permissions": ["read"]}],
                "initProcessEnabled": True,
                "sharedMemorySize": 8,
                "tmpfs": [{"containerPath": "/t", "size": 4, "mountOptions": ["noexec"]}],
                "maxSwap": 0,
                "swappiness": 0,
            },
            "dependsOn": [
                {"containerName": "db", "condition": "HEALTHY"},
                {"containerName": "init", "condition": "SUCCESS"},
                {"containerName": "other", "condition": "COMPLETE"},
            ],
            "startTimeout": 20,
            "hostname": "h",
            "user": "1000",
            "workingDirectory": "/w",
            "privileged": True,
            "readonlyRootFilesystem": True,
            "interactive": True,
            "pseudoTerminal": True,
            "dnsServers": ["10.0.0.1", "10.0.0.1"],
            "dnsSearchDomains": ["x.y"],
            "extraHosts": [{"hostname": "a", "ipAddress": "1.2.3.4"}, {"hostname": "a", "ipAddress": "::1"}],
            "dockerSecurityOptions": ["no-new-privileges", "apparmor:p"],
            "dockerLabels": {"a": "b$c", "\n": "x"},
            "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}],
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-region": "r"}},
            "systemControls": [{"namespace": "net.core.somaxconn", "value": "1"}],
            "resourceRequirements": [{"type": "GPU", "value": "1"}],
            "restartPolicy": {"enabled": True, "ignoredExitCodes": [0, 3], "restartAttemptPeriod": 120},
        },
        {
            "name": "db",
            "image": "postgres",
            "memory": 64,
            "stopTimeout": 2,
            "healthCheck": {"command": ["CMD-SHELL", "true"]},
            "futureMember": {"a": [1, 2.5, None]},
        },
        {"name": "init", "image": "x", "memory": 8, "essential": False, "disableNetworking": True},
        {"name": "other", "image": "x", "memoryReservation": 8, "essential": False},
    ],
}


@pytest.mark.parametrize("members", [FULL, *map(sample, SAMPLES)], ids=["full", *(path.stem for path in SAMPLES)])
def test_an_export_is_taken_by_the_schema_and_gives_the_same_definition_again(members: dict[str, Any]) -> None:
    text = render_compose(members)
    SCHEMA.validate(parse_yaml(text.encode(), "x"))
    got = read(text, environment={})
    assert got.definitions[0].members == members
    assert got.losses == ()


def test_an_export_without_its_extension_keeps_all_that_compose_can_say() -> None:
    got = read(without_extension(render_compose(FULL)), environment={"PASSWORD": "not to be seen"})
    (one,) = got.definitions
    definition_from(one.members, "x")
    web = one.members["containerDefinitions"][0]
    original = FULL["containerDefinitions"][0]
    same = (
        "name", "image", "memory", "memoryReservation", "links", "entryPoint", "command", "cpu", "hostname", "user",
        "workingDirectory", "privileged", "readonlyRootFilesystem", "interactive", "pseudoTerminal", "volumesFrom",
        "linuxParameters", "dnsSearchDomains", "extraHosts", "dockerSecurityOptions", "ulimits", "systemControls",
        "resourceRequirements",
    )  # fmt: skip
    assert {key: web[key] for key in same} == {key: original[key] for key in same}
    assert web["stopTimeout"] == 30
    assert one.members["containerDefinitions"][1]["healthCheck"] == {
        "command": ["CMD-SHELL", "true"], "interval": 30, "timeout": 5, "retries": 3,
    }  # fmt: skip
    assert {volume["name"] for volume in one.members["volumes"]} == {
        "shop_1_scratch",
        "srv-b",
        "s",
        "ext",
        "shop_1_efs",
    }


@SLOW
@given(with_unknown_members())
def test_any_definition_comes_back_the_same(members: dict[str, Any]) -> None:
    members = {**members, "family": members["family"][:100]}
    text = render_compose(members)
    SCHEMA.validate(parse_yaml(text.encode(), "x"))
    assert back(text) == members
    assert same_definition(back(text, family="other"), {**members, "family": "other"})


def repaired(members: dict[str, Any]) -> dict[str, Any] | None:
    """A generated definition by the rules across members: what would break one is taken out."""
    made = copy.deepcopy(members)
    made.pop("proxyConfiguration", None)
    for name in ("volumes", "tags", "placementConstraints", "inferenceAccelerators"):
        made.pop(name, None)
    made["containerDefinitions"] = made["containerDefinitions"][:10]
    for index, container in enumerate(made["containerDefinitions"]):
        container.update(name=f"c{index}", memory=64, essential=True)
        for name in ("links", "dependsOn", "volumesFrom", "mountPoints", "portMappings", "secrets", "environmentFiles",
                     "firelensConfiguration", "memoryReservation", "disableNetworking", "healthCheck"):  # fmt: skip
            container.pop(name, None)
    made["cpu"], made["memory"] = "128", str(64 * 10)
    for container in made["containerDefinitions"]:
        container["cpu"] = min(container.get("cpu", 0), 12)
    try:
        definition_from(made, "x")
    except DocumentError:
        return None
    return made


NAMELESS = {
    "family": "x",
    "volumes": [{"name": "v", "dockerVolumeConfiguration": {"driverOpts": {"": "x"}}}],
    "containerDefinitions": [
        {"name": "a", "image": "b", "memory": 8, "logConfiguration": {"logDriver": "json-file", "options": {"": ""}}}
    ],
}


@SLOW
@example(NAMELESS)
@given(definitions())
def test_the_services_of_any_valid_definition_are_taken_by_themselves(members: dict[str, Any]) -> None:
    made = repaired(members)
    if made is None:
        return
    again = back(without_extension(render_compose(made)))
    definition_from(again, "x")
    assert [container["image"] for container in again["containerDefinitions"]] == [
        container["image"] for container in made["containerDefinitions"]
    ]


def edited(change: str, by: str, members: dict[str, Any] = FULL, count: int = 1) -> tuple[dict[str, Any], list[str]]:
    """The import of an export after an edit of its services, and what is told."""
    services, mark, extension = render_compose(members).partition("x-ecs:")
    changed = re.sub(change, by, services, count=count, flags=re.MULTILINE)
    assert changed != services
    got = read(changed + mark + extension, environment={"PASSWORD": "not to be seen"})
    assert "not to be seen" not in str(got.definitions[0].members)
    return got.definitions[0].members, [str(finding) for finding in got.losses]


def expected(**web: Any) -> dict[str, Any]:
    made = copy.deepcopy(FULL)
    made["containerDefinitions"][0].update(web)
    return made


def test_an_edit_of_the_services_goes_over_the_definition_and_is_told() -> None:
    got, told = edited("nginx:1$", "nginx:2")
    assert got == expected(image="nginx:2")
    assert told == [
        "x-ecs: the services were edited since the export; this goes over the definition: web.image",
    ]


def test_an_edit_of_one_entry_leaves_the_others_as_they_are() -> None:
    got, _ = edited("      A: .*", "      A: new\n      MORE: 1")
    environment = [*FULL["containerDefinitions"][0]["environment"], {"name": "MORE", "value": "1"}]
    environment[0] = {"name": "A", "value": "new"}
    assert got == expected(environment=environment)
    got, _ = edited(r'      - "?/srv/b:/b:ro"?\n', "")
    points = [point for point in FULL["containerDefinitions"][0]["mountPoints"] if point["containerPath"] != "/b"]
    assert got["containerDefinitions"][0]["mountPoints"] == points
    assert [volume["name"] for volume in got["volumes"]] == ["scratch", "s", "ext", "efs"]


def test_a_mount_that_is_added_stands_beside_those_that_compose_tells_otherwise() -> None:
    got, _ = edited(r"^(    volumes:)$", r"\1\n      - /new:/new")
    assert [point["sourceVolume"] for point in got["containerDefinitions"][0]["mountPoints"]] == [
        "scratch", "b", "s", "ext", "efs", "new",
    ]  # fmt: skip
    assert [volume["name"] for volume in got["volumes"]] == ["scratch", "b", "s", "ext", "efs", "new"]
    definition_from(got, "x")


def test_a_service_that_is_added_or_removed_is_a_container_added_or_removed() -> None:
    got, told = edited("^services:$", "services:\n  extra: {image: e, mem_limit: 8m}")
    assert [container["name"] for container in got["containerDefinitions"]] == ["web", "db", "init", "other", "extra"]
    assert got["containerDefinitions"][:4] == FULL["containerDefinitions"]
    assert "extra" in told[-1]


def test_a_secret_that_gets_a_value_is_no_secret_any_more() -> None:
    got, _ = edited("      PASSWORD:.*", "      PASSWORD: plain")
    web = got["containerDefinitions"][0]
    assert web["secrets"] == []
    assert {"name": "PASSWORD", "value": "plain"} in web["environment"]
    definition_from(got, "x")


def test_what_is_no_definition_is_told_and_the_services_are_taken() -> None:
    got = read("name: a\nservices: {web: {image: x, mem_limit: 8m}}\nx-ecs: {family: 1}\n")
    assert got.definitions[0].family == "a"
    assert [finding.path for finding in got.losses] == ["x-ecs"]


def test_split_takes_the_services_alone() -> None:
    got = read(render_compose(FULL), environment={}, split=True)
    assert [built.family for built in got.definitions] == [f"shop_1-{name}" for name in ("web", "db", "init", "other")]
    assert "x-ecs" in [finding.path for finding in got.losses]
