"""The sample definitions: each is accepted without a word, and runs, on images that stand in for the public ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.model.definition_document import parse_definition
from tests.cli import stand_ins
from tests.cli.calling import Cli
from tests.engine_bed import Daemon, wait_until

FOLDER = Path(__file__).resolve().parents[2] / "sample_defs"
SAMPLES = sorted(FOLDER.glob("*.json"))


@pytest.fixture
def sample(clustered: Callable[..., Cli], engine: Daemon) -> Callable[[str], Cli]:
    """Loads a sample's stand-in images and registers it."""

    def ready(name: str) -> Cli:
        document = json.loads((FOLDER / f"{name}.json").read_text())
        for image in {container["image"] for container in document["containerDefinitions"]}:
            stand_ins.load(engine.api, image)
        cli = clustered(engine.endpoint)
        cli("register-task-definition", str(FOLDER / f"{name}.json"))
        return cli

    return ready


def test_there_are_nine() -> None:
    assert len(SAMPLES) == 9


UNLIKE_AWS = {
    "fargate-service": [
        "containerDefinitions[0].logConfiguration.logDriver",
        "networkMode",
        "requiresCompatibilities",
        "cpu",
        "memory",
    ]
}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_accepted_without_a_warning_unless_that_is_its_point(path: Path) -> None:
    parsed = parse_definition(path.read_bytes(), path.name)
    assert sorted(finding.path for finding in parsed.warnings) == sorted(UNLIKE_AWS.get(path.stem, []))
    assert parsed.definition.family == path.stem
    assert parsed.definition.memory or all(container.memory for container in parsed.definition.container_definitions)
    readme = (FOLDER / "README.md").read_text()
    assert f"`moorage run-task {path.stem}" in readme


def test_all_samples_fit_beside_each_other() -> None:
    ports = [
        mapping["hostPort"]
        for path in SAMPLES
        for container in json.loads(path.read_text())["containerDefinitions"]
        for mapping in container.get("portMappings", ())
        if "hostPort" in mapping
    ]
    assert len(ports) == len(set(ports)) == 3


def text_at(engine: Daemon, port: int) -> str:
    return wait_until(lambda: engine.http_get(port).text, ignoring=(OSError,), within=15)


def test_the_web_server_serves(sample: Callable[[str], Cli], engine: Daemon) -> None:
    cli = sample("web-server")
    task = cli.run("web-server")
    assert text_at(engine, 8080) == "stand-in for nginx\n"
    wait_until(lambda: cli.describe(task)["healthStatus"] == "HEALTHY", within=30, every=0.3)


def test_the_batch_job_ends(sample: Callable[[str], Cli]) -> None:
    cli = sample("batch-job")
    overrides: dict[str, Any] = {"name": "job", "environment": [{"name": "STEPS", "value": "2"}]}
    ran = cli("run-task", "batch-job", "--wait", "--overrides", json.dumps({"containerOverrides": [overrides]}))
    (task,) = ran.json["tasks"]
    assert task["containers"][0]["exitCode"] == 0
    lines = cli("logs", task["taskArn"]).out.splitlines()
    assert [lines[0], lines[2], lines[4]] == ["step 1 of 2", "step 2 of 2", "done"]


def test_the_sidecar_shares_its_volume(sample: Callable[[str], Cli], engine: Daemon) -> None:
    cli = sample("sidecar-shared-volume")
    task = cli.run("sidecar-shared-volume")
    assert "<h1>page " in text_at(engine, 8082)
    assert "writer | wrote page 1" in cli("logs", task).out
    stopped = cli("stop-task", task).json["task"]
    codes = {container["name"]: container["exitCode"] for container in stopped["containers"]}
    assert codes["writer"] == 0


def test_the_web_app_reaches_its_database_by_link(sample: Callable[[str], Cli], engine: Daemon) -> None:
    cli = sample("web-app-with-database")
    task = cli.run("web-app-with-database")
    assert "1 packets received" in text_at(engine, 8081)
    health = {container["name"]: container["healthStatus"] for container in cli.describe(task)["containers"]}
    assert health["db"] == "HEALTHY"


def test_the_worker_reaches_its_queue(sample: Callable[[str], Cli]) -> None:
    cli = sample("redis-and-worker")
    task = cli.run("redis-and-worker")
    wait_until(lambda: "did job\n" in cli("logs", task, "--container", "worker").out, within=15, every=0.3)


def test_the_stress_pair_goes_up_and_down(sample: Callable[[str], Cli]) -> None:
    cli = sample("stress-pair")
    task = cli.run("stress-pair")

    def said() -> bool:
        text = cli("logs", task).out
        return "memory | holding 8 MB" in text and "cpu    | counted to 300000" in text

    wait_until(said, within=30, every=0.5)
    stopped = cli("stop-task", task).json["task"]
    assert [container["exitCode"] for container in stopped["containers"]] == [0, 0]


def test_the_cron_worker_keeps_its_schedule(sample: Callable[[str], Cli], engine: Daemon) -> None:
    cli = sample("cron-worker")
    task = cli.run("cron-worker")
    wait_until(lambda: "schedule: * * * * *\n" in cli("logs", task).out, within=10, every=0.3)
    (container,) = engine.api.containers()
    made = engine.api.exec_create(container["Id"], ["sh", "-c", "sed 's/.* echo/echo/' /etc/crontabs/root | sh"])
    engine.api.exec_start(made["Id"])
    wait_until(lambda: "cron ran at " in cli("logs", task).out, within=10, every=0.3)
    assert cli("stop-task", task).json["task"]["containers"][0]["exitCode"] == 0


def test_the_hardened_worker_works(sample: Callable[[str], Cli]) -> None:
    cli = sample("hardened-worker")
    task = cli.run("hardened-worker")
    wait_until(lambda: cli("logs", task).out.startswith("started as 1000, work goes to /scratch"))
    assert cli.describe(task)["lastStatus"] == "RUNNING"


def test_the_containers_of_the_fargate_service_share_localhost(sample: Callable[[str], Cli], engine: Daemon) -> None:
    cli = sample("fargate-service")
    task = cli.run("fargate-service")
    wait_until(
        lambda: "web answers on localhost" in cli("logs", task, "--container", "probe").out, within=30, every=0.3
    )
    (port,) = cli.describe(task)["containers"][0]["networkBindings"]
    assert text_at(engine, port["hostPort"]) == "stand-in for nginx\n"
