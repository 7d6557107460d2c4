"""What of a group stays, what is replaced, and whether the new goes first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.fleet.fleet import Fleet
from app.model.instance import EngineInfo, Freshness, Instance, InstanceKey
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.task import Task
from app.model.update import FreshnessTold, HostRead, InfoRead
from app.operations.deploying.standing import Standing, stand
from app.placement.demand import Demand
from tests.unit.builders import NOW, at, container, record, tag

GROUP = "deploy:web"
SMALL, HALF = Resources(0, 100), Resources(0, 600)
ON_A_PORT = Resources(0, 100, frozenset({8080}))
_INFO = EngineInfo("1", SafeText("edge"), SafeText("28"), "1.41", "linux", "x86_64", Resources(4096, 1000))


def fleet_of(*tasks: tuple[str, int], size: Resources, silent: str = "") -> Fleet:
    """Two instances of 1000 MiB; tasks by instance and number: the higher, the younger."""
    keys = [InstanceKey("default", f"edge-{number}") for number in (1, 2)]
    fleet = Fleet()
    fleet.register(["default"], [Instance(key, f"{key.name}-id", "unix:///nowhere", "ACTIVE", NOW) for key in keys])
    for key in keys:
        records, containers = [], []
        for name, number in tasks:
            if name == key.name:
                made: dict[str, Any] = {
                    "task_id": str(number) * 32,
                    "group": GROUP,
                    "created_at": at(number),
                    "reservation": size,
                }
                records.append(record(**made))
                containers.append(container(tag(**made), id=str(number) * 64))
        fleet.apply([InfoRead(key, _INFO, timedelta(0)), HostRead(key, tuple(containers), tuple(records))])
        fleet.apply([FreshnessTold(key, Freshness("unreachable" if key.name == silent else "live", NOW))])
    return fleet


def standing(
    fleet: Fleet, count: int, size: Resources, stays: Callable[[Task], bool], only: list[InstanceKey] | None = None
) -> Standing:
    running = [task for task in fleet.tasks("default") if task.group == GROUP]
    return stand(fleet.instances, Demand(size, GROUP), count, running, stays, 7, only)


def names(tasks: tuple[Task, ...]) -> list[str]:
    return [task.id[0] for task in tasks]


def test_nothing_runs_and_all_fit() -> None:
    found = standing(fleet_of(size=SMALL), 2, SMALL, lambda _: True)
    assert (found.missing, found.stop_first, found.fits) == (2, False, True)
    assert len(found.places) == 2


def test_what_is_wanted_already_stays_and_nothing_is_planned() -> None:
    fleet = fleet_of(("edge-1", 1), ("edge-2", 2), size=SMALL)
    found = standing(fleet, 2, SMALL, lambda _: True)
    assert (names(found.current), found.replaced, found.missing, found.places) == (["1", "2"], (), 0, ())


def test_the_youngest_go_when_fewer_are_wanted() -> None:
    fleet = fleet_of(("edge-1", 3), ("edge-2", 1), ("edge-2", 2), size=SMALL)
    found = standing(fleet, 1, SMALL, lambda _: True)
    assert (names(found.current), sorted(names(found.replaced))) == (["1"], ["2", "3"])


def test_the_new_come_first_where_there_is_room_beside_the_old() -> None:
    fleet = fleet_of(("edge-1", 1), ("edge-2", 2), size=SMALL)
    found = standing(fleet, 2, SMALL, lambda _: False)
    assert (names(found.replaced), found.missing, found.stop_first) == (["1", "2"], 2, False)


def test_the_old_go_first_where_there_is_no_room_for_both() -> None:
    for size in (HALF, ON_A_PORT):
        fleet = fleet_of(("edge-1", 1), ("edge-2", 2), size=size)
        found = standing(fleet, 2, size, lambda _: False)
        assert (found.stop_first, found.fits, sorted(key.name for key in found.places)) == (
            True,
            True,
            ["edge-1", "edge-2"],
        )


def test_one_that_stays_keeps_its_room_while_another_is_replaced() -> None:
    fleet = fleet_of(("edge-1", 1), ("edge-2", 2), size=ON_A_PORT)
    found = standing(fleet, 2, ON_A_PORT, lambda task: task.id[0] == "1")
    assert (names(found.current), names(found.replaced), found.stop_first) == (["1"], ["2"], True)
    assert [key.name for key in found.places] == ["edge-2"]


def test_what_fits_nowhere_is_told_by_instance() -> None:
    found = standing(fleet_of(("edge-1", 1), size=HALF, silent="edge-2"), 3, HALF, lambda _: False)
    assert (found.fits, len(found.places)) == (False, 1)
    assert {why.key.name: why.reason for why in found.refusals} == {"edge-1": "RESOURCE:MEMORY", "edge-2": "AGENT"}


def test_only_some_instances_may_be_meant() -> None:
    fleet = fleet_of(size=SMALL)
    only = [InstanceKey("default", "edge-2")]
    assert {key.name for key in standing(fleet, 5, SMALL, lambda _: True, only).places} == {"edge-2"}
