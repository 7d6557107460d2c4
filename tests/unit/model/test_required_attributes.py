"""The attributes that an instance needs for a definition."""

from __future__ import annotations

from typing import Any

import pytest

from app.model.required_attributes import required_attributes
from app.model.task_definition import TaskDefinition

ALWAYS = "com.amazonaws.ecs.capability.docker-remote-api.1.18"
DOCKER = "com.amazonaws.ecs.capability"


def attributes(*, container: dict[str, Any] | None = None, **members: Any) -> set[str]:
    full = {"name": "a", "image": "busybox", **(container or {})}
    document = {"family": "web", "containerDefinitions": [full], **members}
    found = required_attributes(TaskDefinition.model_validate(document, by_alias=True, by_name=False))
    assert found == sorted(set(found))
    return set(found) - {ALWAYS}


def test_a_plain_definition_needs_an_engine() -> None:
    document = {"family": "web", "containerDefinitions": [{"name": "a", "image": "busybox"}]}
    assert required_attributes(TaskDefinition.model_validate(document)) == [ALWAYS]


@pytest.mark.parametrize(
    ("container", "needed"),
    [
        ({"privileged": True}, {f"{DOCKER}.privileged-container"}),
        ({"privileged": False}, set()),
        ({"memoryReservation": 16}, {f"{DOCKER}.docker-remote-api.1.21"}),
        ({"image": "1.dkr.ecr.eu-west-1.amazonaws.com/a"}, {f"{DOCKER}.ecr-auth"}),
        (
            {"healthCheck": {"command": ["CMD", "true"]}},
            {"ecs.capability.container-health-check", f"{DOCKER}.docker-remote-api.1.24"},
        ),
        ({"stopTimeout": 2}, {"ecs.capability.container-ordering"}),
        ({"dependsOn": [{"containerName": "b", "condition": "START"}]}, {"ecs.capability.container-ordering"}),
        ({"restartPolicy": {"enabled": True}}, {"ecs.capability.container-restart-policy"}),
        ({"portMappings": [{"containerPortRange": "80-81"}]}, {"ecs.capability.network.container-port-range"}),
        ({"portMappings": [{"containerPort": 80}]}, set()),
        ({"environmentFiles": [{"type": "s3", "value": "arn"}]}, {"ecs.capability.env-files.s3"}),
        (
            {"secrets": [{"name": "A", "valueFrom": "arn:aws:secretsmanager:r:a:secret:x"}]},
            {"ecs.capability.secrets.asm.environment-variables"},
        ),
        ({"secrets": [{"name": "A", "valueFrom": "x"}]}, {"ecs.capability.secrets.ssm.environment-variables"}),
        (
            {"repositoryCredentials": {"credentialsParameter": "x"}},
            {"ecs.capability.private-registry-authentication.secretsmanager"},
        ),
        ({"dockerSecurityOptions": ["label:type:x"]}, {f"{DOCKER}.selinux"}),
        ({"dockerSecurityOptions": ["apparmor:x", "no-new-privileges"]}, {f"{DOCKER}.apparmor"}),
        ({"logConfiguration": {"logDriver": "journald"}}, {f"{DOCKER}.logging-driver.journald"}),
        (
            {"logConfiguration": {"logDriver": "awslogs"}},
            {f"{DOCKER}.logging-driver.awslogs", f"{DOCKER}.docker-remote-api.1.19"},
        ),
    ],
)
def test_of_a_container(container: dict[str, Any], needed: set[str]) -> None:
    assert attributes(container=container) == needed


@pytest.mark.parametrize(
    ("members", "needed"),
    [
        ({"taskRoleArn": "role"}, {f"{DOCKER}.task-iam-role"}),
        ({"executionRoleArn": "role"}, set()),
        ({"networkMode": "awsvpc"}, {"ecs.capability.task-eni"}),
        ({"pidMode": "host"}, {"ecs.capability.pid-ipc-namespace-sharing"}),
        ({"memory": "512"}, {"ecs.capability.task-cpu-mem-limit"}),
        ({"volumes": [{"name": "a", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]}, {"ecs.capability.efs"}),
        (
            {"volumes": [{"name": "a", "dockerVolumeConfiguration": {"driver": "rexray"}}]},
            {"ecs.capability.docker-plugin.rexray"},
        ),
        ({"volumes": [{"name": "a", "dockerVolumeConfiguration": {}}]}, set()),
    ],
)
def test_of_the_task(members: dict[str, Any], needed: set[str]) -> None:
    assert attributes(**members) == needed


def test_an_execution_role_is_needed_for_what_it_does() -> None:
    container = {"image": "1.dkr.ecr.eu-west-1.amazonaws.com/a", "logConfiguration": {"logDriver": "awslogs"}}
    roles = {"ecs.capability.execution-role-ecr-pull", "ecs.capability.execution-role-awslogs"}
    assert attributes(container=container, executionRoleArn="role") - attributes(container=container) == roles
