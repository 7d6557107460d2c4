"""``moorage logs`` of several tasks: merged, filtered, as JSON; followed over a cut; into a pipe that is closed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.cli.process import command, running
from tests.engine_bed.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.calling import Cli
    from tests.engine_bed import Daemon

TALKER = "i=0; while :; do i=$((i+1)); echo tick-$i; sleep 0.2; done"


def job(script: str, name: str = "main") -> dict[str, object]:
    return {"name": name, "command": ["sh", "-c", script]}


def ended(cli: Cli, *argv: str) -> str:
    (task,) = cli("run-task", *argv, "--wait").json["tasks"]
    return str(task["taskArn"].rsplit("/", 1)[-1])


@pytest.fixture
def local(clustered: Callable[..., Cli], engine: Daemon) -> Cli:
    return clustered(engine.endpoint)


def test_several_tasks_are_merged_with_tags_of_one_width(local: Cli) -> None:
    local.register(job("echo a; sleep 0.4; echo c"), family="first")
    one = ended(local, "first")
    local.register(job("echo b"), family="second")
    two = ended(local, "second")

    lines = local("logs", one, two).out.splitlines()

    assert sorted(lines) == sorted([f"{one[:8]}/first  | a", f"{one[:8]}/first  | c", f"{two[:8]}/second | b"])
    assert lines[-1].endswith("| b")
    assert local("logs", one, two[:8], "--tail", "1").out.count("\n") == 2
    assert local("logs", "--family", "first").out == "a\nc\n"
    assert "family with tasks 'frst' not found" in local("logs", "--family", "frst", code=1).err


def test_filters_and_streams(local: Cli) -> None:
    local.register(job('for i in 1 2 3; do echo GET $i; done; echo oops >&2; echo \'{"level":"error"}\''))
    task = ended(local, "web")

    assert sorted(local("logs", task, "--filter", "get").out.split("\n")) == ["", "GET 1", "GET 2", "GET 3"]
    assert local("logs", task, "--filter", "get", "/[23]$/", "--exclude", "3").out == "GET 2\n"
    assert local("logs", task, "--stderr-only").out == "oops\n"
    assert "oops" not in local("logs", task, "--stdout-only").out
    assert "at character 2: found no ')'" in local("logs", task, "--filter", "/(x/", code=1).err


def test_until_and_what_does_not_go_together(local: Cli) -> None:
    local.register(job("echo early; sleep 1.2; echo late"))
    task = ended(local, "web")
    late = local("logs", task, "--timestamps").out.splitlines()[-1].split(" ", 1)[0]

    assert local("logs", task, "--until", late).out == "early\n"
    assert local("logs", task, "--until", "1h").out == ""
    for flags in (["--follow", "--until", "1h"], ["--stdout-only", "--stderr-only"], ["--container-instance", "x"]):
        assert local("logs", task, *flags, code=1).err.startswith("moorage: --")
    assert "no task is named" in local("logs", code=1).err
    assert "until 'noon' is no time" in local("logs", task, "--until", "noon", code=1).err


def test_json_is_one_object_a_line_and_safe(local: Cli) -> None:
    local.register(job(r"printf '\033[31mred\033[0m \033]0;t\007 \377\n'"))
    task = ended(local, "web")

    out = local("logs", task, "--output", "json").out

    told = json.loads(out)
    assert out.count("\n") == 1
    assert "\x1b" not in out
    assert told["message"] == "red ␛]0;t␇ �"
    assert (told["taskId"], told["containerName"], told["stream"]) == (task, "main", "stdout")
    assert re.fullmatch(r"\d{4}-.*\+00:00", told["timestamp"])


def test_a_container_that_is_no_tasks(local: Cli, engine: Daemon) -> None:
    engine.api.wait(engine.run(["echo", "by hand"], name="by-hand"))
    where = ["--container-instance", "edge-1"]

    assert local("logs", *where, "--container", "by-hand").out == "by hand\n"
    assert "did you mean 'by-hand'?" in local("logs", *where, "--container", "by-hnd", code=1).err
    assert "names a container that is no task's" in local("logs", *where, code=1).err


def test_following_tells_a_host_that_is_cut_off_and_goes_on_without_a_line_lost_or_told_twice(
    fresh_engine: Callable[..., Daemon], clustered: Callable[..., Cli], tmp_path: Path
) -> None:
    daemons = [fresh_engine(name=f"edge-{n}", live_restore=True) for n in (1, 2)]
    cli = clustered(*(daemon.endpoint for daemon in daemons))
    cli.register(job(TALKER))
    shapes = cli("start-task", "--task-definition", "web", "--container-instances", "edge-1", "edge-2").json["tasks"]
    ids = [shape["taskArn"].rsplit("/", 1)[-1] for shape in shapes]

    with running(tmp_path / "following", cli.home, "logs", *ids, "--follow") as following:

        def count() -> int:
            return following.out.count("\n")

        def goes_on(by: int) -> None:
            before = count()
            wait_until(lambda: count() > before + by, within=20, what="more lines")

        goes_on(10)
        daemons[1].pause()
        try:
            wait_until(lambda: "note: edge-2 silent since" in following.err, within=30, what="the silence told")
            goes_on(5)
        finally:
            daemons[1].resume()
        wait_until(lambda: "note: edge-2 back: gap of" in following.err, within=30, what="the return told")
        goes_on(20)
        assert following.end(signal.SIGINT) == 130
        lines = following.out.splitlines()
    for task in ids:
        ticks = [int(line.rsplit("-", 1)[1]) for line in lines if line.startswith(task[:8])]
        assert ticks == list(range(ticks[0], ticks[0] + len(ticks)))


def test_a_closed_pipe_ends_it_quietly_although_nothing_is_written(local: Cli) -> None:
    local.register(job("echo one; sleep 1000"))
    task = local.run("web")
    argv = command(local.home, "logs", task, "--follow")
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == "one\n"
    process.stdout.close()
    assert process.wait(20) == 141
    assert process.stderr.read() == ""
