"""Draining when something comes between: an instance leaves meanwhile, or can't be told. Real engines: tests/engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.fleet.fleet import Fleet
from app.hosts.errors import HostError
from app.model.cluster import ClusterFile, InstanceEntry
from app.model.drain import LONGEST_REASON, DrainMark, drain_name
from app.model.errors import MoorageError
from app.model.instance import Freshness
from app.model.requests import UpdateContainerInstanceRequest, UpdateContainerInstancesStateRequest
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold
from app.operations import draining, instances
from app.operations.instances import update_container_instance, update_container_instances_state
from app.operations.session import Session, instances_of
from tests.unit.operations.test_schedulers import NOW, session_in, survey

ID = "1" * 32


def silent(_: Session, cluster: ClusterFile) -> Fleet:
    fleet, found = Fleet(), list(instances_of(cluster, cluster.name))
    fleet.register([cluster.name], found)
    fleet.apply([FreshnessTold(one.key, Freshness("unreachable", NOW, SafeText("no route"))) for one in found])
    return fleet


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    made = session_in(tmp_path)
    made.clusters.create("default")
    entry = InstanceEntry(name="edge-1", id=ID, endpoint="unix:///nowhere", registered_at=NOW)
    made.clusters.update("default", lambda found: found.with_instance(entry))
    monkeypatch.setattr(Session, "survey", survey)
    monkeypatch.setattr(Session, "engine", lambda *_: None)
    return made


def drained(session: Session, reason: str = "") -> tuple[dict[str, Any], list[str]]:
    told: list[str] = []
    request = UpdateContainerInstancesStateRequest(container_instances=["edge-1"], status="DRAINING", reason=reason)
    return update_container_instances_state(session, request, told.append), told


def entry(session: Session) -> InstanceEntry:
    found = session.cluster("default").find("edge-1")
    assert found is not None
    return found


def test_one_that_was_never_there_is_missing_by_the_arn_that_was_given(session: Session) -> None:
    arn = f"arn:aws:ecs:local-1:000000000000:container-instance/default/{'2' * 32}"
    request = UpdateContainerInstancesStateRequest(container_instances=[arn], status="DRAINING")
    (failure,) = update_container_instances_state(session, request)["failures"]
    assert (failure["arn"], failure["reason"]) == (arn, "MISSING")


def test_an_instance_that_leaves_meanwhile_is_missing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_: object, cluster: str, by: str, reason: str) -> tuple[DrainMark, bool]:
        session.clusters.update("default", lambda found: found.without_instance(ID))
        return DrainMark(drain_name(cluster)), True

    monkeypatch.setattr(draining, "write_drain", write)
    shape, _ = drained(session)
    assert shape["containerInstances"] == []
    (failure,) = shape["failures"]
    assert (failure["arn"].rsplit("/", 1)[-1], failure["reason"]) == (ID, "MISSING")
    assert failure["detail"] == "edge-1 has left cluster 'default' meanwhile"


def test_what_is_kept_for_a_host_that_leaves_meanwhile(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def save(*call: Any) -> ClusterFile:
        session.clusters.update("default", lambda found: found.without_instance(ID))
        return draining.save(*call)

    monkeypatch.setattr(instances, "save", save)
    with pytest.raises(MoorageError, match="'edge-1' not found"):
        update_container_instance(
            session, UpdateContainerInstanceRequest(container_instance="edge-1", reserved_memory=1)
        )


def test_a_reason_is_cut_where_control_characters_make_it_longer(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "survey", silent)
    drained(session, "\u202e" * LONGEST_REASON)
    assert entry(session).drain_reason.startswith("\\u{202e}")
    assert len(entry(session).drain_reason) == LONGEST_REASON


def test_one_that_was_told_before_and_does_not_answer(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "survey", silent)
    before = draining.save(session, "default", {"edge-1": {"status": "DRAINING", "drain_recorded": True}})
    _, told = drained(session)
    assert told[0] == (
        "edge-1 could not be told (no route); it was before, and is DRAINING unless another operator has made it "
        "ACTIVE since"
    )
    assert session.cluster("default") == before


def test_one_that_another_made_active_and_that_refuses_is_noted(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file's memory that its engine was told means nothing once the engine has no record."""

    def write(*_: object) -> tuple[DrainMark, bool]:
        raise HostError("a volume that is no record of Moorage's is in the way", "conflict")

    monkeypatch.setattr(draining, "write_drain", write)
    draining.save(session, "default", {"edge-1": {"status": "DRAINING", "drain_recorded": True}})
    shape, told = drained(session, "a new kernel")
    assert shape["containerInstances"][0]["status"] == "DRAINING"
    assert "it is DRAINING in this cluster's file alone" in told[0]
    assert (entry(session).drain_recorded, entry(session).drain_reason) == (False, "a new kernel")
