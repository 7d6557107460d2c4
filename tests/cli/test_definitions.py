"""Registering and exporting definitions from the command line. No engine needed."""

from __future__ import annotations

import io
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from app.model.dialects import recognise, registerable
from app.model.equality import same_definition
from tests.cli.calling import Cli
from tests.unit.aws_client import READ_ONLY, refused_by_aws

CONTAINER: dict[str, Any] = {"name": "a", "image": "bb", "memory": 64, "command": ["sleep", "300"]}
SMALL: dict[str, Any] = {"family": "web", "containerDefinitions": [CONTAINER]}
TEMPLATE = """Parameters:
  Tag: {Type: String, Default: '1.36'}
Resources:
  Web:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      ContainerDefinitions:
        - Name: a
          Image: !Sub busybox:${Tag}
          Memory: 16
          DockerLabels: {Key: Value}
  Worker:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions: [{Name: a, Image: busybox, Memory: 16}]
"""

# What describe-task-definition printed of a definition that the console had registered, nulls and all.
DESCRIBED: dict[str, Any] = {
    "taskDefinition": {
        **READ_ONLY,
        "family": "web",
        "containerDefinitions": [
            {
                **CONTAINER,
                "cpu": 0,
                "links": None,
                "essential": True,
                "portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp", "name": None}],
                "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
                "mountPoints": [],
                "volumesFrom": [],
                "linuxParameters": None,
                "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3},
                "logConfiguration": {"logDriver": "json-file", "options": {"max-size": "1m"}, "secretOptions": None},
            }
        ],
        "taskRoleArn": None,
        "executionRoleArn": None,
        "networkMode": "bridge",
        "volumes": [],
        "placementConstraints": [],
        "pidMode": None,
        "ipcMode": None,
        "cpu": None,
        "memory": None,
        "proxyConfiguration": None,
        "inferenceAccelerators": None,
    },
    "tags": [{"key": "team", "value": "web"}],
}


def write(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=3) + "\r\n", encoding="utf-8")
    return str(path)


def document(cli: Cli, reference: str) -> Any:
    family, _, revision = reference.partition(":")
    return json.loads((cli.home / "task-definitions" / family / f"{revision}.json").read_bytes())


def test_golden_1_registering_echoes_the_defaults(cli: Cli) -> None:
    container = {**CONTAINER, "portMappings": [{"containerPort": 80}]}
    answer = cli("register-task-definition", json.dumps({**SMALL, "containerDefinitions": [container]})).json
    found = answer["taskDefinition"]
    assert answer["tags"] == []
    assert (found["revision"], found["status"]) == (1, "ACTIVE")
    assert found["taskDefinitionArn"].endswith(":task-definition/web:1")
    (echoed,) = found["containerDefinitions"]
    assert (echoed["cpu"], echoed["essential"]) == (0, True)
    assert echoed["portMappings"] == [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}]
    assert echoed["environment"] == echoed["mountPoints"] == echoed["volumesFrom"] == []
    assert cli("describe-task-definition", "web").json == answer


def test_a_note_is_kept_beside_the_document(cli: Cli) -> None:
    cli("register-task-definition", json.dumps(SMALL), "--note", "the first\nof many")
    sidecar = tomllib.loads((cli.home / "task-definitions" / "web" / "1.toml").read_text())
    assert sidecar["note"] == "the first\nof many"
    assert document(cli, "web:1") == SMALL
    told = cli("register-task-definition", json.dumps(SMALL), "--note", "x" * 1001, code=1).err
    assert "the note has 1,001 characters; the limit is 1,000" in told
    assert not (cli.home / "task-definitions" / "web" / "2.json").exists()


def test_golden_2_numbers_go_up_and_an_inactive_revision_is_not_run(cli: Cli) -> None:
    cli("create-cluster")
    for _ in range(2):
        cli("register-task-definition", json.dumps(SMALL))
    for revision in ("web:1", "web:2"):
        answer = cli("deregister-task-definition", revision).json["taskDefinition"]
        assert answer["status"] == "INACTIVE"
        assert answer["deregisteredAt"] >= answer["registeredAt"]
    assert "no ACTIVE revision" in cli("describe-task-definition", "web", code=1).err
    assert cli("register-task-definition", json.dumps(SMALL)).json["taskDefinition"]["revision"] == 3
    assert cli("describe-task-definition", "web").json["taskDefinition"]["revision"] == 3
    assert "TaskDefinition is inactive" in cli("run-task", "web:1", code=1).err


