"""Container definition → the exact body of a create call: every member, and the tags."""

from __future__ import annotations

from typing import Any

import pytest

from app.hosts.labels import labels_of
from app.hosts.translate import TaskPlan, create_body, tag_for
from app.model.container import RestartPolicy
from app.model.environment import ContainerEnvironment
from app.model.reservation import reservation
from tests.unit.builders import definition, tag
from tests.unit.hosts.bodies import MIB, body_of, changed, plan_of

SECOND = 10**9
ECS = "com.amazonaws.ecs."
ARN = "arn:aws:secretsmanager:local-1:000000000000:secret:x"


def test_the_smallest_body() -> None:
    made = definition({"name": "web"})
    plan = plan_of(made)
    assert create_body(plan, made.container("web")) == {
        "Image": "busybox",
        "Labels": {
            f"{ECS}task-arn": f"arn:aws:ecs:local-1:000000000000:task/default/{plan.task.task_id}",
            f"{ECS}container-name": "web",
            f"{ECS}task-definition-family": "web",
            f"{ECS}task-definition-version": "1",
            f"{ECS}cluster": "default",
            **labels_of(tag_for(plan, made.container("web"))),
        },
        "Healthcheck": {"Test": ["NONE"]},
        "StopTimeout": 30,
        "HostConfig": {
            "NetworkMode": "default",
            "CpuShares": 2,
            "Memory": 16 * MIB,
            "RestartPolicy": {"Name": "no"},
        },
    }


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"image": "busybox@sha256:" + "a" * 64}, {"Image": "busybox@sha256:" + "a" * 64}),
        ({"command": ["a", "b c"]}, {"Cmd": ["a", "b c"]}),
        ({"entryPoint": ["sh", "-c"]}, {"Entrypoint": ["sh", "-c"]}),
        ({"command": [], "entryPoint": []}, {}),
        ({"environment": [{"name": "A", "value": "1=2"}, {"name": "B"}]}, {"Env": ["A=1=2", "B="]}),
        ({"user": "1000:100"}, {"User": "1000:100"}),
        ({"workingDirectory": "/w"}, {"WorkingDir": "/w"}),
        ({"hostname": "h"}, {"Hostname": "h"}),
        ({"stopTimeout": 2}, {"StopTimeout": 2}),
        ({"disableNetworking": True}, {"NetworkDisabled": True}),
        ({"interactive": True, "pseudoTerminal": True}, {"OpenStdin": True, "Tty": True}),
        ({"interactive": False, "pseudoTerminal": False, "disableNetworking": False}, {}),
        ({"privileged": True, "readonlyRootFilesystem": True}, {"Privileged": True, "ReadonlyRootfs": True}),
        ({"privileged": False, "readonlyRootFilesystem": False}, {}),
        ({"dnsServers": ["10.0.0.1"], "dnsSearchDomains": ["x.y"]}, {"Dns": ["10.0.0.1"], "DnsSearch": ["x.y"]}),
        ({"extraHosts": [{"hostname": "h", "ipAddress": "::1"}]}, {"ExtraHosts": ["h:::1"]}),
        ({"ulimits": [{"name": "nofile", "softLimit": -1, "hardLimit": -1}]}, {"Ulimits": [
            {"Name": "nofile", "Soft": -1, "Hard": -1}]}),
        ({"systemControls": [{"namespace": "net.core.somaxconn", "value": "512"}]}, {"Sysctls": {
            "net.core.somaxconn": "512"}}),
        ({"dockerSecurityOptions": ["no-new-privileges", "label:type:x_t", "apparmor:p", "credentialspec:file://x"]},
         {"SecurityOpt": ["no-new-privileges", "label=type:x_t", "apparmor=p"]}),
        ({"dockerSecurityOptions": ["credentialspec:file://x"]}, {}),
        ({"versionConsistency": "disabled", "repositoryCredentials": {"credentialsParameter": ARN},
          "firelensConfiguration": {"type": "fluentbit"}, "credentialSpecs": ["credentialspec:arn"]}, {}),
        # Resolved by whoever makes the plan; the reference itself is no variable.
        ({"secrets": [{"name": "S", "valueFrom": ARN}],
          "environmentFiles": [{"value": "arn:aws:s3:::b/a.env", "type": "s3"}]}, {}),
        ({"essential": True, "dependsOn": [], "startTimeout": 5, "restartPolicy": {"enabled": True}}, {}),
    ],
)  # fmt: skip
def test_members_of_a_container(members: dict[str, Any], expected: dict[str, Any]) -> None:
    assert changed(members) == expected


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (
            {"command": ["CMD-SHELL", "true"], "interval": 5, "timeout": 2, "retries": 1, "startPeriod": 3},
            {
                "Test": ["CMD-SHELL", "true"],
                "Interval": 5 * SECOND,
                "Timeout": 2 * SECOND,
                "Retries": 1,
                "StartPeriod": 3 * SECOND,
            },
        ),
        (
            {"command": ["curl", "x"]},
            {
                "Test": ["CMD", "curl", "x"],
                "Interval": 30 * SECOND,
                "Timeout": 5 * SECOND,
                "Retries": 3,
                "StartPeriod": 0,
            },
        ),
    ],
)
def test_health_checks(check: dict[str, Any], expected: dict[str, Any]) -> None:
    assert changed({"healthCheck": check}) == {"Healthcheck": expected}


