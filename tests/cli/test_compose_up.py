"""moorage up and down: a Compose file as the front end of a cluster of real engines."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli import process
from tests.cli.calling import Cli
from tests.engine_bed import Daemon, wait_until

COMPOSE = """
services:
  web:
    image: busybox:latest
    mem_limit: 16m
    command: sh -c "mkdir -p /www; echo $GREETING > /www/index.html; exec httpd -f -p 80 -h /www"
    ports: ["8080:80"]
    stop_grace_period: 2s
    init: true
    depends_on: {db: {condition: service_healthy}, setup: {condition: service_completed_successfully}}
  db:
    image: busybox:latest
    mem_limit: 16m
    command: sleep 1000
    init: true
    stop_grace_period: 2s
    volumes: [data:/data]
    healthcheck: {test: "true", interval: 5s, timeout: 2s}
  setup:
    image: busybox:latest
    mem_limit: 16m
    command: touch /data/ready
    volumes: [data:/data]
volumes: {data: {}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "Shop"
    made.mkdir()
    (made / "compose.yml").write_text(COMPOSE)
    (made / ".env").write_text("GREETING=hello\n")
    monkeypatch.chdir(made)
    return made


def short(shape: dict[str, str]) -> str:
    return shape["taskArn"].rsplit("/", 1)[-1]


def test_up_runs_what_changed_and_nothing_else_and_down_stops_it(
    clustered: Callable[..., Cli], engine: Daemon, folder: Path
) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "main", "command": ["sleep", "1000"]}, family="other")
    other = cli.run("other")

    first = cli("up")
    (task,) = first.json["tasks"]
    assert (task["lastStatus"], task["group"]) == ("RUNNING", "compose:shop")
    assert "moorage: registered shop:1" in first.err
    assert wait_until(lambda: engine.http_get(8080), ignoring=(OSError,)).text == "hello\n"
    assert engine.api.inspect_volume("shop_data")["Name"] == "shop_data"

    again = cli("up", "-d")
    assert [short(shape) for shape in again.json["tasks"]] == [short(task)]
    assert "shop:1 says the same already; no new revision" in again.err
    assert f"task {short(task)[:8]} of shop:1 on edge-1 is RUNNING already" in again.err

    (folder / ".env").write_text("GREETING=changed\n")
    changed = cli("up", "-f", "compose.yml")
    (new,) = changed.json["tasks"]
    assert new["taskDefinitionArn"].endswith("/shop:2")
    assert f"stopping task {short(task)[:8]} of shop:1 on edge-1: shop:2 replaces it" in changed.err
    assert cli.describe(short(task))["lastStatus"] == "STOPPED"
    assert cli.describe(short(task))["stoppedReason"] == "replaced by moorage up"
    assert wait_until(lambda: engine.http_get(8080), ignoring=(OSError,)).text == "changed\n"

    down = cli("down")
    assert [(short(shape), shape["lastStatus"]) for shape in down.json["tasks"]] == [(short(new), "STOPPED")]
    assert f"stopping task {short(new)[:8]} of shop:2 on edge-1" in down.err

    nothing = cli("down", "-p", "shop")
    assert nothing.json == {"tasks": []}
    assert "nothing runs of compose:shop in cluster default" in nothing.err
    assert cli.describe(other)["lastStatus"] == "RUNNING"
    assert engine.api.inspect_volume("shop_data")["Name"] == "shop_data"  # its data is not ours to remove


def test_what_cannot_run_takes_nothing_down(clustered: Callable[..., Cli], engine: Daemon, folder: Path) -> None:
    cli = clustered(engine.endpoint)
    (task,) = cli("up").json["tasks"]

    (folder / "compose.yml").write_text("services: {web: {image: 'busybox:latest', mem_limit: x}}")
    assert "services.web.mem_limit: is no size" in cli("up", code=1).err
    path = folder / "refers.yaml"
    cli("export", "shop", "--format", "compose")
    text = cli("export", "shop", "--format", "compose").out
    secret = "      secrets:\n        - {name: S, valueFrom: nowhere}\n"
    path.write_text(text.replace("    - name: web\n", f"    - name: web\n{secret}", 1))
    failed = cli("up", "-f", "refers.yaml", code=1)
    assert "secret nowhere has no source on this machine" in failed.err
    assert cli.describe(short(task))["lastStatus"] == "RUNNING"


