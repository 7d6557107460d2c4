"""What is due on a task, and who does it when several watch."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.hosts.supervisor import STOP_GRACE, due
from app.model.container import Container, RestartPolicy
from app.model.lifecycle import derive_task
from app.model.record import Record, StopMark
from app.model.safe_text import SafeText
from tests.unit.builders import HOST, TASK_ID, at, container, record, tag

RETENTION = timedelta(hours=3)
BOTH = record("db", "web")


def due_at(seconds: float, *parts: Container | Record) -> str | None:
    containers = [part for part in parts if isinstance(part, Container)]
    task = derive_task(HOST, containers, [part for part in parts if not isinstance(part, Container)])
    assert task is not None
    return due(task, at(seconds), RETENTION)


def stop(seconds: float) -> StopMark:
    return StopMark(TASK_ID, "UserInitiated", SafeText("bye"), SafeText("me"), at(seconds))


def part(name: str, state: str = "running", ended: float | None = None, stop_timeout: int = 30) -> Container:
    made = container(tag(name, containers=2, stop_timeout=stop_timeout), state)
    return made if ended is None else container(made.tag, state, finished_at=at(ended))


def test_an_essential_end_is_acted_on_at_once() -> None:
    assert due_at(6, BOTH, part("db"), part("web", "exited", 5)) == "stop"


@pytest.mark.parametrize(
    ("seconds", "what"), [(100, None), (100 + 30 + STOP_GRACE.total_seconds() - 1, None), (141, "stop")]
)
def test_who_has_marked_a_task_stops_it_unless_the_time_for_that_is_over(seconds: float, what: str | None) -> None:
    assert due_at(seconds, BOTH, part("db"), part("web"), stop(100)) == what


def test_the_time_counts_from_the_last_end_and_never_from_one_before_the_mark() -> None:
    """Each container of a chain has its own; nobody may have watched for long before the mark."""
    assert due_at(141, BOTH, part("db"), part("web", "exited", 120), stop(100)) is None
    assert due_at(161, BOTH, part("db"), part("web", "exited", 120), stop(100)) == "stop"
    assert due_at(3601, BOTH, part("db"), part("web", "exited", 5), stop(3600)) is None


def test_a_container_that_waits_to_be_restarted_is_due() -> None:
    ended = container(tag(restart=RestartPolicy((), 4)), "exited")
    assert due_at(6, record(), ended) == "restart"
    assert due_at(6, record(), container(tag(restart=RestartPolicy((0,), 4)), "exited")) is None


def test_a_stopped_task_is_forgotten_after_its_retention() -> None:
    over = RETENTION.total_seconds()
    assert due_at(over, record(), container(state="exited")) is None
    assert due_at(over + 6, record(), container(state="exited")) == "forget"