def test_what_was_resolved_takes_the_place_of_environment_and_log_options() -> None:
    made = definition(
        {
            "name": "web",
            "environment": [{"name": "A", "value": "old"}],
            "secrets": [{"name": "TOKEN", "valueFrom": ARN}],
            "logConfiguration": {"logDriver": "splunk", "secretOptions": [{"name": "splunk-token", "valueFrom": ARN}]},
        }
    )
    resolved = ContainerEnvironment((("A", "new"), ("TOKEN", "hunter2")), {"splunk-token": "hunter3", "mode": "x"})
    plan = plan_of(made, environments={"web": resolved})
    body = create_body(plan, made.container("web"))
    assert body["Env"] == ["A=new", "TOKEN=hunter2"]
    assert body["HostConfig"]["LogConfig"] == {"Type": "splunk", "Config": {"splunk-token": "hunter3", "mode": "x"}}
    assert "hunter" not in repr(body["Labels"]) + repr(plan)


def test_labels_of_the_definition_cannot_take_the_place_of_ours() -> None:
    forged = {"a": "b", "moorage.task": "x", "moorage.extra": "x", f"{ECS}cluster": "x"}
    labels, plain = body_of({"dockerLabels": forged})["Labels"], body_of({})["Labels"]
    assert labels == {"a": "b", **plain}


def test_volumes() -> None:
    docker = "dockerVolumeConfiguration"
    volumes: list[dict[str, Any]] = [
        {"name": "scratch"},
        {"name": "empty", "host": {}},
        {"name": "data", "host": {"sourcePath": "/srv"}},
        {"name": "own", docker: {"driverOpts": {"type": "tmpfs"}}},
        {"name": "ours", docker: {"scope": "shared"}},
        {"name": "efs", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}},
        {"name": "ebs", "configuredAtLaunch": True},
    ]
    mounts = [{"sourceVolume": volume["name"], "containerPath": f"/{number}"} for number, volume in enumerate(volumes)]
    assert changed({"mountPoints": [*mounts, {**mounts[2], "readOnly": True}]}, volumes=volumes)["Binds"] == [
        "moorage-volume-0123456789ab-scratch:/0",
        "moorage-volume-0123456789ab-empty:/1",
        "/srv:/2",
        "moorage-volume-0123456789ab-own:/3",
        "ours:/4",
        "moorage-volume-0123456789ab-efs:/5",
        "moorage-volume-0123456789ab-ebs:/6",
        "/srv:/2:ro",
    ]


def test_volumes_of_other_containers() -> None:
    sources = [{"sourceContainer": "db"}, {"sourceContainer": "log", "readOnly": True}]
    body = body_of({"volumesFrom": sources}, {"name": "db"}, {"name": "log"})
    names = ["moorage-web-1-db-0123456789ab", "moorage-web-1-log-0123456789ab:ro"]
    assert body["HostConfig"]["VolumesFrom"] == names


def test_the_labels_of_ecs_and_ours_stay_small() -> None:
    """They come with every list and every event: 4 kB is what they may have."""
    ports = [{"containerPort": port, "hostPort": 10000 + port} for port in range(1, 101)]
    made = definition({"name": "n" * 100, "portMappings": ports}, family="f" * 100)
    shared = tag("", family=made.family, cluster="c" * 100, group="g" * 255, reservation=reservation(made))
    labels = create_body(TaskPlan(made, shared), made.container_definitions[0])["Labels"]
    assert sum(len(key) + len(value) for key, value in labels.items()) < 4096


def test_tags_tell_a_supervisor_what_it_needs() -> None:
    made = definition(
        {"name": "db", "healthCheck": {"command": ["CMD", "true"]}, "startTimeout": 20, "essential": False},
        {
            "name": "web",
            "links": ["db"],
            "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}],
            "healthCheck": {"command": ["NONE"]},
            "stopTimeout": 3,
        },
    )
    db, web = (tag_for(plan_of(made), container) for container in made.container_definitions)
    assert (db.container, db.essential, db.start_timeout, db.health_checked, db.depends_on) == (
        "db",
        False,
        20,
        True,
        (),
    )
    assert (web.stop_timeout, web.depends_on, web.containers) == (3, (("db", "HEALTHY"),), 2)
    assert (web.restart, web.health_checked, web.task_id) == (None, False, tag("").task_id)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"enabled": True}, RestartPolicy((), 300)),
        ({"enabled": True, "ignoredExitCodes": [0, 3], "restartAttemptPeriod": 60}, RestartPolicy((0, 3), 60)),
        ({"enabled": False, "ignoredExitCodes": [0]}, None),
    ],
)
def test_a_restart_policy_is_in_the_tag_and_never_dockers(
    policy: dict[str, Any], expected: RestartPolicy | None
) -> None:
    made = definition({"restartPolicy": policy})
    assert tag_for(plan_of(made), made.container_definitions[0]).restart == expected
    assert body_of({"restartPolicy": policy})["HostConfig"]["RestartPolicy"] == {"Name": "no"}
