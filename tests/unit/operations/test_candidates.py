"""What placement is told of an instance: why it takes nothing, what is taken, and by whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from app.fleet.fleet import Fleet, InstanceState
from app.model.container import Container, PortBinding
from app.model.drain import DrainMark, drain_name
from app.model.instance import EngineInfo, Freshness, Instance
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold, HostRead, InfoRead
from app.operations.candidates import candidate, port_holders
from app.operations.shapes import instance_shape
from app.operations.staying import stays
from app.placement.demand import Demand
from app.placement.refusals import refusal
from tests.unit.builders import HOST, NOW, container, tag

INSTANCE = Instance(
    HOST,
    "1" * 32,
    "unix:///x",
    "ACTIVE",
    NOW,
    reserved_memory=100,
    reserved_ports=frozenset({22, 2375}),
    reserved_ports_udp=frozenset({53}),
)
MARK = DrainMark(drain_name(HOST.cluster), SafeText("ops"), NOW, SafeText("a new kernel"))
INFO = EngineInfo("id", SafeText("h"), SafeText("1"), "1.41", "linux", "x86_64", Resources(2048, 512, gpus=2))
WEB = container(tag(reservation=Resources(64, 32, frozenset({80}), frozenset({80}), 1)))
THEIRS = Container(
    id="t" * 64,
    name=SafeText("theirs"),
    image=SafeText("busybox"),
    state="running",
    created_at=NOW,
    ports=(PortBinding(80, 8080), PortBinding(53, 5353, "udp")),
)


def state_of(*containers: Container, drains: tuple[DrainMark, ...] = (), reach: Any = "live") -> InstanceState:
    fleet = Fleet()
    fleet.register([HOST.cluster], [INSTANCE])
    fleet.apply(
        [
            InfoRead(HOST, INFO, timedelta(0)),
            HostRead(HOST, containers, (), drains),
            FreshnessTold(HOST, Freshness(reach, NOW, SafeText("" if reach == "live" else "no route"))),
        ]
    )
    return fleet.instances[HOST]


def refused(state: InstanceState) -> tuple[str, str] | None:
    why = refusal(candidate(state), Demand())
    return (why.reason, why.words) if why else None


def test_a_draining_instance_says_by_whom_and_why() -> None:
    assert refused(state_of()) is None
    assert refused(state_of(drains=(MARK,))) == ("DRAINING", "the instance is draining, by ops: a new kernel")
    assert refused(state_of(drains=(DrainMark(MARK.name),))) == ("DRAINING", "the instance is draining")
    assert refused(state_of(drains=(MARK,), reach="stale")) == ("AGENT", "no route")


def test_who_has_a_port() -> None:
    state = state_of(WEB, THEIRS, container(tag("old", task_id="f" * 32), "exited", id="e" * 64))
    wanted = Resources(0, 0, frozenset({22, 80, 8080, 9}), frozenset({22, 53, 80, 5353}))
    assert port_holders(state, wanted) == [
        "tcp 22 reserved for the system; update-container-instance changes that",
        f"tcp 80 taken by task {WEB.tag.task_id[:8] if WEB.tag else ''} (web:1)",
        "tcp 8080 taken by container theirs (unmanaged)",
        "udp 53 reserved for the system; update-container-instance changes that",
        f"udp 80 taken by task {WEB.tag.task_id[:8] if WEB.tag else ''} (web:1)",
        "udp 5353 taken by container theirs (unmanaged)",
    ]
    assert port_holders(state, Resources(0, 0, frozenset({53, 5353}), frozenset({8080, 2375}))) == []


def test_no_task_gets_a_port_of_the_system() -> None:
    why = refusal(candidate(state_of()), Demand(Resources(ports=frozenset({22}))))
    assert why is not None
    assert why.reason == "RESOURCE:PORTS"
    assert refusal(candidate(state_of()), Demand(Resources(ports_udp=frozenset({22})))) is None


def test_registered_and_remaining_as_ecs_tells_them() -> None:
    shape = instance_shape(state_of(WEB, THEIRS))

    def told(which: str) -> dict[str, Any]:
        return {found["name"]: found.get("stringSetValue", found["integerValue"]) for found in shape[which]}

    assert told("registeredResources") == {
        "CPU": 2048,
        "MEMORY": 412,
        "PORTS": ["22", "2375"],
        "PORTS_UDP": ["53"],
        "GPU": 2,
    }
    assert told("remainingResources") == {
        "CPU": 1984,
        "MEMORY": 380,
        "PORTS": ["22", "80", "2375"],
        "PORTS_UDP": ["53", "80"],
        "GPU": 1,
    }


def test_the_shape_says_who_drains() -> None:
    shape = instance_shape(state_of(drains=(MARK,)))
    assert (shape["status"], shape["drainedBy"], shape["drainReason"]) == ("DRAINING", "ops", "a new kernel")
    assert shape["statusReason"] == "drained by ops since 2026-03-01 12:00 UTC: a new kernel"
    assert instance_shape(state_of(drains=(DrainMark(MARK.name),)))["statusReason"] == "drained"
    assert not {"statusReason", "drainedBy", "drainedAt", "drainReason"} & set(instance_shape(state_of()))


def test_what_stays_is_named_up_to_a_number() -> None:
    many = [
        container(tag(task_id=f"{number:032x}", family="batch" if number % 2 else "web"), id=f"{number:064x}")
        for number in range(5)
    ]
    pending = container(tag(task_id="f" * 32), "created", id="e" * 64)
    assert stays(state_of()) == ["nothing runs there"]
    assert stays(state_of(pending, THEIRS)) == [
        "1 task there stays until stopped:",
        "  web:1  ffffffff  PENDING   family:web  (its launch goes on)",
        "1 container that Moorage did not start stays",
    ]
    lines = stays(state_of(*many), 3)
    assert lines[0] == "5 tasks there stay until stopped:"
    assert [line.split()[0] for line in lines[1:]] == ["batch:1", "batch:1", "web:1", "and"]
    assert lines[-1] == "  and 2 more"
    assert len(stays(state_of(*many), 4)) == 6


def test_an_instance_that_never_answered_has_nothing_known() -> None:
    fleet = Fleet()
    fleet.register([HOST.cluster], [replace(INSTANCE, status="DRAINING")])
    assert stays(fleet.instances[HOST]) == ["what runs there is not known"]
