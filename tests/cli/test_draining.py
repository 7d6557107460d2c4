"""Draining, leaving a cluster, and what is kept for the host, by verbs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.cli.calling import Cli

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

STAYS = {"name": "main", "command": ["sleep", "60"], "stopTimeout": 2}


def test_a_drain_tells_what_stays_and_who_drains(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register(STAYS)
    task = cli.run("web")
    engine.run(["sleep", "60"], name="theirs", stop_signal="KILL")
    drain = ("update-container-instances-state", "edge-1", "--status", "DRAINING", "--reason", "a new kernel")

    dry = cli(*drain, "--dry-run")
    (plan,) = dry.json["containerInstances"]
    assert (plan["status"], plan["unmanagedContainersCount"]) == ("ACTIVE", 1)
    assert [(found["taskArn"].rsplit("/", 1)[-1], found["lastStatus"]) for found in dry.json["tasks"]] == [
        (task, "RUNNING")
    ]
    assert f"\n{task[:8]}  web:1 " in cli(*drain, "--dry-run", "--output", "table").out
    assert dry.err == "moorage: nothing was changed\n"
    assert cli("list-container-instances", "--status", "DRAINING").json["containerInstanceArns"] == []

    done = cli(*drain)
    assert done.json["containerInstances"][0]["status"] == "DRAINING"
    assert done.err.splitlines() == [
        "moorage: edge-1 is DRAINING: no new tasks are placed there",
        "moorage: 1 task there stays until stopped:",
        f"moorage:   web:1  {task[:8]}  RUNNING   family:web",
        "moorage: 1 container that Moorage did not start stays",
    ]
    assert len(cli("list-container-instances", "--status", "DRAINING").json["containerInstanceArns"]) == 1
    assert cli("list-container-instances", "--status", "ACTIVE").json["containerInstanceArns"] == []
    (shape,) = cli("describe-container-instances", "edge-1").json["containerInstances"]
    assert shape["drainReason"] == "a new kernel"
    assert shape["statusReason"].startswith(f"drained by {shape['drainedBy']} since ")
    assert "DRAINING" in cli("describe-container-instances", "edge-1", "--output", "table").out
    assert "is DRAINING already (drained by " in cli(*drain).err
    assert cli.describe(task)["lastStatus"] == "RUNNING"

    again = cli("update-container-instances-state", "edge-1", "nobody", "--status", "ACTIVE", code=1)
    assert again.json["containerInstances"][0]["status"] == "ACTIVE"
    assert "edge-1 takes tasks again; it was drained by " in again.err
    assert "MISSING: " in again.err


def test_whoever_leaves_with_tasks_is_asked_and_told(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register(STAYS)
    task = cli.run("web")

    refused = cli("deregister-container-instance", "edge-1", code=1)
    assert f"still has 1 task: web:1 {task[:8]} RUNNING; stop them first" in refused.err
    assert "--force: they go on and nothing stops them, but nobody watches them" in refused.err
    assert len(refused.err.splitlines()) == 1

    left = cli("deregister-container-instance", "edge-1", "--force")
    assert left.json["containerInstance"]["status"] == "INACTIVE"
    first, second = left.err.splitlines()
    assert first.startswith("moorage: 1 task on 'edge-1' left: they go on")
    assert first.endswith("until the engine is registered again")
    assert f"web:1  {task[:8]}  RUNNING" in second
    assert cli("list-tasks").json["taskArns"] == []

    cli("register-container-instance", "--name", "back", "--endpoint", engine.endpoint)
    assert cli.describe(task)["lastStatus"] == "RUNNING"


def test_what_is_kept_for_the_host(cli: Cli, engine: Daemon) -> None:
    cli("create-cluster")
    cli.register({"name": "a", "portMappings": [{"containerPort": 80, "hostPort": 8099}]}, networkMode="bridge")

    def resources(shape: dict[str, object], which: str = "registeredResources") -> dict[str, object]:
        found = shape[which]
        assert isinstance(found, list)
        return {one["name"]: one.get("stringSetValue", one["integerValue"]) for one in found}

    flags = ["--reserved-memory", "100", "--reserved-ports", "22", "8099"]
    registered = cli("register-container-instance", "--name", "edge-1", "--endpoint", engine.endpoint, *flags).json
    before = resources(registered["containerInstance"])
    assert (before["PORTS"], before["PORTS_UDP"]) == (["22", "8099"], [])
    refused = cli("run-task", "web", code=1)
    assert [failure["reason"] for failure in refused.json["failures"]] == ["RESOURCE:PORTS"]
    assert "edge-1: tcp 8099 reserved for the system" in refused.err

    change = ("update-container-instance", "edge-1")
    assert "nothing to change" in cli(*change, code=1).err
    assert "0 means none" in cli(*change, "--reserved-ports", "0", "22", code=1).err
    assert "reservedPorts[0]" in cli(*change, "--reserved-ports", "65536", code=1).err
    after = resources(cli(*change, "--reserved-memory", "0", "--reserved-ports", "0").json["containerInstance"])
    assert after["PORTS"] == []
    assert isinstance(after["MEMORY"], int)
    assert isinstance(before["MEMORY"], int)
    assert after["MEMORY"] - before["MEMORY"] == 100
    udp = cli(*change, "--reserved-ports-udp", "53", "53").json["containerInstance"]
    assert resources(udp, "remainingResources")["PORTS_UDP"] == ["53"]
