"""Tags that tell sources apart, and clocks that are off: corrected where that is worth it, and told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from app.fleet.fleet import Fleet, InstanceState
from app.model.errors import MoorageError, NotFoundError
from app.model.instance import EngineInfo, Freshness, Instance, InstanceKey
from app.model.lifecycle import derive_task
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.task import Task
from app.operations.log_merge import Source
from app.operations.log_sources import clock_note, clock_offset, find_unmanaged, id_digits, tag_of
from app.operations.logs import _clock_notes
from tests.unit.builders import NOW, container, tag

KEY = InstanceKey("prod", "edge-1")


def task(task_id: str, *names: str) -> Task:
    parts = [container(tag(name, task_id=task_id, containers=len(names), family="web")) for name in names]
    found = derive_task(KEY, [replace(part, id=f"{task_id}{n}") for n, part in enumerate(parts)], [])
    assert found is not None
    return found


def state(offset: float = 0.0, *, known: bool = True, live: bool = True) -> InstanceState:
    info = EngineInfo("ID", SafeText("edge-1"), SafeText("28"), "1.51", "linux", "x86_64", Resources(1, 1))
    return InstanceState(
        Instance(KEY, "1" * 32, "unix:///run/x.sock", "ACTIVE", NOW),
        Freshness("live" if live else "stale", datetime.now(UTC), SafeText("timed out")),
        info if known else None,
        timedelta(seconds=offset),
    )


def test_tags_are_as_short_as_they_can_be() -> None:
    one, two, twin = task("3f9c" + "a" * 28, "web"), task("77aa" + "b" * 28, "web", "db"), task("3f9c" + "c" * 28, "x")
    assert id_digits([one]) == id_digits([one, one]) == 0
    assert tag_of(two, two.containers[0], 0) == two.containers[0].name
    assert id_digits([one, two]) == 4
    assert tag_of(one, one.containers[0], 4) == "3f9c/web"
    assert {tag_of(two, part, 4) for part in two.containers} == {"77aa/web", "77aa/db"}
    assert id_digits([one, two, twin]) == 8


@pytest.mark.parametrize(("measured", "used"), [(0.0, 0.0), (0.3, 0.0), (-0.4, 0.0), (3.2, 3.2), (-61.0, -61.0)])
def test_a_clock_is_corrected_where_that_is_worth_it(measured: float, used: float) -> None:
    assert clock_offset(state(measured)) == (timedelta(seconds=used), True)


def test_a_clock_that_was_not_measured_is_told() -> None:
    assert clock_offset(state(known=False)) == (timedelta(0), False)
    assert clock_offset(None) == (timedelta(0), False)
    engine = cast("Any", None)
    right = Source("a", SafeText("a"), "edge-1", engine)
    off = Source("b", SafeText("b"), "edge-2", engine, timedelta(seconds=3.21))
    unknown = Source("c", SafeText("c"), "edge-3", engine, clock_known=False)
    assert clock_note(right) == ""
    assert _clock_notes([right, off, off, unknown]) == [
        "the clock of edge-2 is +3.2 s off: its times are corrected",
        "the clock of edge-3 is not known: its times are as it tells them",
    ]
    assert _clock_notes([off]) == [], "with one host there is nothing that it could stand wrong among"


def test_an_unmanaged_container_is_found_by_name_or_id() -> None:
    fleet = Fleet()
    hand = replace(container(), id="ff" * 32, name=SafeText("by-hand"), tag=None)
    fleet.instances[KEY] = replace(state(), containers={hand.id: hand})
    assert find_unmanaged(fleet, "prod", "edge-1", "by-hand")[0] is hand
    assert find_unmanaged(fleet, "prod", "edge-1", "ffff")[0] is hand
    with pytest.raises(NotFoundError, match="did you mean 'by-hand'"):
        find_unmanaged(fleet, "prod", "edge-1", "by-hnd")
    with pytest.raises(NotFoundError, match="did you mean 'edge-1'"):
        find_unmanaged(fleet, "prod", "edge-2", "by-hand")
    fleet.instances[KEY] = state(live=False)
    with pytest.raises(MoorageError, match="edge-1 does not answer: timed out"):
        find_unmanaged(fleet, "prod", "edge-1", "by-hand")
