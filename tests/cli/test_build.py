"""``moorage build``: flags as docker has them, what is printed where, and how it ends."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.calling import Cli
from tests.cli.process import command, run, running
from tests.engine_bed import Daemon, wait_until
from tests.terminal import TerminalProgram

Clustered = Callable[..., Cli]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    made = tmp_path / "context"
    made.mkdir()
    (made / "Dockerfile").write_text("FROM busybox\nARG WORD\nRUN echo $WORD\n")
    return made


def built(engine: Daemon) -> list[str]:
    return sorted(name for image in engine.api.images() for name in image["RepoTags"] or ())


def test_flags_may_be_written_as_for_docker(clustered: Clustered, engine: Daemon, context: Path) -> None:
    cli = clustered(engine.endpoint)
    ran = cli("build", "--build-arg", "WORD=hello", "-t", "web:1", "-t", "web:2", str(context))
    assert ran.json["tags"] == ["web:1", "web:2"]
    assert ran.json["containerInstance"] == "edge-1"
    assert ran.json["imageId"] == engine.api.inspect_image("web:2")["Id"]
    assert [step["instruction"] for step in ran.json["steps"]] == ["FROM busybox", "ARG WORD", "RUN echo $WORD"]
    assert ran.json["seconds"] > 0
    lines = [re.sub(r"[0-9.]+ s$", "N s", line) for line in ran.err.splitlines()]
    assert lines == [
        "sending 37B to edge-1",
        "step 1/3 FROM busybox",
        "step 1/3 N s",
        "step 2/3 ARG WORD",
        "step 2/3 N s",
        "step 3/3 RUN echo $WORD",
        "  hello",
        "step 3/3 N s",
    ]
    (context / "Other").write_text("FROM busybox\n")
    again = cli("build", str(context), "--tag", "other", "-f", str(context / "Other"), "--output", "table")
    assert "FROM busybox" in again.out


def test_a_step_that_fails_is_told_with_its_last_lines_and_nothing_on_stdout(
    clustered: Clustered, engine: Daemon, context: Path
) -> None:
    cli = clustered(engine.endpoint)
    (context / "Dockerfile").write_text(
        "FROM busybox\nRUN echo why; printf '\\033[31mred\\033]0;title\\007\\n'; exit 4\n"
    )
    ran = cli("build", "-t", "web", str(context), code=1)
    assert ran.out == ""
    assert "  why\n  red␛]0;title␇\n" in ran.err
    assert "\x1b" not in ran.err
    assert re.search(r"^step 2/2 FAILED [0-9.]+ s$", ran.err, re.MULTILINE)
    assert ran.err.splitlines()[-1].startswith("moorage: step 2/2: RUN echo why; printf")
    assert ran.err.splitlines()[-1].endswith(" ended with exit code 4")
    assert built(engine) == ["busybox:latest"]


def test_what_is_missing_or_wrong_is_told(cli: Cli, context: Path) -> None:
    assert "required, and not given: --path, --tag" in cli("build", code=2).err
    assert "required, and not given: --tag" in cli("build", str(context), code=2).err
    assert "cluster 'default' not found" in cli("build", str(context), "-t", "web", code=1).err
    cli("create-cluster")
    assert "no instance of cluster 'default' answers" in cli("build", str(context), "-t", "web", code=1).err
    assert "platform" in cli("build", str(context), "-t", "web", "--platform", "arm", code=1).err


def test_a_clusters_policy_is_asked_and_a_read_only_one_builds_nothing(
    clustered: Clustered, engine: Daemon, context: Path
) -> None:
    cli = clustered(engine.endpoint)
    cli("update-cluster", "--cluster", "default", "--policy", "confirm")
    refused = cli("build", "-t", "web", str(context), code=1)
    assert "build was not done: cluster 'default' wants a yes first" in refused.err
    assert built(engine) == ["busybox:latest"]
    cli("build", "-t", "web", str(context), "--yes")
    cli("update-cluster", "--cluster", "default", "--policy", "read-only", "--yes")
    assert "read-only" in cli("build", "-t", "other", str(context), "--yes", code=1).err
    assert built(engine) == ["busybox:latest", "web:latest"]


def test_sockets_in_the_folder_are_told_and_the_build_goes_on(
    clustered: Clustered, engine: Daemon, context: Path
) -> None:
    os.mkfifo(context / "pipe")
    ran = clustered(engine.endpoint)("build", "-t", "web", str(context))
    assert "moorage: warning: not sent, as they are sockets, pipes or devices: pipe" in ran.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_build_on_the_host(
    clustered: Clustered, engine: Daemon, context: Path, tmp_path: Path, number: int
) -> None:
    cli = clustered(engine.endpoint)
    (context / "Dockerfile").write_text("FROM busybox\nRUN echo begun; sleep 600\n")
    with running(tmp_path / "run", cli.home, "build", "-t", "web", str(context)) as build:
        wait_until(lambda: "  begun\n" in build.err, within=30)
        assert build.end(number, within=30) == 128 + number
    assert "what the build's steps have made so far stays in the engine's cache" in build.err
    assert "Traceback" not in build.err
    assert engine.api.containers(all=True) == []
    assert built(engine) == ["busybox:latest"]
    (entry,) = [entry for entry in cli("audit").json["entries"] if entry["verb"] == "build"]
    assert entry["outcome"] == "interrupted"


def test_in_a_terminal_what_goes_on_is_drawn_in_place(clustered: Clustered, engine: Daemon, context: Path) -> None:
    cli = clustered(engine.endpoint)
    (context / "Dockerfile").write_text(
        "FROM busybox\nRUN true\nRUN for i in $(seq 30); do echo line $i; done; sleep 3; echo last\n"
    )
    argv = command(cli.home, "build", "-t", "web", str(context), "--output", "text")
    with TerminalProgram(argv, NO_COLOR="1") as program:
        program.until_shown("line 30")
        middle = program.screen()
        assert program.end() == 0
        after = program.screen()
    shown = [line for line in middle.splitlines() if line.strip()]
    assert re.match(r"step 1/3 +[0-9.]+ s  FROM busybox", shown[0])
    assert re.match(r"step 2/3 +[0-9.]+ s  RUN true", shown[1])
    assert re.match(r"step 3/3 +[0-9.]+ s  RUN for", shown[2])
    assert [line.strip() for line in shown[3:]] == [f"line {number}" for number in range(26, 31)]
    assert "line 30" not in after, "what was drawn in place is gone"
    assert re.search(r"^step 3/3 +[3-9][0-9.]+ s  RUN for", after, re.MULTILINE)


def test_a_process_of_its_own_says_the_same(clustered: Clustered, engine: Daemon, context: Path) -> None:
    cli = clustered(engine.endpoint)
    assert run(cli.home, "build", "-t", "web", str(context)).returncode == 0
    assert built(engine) == ["busybox:latest", "web:latest"]
