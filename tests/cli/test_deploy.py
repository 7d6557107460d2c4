"""moorage deploy: built on one engine, brought to others, run, replaced; on real engines."""

from __future__ import annotations

import io
import json
import re
import signal
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.cli import process
from tests.cli.calling import Cli
from tests.engine_bed import Daemon, Registry
from tests.engine_bed.waiting import wait_until

IMAGE = "shop/web:1"
DOCKERFILE = """FROM busybox
COPY page.txt /www/index.html
CMD ["httpd", "-f", "-p", "80", "-h", "/www"]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "shop"
    made.mkdir()
    (made / "Dockerfile").write_text(DOCKERFILE)
    (made / "page.txt").write_text("hello\n")
    write(made)
    monkeypatch.chdir(made)
    return made


def write(folder: Path, *, toml: str = "count = 2", on: str = "edge-1", **part: Any) -> None:
    members = {
        "name": "web",
        "image": IMAGE,
        "memory": 16,
        "stopTimeout": 2,
        "portMappings": [{"containerPort": 80, "hostPort": 8080}],
        **part,
    }
    (folder / "taskdef.json").write_text(json.dumps({"family": "web", "containerDefinitions": [members]}))
    build = f'[[build]]\nimage = "{IMAGE}"\non = "{on}"\n'
    (folder / "moorage.toml").write_text(f'task_definition = "taskdef.json"\n{toml}\n{build}')


def until_served(text: str, *daemons: Daemon) -> None:
    """A task is RUNNING a moment before its program listens."""
    for daemon in daemons:

        def served(at: Daemon = daemon) -> bool:
            return at.http_get(8080).text == text

        wait_until(served, what=f"{text!r} is served", ignoring=(OSError, HTTPException))


def short(shape: dict[str, str]) -> str:
    return shape["taskArn"].rsplit("/", 1)[-1]


def test_from_an_empty_cluster_to_two_tasks_and_then_what_changes(
    clustered: Callable[..., Cli], engines: list[Daemon], folder: Path
) -> None:
    one, two, _ = engines
    cli = clustered(one.endpoint, two.endpoint)

    plan = cli("deploy", "--dry-run").json
    assert [step["work"] for step in plan["steps"]] == ["build", "copy", "register", "run"]
    assert sorted(plan["placements"]) == ["edge-1", "edge-2"]
    assert cli("list-task-definitions").json == {"taskDefinitionArns": []}

    first = cli("deploy")
    shape = first.json
    assert [task["lastStatus"] for task in shape["tasks"]] == ["RUNNING", "RUNNING"]
    assert {task["group"] for task in shape["tasks"]} == {"deploy:web"}
    assert shape["build"][0]["containerInstance"] == "edge-1"
    assert [image["containerInstance"] for image in shape["images"]] == ["edge-2"]
    assert shape["taskDefinition"]["revision"] == 1
    assert shape["failures"] == []
    for line in ("1/4 build shop/web:1 on edge-1", "2/4 copy shop/web:1", "3/4 register web:1", "4/4 run 2 of web:1"):
        assert line in first.err
    until_served("hello\n", one, two)

    again = cli("deploy")
    assert sorted(short(task) for task in again.json["tasks"]) == sorted(short(task) for task in shape["tasks"])
    assert all(step["cached"] for step in again.json["build"][0]["steps"][1:])
    assert (again.json["images"], again.json["taskDefinition"]["revision"]) == ([], 1)
    assert "2 of web:1 run already" in again.err

    # Under the same name and of the same revision, but another image: its tasks are replaced.
    (folder / "page.txt").write_text("changed\n")
    changed = cli("deploy").json
    assert changed["taskDefinition"]["revision"] == 1
    assert not {short(task) for task in changed["tasks"]} & {short(task) for task in shape["tasks"]}
    until_served("changed\n", one, two)
    assert len(cli("list-tasks").json["taskArns"]) == 2

    # Another definition: the next revision; and fewer tasks.
    write(folder, toml="count = 1", environment=[{"name": "A", "value": "1"}])
    fewer = cli("deploy").json
    assert fewer["taskDefinition"]["revision"] == 2
    assert [short(task) for task in fewer["tasks"]] == [arn.rsplit("/", 1)[-1] for arn in
                                                        cli("list-tasks").json["taskArns"]]  # fmt: skip
    told = cli("audit", "--output", "table").out
    assert "deploy" in told


def test_a_build_that_fails_tells_its_step_and_leaves_what_runs(
    clustered: Callable[..., Cli], engine: Daemon, folder: Path
) -> None:
    cli = clustered(engine.endpoint)
    write(folder, toml="")
    (task,) = cli("deploy").json["tasks"]

    (folder / "Dockerfile").write_text(DOCKERFILE.replace("CMD", "RUN echo compiling; ls /nowhere\nCMD"))
    failed = cli("deploy", code=1)
    assert "moorage: 1/" in failed.err
    assert "ls: /nowhere: No such file or directory" in failed.err
    assert "1 task of deploy:web goes on as before" in failed.err
    assert "deploy again: what is done already is not done twice" in failed.err
    assert failed.json["failures"][-1]["step"] == "build"
    assert cli.describe(short(task))["lastStatus"] == "RUNNING"
    until_served("hello\n", engine)


def test_a_task_that_does_not_come_up_leaves_the_old_one_where_there_is_room_for_both(
    clustered: Callable[..., Cli], engine: Daemon, folder: Path
) -> None:
    cli = clustered(engine.endpoint)
    write(folder, toml="", portMappings=[])
    (task,) = cli("deploy").json["tasks"]
    for command, why in (
        (["/no/such/program"], "no such file or directory"),
        (["sh", "-c", "sleep 0.5; exit 3"], "ended at once: exit 3 of web"),
    ):
        write(folder, toml="", portMappings=[], command=command)
        failed = cli("deploy", code=1)
        assert why in failed.err
        assert " is registered" in failed.err
        assert "1 task of deploy:web goes on as before" in failed.err
        assert cli.describe(short(task))["lastStatus"] == "RUNNING"


def test_what_cannot_work_is_told_before_anything_is_built(
    clustered: Callable[..., Cli], engine: Daemon, folder: Path
) -> None:
    cli = clustered(engine.endpoint)
    engine.run(["httpd", "-f", "-p", "80"], name="other", ports=[80], port_bindings={80: 8080})
    short_of_room = cli("deploy", code=1)
    assert "there is no room for 2 tasks: edge-1: " in short_of_room.err
    assert "tcp 8080 taken by" in short_of_room.err
    write(folder, toml='cluster = "nowhere"')
    assert "cluster 'nowhere' not found" in cli("deploy", code=1).err
    write(folder, toml="", on="edge-9", portMappings=[])
    assert "'edge-9' not found; did you mean 'edge-1'?" in cli("deploy", code=1).err
    (folder / "moorage.toml").write_text('task_definition = "taskdef.json"\n[[built]]\nimage = "x:1"\n')
    assert "line 2, column 1, built: is not known here; did you mean 'build'?" in cli("deploy", code=1).err
    assert engine.api.images(IMAGE.split(":", 1)[0]) == []


def test_a_compose_file_with_a_build(clustered: Callable[..., Cli], engine: Daemon, folder: Path) -> None:
    cli = clustered(engine.endpoint)
    text = (
        f"services: {{web: {{build: ., image: '{IMAGE}', mem_limit: 16m, ports: ['8080:80'], stop_grace_period: 2s}}}}"
    )
    (folder / "compose.yaml").write_text(text)
    ran = cli("deploy", "-f", "compose.yaml")
    assert ran.json["tasks"][0]["group"] == "compose:shop"
    until_served("hello\n", engine)
    assert len(cli("down").json["tasks"]) == 1


def test_a_read_only_cluster_and_one_that_wants_a_yes(
    clustered: Callable[..., Cli], engine: Daemon, folder: Path
) -> None:
    cli = clustered(engine.endpoint)
    write(folder, toml="")
    cli("update-cluster", "--cluster", "default", "--policy", "confirm")
    assert "wants a yes first; say it with --yes" in cli("deploy", code=1).err
    assert engine.api.images(IMAGE.split(":", 1)[0]) == []
    cli("deploy", "--yes")
    cli("update-cluster", "--cluster", "default", "--policy", "read-only", "--yes")
    assert "deploy refused: cluster 'default' is read-only" in cli("deploy", code=1).err


def test_ctrl_c_in_a_build_leaves_nothing_half_done_and_says_so(
    clustered: Callable[..., Cli], engine: Daemon, folder: Path, tmp_path: Path
) -> None:
    cli = clustered(engine.endpoint)
    write(folder, toml="")
    (folder / "Dockerfile").write_text(DOCKERFILE.replace("CMD", "RUN echo here; sleep 300\nCMD"))
    with process.running(tmp_path / "out", cli.home, "deploy") as run:
        wait_until(engine.api.containers, what="the step runs")
        assert run.end(signal.SIGINT, within=30) == 130
    assert "interrupted" in run.err
    assert "it was at 1/" in run.err
    assert not engine.api.containers()  # it has waited until the step was gone
    kept = [json.loads(line) for line in (cli.home / "state" / "audit.jsonl").read_text().splitlines()]
    assert [(one["verb"], one["outcome"]) for one in kept[-2:]] == [("build", "failed"), ("deploy", "failed")]
    assert engine.api.images(IMAGE.split(":", 1)[0]) == []
    assert cli("list-task-definitions").json == {"taskDefinitionArns": []}


def test_by_a_private_registry_and_what_it_says_without_a_login(
    clustered: Callable[..., Cli],
    engines: list[Daemon],
    shared_registry: Registry,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, two, _ = engines
    cli = clustered(one.endpoint, two.endpoint)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    shared_registry.require("me", "hunter2-canary")
    image = "127.0.0.1:5000/shop/web:1"
    write(folder, toml='count = 2\ndeliver = "push"', image=image)
    toml = folder / "moorage.toml"
    toml.write_text(toml.read_text().replace(f'"{IMAGE}"', f'"{image}"'))

    refused = cli("deploy", code=1)
    assert "2/5 push 127.0.0.1:5000/shop/web:1: edge-1: " in refused.err
    assert "moorage login 127.0.0.1:5000" in refused.err
    assert f"{image} (" in refused.err
    assert cli("list-task-definitions").json == {"taskDefinitionArns": []}

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"hunter2-canary\n")))
    cli("login", "127.0.0.1:5000", "--username", "me", "--password-stdin")
    ran = cli("deploy")
    assert [task["lastStatus"] for task in ran.json["tasks"]] == ["RUNNING", "RUNNING"]
    assert [(one["containerInstance"], one["state"]) for one in ran.json["images"]] == [
        ("edge-1", "done"),
        ("edge-2", "done"),
    ]
    until_served("hello\n", one, two)
    assert "hunter2-canary" not in ran.out + ran.err + refused.err

    # What a registry has of that name by now is nobody's business: tasks run what was built, or nothing.
    (folder / "page.txt").write_text("changed\n")
    shared_registry.kill()
    down = cli("deploy", code=1)
    assert "2/6 push" in down.err
    assert "2 tasks of deploy:web go on as before" in down.err
    until_served("hello\n", one, two)


def test_ctrl_c_while_a_task_comes_up_says_what_becomes_of_it(
    clustered: Callable[..., Cli], engine: Daemon, folder: Path, tmp_path: Path
) -> None:
    """Of a task definition alone: nothing is built."""
    cli = clustered(engine.endpoint)
    common = {"image": "busybox:latest", "memory": 16, "stopTimeout": 2, "command": ["sleep", "1000"]}
    check = {"command": ["CMD", "false"], "interval": 300, "retries": 10, "startPeriod": 300}
    waits = {**common, "name": "web", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]}
    parts = [{**common, "name": "db", "healthCheck": check}, waits]
    (folder / "waits.json").write_text(json.dumps({"family": "waits", "containerDefinitions": parts}))
    with process.running(tmp_path / "out", cli.home, "deploy", "-f", "waits.json") as run:
        wait_until(engine.api.containers, what="the first container runs")
        assert run.end(signal.SIGINT, within=20) == 130
    assert "it was at 2/2 run 1 of waits:1 in group deploy:waits" in run.err
    assert re.search(r"task [0-9a-f]{8} on edge-1 is not up yet; its last step was: (start db|wait web)", run.err)
    assert "waits:1 is registered" in run.err
    assert '"interrupted"' in (cli.home / "state" / "audit.jsonl").read_text()
    again = cli("deploy", "-f", "waits.json")
    assert "of waits:1 there are 1 PENDING already; nothing is started" in again.err
