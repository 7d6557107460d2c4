"""``moorage events``: what is kept and what engines remember, in every format; followed until one leaves."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.model.cluster import InstanceEntry
from app.model.event import Event, event_key
from app.model.safe_text import SafeText
from app.store.clusters import ClusterStore
from app.store.events import EventStore
from app.store.home import resolve_home
from tests.cli.calling import Cli
from tests.cli.process import command, running
from tests.engine_bed import Daemon, wait_until

TASK = "0123456789abcdef" * 2


def event(what: str, ago: float, **members: Any) -> Event:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    given: dict[str, Any] = {
        "key": event_key(what, ago),
        "at": at,
        "what": what,
        "source": "event",
        "cluster": SafeText("prod"),
        "instance": SafeText("edge-1"),
        **members,
    }
    return Event(**given)


@pytest.fixture
def remembering(cli: Cli) -> Cli:
    """A cluster without instances, and some events of it."""
    cli("create-cluster", "--cluster-name", "prod")
    of_task = {"task_id": TASK, "family": SafeText("web"), "revision": 7, "container": SafeText("app")}
    EventStore(resolve_home(str(cli.home), {})).add(
        [
            event("started", 7200, **of_task),
            event("died", 3600, **of_task, exit_code=137, detail=SafeText("\x1b[31mno"), count=3),
            event("silent", 60, detail=SafeText("no answer")),
            event("oom", 100_000, container=SafeText("old")),
        ]
    )
    return cli


def test_json_is_in_order_with_what_there_is(remembering: Cli) -> None:
    events = remembering("events").json["events"]
    assert [one["event"] for one in events] == ["started", "died", "silent", "call"]
    assert events[1]["taskArn"].endswith(f"/prod/{TASK}")
    assert (events[1]["taskDefinition"], events[1]["exitCode"], events[1]["count"]) == ("web:7", 137, 3)
    assert "command" not in events[1]
    assert events[3]["command"] == "moorage create-cluster --cluster-name prod"


def test_what_is_asked_for(remembering: Cli) -> None:
    def asked(*flags: str) -> list[str]:
        return [one["event"] for one in remembering("events", *flags).json["events"]]

    assert asked("--task", TASK[:8]) == ["started", "died"]
    assert asked("--since", "90m", "--until", "30m") == ["died"]
    assert asked("--since", "3d", "--cluster", "prod")[0] == "oom"
    assert "is too short" in remembering("events", "--task", "01", code=1).err
    assert "until 'soon' is no time" in remembering("events", "--until", "soon", code=1).err
    assert "not found" in remembering("events", "--cluster", "nowhere", code=1).err


def test_tables_and_text_are_safe_and_aligned(remembering: Cli) -> None:
    table = remembering("events", "--output", "table").out.splitlines()
    assert table[0].split() == [
        "TIME", "EVENT", "CLUSTER", "INSTANCE", "TASK", "DEFINITION", "CONTAINER", "EXIT", "BY", "COUNT", "DETAIL",
    ]  # fmt: skip
    assert "\x1b" not in "".join(table)
    text = remembering("events", "--output", "text").out.splitlines()
    assert {line.count("\t") for line in text} == {11}
    assert [line.split("\t")[1] for line in text] == ["started", "died", "silent", "call"]


def test_an_instance_that_does_not_answer_is_told_and_the_rest_shown(remembering: Cli, tmp_path: Path) -> None:
    entry = InstanceEntry(
        name="ghost", id="a" * 32, endpoint=f"unix://{tmp_path}/none", registered_at=datetime.now(UTC)
    )
    clusters = ClusterStore(resolve_home(str(remembering.home), {}))
    clusters.update("prod", lambda cluster: cluster.with_instance(entry))
    ran = remembering("events", "--task", TASK)
    assert len(ran.json["events"]) == 2
    assert "note: prod/ghost does not answer, and may know more: " in ran.err


def test_a_cluster_file_that_is_spoilt_is_told(remembering: Cli) -> None:
    (remembering.home / "clusters" / "prod.toml").write_text("no toml")
    ran = remembering("events", "--task", TASK)
    assert len(ran.json["events"]) == 2
    assert "prod.toml" in ran.err


def test_engines_are_asked_for_what_they_remember(engine: Daemon, cli: Cli) -> None:
    cli("create-cluster")
    cli("register-container-instance", "--name", "edge", "--endpoint", engine.endpoint)
    gone = engine.run(["sleep", "1000"], name="gone")
    engine.api.kill(gone)
    engine.api.remove_container(gone)
    events = cli("events").json["events"]
    assert [one["event"] for one in events if one.get("runtimeId") == gone] == [
        "created", "started", "killed", "died", "removed",
    ]  # fmt: skip
    assert cli("events").json["events"] == events


def test_followed_as_json_each_event_is_a_line_and_ctrl_c_ends_it_quietly(
    engine: Daemon, cli: Cli, tmp_path: Path
) -> None:
    cli("create-cluster")
    cli("register-container-instance", "--name", "edge", "--endpoint", engine.endpoint)
    with running(tmp_path / "out", cli.home, "events", "--follow", "--cluster", "default") as follower:
        wait_until(lambda: '"connected"' in follower.out, what="it watches")
        made = engine.run(["sleep", "1000"])
        engine.api.kill(made)
        wait_until(lambda: follower.out.count(made) == 4)
        # What another process does shows, too.
        cli("put-attributes", "--attributes", "name=gpu,value=yes,targetId=edge")
        wait_until(lambda: "put-attributes" in follower.out)
        assert follower.end(signal.SIGINT) == 130
        assert follower.err == ""
        told = [json.loads(line) for line in follower.out.splitlines()]
    assert [one["event"] for one in told if one.get("runtimeId") == made] == ["created", "started", "killed", "died"]
    assert [one["event"] for one in told if one["kind"] == "call"] == ["call"]


def test_a_pipe_that_is_closed_ends_it_quietly(remembering: Cli, tmp_path: Path) -> None:
    program = command(remembering.home, "events", "--follow", "--since", "1d", "--output", "table")
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    assert "started" in process.stdout.readline()
    process.stdout.close()
    # The next line finds nobody.
    store = EventStore(resolve_home(str(remembering.home), {}))
    seconds = itertools.count()
    wait_until(lambda: store.add([event("oom", -next(seconds))]) and process.poll() is not None, within=20)
    assert process.returncode == 141
    assert process.stderr.read() == ""
    process.stderr.close()
