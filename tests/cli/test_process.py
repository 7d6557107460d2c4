"""What only a process of its own can show: imports, signals, pipes, exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.calling import Cli
from tests.cli.process import ROOT, command, run, running
from tests.engine_bed import Daemon, wait_until

HEAVY = {"textual", "rich", "pydantic", "docker", "requests", "urllib3", "argparse", "asyncio", "json"}


def loaded_after(*argv: str) -> set[str]:
    code = (
        "import sys; from app.main import main; code = main(sys.argv[1:]); "
        "print('\\nLOADED', *{name.partition('.')[0] for name in sys.modules}); sys.exit(code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *argv], capture_output=True, text=True, check=True, timeout=30, cwd=ROOT
    )
    return set(ran.stdout.partition("\nLOADED ")[2].split())


def test_version_and_help_load_nothing_heavy() -> None:
    assert loaded_after("--version") & HEAVY == set()
    assert loaded_after("--help") & HEAVY == set()


def test_a_verb_loads_no_screen() -> None:
    assert loaded_after("list-clusters", "--help") & {"textual", "rich"} == set()


def test_version_costs_under_150_ms_beyond_bare_python() -> None:
    def best(argv: list[str]) -> float:
        times = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run(argv, check=True, capture_output=True, timeout=30)
            times.append(time.perf_counter() - began)
        return min(times)

    bare = best([sys.executable, "-c", "pass"])
    assert best([sys.executable, str(ROOT / "moorage.py"), "--version"]) - bare < 0.150


def test_version_works_beside_another_package_named_app(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__init__.py").write_text("raise RuntimeError('the wrong app')\n")
    ran = subprocess.run(
        [sys.executable, str(ROOT / "moorage.py"), "--version"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("moorage ")


@pytest.mark.parametrize("argv", [["--version"], ["--help"], ["list-clusters"], ["list-clusters", "--help"]])
def test_a_closed_pipe_is_a_quiet_end(tmp_path: Path, argv: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    plain = [sys.executable, str(ROOT / "moorage.py"), *argv]
    ran = subprocess.run(
        command(tmp_path, *argv) if argv != ["--version"] else plain,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=30,
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (141, "")


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        ran = run(tmp_path, "list-clusters", stdout=full)
    assert ran.returncode == 1
    assert ran.stderr == "moorage: cannot write the output: No space left on device\n"


def test_closed_streams_are_no_fault(tmp_path: Path) -> None:
    line = " ".join(command(tmp_path, "create-cluster"))
    ran = subprocess.run(["sh", "-c", f"{line} <&- >&- 2>&-"], capture_output=True, text=True, check=False, timeout=30)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert (tmp_path / "clusters/default.toml").exists()


def test_no_terminal_and_no_verb(tmp_path: Path) -> None:
    ran = run(tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("moorage: the dashboard needs a terminal")


def test_a_plain_locale_cannot_end_it(tmp_path: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    ran = run(tmp_path, "describe-clusters", "sch☃n", "--output", "text", env=environment)
    assert ran.returncode == 0
    assert "MISSING" in ran.stdout


def test_logs_into_a_pipe_that_closes(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "main", "memory": 32, "command": ["sh", "-c", "yes flood | head -n 200000; sleep 60"]})
    task = cli.run("web")
    process = subprocess.Popen(
        command(cli.home, "logs", task, "--follow"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "flood\n"
    process.stdout.close()
    assert process.wait(timeout=30) == 141
    assert process.stderr.read() == ""
    process.stderr.close()


def test_ctrl_c_ends_a_follower_at_once(clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "main", "command": ["sh", "-c", "echo up; sleep 60"]})
    task = cli.run("web")
    with running(tmp_path / "out", cli.home, "logs", task, "--follow") as follower:
        wait_until(lambda: follower.out == "up\n")
        assert follower.end(signal.SIGINT) == 130
        assert follower.err == "moorage: interrupted\n"


def test_ctrl_c_in_a_launch_says_what_exists(clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path) -> None:
    cli = clustered(engine.endpoint)
    never = {"command": ["CMD-SHELL", "false"], "interval": 5, "timeout": 2}
    cli.register(
        {"name": "db", "command": ["sleep", "60"], "healthCheck": never},
        {"name": "web", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]},
    )
    with running(tmp_path / "out", cli.home, "run-task", "web") as launch:
        wait_until(lambda: len(engine.api.containers()) == 1, within=20)
        assert launch.end(signal.SIGINT) == 130
        lines = launch.err.splitlines()
    (task,) = cli("list-tasks").json["taskArns"]
    assert "moorage: interrupted" in lines
    assert any(f"task {task[-32:-24]} on edge-1 is not up yet; its last step was: " in line for line in lines)
    assert any("finished or undone by the next Moorage that watches" in line for line in lines)
    assert any("moorage stop-task --cluster default" in line for line in lines)
    assert cli("stop-task", task).json["task"]["lastStatus"] == "STOPPED"


def test_ctrl_c_in_run_task_wait_leaves_the_task(clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "main", "command": ["sleep", "60"]})
    with running(tmp_path / "out", cli.home, "run-task", "web", "--wait") as launch:
        wait_until(lambda: cli("describe-clusters").json["clusters"][0]["runningTasksCount"] == 1, within=20, every=0.2)
        assert launch.end(signal.SIGINT) == 130
        # The engine may know that it runs a moment before run-task does.
        assert "is RUNNING and goes on" in launch.err or "its last step was: " in launch.err
    assert len(cli("list-tasks").json["taskArns"]) == 1


def test_run_task_wait_exits_with_the_code(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "job", "command": ["sh", "-c", "exit 42"]}, family="job")
    assert run(cli.home, "run-task", "job", "--wait").returncode == 42
