"""``moorage plan``: what run-task would do, on real engines, and that it does nothing."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.calling import Cli
from tests.engine_bed import Daemon

SPREAD = ("--placement-strategy", "type=spread,field=attribute:zone", "type=binpack,field=memory")


def test_a_plan_is_what_run_task_does(clustered: Callable[..., Cli], fresh_engine: Callable[..., Daemon]) -> None:
    engines = [fresh_engine(name=name) for name in ("one", "two")]
    cli = clustered(*(engine.endpoint for engine in engines))
    cli("put-attributes", "--attributes", "name=zone,value=a,targetId=edge-1", "name=zone,value=b,targetId=edge-2")
    cli.register({"name": "main", "command": ["sleep", "60"], "portMappings": [{"containerPort": 80, "hostPort": 808}]})

    shape = cli("plan", "web", "--count", "2", *SPREAD).json

    assert sorted(one["name"] for one in shape["placements"]) == ["edge-1", "edge-2"]
    assert (shape["room"], shape["scheduler"], shape["group"], shape["failures"]) == (2, "built-in", "family:web", [])
    assert [(one["name"], one["tasks"], one["room"], one["reason"]) for one in shape["instances"]] == [
        ("edge-1", 1, 1, "RESOURCE:PORTS"),
        ("edge-2", 1, 1, "RESOURCE:PORTS"),
    ]
    assert {one["detail"] for one in shape["instances"]} == {"tcp port 808 taken by another of these tasks"}
    (other,) = shape["placements"][1]["others"]
    assert (other["name"], other["reason"]) == (shape["placements"][0]["name"], "RESOURCE:PORTS")
    assert [engine.api.containers(all=True) for engine in engines] == [[], []]
    assert [engine.api.volumes()["Volumes"] or [] for engine in engines] == [[], []]

    launched = cli("run-task", "web", "--count", "2", *SPREAD).json["tasks"]
    arns = [one["containerInstanceArn"] for one in shape["placements"]]
    assert sorted(task["containerInstanceArn"] for task in launched) == sorted(arns)

    full = cli("plan", "web", code=1)
    assert full.json["placements"] == []
    assert full.json["room"] == 0
    refused = cli("run-task", "web", code=1)
    assert full.json["failures"] == refused.json["failures"]
    assert full.err.splitlines()[0] == "moorage: 1 of 1 tasks would have no place:"
    assert all("808" in failure["detail"] and "(web:1)" in failure["detail"] for failure in full.json["failures"])


def test_the_table_and_the_most(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "main", "memory": 64})

    table = cli("plan", "web", "--output", "table").out.splitlines()
    assert table[0].split() == ["INSTANCE", "TASKS", "ROOM", "REASON", "WHY", "NO", "MORE"]
    assert table[1].split()[:2] == ["edge-1", "1"]
    most = cli("plan", "web", "--max").json
    assert "placements" not in most
    assert int(table[1].split()[2]) == most["room"] == most["instances"][0]["room"] > 1
    assert cli("plan", "web", "--max", "--output", "table").out.splitlines()[-1] == str(most["room"])
    seeded = ("plan", "web", "--count", "10", "--seed", "7")
    assert cli(*seeded).json["placements"] == cli(*seeded).json["placements"]


def test_bad_input_is_one_line(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "main"})
    bad = cli("plan", "web", "--placement-constraints", "type=memberOf,expression=attribute:zone = a", code=1)
    assert "character 16" in bad.err
    assert "Traceback" not in bad.err
    assert cli("plan", "web", "--count", "11", code=1).err.count("\n") == 1
    assert cli("plan", "nope", code=1).err.startswith("moorage: ")
    assert "nope" in cli("plan", "web", "--max", "--scheduler", "nope", code=1).err
    assert "--seed" in cli("plan", "web", "--seed", "x", code=2).err
