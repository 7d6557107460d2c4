"""diff: revisions, files and running tasks beside each other, with secrets masked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.model.masking import MASK
from app.operations.comparing import Side, compare
from tests.cli.calling import Cli
from tests.engine_bed import Daemon

FOREVER = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]


def container(**members: Any) -> dict[str, Any]:
    environment = [{"name": "MODE", "value": "a"}, {"name": "DB_PASSWORD", "value": "hunter2"}]
    return {"name": "web", "image": "busybox:latest", "memory": 16, "environment": environment, **members}


@pytest.fixture
def two(cli: Cli) -> Cli:
    """web:1, and web:2 with another memory and another password."""
    cli.register(container())
    changed = [{"name": "DB_PASSWORD", "value": "hunter3"}, {"name": "MODE", "value": "a"}]
    cli.register(container(memory=32, environment=changed))
    return cli


def test_two_revisions_line_by_line(two: Cli) -> None:
    found = two("diff", "web:1", "web", code=1)
    lines = found.out.splitlines()
    assert lines[:2] == ["--- web:1", "+++ web:2"]
    assert [line for line in lines[2:] if line[0] in "+-"] == [
        '-      "memory": 16,',
        '+      "memory": 32,',
        f'-          "value": "{MASK}"',
        f'+          "value": "{MASK}#2"',
    ]
    assert any(line.startswith("@@ ") and line.endswith(" lines are the same @@") for line in lines)
    assert "hunter" not in found.out + found.err


def test_the_same_is_silence_and_zero(two: Cli) -> None:
    assert two("diff", "web:1", "web:1").out == ""
    assert two("diff", "web:1", "web:1", "--output", "json").json == {
        "left": "web:1", "right": "web:1", "same": True, "changes": [], "notes": [],
    }  # fmt: skip


def test_as_a_list_of_changes(two: Cli) -> None:
    assert two("diff", "web:1", "web:2", "--output", "json", code=1).json["changes"] == [
        {"path": "containerDefinitions[web].memory", "left": 16, "right": 32},
        {"path": "containerDefinitions[web].environment[DB_PASSWORD].value", "left": MASK, "right": f"{MASK}#2"},
    ]
    assert "containerDefinitions[web].memory" in two("diff", "web:1", "web:2", "--output", "table", code=1).out


def test_the_environment_alone(two: Cli) -> None:
    found = two("diff", "web:1", "web:2", "--environment", code=1)
    assert [line for line in found.out.splitlines()[2:] if line[0] in "+-"] == [
        f'-      "DB_PASSWORD": "{MASK}",',
        f'+      "DB_PASSWORD": "{MASK}#2",',
    ]
    two.register(container(memory=64))
    assert two("diff", "web:1", "web:3", "--environment").out == ""


def test_a_file_of_any_format_is_a_side(two: Cli, tmp_path: Path) -> None:
    stored = json.loads(two("export", "web:2").out)
    file = tmp_path / "web.json"
    file.write_text(json.dumps({**stored, "memory": "64"}))
    found = two("diff", "web:2", str(file), code=1)
    assert found.out.splitlines()[:2] == ["--- web:2", f"+++ {file}"]
    assert '+  "memory": "64"' in found.out.splitlines()
    file.write_text(two("export", "web:2", "--format", "cloudformation", "--yaml").out)
    assert two("diff", f"file://{file}", "web:2").out == ""
    assert two("diff", json.dumps(stored), "web:2").out == ""

    compose = tmp_path / "compose.yaml"
    compose.write_text("services:\n  web:\n    image: busybox:latest\n    mem_limit: 16m\n")
    assert "containerDefinitions[web].memory" not in str(
        two("diff", "web:1", str(compose), "--output", "json", code=1).json["changes"]
    )


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["web:1"], "give two definitions: diff LEFT RIGHT"),
        (["-", "-"], "stdin can be read once"),
        (["web:1", "web:2", "--running"], "--running stands in place of RIGHT"),
        (["--running"], "--running without a task needs LEFT"),
        (["web:1", "web:9"], "web"),
        (["web:1", "wob"], "task definition 'wob' not found; did you mean 'web'?"),
        (["web:1", "./nowhere.json"], "./nowhere.json: no such file"),
        (["web:1", "{"], "line 1, column"),
        (["web:1", "web:2", "--cluster", "x"], "--cluster goes with --running"),
    ],
)
def test_trouble_is_two_and_one_line(two: Cli, argv: list[str], problem: str) -> None:
    found = two("diff", *argv, code=2)
    assert found.out == ""
    assert problem in found.err
    assert found.err.count("\n") == 1


def test_changes_are_told_by_name_and_by_number() -> None:
    left = {"containerDefinitions": [{"name": "a", "command": ["x", "y"]}, {"name": "b"}], "cpu": "1"}
    right = {"containerDefinitions": [{"name": "b", "user": "u"}, {"name": "a", "command": ["x", "z", "w"]}]}
    assert list(compare(Side("l", left), Side("r", right)).changes) == [
        {"path": "containerDefinitions[a].command[1]", "left": "y", "right": "z"},
        {"path": "containerDefinitions[a].command[2]", "right": "w"},
        {"path": "containerDefinitions[b].user", "right": "u"},
        {"path": "cpu", "left": "1"},
    ]


def test_a_running_task_beside_its_revision_and_beside_another(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register(container(command=FOREVER))
    cli.register(container(command=FOREVER, user="nobody"))
    task = cli.run("web:1")

    assert cli("diff", "--running", task).out == ""
    assert cli("diff", "web:1", "--running").out == ""
    (made,) = engine.api.containers(filters={"label": f"moorage.task={task}"})
    engine.api.update_container(made["Id"], mem_limit=32 << 20, memswap_limit=64 << 20)

    drifted = cli("diff", "--running", task[:8], code=1)
    assert drifted.out.splitlines()[:2] == ["--- web:1", f"+++ web:1 as task {task[:8]} runs on edge-1"]
    assert [line for line in drifted.out.splitlines()[2:] if line[0] in "+-"] == [
        '-      "memory": 16,', '+      "memory": 32,',
    ]  # fmt: skip
    beside = cli("diff", "web", "--running", task, "--output", "json", code=1).json
    assert [change["path"] for change in beside["changes"]] == [
        "containerDefinitions[web].memory", "containerDefinitions[web].user",
    ]  # fmt: skip
    assert "no task of web:2 is RUNNING in cluster 'default'" in cli("diff", "web:2", "--running", code=2).err

    override = {"containerOverrides": [{"name": "web", "environment": [{"name": "MODE", "value": "b"}]}]}
    other = cli.run("web:1", "--overrides", json.dumps(override))
    both = cli("diff", "web:1", "--running", "--output", "json", code=1)
    shapes = both.json["comparisons"]
    assert [shape["same"] for shape in shapes] == [False, True]
    assert shapes[1]["notes"] == ["it was launched with overrides for web, which do not count as differences"]
    assert f"moorage: note: web:1 as task {other[:8]} runs on edge-1: it was launched with overrides" in both.err
