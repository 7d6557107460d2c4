"""Is an instance draining? What its engine says is the truth; the cluster's file is for what it could not be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.fleet.fleet import Fleet, InstanceState
from app.model.drain import DrainMark, drain_name
from app.model.instance import EngineInfo, Freshness, Instance, InstanceKey
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold, HostRead, HostUpdate, InfoRead, RecordGone, RecordSeen
from tests.unit.builders import HOST, NOW

INSTANCE = Instance(HOST, "1" * 32, "unix:///x", "ACTIVE", NOW)
UNTOLD = replace(INSTANCE, status="DRAINING", drain_reason=SafeText("mine"))
TOLD = replace(UNTOLD, drain_recorded=True)
MARK = DrainMark(drain_name(HOST.cluster), SafeText("ops"), NOW, SafeText("theirs"))
INFO = EngineInfo("id", SafeText("h"), SafeText("1"), "1.41", "linux", "x86_64", Resources(2048, 512))


def answered(*drains: DrainMark) -> list[HostUpdate]:
    return [
        InfoRead(HOST, INFO, timedelta(0)),
        HostRead(HOST, (), (), drains),
        FreshnessTold(HOST, Freshness("live", NOW)),
    ]


def fleet_of(instance: Instance, *updates: HostUpdate) -> Fleet:
    fleet = Fleet()
    fleet.register([HOST.cluster], [instance])
    fleet.apply(updates)
    return fleet


def state_of(instance: Instance, *updates: HostUpdate) -> InstanceState:
    return fleet_of(instance, *updates).instances[HOST]


@pytest.mark.parametrize(
    ("instance", "heard", "reason"),
    [
        (INSTANCE, None, None),
        (UNTOLD, None, "mine"),
        (TOLD, None, "mine"),
        (INSTANCE, (), None),
        (UNTOLD, (), "mine"),
        (TOLD, (), None),
        (INSTANCE, (MARK,), "theirs"),
        (UNTOLD, (MARK,), "theirs"),
        (TOLD, (MARK,), "theirs"),
    ],
)
def test_the_rule(instance: Instance, heard: tuple[DrainMark, ...] | None, reason: str | None) -> None:
    state = state_of(instance, *(() if heard is None else answered(*heard)))
    assert (state.drain.reason if state.drain else None) == reason
    assert state.draining == (reason is not None)


def test_what_was_heard_stays_when_the_engine_goes_away() -> None:
    gone = FreshnessTold(HOST, Freshness("stale", NOW))
    assert state_of(TOLD, *answered(), gone).drain is None
    assert state_of(INSTANCE, *answered(MARK), gone).drain == MARK


def test_events_drain_and_make_active_again() -> None:
    fleet = fleet_of(INSTANCE, *answered())
    state = fleet.instances[HOST]
    assert fleet.apply([RecordSeen(HOST, MARK.name, MARK)]).instances == {HOST}
    assert not fleet.apply([RecordSeen(HOST, MARK.name, MARK)])
    assert state.drain == MARK
    assert fleet.apply([RecordGone(HOST, MARK.name)]).instances == {HOST}
    assert state.drain is None
    fleet.apply([RecordSeen(HOST, MARK.name, MARK), HostRead(HOST, (), ())])
    assert state.drain is None


def test_another_cluster_on_the_same_engine_drains_for_itself() -> None:
    theirs = replace(MARK, name=drain_name("staging"))
    fleet = fleet_of(INSTANCE, *answered(theirs), RecordSeen(HOST, theirs.name, theirs))
    assert not fleet.instances[HOST].draining
    fleet.apply([RecordSeen(HOST, MARK.name, MARK), RecordGone(HOST, theirs.name)])
    assert fleet.instances[HOST].drain == MARK
    other = InstanceKey("staging", "another-name")
    fleet.register(["staging"], [replace(INSTANCE, key=other)])
    fleet.apply([HostRead(other, (), (), (theirs, MARK))])
    assert fleet.instances[other].drain == theirs
