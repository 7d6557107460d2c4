"""Guard rails on the command line: what is dangerous, what asks, what is read-only, and what is remembered."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cli.asking import Asked
from app.model.errors import UsageError
from app.operations.policy import Question
from tests.cli.calling import Cli
from tests.engine_bed import Daemon, wait_until

LIVE = ["sleep", "60"]
MAIN = {"name": "main", "command": LIVE}
DANGEROUS = {"pidMode": "host"}
"""Privileged containers cannot be started everywhere that tests run."""
HOST_FILES = {
    "volumes": [{"name": "etc", "host": {"sourcePath": "/etc"}}],
}
HIDDEN_BIND = {
    "volumes": [
        {
            "name": "etc",
            "dockerVolumeConfiguration": {
                "scope": "task",
                "driver": "local",
                "driverOpts": {"type": "none", "o": "bind", "device": "/etc"},
            },
        }
    ],
}
MOUNTED = {"name": "main", "command": LIVE, "mountPoints": [{"sourceVolume": "etc", "containerPath": "/mnt"}]}


def on_host(engine: Daemon) -> tuple[list[str], list[str]]:
    """Names of all containers and volumes."""
    containers = [one["Names"][0] for one in engine.api.containers(all=True)]
    return containers, sorted(one["Name"] for one in engine.api.volumes()["Volumes"] or [])


@pytest.mark.parametrize(
    ("container", "members", "why"),
    [
        (MOUNTED, HOST_FILES, "HostConfig.Binds: reads and writes /etc of the host"),
        (MOUNTED, HIDDEN_BIND, "Volume: reads and writes /etc of the host"),
        (MAIN, {"networkMode": "host"}, "HostConfig.NetworkMode: has the host's network"),
        (MAIN, {"pidMode": "host"}, "HostConfig.PidMode: has the processes of the host"),
    ],
)
def test_what_is_dangerous_needs_a_yes_and_makes_nothing_before(
    clustered: Callable[..., Cli], engine: Daemon, container: Any, members: Any, why: str
) -> None:
    cli = clustered(engine.endpoint)
    cli.register(container, **members)

    for verb in (("run-task", "web"), ("start-task", "web", "--container-instances", "edge-1")):
        refused = cli(*verb, code=1)
        assert why in refused.err and "say yes with --yes" in refused.err
        assert on_host(engine) == ([], [])

    assert why in cli("plan", "web").err

    agreed = cli("run-task", "web", "--yes")
    assert [task["lastStatus"] for task in agreed.json["tasks"]] == ["RUNNING"]
    assert why in agreed.err


def test_a_cluster_that_denies_it_takes_no_yes_and_one_that_allows_it_needs_none(
    clustered: Callable[..., Cli], engine: Daemon
) -> None:
    cli = clustered(engine.endpoint)
    cli.register(MAIN, **DANGEROUS)
    cli("update-cluster", "default", "--dangerous", "deny")

    assert "cluster 'default' denies" in cli("run-task", "web", "--yes", code=1).err
    assert on_host(engine) == ([], [])

    cli("update-cluster", "default", "--dangerous", "allow")
    cli.run("web")


def test_up_stops_nothing_for_what_it_may_not_run(
    clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path
) -> None:
    cli = clustered(engine.endpoint)
    file = tmp_path / "compose.yaml"
    service: dict[str, Any] = {
        "image": "busybox:latest",
        "command": LIVE,
        "mem_limit": "16m",
        "stop_grace_period": "1s",
    }
    file.write_text(json.dumps({"name": "shop", "services": {"main": service}}))
    cli("up", "-f", str(file))
    (before,), _ = on_host(engine)

    file.write_text(json.dumps({"name": "shop", "services": {"main": {**service, "pid": "host"}}}))
    assert "HostConfig.PidMode" in cli("up", "-f", str(file), code=1).err
    assert on_host(engine)[0] == [before]

    cli("up", "-f", str(file), "--yes")
    assert before in on_host(engine)[0] and len(on_host(engine)[0]) == 2


def test_each_change_asks_in_a_cluster_that_wants_it(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register(MAIN)
    cli("update-cluster", "default", "--policy", "confirm")

    refused = cli("run-task", "web", code=1)
    assert "cluster 'default' wants a yes first; say it with --yes" in refused.err
    task = cli("run-task", "web", "--yes").json["tasks"][0]["taskArn"][-32:]
    for verb in (
        ("stop-task", task),
        ("update-container-instances-state", "--container-instances", "edge-1", "--status", "DRAINING"),
        ("deregister-container-instance", "--container-instance", "edge-1", "--force"),
        ("put-attributes", "--attributes", "name=a,value=b,targetId=edge-1"),
        ("execute-command", "--task", task, "--command", "true"),
        ("update-cluster", "default", "--policy", "free"),
    ):
        assert "say it with --yes" in cli(*verb, code=1).err
    assert cli.describe(task)["lastStatus"] == "RUNNING"

    cli("stop-task", task, "--yes")
    cli("update-cluster", "default", "--policy", "type-name", "--yes")
    assert "--yes default" in cli("run-task", "web", "--yes", code=1).err
    assert "the cluster is 'default'" in cli("run-task", "web", "--yes", "prod", code=2).err
    cli("run-task", "web", "--yes", "default")


def test_read_only_changes_nothing_and_reads_everything(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register(MAIN)
    task = cli.run("web")
    cli("update-cluster", "default", "--policy", "read-only")
    before = on_host(engine)

    for verb in (
        ("run-task", "web", "--yes"),
        ("start-task", "web", "--container-instances", "edge-1", "--yes"),
        ("stop-task", task, "--yes", "default"),
        ("update-container-instances-state", "--container-instances", "edge-1", "--status", "DRAINING", "--yes"),
        ("deregister-container-instance", "--container-instance", "edge-1", "--force", "--yes"),
        ("put-attributes", "--attributes", "name=a,value=b,targetId=edge-1"),
        ("execute-command", "--task", task, "--command", "true"),
        ("attach", task),
        ("delete-cluster", "default"),
    ):
        assert "read-only" in cli(*verb, code=1).err, verb
    assert on_host(engine) == before
    assert cli.describe(task)["lastStatus"] == "RUNNING"
    cli("logs", task)
    cli("plan", "web")
    engine.api.kill(before[0][0].removeprefix("/"))
    cli("agent", "--once")
    assert on_host(engine) == before

    assert "--yes default" in cli("update-cluster", "default", "--policy", "free", "--yes", code=1).err
    cli("update-cluster", "default", "--policy", "free", "--yes", "default")


def test_the_audit_log_has_who_did_what_and_no_secret(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register(MAIN, **DANGEROUS)
    overrides = {"containerOverrides": [{"name": "main", "environment": [{"name": "DB_PASSWORD", "value": "hunter2"}]}]}
    cli("run-task", "web", "--overrides", json.dumps(overrides), code=1)
    task = cli("run-task", "web", "--overrides", json.dumps(overrides), "--yes").json["tasks"][0]["taskArn"][-32:]
    cli("stop-task", task, "--reason", "token=hunter2 leaked")

    entries = cli("audit").json["entries"]

    told = [(one["verb"], one["outcome"], one.get("ids", [])) for one in entries if one.get("cluster") == "default"]
    assert told[2:] == [
        ("run-task", "refused", []),
        ("run-task", "done", [task]),
        ("stop-task", "done", [task]),
    ]
    assert "hunter2" not in (cli.home / "state" / "audit.jsonl").read_text()
    assert entries[-1]["containerInstance"] == "edge-1"
    assert entries[-1]["command"].startswith(f"moorage stop-task --cluster default --task {task} --reason ")
    table = cli("audit", "--cluster", "default", "--since", "1h", "--output", "table").out
    assert "WHO" in table and task[:8] in table and "refused" in table
    assert cli("audit", "--cluster", "elsewhere").json["entries"] == []
    assert cli("audit", "--since", "2999-01-01T00:00:00Z").json["entries"] == []


# --- at a terminal -------------------------------------------------------------------------------------------------


class Typing(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("type_name", "typed", "agreed"),
    [
        ("", "y\n", True),
        ("", "YES\n", True),
        ("", "\n", False),
        ("", "", False),
        ("", "n\n", False),
        ("prod", "prod\n", True),
        ("prod", "y\n", False),
        ("prod", "Prod\n", False),
    ],
)
def test_at_a_terminal_it_asks(monkeypatch: pytest.MonkeyPatch, type_name: str, typed: str, agreed: bool) -> None:
    told = Typing()
    monkeypatch.setattr("sys.stdin", Typing(typed))
    monkeypatch.setattr("sys.stderr", told)
    question = Question("change", "prod", "stop-task in cluster prod?", ("web:1 3f9c21ab on edge-1",), type_name)

    asked = Asked(None)

    assert asked(question) is agreed
    assert "web:1 3f9c21ab on edge-1" in told.getvalue()
    assert ("type prod" if type_name else "[y/N]") in told.getvalue()
    if agreed:
        assert asked(question)  # once is enough
        assert told.getvalue().count("go on") == 1


def test_what_was_typed_before_the_question_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    person, terminal = os.openpty()
    told = Typing()
    answers: list[bool] = []
    with open(terminal, encoding="utf-8") as stdin, open(person, "wb", buffering=0) as keys:
        monkeypatch.setattr("sys.stdin", stdin)
        monkeypatch.setattr("sys.stderr", told)
        keys.write(b"y\n")
        question = Question("change", "prod", "stop-task in cluster prod?", ())
        asking = threading.Thread(target=lambda: answers.append(Asked(None)(question)))
        asking.start()
        wait_until(lambda: "[y/N]" in told.getvalue())
        keys.write(b"n\n")
        asking.join(10)
    assert answers == [False]


def test_piped_input_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert not Asked(None)(Question("change", "prod", "?", ()))


def test_the_name_of_another_cluster_is_no_yes() -> None:
    with pytest.raises(UsageError, match="the cluster is 'prod'"):
        Asked("test")(Question("change", "prod", "?", (), "prod"))
