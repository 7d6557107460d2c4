"""Constraints of definitions and requests, read; attributes that instances have and tasks need."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.hosts.labels import reservation_from_json, reservation_to_json
from app.hosts.reading import engine_info
from app.model.errors import DocumentError, MoorageError
from app.model.instance import EngineInfo, Instance
from app.model.requests import PlacementConstraint
from app.model.reservation import reservation
from app.model.resources import Resources
from app.placement.attributes import attributes_of, needed_attributes
from app.placement.candidate import Candidate
from app.placement.constraints import Constraints, check_expressions, constraints_of
from app.placement.demand import demand_of
from app.placement.evaluation import InstanceFacts
from app.placement.refusals import refusal
from tests.unit.builders import HOST, NOW, definition

DISTINCT = PlacementConstraint(type="distinctInstance")


def member_of(text: str) -> PlacementConstraint:
    return PlacementConstraint(type="memberOf", expression=text)


def constrained(*texts: str, **members: Any) -> Any:
    written = [{"type": "memberOf", "expression": text} for text in texts]
    return definition(placementConstraints=written, **members) if written else definition(**members)


def holds(constraints: Constraints, **attributes: str) -> bool:
    return not constraints.unmet(InstanceFacts(attributes=attributes))


def test_a_definition_s_constraints_and_a_request_s_both_bind() -> None:
    made = constraints_of(constrained("attribute:a == x"), [member_of("attribute:b == y"), DISTINCT])
    assert made.distinct
    assert holds(made, a="x", b="y")
    assert not holds(made, a="x")
    assert not holds(made, b="y")


def test_together_there_are_ten_at_most() -> None:
    five = constrained(*["attribute:a exists"] * 5)
    assert len(constraints_of(five, [member_of("attribute:a exists")] * 5).members) == 10
    with pytest.raises(MoorageError, match="11 placement constraints with those of the definition, at most 10"):
        constraints_of(five, [member_of("attribute:a exists")] * 6)


def test_every_expression_that_is_none_is_told_with_its_place() -> None:
    given = [
        member_of("attribute:a ="),
        DISTINCT,
        member_of(""),
        PlacementConstraint(type="distinctInstance", expression="x"),
    ]
    with pytest.raises(DocumentError) as caught:
        constraints_of(constrained(), given)
    assert caught.value.code == "InvalidParameterException"
    assert [finding.path for finding in caught.value.findings] == [
        "placementConstraints[0].expression",
        "placementConstraints[2].expression",
        "placementConstraints[3].expression",
    ]
    assert "found '=', expected" in caught.value.message
    assert "takes no expression" in caught.value.message


def test_a_definition_s_expressions_are_checked_when_it_is_registered() -> None:
    check_expressions(constrained("attribute:a exists"), "web.json")
    with pytest.raises(DocumentError) as caught:
        check_expressions(constrained("attribute:a exists", "attribute:a exist"), "web.json")
    first, *rest = caught.value.message.split("\n")
    assert first.startswith(
        "web.json: placementConstraints[1].expression: character 13: found 'exist', expected one of"
    )
    assert rest == ["  attribute:a exist", "              ^"]
    assert caught.value.code == "ClientException"


@pytest.mark.parametrize(
    ("platform", "fits", "fails"),
    [
        ({"cpuArchitecture": "ARM64"}, {"ecs.cpu-architecture": "arm64"}, {"ecs.cpu-architecture": "x86_64"}),
        ({"cpuArchitecture": "X86_64"}, {"ecs.cpu-architecture": "x86_64"}, {}),
        ({"operatingSystemFamily": "LINUX"}, {"ecs.os-type": "linux"}, {"ecs.os-type": "windows"}),
        ({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}, {"ecs.os-type": "windows"}, {"ecs.os-type": "linux"}),
    ],
)
def test_a_runtime_platform_is_a_constraint(
    platform: dict[str, str], fits: dict[str, str], fails: dict[str, str]
) -> None:
    made = constraints_of(constrained(runtimePlatform=platform))
    assert holds(made, **fits)
    assert not holds(made, **fails)


# --- attributes -------------------------------------------------------------------------------------------------------

INSTANCE = Instance(HOST, "1" * 32, "unix:///x", "ACTIVE", NOW)
TOLD = {
    "OSType": "linux",
    "Architecture": "amd64",
    "NCPU": 4,
    "MemTotal": 8 << 30,
    "Labels": ["zone=a", "stack=dev"],
    "Plugins": {"Log": ["json-file", "syslog"], "Volume": ["local", "vieux/sshfs:latest"]},
    "SecurityOptions": ["name=apparmor", "name=seccomp,profile=default"],
}


def info(**told: Any) -> EngineInfo:
    return engine_info({**TOLD, **told}, {"ApiVersion": "1.41"})


def test_attributes_of_an_instance() -> None:
    found = attributes_of(replace(INSTANCE, attributes=(("stack", "prod"),)), info())
    assert (found["ecs.os-type"], found["ecs.os-family"], found["ecs.cpu-architecture"]) == ("linux", "LINUX", "x86_64")
    assert (found["zone"], found["stack"]) == ("a", "prod")
    assert {name for name, value in found.items() if "docker-remote-api" in name and not value} == {
        f"com.amazonaws.ecs.capability.docker-remote-api.1.{number}" for number in range(17, 42)
    }
    here = {
        "com.amazonaws.ecs.capability.logging-driver.syslog",
        "com.amazonaws.ecs.capability.apparmor",
        "com.amazonaws.ecs.capability.privileged-container",
        "ecs.capability.docker-plugin.local",
        "ecs.capability.docker-plugin.vieux/sshfs",
        "ecs.capability.external",
        "ecs.capability.task-eni",
    }
    assert here <= found.keys()
    assert (
        not {"com.amazonaws.ecs.capability.selinux", "com.amazonaws.ecs.capability.logging-driver.gelf"} & found.keys()
    )


def test_an_instance_that_never_answered_has_what_its_cluster_s_file_says() -> None:
    assert attributes_of(replace(INSTANCE, attributes=(("stack", "prod"),)), None) == {"stack": "prod"}


@pytest.mark.parametrize(
    ("container", "members", "missing"),
    [
        ({}, {}, ""),
        ({"privileged": True, "pseudoTerminal": True}, {"networkMode": "awsvpc", "cpu": "256"}, ""),
        ({"dockerSecurityOptions": ["apparmor:x"]}, {}, ""),
        ({"dockerSecurityOptions": ["label:x"]}, {}, "com.amazonaws.ecs.capability.selinux"),
        ({"logConfiguration": {"logDriver": "syslog"}}, {}, ""),
        ({"logConfiguration": {"logDriver": "gelf"}}, {}, "com.amazonaws.ecs.capability.logging-driver.gelf"),
        (
            {},
            {"volumes": [{"name": "v", "dockerVolumeConfiguration": {"driver": "rexray/ebs"}}]},
            "ecs.capability.docker-plugin.rexray/ebs",
        ),
    ],
)
def test_what_a_task_needs_and_an_instance_lacks(
    container: dict[str, Any], members: dict[str, Any], missing: str
) -> None:
    facts = InstanceFacts(attributes=attributes_of(INSTANCE, info()))
    why = refusal(
        Candidate(HOST, Resources(9999, 9999), Resources(), facts=facts),
        demand_of(definition(container, **members), "g"),
    )
    assert (why.reason, why.words) == ("ATTRIBUTE", f"attribute {missing} is missing") if why else not missing
    assert (why is None) == (not missing)


def test_what_stands_for_aws_itself_is_never_needed() -> None:
    logging = {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-region": "r"}}
    made = definition(
        {
            "image": "1.dkr.ecr.eu-west-1.amazonaws.com/x",
            "logConfiguration": logging,
            "repositoryCredentials": {"credentialsParameter": "arn"},
            "mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}],
        },
        taskRoleArn="role",
        executionRoleArn="role",
        volumes=[{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
    )
    assert set(needed_attributes(made)) <= attributes_of(INSTANCE, info()).keys()


# --- GPUs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "gpus"),
    [
        ({}, 0),
        ({"GenericResources": [{"DiscreteResourceSpec": {"Kind": "gpu", "Value": 2}}]}, 2),
        ({"GenericResources": [{"NamedResourceSpec": {"Kind": "NVIDIA-GPU", "Value": name}} for name in "abc"]}, 3),
        ({"GenericResources": [{"DiscreteResourceSpec": {"Kind": "ssd", "Value": 2}}]}, 0),
        ({"DiscoveredDevices": [{"Source": "cdi", "ID": f"nvidia.com/gpu={name}"} for name in ("0", "1", "all")]}, 2),
        ({"DiscoveredDevices": [{"Source": "cdi", "ID": "vendor.com/net=0"}], "GenericResources": None}, 0),
    ],
)
def test_gpus_that_an_engine_offers(told: dict[str, Any], gpus: int) -> None:
    assert info(**told).registered == Resources(4096, 8192, gpus=gpus)


def test_gpus_are_reserved_and_told_in_labels() -> None:
    needs = [{"resourceRequirements": [{"type": "GPU", "value": value}]} for value in ("2", "1")]
    reserved = reservation(definition(*needs, {}))
    assert reserved.gpus == 3
    assert reservation_from_json(reservation_to_json(reserved)) == reserved
    none = reservation_to_json(Resources(1, 2))
    assert "gpus" not in none
    assert reservation_from_json(none) == Resources(1, 2)
