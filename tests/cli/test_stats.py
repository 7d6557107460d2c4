"""``moorage stats``: what tasks use, once and again and again."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.calling import Cli
from tests.cli.process import running
from tests.engine_bed.waiting import wait_until

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

MIB = 1 << 20
HOLDS = {
    "name": "holds",
    "memory": 64,
    "command": ["sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=1M count=20 2>/dev/null; sleep 1000"],
}
IDLE = {"name": "idle", "memory": 16, "command": ["sleep", "1000"], "essential": False}


def test_once_as_a_table_as_json_and_as_text(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register(HOLDS, IDLE)
    task = cli.run("web")
    titles, first, second = cli("stats", "--no-stream").out.splitlines()
    assert titles.split()[:6] == ["TASK", "CONTAINER", "DEFINITION", "INSTANCE", "CPU", "MEM"]
    assert first.split()[:4] == [task[:8], "holds", "web:1", "edge-1"]
    assert second.split()[1] == "idle"
    holds, idle = (
        json.loads(line) for line in cli("stats", task[:8], "--no-stream", "--output", "json").out.splitlines()
    )
    assert holds["taskArn"].endswith(f"/default/{task}")
    assert 20 * MIB <= holds["memoryUsage"] < 26 * MIB
    assert holds["memoryLimit"] == 64 * MIB
    assert holds["cpuPercent"] is not None
    assert (idle["containerName"], idle["pids"]) == ("idle", 1)
    assert "problem" not in holds
    lines = cli("stats", "--no-stream", "--output", "text").out.splitlines()
    assert [line.split("\t")[3] for line in lines] == ["holds", "idle"]


def test_a_task_that_is_not_there_and_a_cluster_where_nothing_runs(
    clustered: Callable[..., Cli], engine: Daemon
) -> None:
    cli = clustered(engine.endpoint)
    assert cli("stats", "--no-stream").out == "nothing runs\n"
    assert cli("stats", "--no-stream", "--output", "json").out == ""
    assert "ffff0000" in cli("stats", "ffff0000", code=1).err
    assert "nowhere" in cli("stats", "--cluster", "nowhere", code=1).err


def test_an_instance_that_does_not_answer_is_told_and_the_rest_is_shown(
    clustered: Callable[..., Cli], engine: Daemon, fresh_engine: Callable[..., Daemon]
) -> None:
    other = fresh_engine(name="other")
    cli = clustered(engine.endpoint, other.endpoint)
    cli.register(IDLE | {"essential": True})
    cli("start-task", "web", "--container-instances", "edge-1")
    other.kill()
    ran = cli("stats", "--no-stream", code=1)
    assert "idle" in ran.out
    assert "moorage: edge-2 does not answer: no Docker Engine is listening there" in ran.err


def test_it_goes_on_until_ctrl_c_and_sees_new_tasks(
    clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path
) -> None:
    cli = clustered(engine.endpoint)
    cli.register(IDLE | {"essential": True})
    with running(tmp_path / "run", cli.home, "stats", "--output", "json") as process:
        first = cli.run("web")
        wait_until(lambda: process.out.count(first) >= 2, within=30, what="two rounds with the task")
        second = cli.run("web")
        wait_until(lambda: second in process.out, within=30, what="the task that came later")
        assert process.end(signal.SIGINT) == 130
        assert process.err == ""
    assert all(json.loads(line)["containerName"] == "idle" for line in process.out.splitlines())


def test_it_ends_when_the_tasks_that_were_named_have_stopped(
    clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path
) -> None:
    cli = clustered(engine.endpoint)
    cli.register(IDLE | {"essential": True})
    task = cli.run("web")
    with running(tmp_path / "run", cli.home, "stats", task) as process:
        wait_until(lambda: task[:8] in process.out, within=30, what="a round")
        cli("stop-task", task)
        assert process.process.wait(timeout=20) == 0
