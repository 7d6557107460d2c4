"""Docker Swarm's JSON: what is asked of it, and what is made of its answers."""

from __future__ import annotations

from typing import Any

import pytest

from app.hosts.errors import HostError
from app.hosts.labels import PLACEHOLDER, TASK, is_placeholder, placeholder_name
from app.hosts.placeholder_image import image_archive
from app.hosts.swarm import Placeholder, Wanted, node_of, placeholders, service_spec, swarm_nodes
from app.model.ids import new_id
from app.model.resources import Resources

TASK_ID = "0" * 31 + "f"
NAME = placeholder_name(TASK_ID)


class Manager:
    """An engine that answers with what it was given."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def nodes(self) -> Any:
        return self.answers["nodes"]

    def services(self, label: str) -> Any:
        assert label == PLACEHOLDER
        return self.answers["services"]

    def service_tasks(self, service: str) -> Any:
        return self.answers["tasks"]


def manager(**answers: Any) -> Any:
    return Manager(**answers)


def service(**changes: Any) -> dict[str, Any]:
    spec = {"Name": NAME, "Labels": {PLACEHOLDER: TASK_ID}, "TaskTemplate": {"Placement": {}}, **changes}
    return {"ID": "s1", "CreatedAt": "2026-01-02T03:04:05.678901234Z", "Spec": spec}


def reserved(resources: Resources) -> Any:
    return service_spec(Wanted(TASK_ID, "prod", resources, "sha256:0"))["TaskTemplate"]["Resources"]["Reservations"]


def test_a_reservation_in_swarms_units() -> None:
    assert reserved(Resources(512, 128)) == {"NanoCPUs": 500_000_000, "MemoryBytes": 128 << 20}
    assert reserved(Resources()) == {"NanoCPUs": 0, "MemoryBytes": 0}


def test_a_reservation_is_never_smaller_than_swarm_takes() -> None:
    """Found by a real one: "invalid memory value 1048576: Must be at least 4MiB"."""
    assert reserved(Resources(1, 1)) == {"NanoCPUs": 1_000_000, "MemoryBytes": 4 << 20}


def test_barred_nodes_are_constraints() -> None:
    spec = service_spec(Wanted(TASK_ID, "prod", Resources(), "sha256:0", frozenset({"b", "a"})))
    assert spec["TaskTemplate"]["Placement"] == {"Constraints": ["node.id!=a", "node.id!=b"]}
    assert spec["Labels"] == {PLACEHOLDER: TASK_ID, "moorage.cluster": "prod"}
    assert spec["TaskTemplate"]["ContainerSpec"]["Labels"] == spec["Labels"]


@pytest.mark.parametrize(
    ("labels", "is_one"),
    [
        ({PLACEHOLDER: TASK_ID, "com.docker.swarm.service.name": NAME}, True),
        ({PLACEHOLDER: TASK_ID}, False),
        ({PLACEHOLDER: TASK_ID, "com.docker.swarm.service.name": placeholder_name(new_id())}, False),
        ({PLACEHOLDER: "web", "com.docker.swarm.service.name": "moorage-web"}, False),
        ({PLACEHOLDER: TASK_ID, "com.docker.swarm.service.name": NAME, TASK: TASK_ID}, False),
        ({}, False),
    ],
)
def test_a_placeholders_container_is_known_by_its_labels(labels: dict[str, str], is_one: bool) -> None:
    assert is_placeholder(labels) is is_one


def test_nodes_and_what_keeps_swarm_from_placing_there() -> None:
    def node(name: str, state: str, availability: str) -> dict[str, Any]:
        return {"ID": name, "Status": {"State": state}, "Spec": {"Availability": availability}}

    nodes = [node("a", "ready", "active"), node("b", "down", "active"), node("c", "ready", "drain")]
    assert swarm_nodes(manager(nodes=nodes)) == {
        "a": "",
        "b": "Swarm has the node as down",
        "c": "the node's availability in Swarm is drain",
    }


def test_placeholders_and_the_nodes_that_they_are_tied_to() -> None:
    tied = service(TaskTemplate={"Placement": {"Constraints": ["node.id!=x", "node.id==y"]}})
    found = placeholders(manager(services=[service(), tied]))
    assert [(one.task_id, one.service, one.node) for one in found] == [(TASK_ID, "s1", ""), (TASK_ID, "s1", "y")]
    assert found[0].created_at.isoformat() == "2026-01-02T03:04:05.678901+00:00"


def test_services_whose_name_and_label_do_not_agree_are_no_placeholders() -> None:
    foreign = [service(Name="web"), service(Labels={}), service(Labels=None), service(Labels={PLACEHOLDER: "web"})]
    assert placeholders(manager(services=foreign)) == []


@pytest.mark.parametrize("answer", [{}, {"Spec": None}, {"Spec": {"Labels": 3}}, {**service(), "CreatedAt": "soon"}])
def test_an_answer_that_cannot_be_read_is_told_as_one(answer: Any) -> None:
    with pytest.raises(HostError, match="cannot be read"):
        placeholders(manager(services=[answer]))
    with pytest.raises(HostError, match="cannot be read"):
        swarm_nodes(manager(nodes=[answer]))


def test_the_node_of_a_place_is_that_of_what_swarm_wants_to_run() -> None:
    kept = Placeholder(TASK_ID, "s1", placeholders(manager(services=[service()]))[0].created_at)
    ended = {"DesiredState": "shutdown", "NodeID": "a", "Status": {"State": "failed"}}
    waiting = {"DesiredState": "ready", "NodeID": "b", "Status": {"State": "ready"}}
    nowhere = {"DesiredState": "running", "Status": {"State": "pending", "Err": "no suitable node"}}
    assert node_of(manager(tasks=[ended, waiting]), kept) == "b"
    assert node_of(manager(tasks=[ended, nowhere]), kept) == ""
    assert node_of(manager(tasks=[]), kept) == ""


def test_the_image_is_the_same_bytes_every_time_for_each_processor() -> None:
    assert image_archive("x86_64") == image_archive("x86_64") != image_archive("aarch64")
    with pytest.raises(HostError, match=r"no placeholder for this host's processor \(riscv64\)"):
        image_archive("riscv64")