def test_replicas_are_tasks_and_only_the_missing_ones_are_run(
    clustered: Callable[..., Cli], engines: list[Daemon], folder: Path
) -> None:
    cli = clustered(*(engine.endpoint for engine in engines))
    service = "image: 'busybox:latest', mem_limit: 16m, command: sleep 1000, init: true, stop_grace_period: 2s"
    (folder / "compose.yml").write_text(f"services: {{web: {{{service}, ports: ['8080:80'], scale: 2}}}}")
    tasks = cli("up").json["tasks"]
    assert len({shape["containerInstanceArn"] for shape in tasks}) == 2

    cli("stop-task", "--task", short(tasks[0]))
    again = cli("up").json["tasks"]
    assert len(again) == 2
    assert short(tasks[1]) in [short(shape) for shape in again]
    assert len(cli("down").json["tasks"]) == 2


@pytest.mark.parametrize("registered", [True, False], ids=["one revision", "two revisions"])
def test_of_two_ups_at_the_same_time_one_gives_way(
    clustered: Callable[..., Cli], engine: Daemon, folder: Path, registered: bool
) -> None:
    cli = clustered(engine.endpoint)
    service = "image: 'busybox:latest', mem_limit: 16m, command: sleep 1000, init: true, stop_grace_period: 2s"
    (folder / "compose.yml").write_text(f"services: {{web: {{{service}}}}}")
    if registered:
        cli("import", "compose.yml")
    with ThreadPoolExecutor() as pool:
        ran = list(pool.map(lambda _: process.run(cli.home, "up"), range(3)))
    assert [one.returncode for one in ran] == [0, 0, 0], [one.stderr for one in ran]

    arns = cli("list-tasks").json["taskArns"]
    tasks = cli("describe-tasks", "--tasks", *arns).json["tasks"]
    assert [(shape["group"], shape["lastStatus"]) for shape in tasks] == [("compose:shop", "RUNNING")]


def test_a_task_that_does_not_come_up_is_told_with_its_reason(
    clustered: Callable[..., Cli], engine: Daemon, folder: Path
) -> None:
    cli = clustered(engine.endpoint)
    (folder / "compose.yml").write_text("services: {web: {image: 'localhost:1/no/such:1', mem_limit: 16m}}")
    failed = cli("up", code=1)
    assert failed.json["tasks"][0]["stopCode"] == "TaskFailedToStart"
    assert "CannotPullContainerError: " in failed.err


def test_files_are_looked_for_in_composes_order(cli: Cli, folder: Path) -> None:
    cli("create-cluster")
    (folder / "compose.yaml").write_text("services: {}\n")
    (folder / "compose.override.yaml").write_text("services: {}\n")
    ran = cli("up", code=1)
    assert "warning: compose.override.yaml: is not merged; write it into compose.yaml, or use extends" in ran.err
    assert "compose.yaml: line 1, column 1, services: has no services" in ran.err
    for name in ("compose.yaml", "compose.yml"):
        (folder / name).unlink()
    assert "there is no compose.yaml here; name the file with -f" in cli("up", code=1).err
    assert "there is no compose.yaml here; name the file with -f" in cli("down", code=1).err


def test_what_is_no_compose_file_is_not_brought_up(cli: Cli, folder: Path) -> None:
    cli("create-cluster")
    (folder / "x.json").write_text(
        '{"family": "a", "containerDefinitions": [{"name": "a", "image": "x", "memory": 8}]}'
    )
    assert "is no Compose file; moorage import takes it" in cli("up", "-f", "x.json", code=1).err
    assert "is no Compose file" in cli("down", "-f", "x.json", code=1).err
    assert "several are not merged" in cli("up", "-f", "a", "-f", "b", code=2).err
    assert "cluster 'nowhere' not found" in cli("up", "--cluster", "nowhere", code=1).err
    assert cli("list-task-definitions").json == {"taskDefinitionArns": []}


def test_a_container_that_docker_run_made_becomes_a_definition(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    engine.run(["sleep", "1000"], name="by-hand", environment={"A": "1"})
    made = cli("import", "--container", "by-hand", "--family", "found").json["taskDefinition"]
    (container,) = made["containerDefinitions"]
    assert (made["family"], container["command"]) == ("found", ["sleep", "1000"])
    assert {"name": "A", "value": "1"} in container["environment"]
