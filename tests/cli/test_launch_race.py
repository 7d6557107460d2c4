"""Eight processes of two operators launch at once where three tasks have room: creating is reserving."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.placement.constraints import NOT_DISTINCT
from tests.cli.calling import Cli
from tests.cli.process import ROOT
from tests.engine.launching import left
from tests.engine_bed import Daemon

PROCESSES, ROOM = 8, 3


def at_once(homes: list[Path], **request: Any) -> list[dict[str, Any]]:
    """What run-task answers in a process each, all of which begin only when the last is ready."""
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.cli.race_child", str(home), json.dumps({"taskDefinition": "web", **request})],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for home in homes
    ]
    try:
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.close()
            child.stdin = None
        return [json.loads(child.communicate(timeout=60)[0]) for child in children]
    finally:
        for child in children:
            child.kill()
            child.wait()


@pytest.mark.parametrize("scarce", ["port", "memory", "distinctInstance"])
def test_never_more_start_than_have_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fresh_engine: Callable[..., Daemon], scarce: str
) -> None:
    engines = [fresh_engine(name=name) for name in ("one", "two", "three")]
    whole = engines[0].api.info()["MemTotal"] // 2**20
    container: dict[str, Any] = {"name": "main", "command": ["sleep", "600"], "memory": 16}
    if scarce == "port":
        container["portMappings"] = [{"containerPort": 80, "hostPort": 8080}]
    elif scarce == "memory":
        container |= {"memory": whole - 1, "memoryReservation": whole * 2 // 3}
    homes = [tmp_path / "ann", tmp_path / "bob"]
    for home in homes:
        cli = Cli(home, capsys)
        cli("create-cluster")
        for engine in engines:
            cli("register-container-instance", "--name", engine.name, "--endpoint", engine.endpoint)
        cli.register(container)

    constraints = [{"type": "distinctInstance"}] if scarce == "distinctInstance" else []
    answers = at_once([homes[number % 2] for number in range(PROCESSES)], placementConstraints=constraints)

    started = [task for answer in answers for task in answer["tasks"] if task["lastStatus"] == "RUNNING"]
    running = [len(engine.api.containers()) for engine in engines]
    assert running == [1, 1, 1], f"all three are used, once each: {answers}"
    assert len(started) == ROOM
    lost = [answer for answer in answers if not answer["tasks"]]
    assert len(lost) == PROCESSES - ROOM
    for answer in lost:
        assert answer["failures"], "who has no place is told why"
        reasons = {failure["reason"].partition(":")[0] for failure in answer["failures"]}
        assert reasons <= {"RESOURCE", NOT_DISTINCT}
        assert (NOT_DISTINCT in reasons) == (scarce == "distinctInstance")
    for engine in engines:
        (name,) = left(engine).containers
        (task,) = [task for task in started if task["taskArn"].rsplit("/", 1)[-1][:12] in name]
        own = task["taskArn"].rsplit("/", 1)[-1]
        found = left(engine)
        assert all(own in record for record in found.records), f"nothing of those that lost: {found}"
        assert all(own[:12] in thing for thing in [*found.networks, *found.volumes])
