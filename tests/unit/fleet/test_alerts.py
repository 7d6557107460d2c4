"""What needs a person: when it is told, what is told once, and what an acknowledgement means."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.fleet import alerts as alerts_module
from app.fleet.alerts import GONE_AFTER, KEPT, MANY, MEMORY_FOR, MOST, AlertBook
from app.fleet.changes import ChangeSet
from app.fleet.fleet import Fleet
from app.model.instance import Freshness, Instance
from app.model.record import StopMark
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold, HostRead
from tests.unit.builders import HOST, NOW, at, container, tag


class Bed:
    """A fleet of one instance, a book, and a clock that is set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fleet, self.book, self.now = Fleet(), AlertBook(), at(10)
        self.fleet.register(["default"], [Instance(HOST, "0" * 32, "unix:///x.sock", "ACTIVE", NOW)])
        monkeypatch.setattr(Fleet, "host_now", lambda *_: self.now)
        self.reach("live")
        self.book.consider(self.fleet, None)

    def reach(self, word: str, since: float = 0) -> None:
        self.fleet.apply([FreshnessTold(HOST, Freshness(word, at(since)))])  # type: ignore[arg-type]

    def tasks(self, *containers: Any, records: Any = ()) -> None:
        self.book.consider(self.fleet, self.fleet.apply([HostRead(HOST, tuple(containers), tuple(records))]))

    def kinds(self) -> list[str]:
        return [alert.kind for alert in self.book.unseen(self.fleet, self.now)]


@pytest.fixture
def bed(monkeypatch: pytest.MonkeyPatch) -> Bed:
    return Bed(monkeypatch)


def failed(number: int, code: int = 1, family: str = "web") -> Any:
    return container(tag(task_id=f"{number:02x}" * 16, family=family), "exited", exit_code=code)


def test_a_task_that_failed_is_told_for_an_hour(bed: Bed) -> None:
    bed.tasks(failed(1), failed(2, code=0))
    (alert,) = bed.book.unseen(bed.fleet, bed.now)
    assert (alert.kind, alert.what, alert.task_id, alert.count) == ("failed", "web:1", "01" * 16, 1)
    bed.now = at(6) + KEPT
    assert bed.kinds() == []


def test_a_stop_that_somebody_asked_for_is_none(bed: Bed) -> None:
    mark = StopMark("01" * 16, "UserInitiated", SafeText(""), SafeText("ops"), at(4))
    bed.tasks(failed(1, code=137), records=[mark])
    assert bed.kinds() == []


def test_it_is_told_though_its_containers_are_gone_meanwhile(bed: Bed) -> None:
    bed.tasks(failed(1))
    bed.tasks()
    assert bed.kinds() == ["failed"]


def test_many_failures_of_one_revision_are_one_alert_and_one_bell(bed: Bed) -> None:
    bed.tasks(*(failed(number) for number in range(40)), failed(99, family="db"))
    told = bed.book.unseen(bed.fleet, bed.now)
    assert sorted((alert.what, alert.count) for alert in told) == [("db:1", 1), ("web:1", 40)]
    assert len(bed.book.new_since_last(told, NOW)) == 2
    bed.tasks(*(failed(number) for number in range(60)), failed(99, family="db"))
    again = bed.book.unseen(bed.fleet, bed.now)
    assert bed.book.new_since_last(again, NOW) == [], "the line of web:1 has rung already"
    assert {alert.count for alert in again} == {1, 60}


def test_what_happened_before_this_began_rings_no_bell(bed: Bed) -> None:
    bed.tasks(failed(1))
    assert bed.book.new_since_last(bed.book.unseen(bed.fleet, bed.now), at(100)) == []


def test_acknowledged_ones_count_no_more_and_the_next_failure_does(bed: Bed) -> None:
    bed.tasks(*(failed(number) for number in range(MANY)))
    bed.book.acknowledge(bed.book.current(bed.fleet, bed.now))
    assert bed.kinds() == []
    assert [alert.acknowledged for alert in bed.book.current(bed.fleet, bed.now)] == [True]
    bed.tasks(*(failed(number) for number in range(MANY + 1)))
    assert bed.kinds() == ["failed"]