def test_golden_3_what_ecs_described_is_kept_and_goes_back_to_aws(cli: Cli, tmp_path: Path) -> None:
    path = write(tmp_path, "described.json", DESCRIBED)
    answer = cli("register-task-definition", f"file://{path}").json
    assert answer["tags"] == DESCRIBED["tags"]
    assert answer["taskDefinition"]["revision"] == 1
    kept = (cli.home / "task-definitions" / "web" / "1.json").read_bytes()
    assert kept == Path(path).read_bytes()
    assert cli("export", "web", "--format", "stored").out.encode() == kept
    exported = cli("export", "web").json
    assert refused_by_aws(exported) == ""
    original = recognise(DESCRIBED, "t").members
    assert same_definition(exported, original)
    # Our own answer is such a document too.
    again = recognise(answer, "t").members
    assert refused_by_aws(registerable(again)) == ""
    assert same_definition(again, original)


def test_a_definition_by_flags(cli: Cli, tmp_path: Path) -> None:
    containers = write(tmp_path, "containers.json", [CONTAINER])
    cli(
        "register-task-definition", "--family", "web", "--container-definitions", f"file://{containers}",
        "--network-mode", "host", "--cpu", "1 vCPU", "--memory", "512", "--pid-mode", "task", "--ipc-mode", "none",
        "--volumes", "name=scratch", '{"name": "data", "host": {"sourcePath": "/srv"}}',
        "--task-role-arn", "role", "--execution-role-arn", "other", "--requires-compatibilities", "EC2", "EXTERNAL",
        "--placement-constraints", "type=memberOf,expression=attribute:stack exists",
        "--tags", "key=team,value=web", "key=port,value=80",
        "--runtime-platform", "cpuArchitecture=ARM64,operatingSystemFamily=LINUX",
        "--ephemeral-storage", "sizeInGiB=21",
        "--proxy-configuration", '{"type": "APPMESH", "containerName": "a"}',
        "--inference-accelerators", "deviceName=d,deviceType=eia1.medium",
        "--enable-fault-injection",
    )  # fmt: skip
    assert document(cli, "web:1") == {
        **SMALL,
        "networkMode": "host",
        "cpu": "1 vCPU",
        "memory": "512",
        "pidMode": "task",
        "ipcMode": "none",
        "volumes": [{"name": "scratch"}, {"name": "data", "host": {"sourcePath": "/srv"}}],
        "taskRoleArn": "role",
        "executionRoleArn": "other",
        "requiresCompatibilities": ["EC2", "EXTERNAL"],
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:stack exists"}],
        "tags": [{"key": "team", "value": "web"}, {"key": "port", "value": "80"}],
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "ephemeralStorage": {"sizeInGiB": 21},
        "proxyConfiguration": {"type": "APPMESH", "containerName": "a"},
        "inferenceAccelerators": [{"deviceName": "d", "deviceType": "eia1.medium"}],
        "enableFaultInjection": True,
    }
    assert refused_by_aws(cli("export", "web").json) == ""


def test_flags_go_over_the_document(cli: Cli, tmp_path: Path) -> None:
    path = write(tmp_path, "web.json", {**SMALL, "cpu": "256", "networkMode": "bridge"})
    cli("register-task-definition", "--cli-input-json", f"file://{path}", "--cpu", "512", "--family", "api")
    assert document(cli, "api:1") == {**SMALL, "family": "api", "cpu": "512", "networkMode": "bridge"}
    assert cli("list-task-definition-families").json["families"] == ["api"]


def test_an_array_of_containers_gets_its_family_by_flag(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "containers.json", [CONTAINER])
    assert "give it with --family NAME" in cli("register-task-definition", path, code=1).err
    assert cli("register-task-definition", "--family", "web", path).json["taskDefinition"]["family"] == "web"
    assert (cli.home / "task-definitions" / "web" / "1.json").read_bytes() == Path(path).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(path).read_bytes())))
    cli("register-task-definition", "--family", "web", "--container-definitions", "-")
    assert document(cli, "web:2") == SMALL


