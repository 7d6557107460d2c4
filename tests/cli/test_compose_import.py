"""moorage import, and export as a Compose file. No engine needed."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.model.equality import same_definition
from app.model.errors import Finding
from tests.cli.calling import Cli
from tests.unit.aws_client import SAMPLES, refused_by_aws

COMPOSE = """
name: shop
services:
  web:
    image: nginx:1
    mem_limit: 32m
    ports: ["8080:80"]
    networks: [front]
    depends_on: [db]
  db: {image: postgres, mem_limit: 64m, environment: {PASSWORD: $PASSWORD}}
networks: {front: {}}
"""


@pytest.fixture
def compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PASSWORD", "hunter2")
    path = tmp_path / "compose.yaml"
    path.write_text(COMPOSE)
    return str(path)


def test_a_compose_file_is_registered_and_what_is_lost_is_told(cli: Cli, compose: str) -> None:
    ran = cli("import", compose)
    assert ran.json["taskDefinition"]["taskDefinitionArn"].endswith(":task-definition/shop:1")
    remedy = "services find each other along links and depends_on"
    assert ran.err.splitlines() == [
        f"moorage: warning: {compose}: {place}: a task has one network of its own; {remedy}"
        for place in ("services.web.networks", "networks")
    ]
    assert "hunter2" not in ran.err
    # As ECS does: what is registered again is a revision again.
    assert cli("import", compose).json["taskDefinition"]["revision"] == 2


def test_a_dry_run_prints_what_aws_takes_and_registers_nothing(cli: Cli, compose: str) -> None:
    members = cli("import", compose, "--dry-run").json
    assert members["family"] == "shop"
    assert refused_by_aws(members) == ""
    assert cli("list-task-definitions").json == {"taskDefinitionArns": []}
    cli("register-task-definition", "--cli-input-json", json.dumps(members))


def test_split_registers_a_definition_for_each_service(cli: Cli, compose: str) -> None:
    ran = cli("import", compose, "--split", "--family", "s")
    assert [shape["family"] for shape in ran.json["taskDefinitions"]] == ["s-web", "s-db"]
    assert "services.web.depends_on[0]: is about a service of another definition" in ran.err
    dry = cli("import", compose, "--split", "--dry-run").json
    assert [members["family"] for members in dry["taskDefinitions"]] == ["shop-web", "shop-db"]


def test_of_several_all_are_registered_or_none(cli: Cli, compose: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"family": "other", "containerDefinitions": [{"name": "a", "image": "x"}]}')
    ran = cli("import", compose, str(bad), code=1)
    assert "bad.json: containerDefinitions[0].memory: Invalid setting for container 'a'." in ran.err
    assert cli("list-task-definitions").json == {"taskDefinitionArns": []}
    bad.write_text('{"family": "other", "containerDefinitions": [{"name": "a", "image": "x", "memory": 8}]}')
    shapes = cli("import", compose, str(bad)).json["taskDefinitions"]
    assert [shape["family"] for shape in shapes] == ["shop", "other"]


def test_a_broken_file_is_told_with_line_and_column_and_nothing_is_registered(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "compose.yml"
    path.write_text("services:\n  web:\n    image: [x\n")
    (line,) = cli("import", str(path), code=1).err.splitlines()
    assert line.startswith(f"moorage: {path}: line 4, column 1: not YAML: ")
    path.write_text("services:\n  web:\n    image: x\n    port: [80]\n    user: ${A\n    deploy: {replica: 2}\n")
    unknown = "is not known to Compose"
    assert cli("import", str(path), code=1).err.splitlines() == [
        f"moorage: {path}: line 4, column 5, services.web.port: {unknown}; did you mean 'ports'?",
        f"moorage: {path}: line 5, column 5, services.web.user: a ${{ has no }}; close it, or write $$ for a plain $",
        f"moorage: {path}: line 6, column 14, services.web.deploy.replica: {unknown}; did you mean 'replicas'?",
    ]
    assert cli("list-task-definitions").json == {"taskDefinitionArns": []}


def test_what_only_the_definition_shows_is_told_by_the_container(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text("services: {web: {image: x, mem_limit: 8m}, 'a.b': {image: 'b d', mem_limit: 8m}}\n")
    assert cli("import", str(path), code=1).err.splitlines()[-1].startswith(f"moorage: {path}: container a-b: image: ")
    path.write_text("services: {" + ", ".join(f"s{n}: {{image: x, mem_limit: 8m}}" for n in range(11)) + "}")
    (line,) = cli("import", str(path), code=1).err.splitlines()
    assert "services: there are 11, and a definition has at most 10 containers; make a definition of each" in line
    assert len(cli("import", str(path), "--split").json["taskDefinitions"]) == 11


def test_stdin_takes_its_neighbours_from_here(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / ".env").write_text("TAG=7")
    monkeypatch.chdir(folder)
    text = b"services: {web: {image: 'x:$TAG', mem_limit: 8m}}"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))
    members = cli("import", "-", "--dry-run").json
    assert members["family"] == "here"
    assert members["containerDefinitions"][0]["image"] == "x:7"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "give documents, or --container ID"),
        (["x.yaml", "--container", "a"], "give documents, or --container ID"),
        (["x.yaml", "--cluster", "a"], "go with --container"),
        (["--container", "a", "--split"], "are for documents"),
        (["-", "-"], "stdin can be read once"),
    ],
)
def test_wrong_usage_is_told(cli: Cli, argv: list[str], words: str) -> None:
    assert words in cli("import", *argv, code=2).err


def test_register_task_definition_says_who_takes_compose_files(cli: Cli, compose: str) -> None:
    assert cli("register-task-definition", compose, code=1).err == (
        f"moorage: {compose}: is a Compose file; moorage import takes it\n"
    )


def test_profiles_and_the_name_of_the_project(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(
        "services: {a: {image: x, mem_limit: 8m}, b: {image: x, mem_limit: 8m, profiles: [p]}, "
        "c: {image: x, mem_limit: 8m, profiles: [q], depends_on: [a]}}"
    )
    members = cli("import", str(path), "--profile", "p", "--profile", "q", "-p", "named", "--dry-run").json
    assert members["family"] == "named"
    assert [container["name"] for container in members["containerDefinitions"]] == ["a", "b", "c"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_what_is_exported_as_compose_is_imported_as_the_same(cli: Cli, sample: Path, tmp_path: Path) -> None:
    original = json.loads(sample.read_text())
    cli("register-task-definition", str(sample))
    path = tmp_path / "out.yaml"
    path.write_text(cli("export", original["family"], "--format", "compose").out)
    ran = cli("import", str(path), "--dry-run")
    assert same_definition(ran.json, original)
    assert ran.err == ""
    assert cli("export", original["family"], "--format", "compose", "--yaml", code=2).err


def test_a_container_is_imported_as_its_reader_says(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def members_of_container(session: Any, cluster: str, instance: str, container: str) -> Any:
        asked.append((cluster, instance, container))
        lost = Finding("containerDefinitions[0].image", "is only an id", "name it", "warning")
        return {"family": "web", "containerDefinitions": [{"name": "a", "image": "x", "memory": 8}]}, (lost,)

    module = SimpleNamespace(members_of_container=members_of_container)
    monkeypatch.setitem(sys.modules, "app.operations.container_import", module)
    ran = cli("import", "--container", "abc", "--cluster", "prod", "--container-instance", "e", "--family", "f")
    assert asked == [("prod", "e", "abc")]
    assert ran.json["taskDefinition"]["family"] == "f"
    assert ran.err == ("moorage: warning: container abc: containerDefinitions[0].image: is only an id; name it\n")
