"""Schedulers of one's own through the command line, on a real engine: what they choose; each fault is one line."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import Cli
from tests.engine_bed import Daemon, wait_until
from tests.unit.interop.installing import install

DOCS = (Path(__file__).parents[2] / "docs" / "schedulers.md").read_text(encoding="utf-8")
SLEEP = {"name": "main", "command": ["sleep", "600"]}
PATIENT = "30s"
"""Where the time that an answer takes is not what is tested."""


class Harbour:
    """A cluster ``default`` with one engine, edge-1, and schedulers in config.toml."""

    def __init__(self, cli: Cli, engine: Daemon, folder: Path) -> None:
        self.cli = cli
        self.engine = engine
        self.folder = folder

    def program(self, text: str, mode: int = 0o700) -> Path:
        path = self.folder / "program"
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def configure(self, path: Path | str, timeout: str = PATIENT, name: str = "x") -> None:
        config = self.cli.home / "config.toml"
        config.parent.mkdir(exist_ok=True)
        config.write_text(f'[schedulers]\n{name} = {{program = ["{path}"], timeout = "{timeout}"}}\n', encoding="utf-8")
        config.chmod(0o600)

    def script(self, body: str, timeout: str = PATIENT) -> None:
        self.configure(self.program(f"#!/bin/sh\n{body}\n"), timeout)

    def answer(self, document: Any) -> None:
        self.script(f"echo {shlex.quote(json.dumps(document))}")

    def refused(self, *argv: str) -> str:
        """The one line of a run-task that launches nothing."""
        before = self.everything()
        failed = self.cli("run-task", "web", "--scheduler", "x", *argv, code=1)
        assert self.everything() == before
        assert failed.out == ""
        (line,) = failed.err.splitlines()
        assert "\x1b" not in line
        return line.removeprefix("moorage: ")

    def everything(self) -> tuple[set[str], set[str], set[str]]:
        api = self.engine.api
        containers = {container["Id"] for container in api.containers(all=True)}
        return (
            containers,
            {volume["Name"] for volume in api.volumes()["Volumes"] or []},
            {n["Id"] for n in api.networks()},
        )


@pytest.fixture
def harbour(clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path) -> Harbour:
    cli = clustered(engine.endpoint)
    cli.register(SLEEP)
    return Harbour(cli, engine, tmp_path)


def example() -> str:
    (text,) = re.findall(r"^```python\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
    return str(text)


def test_the_documented_example_is_ten_lines_and_places_tasks(harbour: Harbour) -> None:
    code = [line for line in example().splitlines() if line.strip() and not line.startswith("#")]
    assert len(code) == 10
    (settings,) = re.findall(r"^```toml\n(\[schedulers\].*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
    program = harbour.program(example())
    harbour.configure(program)
    config = harbour.cli.home / "config.toml"
    config.write_text(settings.replace("/usr/local/bin/least-loaded", str(program)).replace("2s", PATIENT), "utf-8")

    ran = harbour.cli("run-task", "web", "--count", "2", "--scheduler", "least-loaded")

    assert [task["lastStatus"] for task in ran.json["tasks"]] == ["RUNNING"] * 2
    assert len(harbour.engine.api.containers()) == 2


def test_the_example_as_an_entry_point(harbour: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    install(harbour.folder, monkeypatch, "pilot_example", example(), {"pilot": "pilot_example:place"})
    ran = harbour.cli("run-task", "web", "--scheduler", "pilot")
    assert len(ran.json["tasks"]) == 1


def test_a_cluster_s_own_scheduler(harbour: Harbour) -> None:
    cli = harbour.cli
    harbour.answer({"placements": [], "reason": "closed"})
    (before,) = cli("describe-clusters").json["clusters"]
    assert "scheduler" not in before
    assert cli("update-cluster", "default", "--scheduler", "x").json["cluster"]["scheduler"] == "x"
    (after,) = cli("describe-clusters").json["clusters"]
    assert after == before | {"scheduler": "x"}
    assert cli("describe-clusters", "--output", "table").out.split()[-1] == "x"

    closed = cli("run-task", "web", code=1)
    assert closed.err == "moorage: SCHEDULER: edge-1: scheduler 'x' did not choose it: closed\n"
    assert closed.json["failures"][0]["reason"] == "SCHEDULER"
    assert len(cli("run-task", "web", "--scheduler", "built-in").json["tasks"]) == 1

    assert "scheduler" not in cli("update-cluster", "default", "--scheduler", "built-in").json["cluster"]
    assert len(cli("run-task", "web").json["tasks"]) == 1


def test_a_plan_asks_it_too_and_launches_nothing(harbour: Harbour) -> None:
    harbour.answer(["edge-1"])
    before = harbour.everything()
    planned = harbour.cli("plan", "web", "--scheduler", "x").json
    assert (planned["scheduler"], [one["name"] for one in planned["placements"]]) == ("x", ["edge-1"])
    harbour.answer(["mars"])
    failed = harbour.cli("plan", "web", "--scheduler", "x", code=1)
    assert failed.err == "moorage: scheduler 'x' chose 'mars', which is no instance of cluster default\n"
    assert harbour.everything() == before


def test_what_is_not_placed_is_told_with_the_reason(harbour: Harbour) -> None:
    harbour.answer({"placements": ["edge-1"], "reason": "\x1b[31mone a day"})
    ran = harbour.cli("run-task", "web", "--count", "2", "--scheduler", "x", code=1)
    assert len(ran.json["tasks"]) == 1
    assert ran.err.splitlines()[-1] == "moorage: SCHEDULER: edge-1: scheduler 'x' did not choose it: ␛[31mone a day"
    assert "\x1b" not in ran.err


def test_each_fault_is_one_line_and_nothing_is_launched(harbour: Harbour) -> None:
    answers: dict[str, Any] = {
        "chose 'mars', which is no instance of cluster default": ["mars"],
        "chose '␛]0;x␇', which is no instance of cluster default": {"placements": ["edge-1", "\x1b]0;x\x07"]},
        "placed 3 tasks, where 2 were asked for": ["edge-1"] * 3,
        'did not answer {"placements": [NAME, …]} with a name of an instance for each task': {"placements": 7},
        "answered with 'command', which is no member of an answer": {"placements": ["edge-1"], "command": ["sh"]},
    }
    for words, answer in answers.items():
        harbour.answer(answer)
        assert harbour.refused("--count", "2") == f"scheduler 'x' {words}"
    scripts = {
        "ended without an answer": "cat > /dev/null",
        "ended with exit code 3: ␛[2Jno␛]0;x␇": "printf 'first\\n\\033[2Jno\\033]0;x\\007' >&2; exit 3",
        "was ended by SIGSEGV": "kill -SEGV $$",
        "wrote more than 1 MiB, and was ended": "exec yes",
        "answered with no JSON: line 1, column 1: not JSON: expecting value": "echo the first one",
        "answered with no JSON: line 2, column 1: not JSON: extra data": """echo '["edge-1"]'; echo '["edge-1"]'""",
    }
    for words, script in scripts.items():
        harbour.script(script)
        assert harbour.refused() == f"scheduler 'x' {words}"


def test_an_instance_takes_no_more_than_it_has_room_for(harbour: Harbour) -> None:
    harbour.cli.register({**SLEEP, "portMappings": [{"containerPort": 80, "hostPort": 8080}]})
    harbour.answer(["edge-1", "edge-1"])
    assert harbour.refused("--count", "2") == (
        "scheduler 'x' chose edge-1, which takes no more than 1: tcp port 8080 taken"
    )
    harbour.cli.register({**SLEEP, "memory": 1 << 21})
    harbour.answer(["edge-1"])
    assert re.fullmatch(r"scheduler 'x' chose edge-1, which takes none: MEMORY [0-9]+ MiB short", harbour.refused())


def test_one_that_hangs_is_ended_with_its_children(harbour: Harbour) -> None:
    pids = harbour.folder / "pids"
    harbour.script(f"sleep 600 & echo $! $$ > {pids}; wait", "1s")
    assert harbour.refused() == "scheduler 'x' did not answer within 1 s, and was ended"
    wait_until(lambda: all(has_gone(pid) for pid in pids.read_text(encoding="ascii").split()))


def test_a_child_that_it_leaves_behind_is_ended(harbour: Harbour) -> None:
    pid = harbour.folder / "pid"
    harbour.script(f"""sleep 600 & echo $! > {pid}; echo '["edge-1"]'""")
    assert len(harbour.cli("run-task", "web", "--scheduler", "x").json["tasks"]) == 1
    wait_until(lambda: has_gone(pid.read_text(encoding="ascii").strip()))


def has_gone(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1][0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_what_may_not_be_run(harbour: Harbour) -> None:
    good = "#!/bin/sh\necho '[\"edge-1\"]'\n"
    path = harbour.program(good, 0o600)
    harbour.configure(path)
    assert harbour.refused() == f"scheduler 'x' was not run: {path}: is not executable; run chmod +x {path}"
    path.chmod(0o777)
    assert harbour.refused() == f"scheduler 'x' was not run: {path}: can be written by others; run chmod go-w {path}"
    path.unlink()
    assert harbour.refused() == (
        f"scheduler 'x' was not run: {path}: cannot be run: No such file or directory; correct the path"
    )


def test_a_relative_path_is_no_scheduler(harbour: Harbour) -> None:
    harbour.program("#!/bin/sh\n")
    harbour.configure("./program")
    before = harbour.everything()
    failed = harbour.cli("run-task", "web", "--scheduler", "x", code=1)
    warning, line = failed.err.splitlines()
    assert "schedulers.x.program: line 2, column 1: is not valid; write the absolute path" in warning
    assert line.startswith("moorage: scheduler 'x' not found; ")
    assert harbour.everything() == before


def test_a_plug_in_that_fails_is_one_line(harbour: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "def place(request):\n    raise KeyError('room')\n"
    install(harbour.folder, monkeypatch, "sunk_pilot", source, {"x": "sunk_pilot:place"})
    assert harbour.refused() == "scheduler 'x' failed in its entry point sunk_pilot:place: KeyError: 'room'"


def test_clusters_are_made_with_a_scheduler(cli: Cli) -> None:
    assert "did you mean 'built-in'?" in cli("create-cluster", "prod", "--scheduler", "builtin", code=1).err
    assert cli("list-clusters").json == {"clusterArns": []}
    assert "scheduler" not in cli("create-cluster", "prod", "--scheduler", "built-in").json["cluster"]
    assert cli("create-cluster", "fleet", "--scheduler", "swarm").json["cluster"]["scheduler"] == "swarm"
    assert cli("create-cluster", "fleet").json["cluster"]["scheduler"] == "swarm"
    clash = cli("create-cluster", "prod", "--scheduler", "swarm", code=1)
    assert clash.err == (
        "moorage: cluster 'prod' exists, with scheduler 'built-in'; to change that: "
        "moorage update-cluster --cluster prod --scheduler swarm\n"
    )
    text = (cli.home / "clusters" / "fleet.toml").read_text(encoding="utf-8")
    assert 'scheduler = "swarm"\n' in text
    assert "scheduler" not in (cli.home / "clusters" / "prod.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("argv", [("run-task", "web"), ("create-cluster", "c"), ("update-cluster", "c")])
def test_a_name_that_none_can_have(cli: Cli, argv: tuple[str, ...]) -> None:
    assert "scheduler: string should match pattern" in cli(*argv, "--scheduler", "../x", code=1).err


def test_start_task_takes_no_scheduler(cli: Cli) -> None:
    failed = cli("start-task", "web", "--container-instances", "edge-1", "--scheduler", "x", code=2)
    assert "unknown flag '--scheduler'" in failed.err