def test_a_cloudformation_template(cli: Cli, tmp_path: Path) -> None:
    path = write(tmp_path, "stack.yaml", TEMPLATE)
    told = cli("register-task-definition", path, code=1).err
    assert told == f"moorage: {path}: has several task definitions: Web, Worker; choose one with --logical-id\n"
    assert "did you mean 'Worker'?" in cli("register-task-definition", path, "--logical-id", "Wroker", code=1).err
    cli("register-task-definition", path, "--logical-id", "Web")
    container = {"name": "a", "image": "busybox:1.36", "memory": 16, "dockerLabels": {"Key": "Value"}}
    assert document(cli, "web:1") == {"family": "web", "containerDefinitions": [container]}
    assert cli("export", "web", "--format", "stored").out == TEMPLATE
    assert cli("export", "web").json == document(cli, "web:1")
    cli("register-task-definition", path, "--logical-id", "Worker", "--memory", "64")
    assert document(cli, "Worker:1")["memory"] == "64"


def test_a_template_that_needs_an_account_is_told_by_field(cli: Cli, tmp_path: Path) -> None:
    path = write(tmp_path, "stack.yaml", TEMPLATE.replace("Family: web", "TaskRoleArn: !GetAtt Role.Arn"))
    told = cli("register-task-definition", path, "--logical-id", "Web", code=1).err
    field = "Resources.Web.Properties.TaskRoleArn"
    assert told == f"moorage: {path}: {field}: Fn::GetAtt is not resolved here; write the value itself\n"
    assert cli("list-task-definition-families").json["families"] == []


def test_an_exported_template_registers_the_same_again(cli: Cli, tmp_path: Path) -> None:
    cli("register-task-definition", json.dumps(DESCRIBED))
    for flags in ([], ["--yaml"]):
        path = write(tmp_path, "web.template", cli("export", "web:1", "--format", "cloudformation", *flags).out)
        cli("register-task-definition", path)
        assert same_definition(cli("export", "web").json, cli("export", "web:1").json)


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["register-task-definition", "x.json", "--cli-input-json", "{}"], 2, "give one document"),
        (["register-task-definition", "--logical-id", "x"], 2, "give one document"),
        (["register-task-definition", json.dumps(SMALL), "--logical-id", "x"], 2, "and --cli-input-json is none"),
        (["register-task-definition", "--family", "web"], 1, "flags: containerDefinitions: "),
        (["register-task-definition", "--network-mode", "lan"], 2, "--network-mode: invalid choice: 'lan'"),
        (["register-task-definition", "--volumes", "x"], 2, "--volumes: 'x' is neither JSON nor of the form"),
        (["register-task-definition", "--runtime-platform", "x"], 1, "--runtime-platform: line 1, column 1: not JSON"),
        (["register-task-definition", "--family", "a\udcff"], 1, "the text is not UTF-8"),
        (["export"], 2, "required, and not given: --task-definition"),
        (["export", "web"], 1, "task definition 'web' not found"),
        (["export", "web", "--yaml"], 2, "--yaml goes with --format cloudformation"),
        (["export", "web", "--format", "terraform"], 2, "--format: invalid choice: 'terraform'"),
    ],
)
def test_what_is_wrong_is_one_line(cli: Cli, argv: list[str], code: int, words: str) -> None:
    ran = cli(*argv, code=code)
    assert words in ran.err
    assert ran.err.count("\n") == 1
    assert ran.out == ""
    assert not (cli.home / "task-definitions").exists()


def test_on_a_terminal_foreign_bytes_drive_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("register-task-definition", json.dumps({**SMALL, "note": "\u202e"}, ensure_ascii=False))
    assert "\u202e" in cli("export", "web", "--format", "stored").out
    monkeypatch.setattr("app.cli.definitions.is_terminal", lambda _: True)
    shown = cli("export", "web", "--format", "stored").out
    assert "\u202e" not in shown
    assert "\\u{202e}" in shown