def test_an_instance_that_is_gone_is_told_at_once_and_counts_when_it_lasts(bed: Bed) -> None:
    bed.reach("stale", since=9)
    assert [alert.kind for alert in bed.book.current(bed.fleet, bed.now)] == ["gone"]
    assert bed.kinds() == []
    bed.now = at(9) + GONE_AFTER
    (alert,) = bed.book.unseen(bed.fleet, bed.now)
    assert (alert.kind, alert.what) == ("gone", "edge")
    bed.book.acknowledge([alert])
    assert bed.kinds() == []
    bed.reach("live")
    assert bed.book.current(bed.fleet, bed.now) == []
    bed.reach("stale", since=12)
    bed.now = at(60)
    assert bed.kinds() == ["gone"], "the next time is another one"


def test_three_restarts_in_ten_minutes_are_a_loop(bed: Bed) -> None:
    bed.tasks(container(tag(task_id="01" * 16)))
    for count, moment in ((1, 100), (2, 200), (3, 300)):
        assert bed.kinds() == []
        bed.now = at(moment)
        _restart(bed, count)
    (alert,) = bed.book.unseen(bed.fleet, bed.now)
    assert (alert.kind, alert.container) == ("restarts", "web")
    bed.now = at(100 + 601)
    assert bed.kinds() == []


def test_restarts_that_lie_far_apart_or_before_this_began_are_no_loop(bed: Bed) -> None:
    bed.tasks(container(tag(task_id="01" * 16)))
    _restart(bed, 50)
    assert bed.kinds() == []
    for count in (51, 52, 53):
        bed.now += timedelta(minutes=6)
        _restart(bed, count)
    assert bed.kinds() == []


def _restart(bed: Bed, count: int) -> None:
    """The task as it is, with another count of restarts: where it comes from is the lifecycle's business."""
    state = bed.fleet.instances[HOST]
    (task,) = state.tasks.values()
    parts = tuple(replace(part, restart_count=count) for part in task.containers)
    state.tasks[task.id] = replace(task, containers=parts)
    bed.book.consider(bed.fleet, ChangeSet(tasks={task.id}))


def test_memory_is_told_when_it_is_high_for_a_minute_and_still_is(bed: Bed) -> None:
    bed.tasks(container(tag(task_id="01" * 16)))
    (task,) = bed.fleet.tasks()
    for second in range(0, 61, 20):
        assert bed.kinds() == []
        bed.now = at(second)
        bed.book.measured(task, "web", 95, 100, bed.now)
    assert bed.kinds() == ["memory"]
    bed.now += MEMORY_FOR
    assert bed.kinds() == [], "nobody knows any more"
    bed.book.measured(task, "web", 95, 100, bed.now)
    assert bed.kinds() == [], "it begins anew"
    bed.book.measured(task, "web", 10, 100, bed.now)
    bed.book.measured(task, "web", 10, 0, bed.now)
    assert bed.kinds() == []


def test_what_is_remembered_is_bounded_and_the_drops_counted(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts_module, "MOST", 5)
    bed.tasks(*(failed(number, family=f"f{number}") for number in range(12)))
    assert len(bed.book.current(bed.fleet, bed.now)) == 5
    assert bed.book.dropped == 7
    assert MOST > 5


def test_of_an_instance_that_left_nothing_is_told(bed: Bed) -> None:
    bed.tasks(failed(1))
    bed.fleet.register(["default"], [])
    assert bed.kinds() == []


def test_what_is_told_no_more_is_not_remembered(bed: Bed) -> None:
    """A task is as large as its definition: failures do not stay in memory until there are two thousand."""

    def remembered() -> int:
        return sum(bed.book.task(f"{number:02x}" * 16) is not None for number in range(60))

    bed.tasks(*(failed(number) for number in range(40)))
    looping = [container(tag(task_id=f"{number:02x}" * 16), "running") for number in range(40, 50)]
    bed.tasks(*looping)
    for state in [*bed.fleet.tasks()]:
        bed.book.measured(state, "web", 95, 100, bed.now)
    assert remembered() == 50

    bed.now += MEMORY_FOR
    bed.kinds()
    assert remembered() == 40
    bed.now += KEPT
    bed.kinds()
    assert remembered() == 0
