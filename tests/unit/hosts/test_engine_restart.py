"""Which ends are put down to a restart of the engine, by when it came up again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from app.hosts.engine import Engine
from app.hosts.engine_restart import REBOOT, SHUTDOWN, engine_started_at, restart_after
from app.hosts.errors import HostError
from app.model.lifecycle import derive_task
from app.model.record import Record, StartMark, StopMark
from app.model.safe_text import SafeText
from app.model.task import Task
from tests.unit.builders import HOST, TASK_ID, at, container, record, tag


def ended(code: int, *more: Record, oom: bool = False) -> Task:
    """At 60."""
    runtime = container(tag(), "exited", created_at=at(1), started_at=at(2), finished_at=at(60), exit_code=code)
    runtime = replace(runtime, oom_killed=oom)
    task = derive_task(HOST, [runtime], [record("web"), StartMark(TASK_ID, at(1)), *more])
    assert task is not None
    return task


@pytest.mark.parametrize(
    ("code", "seconds", "with_it"),
    [
        (137, 0, True),
        (143, REBOOT.total_seconds(), True),
        (137, REBOOT.total_seconds() + 1, False),
        (0, SHUTDOWN.total_seconds(), True),
        (0, SHUTDOWN.total_seconds() + 1, False),
        (255, 100, True),
        (1, 1, False),
        (137, -0.001, False),
    ],
)
def test_only_what_ended_shortly_before(code: int, seconds: float, with_it: bool) -> None:
    after = restart_after(ended(code), at(60 + seconds))
    assert after == (timedelta(seconds=seconds) if with_it else None)


def test_what_has_another_reason_keeps_it() -> None:
    stopped = ended(137, StopMark(TASK_ID, "UserInitiated", SafeText("bye"), SafeText("ops"), at(50)))
    assert restart_after(stopped, at(61)) is None
    assert restart_after(ended(137, oom=True), at(61)) is None


def test_what_runs_has_not_ended() -> None:
    running = derive_task(HOST, [container(tag(), "running", started_at=at(2))], [record("web")])
    assert running is not None
    assert restart_after(running, at(61)) is None


class Networks:
    """An engine that knows nothing else; each answer once."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self._answers = list(answers)

    def networks(self, *, name: str) -> list[dict[str, Any]]:
        return [one for one in self._answers.pop(0) if name in one["Name"]]


def made(second: int, name: str = "bridge") -> dict[str, Any]:
    return {"Name": name, "Created": f"2026-03-01T12:00:{second:02}.123456789Z"}


@pytest.mark.parametrize(
    ("first", "then", "known"),
    [
        ([made(1, "gwbridge"), made(5)], [made(5)], True),
        ([made(5)], [made(6)], False),
        ([made(1, "gwbridge")], [], False),
        ([], [], False),
    ],
    ids=["docker", "podman, which tells the time of day", "another bridge", "none"],
)
def test_since_when_an_engine_is_there(first: list[Any], then: list[Any], known: bool) -> None:
    started_at = engine_started_at(cast("Engine", Networks(first, then)))
    assert (None if started_at is None else f"{started_at:%H:%M:%S}") == ("12:00:05" if known else None)


@pytest.mark.parametrize("answer", [{"Name": "bridge"}, {"Name": "bridge", "Created": 5}])
def test_what_cannot_be_read_is_told_as_such(answer: dict[str, Any]) -> None:
    with pytest.raises(HostError):
        engine_started_at(cast("Engine", Networks([answer], [answer])))
