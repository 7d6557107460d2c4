"""Which ends are put down to a restart of the engine, by when it came up again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.hosts.engine_restart import REBOOT, SHUTDOWN, restart_after
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
