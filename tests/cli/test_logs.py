"""``moorage logs`` on a real engine."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from app.hosts.logs import read_logs
from app.model.endpoint import Endpoint
from app.model.errors import MoorageError
from app.model.since import parse_since
from app.operations.session import Session
from app.store.home import resolve_home
from tests.cli.calling import Cli
from tests.engine_bed import Daemon


@pytest.fixture
def local(clustered: Callable[..., Cli], engine: Daemon) -> Cli:
    return clustered(engine.endpoint)


def job(script: str, name: str = "main") -> dict[str, object]:
    return {"name": name, "command": ["sh", "-c", script]}


def ended(cli: Cli, *argv: str) -> str:
    (task,) = cli("run-task", *argv, "--wait").json["tasks"]
    return str(task["taskArn"].rsplit("/", 1)[-1])


def test_both_streams_without_colours_where_nobody_sees_them(local: Cli) -> None:
    local.register(job(r"printf 'plain\ttab\n\033[31mred\033[0m\n\033]0;title\007x\n'; echo oops >&2"))
    task = ended(local, "web")

    lines = local("logs", task).out.splitlines()

    assert sorted(lines) == sorted(["plain\ttab", "red", "␛]0;title␇x", "oops"])


def test_tail_since_and_timestamps(local: Cli) -> None:
    local.register(job("for i in 1 2 3 4 5; do echo line $i; done; sleep 1.2; echo late"))
    task = ended(local, "web")

    assert local("logs", "--task", task, "--tail", "2").out == "line 5\nlate\n"
    assert local("logs", task, "--tail", "0").out == ""
    stamped = local("logs", task, "--timestamps").out.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d line 1", stamped[0])
    late = stamped[-1].split(" ", 1)[0]
    assert local("logs", task, "--since", late).out == "late\n"
    assert local("logs", task, "--since", "1h").out.count("\n") == 6
    assert "since 'noon' is no time" in local("logs", task, "--since", "noon", code=1).err


def test_several_containers_are_merged_by_time_and_named(local: Cli) -> None:
    local.register(
        job("sleep 0.3; echo b; sleep 0.6; echo d; sleep 0.6", "one"),
        {**job("echo a; sleep 0.6; echo c; sleep 9", "second"), "essential": False},
    )
    task = ended(local, "web")

    lines = local("logs", task).out.splitlines()
    assert sorted(lines) == ["one    | b", "one    | d", "second | a", "second | c"]
    stamps = [line.split()[2] for line in local("logs", task, "--timestamps").out.splitlines()]
    assert stamps == sorted(stamps)
    assert local("logs", task, "--container", "second").out == "a\nc\n"
    assert "did you mean 'second'?" in local("logs", task, "--container", "secnd", code=1).err


def test_a_task_that_never_had_containers_says_why(local: Cli) -> None:
    local.register({"name": "main", "image": "localhost:1/none:1"})
    (task,) = local("run-task", "web", code=1).json["tasks"]
    assert "has no containers to read logs of: CannotPullContainerError" in local("logs", task["taskArn"], code=1).err


def test_follow_goes_on_to_the_end(local: Cli, engine: Daemon) -> None:
    local.register(job("i=0; while [ $i -lt 5 ]; do i=$((i + 1)); echo tick $i; sleep 0.3; done"))
    task = local.run("web")

    assert local("logs", task, "--follow").out.splitlines() == [f"tick {n}" for n in range(1, 6)]


def test_a_container_with_a_tty(local: Cli, engine: Daemon) -> None:
    session = Session(resolve_home(str(local.home), {}))
    container = engine.run(["sh", "-c", "echo one; echo two"], tty=True)
    engine.api.wait(container)
    stream = read_logs(
        session.engine(Endpoint(engine.endpoint)), container, follow=False, tail=None, since=None, timestamps=True
    )

    entries = [entry for batch in stream for entry in batch]
    assert [entry.text for entry in entries] == ["one", "two"]
    assert all(entry.time is not None for entry in entries)


def test_a_flood_is_read_fast_and_whole(local: Cli) -> None:
    local.register({**job("yes 0123456789012345678901234567890123456789 | head -n 100000"), "memory": 32})
    task = ended(local, "web")

    lines = local("logs", task).out.splitlines()

    assert len(lines) == 100_000
    assert set(lines) == {"0123456789" * 4}


def test_since() -> None:
    now = datetime(2025, 1, 31, 12, tzinfo=UTC)
    assert parse_since("90s", now) == now - timedelta(seconds=90)
    assert parse_since("2h30m", now) == now - timedelta(hours=2, minutes=30)
    assert parse_since("1d", now) == now - timedelta(days=1)
    assert parse_since("2025-01-31T09:30:00+01:00", now) == datetime(2025, 1, 31, 8, 30, tzinfo=UTC)
    for wrong in ("", "h", "-5m", "5", "yesterday", "9" * 30 + "s"):
        with pytest.raises(MoorageError):
            parse_since(wrong, now)
