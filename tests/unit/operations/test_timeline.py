"""A task's timeline, by what is known of it and what was heard of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.model.event import Event, event_key, length_words, span_words
from app.model.lifecycle import derive_task
from app.model.record import Record, StartMark, StopMark
from app.model.safe_text import SafeText
from app.model.task import Task
from app.operations.history import past_task
from app.operations.timeline import timeline
from tests.unit.builders import HOST, TASK_ID, at, container, record, tag


def event(what: str, seconds: float, name: str = "web", **members: Any) -> Event:
    made = Event(
        key=event_key(what, seconds, name),
        at=at(seconds),
        what=what,
        source="event",
        cluster=SafeText("default"),
        task_id=TASK_ID,
        container=SafeText(name),
        container_id=name,
    )
    return replace(made, **members)


def ended_task() -> Task:
    """Pulled in 3 s, started at 4, told to stop at 60, killed at 62."""
    runtime = container(tag(), "exited", created_at=at(3.5), started_at=at(4), finished_at=at(62), exit_code=137)
    records: list[Record] = [
        record("web"),
        StartMark(TASK_ID, at(3.6), at(0.5), at(3.5)),
        StopMark(TASK_ID, "UserInitiated", SafeText("bye"), SafeText("ops"), at(60)),
    ]
    task = derive_task(HOST, [runtime], records)
    assert task is not None
    return task


HEARD = [
    event("created", 3.52),
    event("started", 4.1),
    event("healthy", 9.1),
    event("stop", 60, "", by=SafeText("ops"), detail=SafeText("bye")),
    event("killed", 60.1, detail=SafeText("SIGTERM")),
    event("killed", 62.1, detail=SafeText("SIGKILL")),
    event("died", 62.2, exit_code=137),
    event("removed", 500),
]


def told(moments: Any) -> list[tuple[str, str, bool]]:
    return [(moment.what, moment.detail, moment.bad) for moment in moments]


def test_facts_and_events_are_one_story_told_once() -> None:
    moments = timeline(ended_task(), None, HEARD)
    assert told(moments) == [
        ("launch", "by me", False),
        ("pulled", "images ready in 3.0s", False),
        ("created", "", False),
        ("started", "", False),
        ("RUNNING", "", False),
        ("healthy", "5.0s after its start", False),
        ("stop", "by ops: bye", False),
        ("killed", "SIGTERM", False),
        ("killed", "SIGKILL", False),
        ("died", "exit 137, ran 58.1s", False),
        ("STOPPED", "bye", False),
        ("removed", "", False),
    ]
    assert [moment.at for moment in moments] == sorted(moment.at for moment in moments)


def test_without_any_event_the_task_itself_tells() -> None:
    assert [what for what, _, _ in told(timeline(ended_task(), None, []))] == [
        "launch", "pulled", "created", "started", "RUNNING", "stop", "died", "STOPPED",
    ]  # fmt: skip


def test_a_task_of_the_past_is_told_from_the_history() -> None:
    past = past_task(ended_task(), {})
    moments = timeline(None, past, [])
    assert [what for what, _, _ in told(moments)] == ["launch", "started", "RUNNING", "stop", "died", "STOPPED"]
    with_events = timeline(None, past, HEARD)
    assert [moment.what for moment in with_events].count("died") == 1
    assert told(timeline(None, None, HEARD))[0] == ("created", "", False)


def test_an_end_that_nobody_asked_for_is_bad_and_each_run_has_its_length() -> None:
    crashes = [
        event("started", 1),
        event("died", 3, exit_code=1),
        event("started", 10),
        event("died", 100, exit_code=1),
    ]
    assert told(timeline(None, None, crashes)) == [
        ("started", "", False),
        ("died", "exit 1, ran 2.0s", True),
        ("started", "", False),
        ("died", "exit 1, ran 1m30s", True),
    ]


def test_the_hosts_own_clock_orders_it() -> None:
    skewed = [event("started", 1000, host_at=at(4.1)), event("died", 1058, host_at=at(62.2), exit_code=137)]
    moments = timeline(ended_task(), None, skewed)
    assert [moment.what for moment in moments].count("started") == 1
    assert moments[-1].what == "STOPPED"


@pytest.mark.parametrize(
    ("seconds", "short", "long"),
    [(0.035, "35ms", "0 s"), (1.24, "1.2s", "1 s"), (185, "3m05s", "3 min 5 s"), (59.97, "1m00s", "59 s"),
     (7440, "2h04m", "2 h 4 min"), (266400, "3d02h", "3 d 2 h"), (-5, "0ms", "0 s"), (120, "2m00s", "2 min")],
)  # fmt: skip
def test_lengths_in_words(seconds: float, short: str, long: str) -> None:
    assert length_words(timedelta(seconds=seconds)) == short
    assert span_words(timedelta(seconds=seconds)) == long
