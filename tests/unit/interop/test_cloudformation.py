"""Task definitions of CloudFormation templates, and templates of task definitions."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.interop.cloudformation import from_template, is_template, logical_ids, to_template
from app.interop.intrinsics import SHORT_TAGS
from app.interop.yaml_text import parse_yaml, render_yaml
from app.model.errors import DocumentError, NotFoundError
from tests.unit.generated import definitions

SERVICE = """
AWSTemplateFormatVersion: '2010-09-09'
Description: A web service with a queue worker
Parameters:
  Environment: {Type: String, Default: staging, AllowedValues: [staging, production]}
  ImageTag: {Type: String, Default: '1.28'}
  Cpu: {Type: Number, Default: 256}
  Subnets: {Type: CommaDelimitedList, Default: 'one, two'}
  Certificate: {Type: String}
Conditions:
  IsProduction: !Equals [!Ref Environment, production]
Resources:
  Cluster:
    Type: AWS::ECS::Cluster
  LogGroup:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: 30}
  WebTask:
    Type: AWS::ECS::TaskDefinition
    DependsOn: LogGroup
    Properties:
      Family: !Sub '${AWS::StackName}-web-${Environment}'
      Cpu: !Ref Cpu
      Memory: 512
      NetworkMode: bridge
      RequiresCompatibilities: [EC2]
      ExecutionRoleArn: !Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:role/execution
      TaskRoleArn: !Ref AWS::NoValue
      Volumes:
        - Name: data
          EFSVolumeConfiguration:
            FilesystemId: fs-0123
            TransitEncryption: ENABLED
            AuthorizationConfig: {AccessPointId: fsap-1, IAM: ENABLED}
        - Name: scratch
          DockerVolumeConfiguration:
            Scope: shared
            Autoprovision: 'true'
            DriverOpts: {Type: tmpfs, o: 'size=10m'}
      ProxyConfiguration:
        Type: APPMESH
        ContainerName: nginx
        ProxyConfigurationProperties:
          - {Name: IgnoredUID, Value: 1337}
      ContainerDefinitions:
        - Name: nginx
          Image: !Join ['', [public.ecr.aws/nginx/nginx, ':', !Ref ImageTag]]
          Essential: 'true'
          MemoryReservation: '64'
          ReadonlyRootFilesystem: true
          PortMappings:
            - {ContainerPort: '80', HostPort: 8080, Protocol: tcp}
          Environment:
            - {Name: STAGE, Value: !Ref Environment}
            - {Name: WORKERS, Value: 4}
            - {Name: DEBUG, Value: false}
            - {Name: TEMPLATE, Value: !Sub 'a ${!Literal} $ {x}'}
          Command: !Ref Subnets
          DockerLabels: {com.example.Team: web, lower: !Ref Environment}
          LogConfiguration:
            LogDriver: awslogs
            Options:
              awslogs-group: !Sub ['/ecs/${Name}', {Name: !Ref Environment}]
              awslogs-region: !Ref AWS::Region
              Mixed-Case: 'yes'
          HealthCheck:
            Command: [CMD-SHELL, curl -f http://localhost/ || exit 1]
            Interval: '10'
          DependsOn:
            - {ContainerName: worker, Condition: START}
          Ulimits:
            - {Name: nofile, SoftLimit: '1024', HardLimit: 2048}
        - Name: worker
          Image: busybox
          Essential: false
          Memory: 64
          LinuxParameters: {InitProcessEnabled: true, Tmpfs: [{ContainerPath: /tmp, Size: 64}]}
      Tags:
        - {Key: Team, Value: web}
"""


def template(text: str = SERVICE) -> Any:
    return parse_yaml(text.encode(), "service.yaml", SHORT_TAGS)


def definition(*lines: str, parameters: str = "{}") -> Any:
    body = "\n".join(f"      {line}" for line in lines)
    head = f"Parameters: {parameters}\nResources:\n  Web:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n"
    return template(head + body)


def only(value: Any) -> dict[str, Any]:
    ((_, members),) = from_template(value, "t")
    return members


def findings(value: Any) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        from_template(value, "t")
    return [str(finding) for finding in caught.value.findings]


def test_a_real_looking_template() -> None:
    ((logical_id, members),) = from_template(template(), "service.yaml")
    assert logical_id == "WebTask"
    assert members == {
        "family": "moorage-web-staging",
        "cpu": "256",
        "memory": "512",
        "networkMode": "bridge",
        "requiresCompatibilities": ["EC2"],
        "executionRoleArn": "arn:aws:iam::000000000000:role/execution",
        "volumes": [
            {
                "name": "data",
                "efsVolumeConfiguration": {
                    "fileSystemId": "fs-0123",
                    "transitEncryption": "ENABLED",
                    "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
                },
            },
            {
                "name": "scratch",
                "dockerVolumeConfiguration": {
                    "scope": "shared",
                    "autoprovision": True,
                    "driverOpts": {"Type": "tmpfs", "o": "size=10m"},
                },
            },
        ],
        "proxyConfiguration": {
            "type": "APPMESH",
            "containerName": "nginx",
            "properties": [{"name": "IgnoredUID", "value": "1337"}],
        },
        "containerDefinitions": [
            {
                "name": "nginx",
                "image": "public.ecr.aws/nginx/nginx:1.28",
                "essential": True,
                "memoryReservation": 64,
                "readonlyRootFilesystem": True,
                "portMappings": [{"containerPort": 80, "hostPort": 8080, "protocol": "tcp"}],
                "environment": [
                    {"name": "STAGE", "value": "staging"},
                    {"name": "WORKERS", "value": "4"},
                    {"name": "DEBUG", "value": "false"},
                    {"name": "TEMPLATE", "value": "a ${Literal} $ {x}"},
                ],
                "command": ["one", "two"],
                "dockerLabels": {"com.example.Team": "web", "lower": "staging"},
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": "/ecs/staging", "awslogs-region": "local-1", "Mixed-Case": "yes"},
                },
                "healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost/ || exit 1"], "interval": 10},
                "dependsOn": [{"containerName": "worker", "condition": "START"}],
                "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 2048}],
            },
            {
                "name": "worker",
                "image": "busybox",
                "essential": False,
                "memory": 64,
                "linuxParameters": {"initProcessEnabled": True, "tmpfs": [{"containerPath": "/tmp", "size": 64}]},
            },
        ],
        "tags": [{"key": "Team", "value": "web"}],
    }


def test_json_and_yaml_templates_are_one() -> None:
    as_json = json.loads(json.dumps(template()))
    assert from_template(as_json, "t") == from_template(template(), "t")


def test_what_is_a_template() -> None:
    assert is_template(template())
    assert not is_template({"family": "web", "containerDefinitions": []})
    assert not is_template({"Resources": []})
    assert not is_template([{"name": "a"}])
    assert not is_template({"Resources": {}, "containerDefinitions": []})


def test_without_a_family_the_logical_id_is_it() -> None:
    assert only(definition("NetworkMode: host")) == {"family": "Web", "networkMode": "host"}
    assert only(definition("Family: !Ref AWS::NoValue"))["family"] == "Web"


def test_several_task_definitions() -> None:
    one = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Cpu": 1}}
    refused = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Cpu": {"Fn::GetAtt": ["a", "b"]}}}
    value = {"Resources": {"A": one, "Other": {"Type": "AWS::ECS::Service"}, "B": one, "C": refused}}
    assert logical_ids(value) == ["A", "B", "C"]
    assert from_template(value, "t", "B") == [("B", {"family": "B", "cpu": "1"})]
    with pytest.raises(NotFoundError, match=r"'b' not found; there are: A, B, C"):
        from_template(value, "t", "b")
    del value["Resources"]["C"]
    assert [name for name, _ in from_template(value, "t")] == ["A", "B"]
    assert findings({"Resources": {}}) == ["Resources: there is no AWS::ECS::TaskDefinition; add one"]


def test_what_needs_an_account_is_refused_by_field_all_at_once() -> None:
    told = findings(
        definition(
            "TaskRoleArn: !GetAtt Role.Arn",
            "ExecutionRoleArn: !Ref Role",
            "Cpu: !If [Big, 512, 256]",
            "Memory: !Ref Memory",
            "Family: !Sub '${Stage}-${Role.Arn}'",
            "ContainerDefinitions:",
            "  - Name: a",
            "    Image: !ImportValue image",
            "    Environment:",
            "      - {Name: A, Value: !Ref Ssm}",
            "      - {Name: B, Value: '{{resolve:secretsmanager:db:SecretString:password}}'}",
            "      - {Name: C, Value: !Join [',', !Split ['|', a]]}",
            "      - {Name: D, Value: !Sub '${Bad}'}",
            parameters="{Memory: {Type: String}, Stage: {Type: String, Default: x}, Bad: {Default: {a: 1}},"
            " Ssm: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a}}",
        )
    )
    place = "Resources.Web.Properties"
    assert [line.partition(": ")[::2] for line in told] == [
        (f"{place}.TaskRoleArn", "Fn::GetAtt is not resolved here; write the value itself"),
        (f"{place}.ExecutionRoleArn", "'Role' is no parameter of the template; write the value itself"),
        (f"{place}.Cpu", "Fn::If is not resolved here; write the value itself"),
        (f"{place}.Memory", "the parameter 'Memory' has no Default; give it one, or write the value itself"),
        (f"{place}.Family", "'Role.Arn' is no parameter of the template; write the value itself"),
        (f"{place}.ContainerDefinitions[0].Image", "Fn::ImportValue is not resolved here; write the value itself"),
        (
            f"{place}.ContainerDefinitions[0].Environment[0].Value",
            "the parameter 'Ssm' is kept in SSM; write the value itself",
        ),
        (
            f"{place}.ContainerDefinitions[0].Environment[1].Value",
            "a dynamic reference is not resolved here; write the value itself",
        ),
        (
            f"{place}.ContainerDefinitions[0].Environment[2].Value",
            "Fn::Split is not resolved here; write the value itself",
        ),
        (
            f"{place}.ContainerDefinitions[0].Environment[3].Value",
            "the Default of the parameter 'Bad' is no text or number; write the value itself",
        ),
    ]


@pytest.mark.parametrize(
    "function",
    ["{Ref: [a]}", "{'Fn::Sub': 1}", "!Sub [a]", "!Sub ['${x}', {x: [1]}]", "!Join [a]", "!Join [',', a]",
     "!Join [',', [[a]]]", "{'Fn::Whatever': 1}", "!Sub ['${x}', {x: !GetAtt a.b}]"],
)  # fmt: skip
def test_a_function_that_is_not_understood_is_one_finding(function: str) -> None:
    (told,) = findings(definition(f"Cpu: {function}"))
    assert told.startswith("Resources.Web.Properties.Cpu: ")


def test_a_flood_of_functions_is_refused_in_time_and_in_few_lines() -> None:
    began = time.monotonic()
    told = findings(definition("PlacementConstraints:", *["  - !GetAtt a"] * 20_000))
    assert time.monotonic() - began < 10
    assert len(told) == 101
    assert told[-1] == "19,900 more like these are not shown; see to these first"


def test_unknown_members_are_kept_by_the_plain_rule() -> None:
    members = only(definition("NewThing: {DeepName: [{A: 1}]}", "ContainerDefinitions: [{Name: a, Shiny: '5'}]"))
    assert members["newThing"] == {"deepName": [{"a": 1}]}
    assert members["containerDefinitions"] == [{"name": "a", "shiny": "5"}]
    properties: dict[str, Any] = to_template(members)["Resources"]["Web"]["Properties"]
    assert properties["NewThing"] == {"DeepName": [{"A": 1}]}


def test_a_member_under_two_names_is_refused() -> None:
    assert "Resources.Web.Properties.cpu: is given twice" in findings(definition("Cpu: 1", "cpu: 2"))[0]
    with pytest.raises(DocumentError, match="New: is given twice"):
        to_template({"family": "a", "new": 1, "New": 2})


def test_broken_resources_are_document_errors() -> None:
    broken: list[Any] = [None, 1, [], "x"]
    for properties in broken:
        value: dict[str, Any] = {
            "Resources": {"Web": {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}, "X": 1}
        }
        assert findings(value) == [
            "Resources.Web.Properties: is no object; write the properties of the task definition"
        ]
    assert only(definition("ContainerDefinitions: [1, [a], {Name: [x]}]"))["containerDefinitions"] == [
        1, ["a"], {"name": ["x"]}
    ]  # fmt: skip


def test_a_map_that_a_template_would_read_as_a_function_is_refused() -> None:
    container = {"name": "a", "dockerLabels": {"Ref": "x"}}
    with pytest.raises(DocumentError, match=r"containerDefinitions\[0\].dockerLabels: a template would read"):
        to_template({"family": "web", "containerDefinitions": [container]})


@pytest.mark.parametrize(
    ("family", "logical_id"), [("web", "Web"), ("web-app_2", "WebApp2"), ("2web", "2web"), ("---", "TaskDefinition")]
)
def test_the_logical_id_is_made_of_the_family(family: str, logical_id: str) -> None:
    made = to_template({"family": family})
    assert list(made["Resources"]) == [logical_id]
    assert from_template(made, "t") == [(logical_id, {"family": family})]


_KEYS = ["Ref", "Fn::Sub", "Fn::Join", "Name", "Cpu", "P", "ContainerDefinitions", "DockerLabels", "Default", "Type"]
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["P", "${P}", "${!P}", "${", "{{resolve:x}}", "true"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=3),
    max_leaves=12,
)


@given(_VALUES, _VALUES)
def test_any_template_is_members_or_a_document_error(properties: Any, parameters: Any) -> None:
    resource = {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}
    try:
        members = only({"Parameters": {"P": parameters}, "Resources": {"Web": resource}})
    except DocumentError as error:
        assert error.message.startswith("t: Resources.Web.Properties")
    else:
        assert members["family"]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(definitions())
def test_to_a_template_and_back_is_the_same(members: dict[str, Any]) -> None:
    made = to_template(members)
    assert only(made) == members
    assert only(parse_yaml(render_yaml(made).encode(), "t", SHORT_TAGS)) == members
