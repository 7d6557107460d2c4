"""Choosing host ports, and moving from those that were refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.errors import HostError
from app.hosts.ports import Port, PortChooser, moved, ports_in_use, published_ports
from app.model.container import PortBinding
from app.model.definition_document import definition_from
from app.model.resources import Resources
from app.model.task_definition import TaskDefinition
from tests.unit.builders import container, tag

FIRST, LAST = 40000, 40009
SPAN = (FIRST, LAST)
PORTS = st.sets(st.integers(FIRST, LAST))


def barred(numbers: set[int], protocol: str = "tcp") -> set[Port]:
    return {(protocol, number) for number in numbers}


def free_row(taken: set[int], count: int) -> bool:
    return any(not taken & set(range(first, first + count)) for first in range(FIRST, LAST - count + 2))


@given(PORTS, st.integers(1, 10), st.text())
def test_a_row_is_found_exactly_when_there_is_one(taken: set[int], count: int, seed: str) -> None:
    chooser = PortChooser(SPAN, barred(taken), seed)
    if not free_row(taken, count):
        with pytest.raises(HostError, match=r"no .*free tcp host port"):
            chooser.block("tcp", count)
        return
    row = set(range(first := chooser.block("tcp", count), first + count))
    assert row <= set(range(FIRST, LAST + 1)) - taken


@given(st.text())
def test_no_port_is_given_twice_and_the_range_is_used_up(seed: str) -> None:
    chooser = PortChooser(SPAN, (), seed)
    assert {chooser.block("tcp") for _ in range(10)} == set(range(FIRST, LAST + 1))
    with pytest.raises(HostError, match="no free tcp host port from 40000 to 40009"):
        chooser.block("tcp")
    assert FIRST <= chooser.block("udp") <= LAST


def test_what_runs_and_what_is_reserved_is_in_use() -> None:
    runs = container(tag(reservation=Resources()), ports=(PortBinding(80, 8080), PortBinding(53, 53, "udp")))
    reserved = container(tag(reservation=Resources(ports=frozenset({81}), ports_udp=frozenset({82}))), "created")
    assert ports_in_use([runs, reserved]) == {("tcp", 8080), ("udp", 53), ("tcp", 81), ("udp", 82)}


def with_ports(mode: str, *mappings: Mapping[str, object]) -> TaskDefinition:
    document = {
        "family": "web",
        "networkMode": mode,
        "containerDefinitions": [{"name": "web", "image": "x", "memory": 8, "portMappings": list(mappings)}],
    }
    return definition_from(document, "test").definition


def test_bridge_publishes_the_given_ports_and_chooses_the_others() -> None:
    made = with_ports("bridge", {"containerPort": 80, "hostPort": 8080}, {"containerPortRange": "90-92"})
    found = published_ports(made, made.container("web"), PortChooser(SPAN, (), ""))
    row = [binding.host_port for binding in found[1:]]
    assert found[0] == PortBinding(80, 8080)
    assert [binding.container_port for binding in found[1:]] == [90, 91, 92]
    assert row == list(range(row[0], row[0] + 3))


def test_awsvpc_chooses_all_and_host_publishes_none() -> None:
    given_ports = {"containerPort": 8080, "hostPort": 8080}
    shared, own = with_ports("awsvpc", given_ports), with_ports("host", given_ports)
    (found,) = published_ports(shared, shared.container("web"), PortChooser(SPAN, (), ""))
    assert FIRST <= found.host_port <= LAST
    assert published_ports(own, own.container("web"), PortChooser(SPAN, (), "")) == ()


ROW = (PortBinding(90, 40002), PortBinding(91, 40003), PortBinding(92, 40004))
GIVEN, CHOSEN = PortBinding(80, 8080), PortBinding(8000, 40008)


@given(st.text())
def test_only_what_was_refused_moves(seed: str) -> None:
    result = moved([GIVEN, *ROW, CHOSEN], {("tcp", 8080)}, {("tcp", 40008)}, PortChooser(SPAN, (), seed))
    assert {GIVEN, *ROW} < set(result)
    (other,) = set(result) - {GIVEN, *ROW}
    assert other.container_port == 8000
    assert other.host_port not in {40002, 40003, 40004, 40008}


@given(st.text())
def test_a_row_moves_as_a_row(seed: str) -> None:
    result = moved([GIVEN, *ROW, CHOSEN], {("tcp", 8080)}, {("tcp", 40003)}, PortChooser(SPAN, (), seed))
    assert {GIVEN, CHOSEN} < set(result)
    row = [binding.host_port for binding in result if 90 <= binding.container_port <= 92]
    assert row in ([40000, 40001, 40002], [40004, 40005, 40006], [40005, 40006, 40007])


def test_nowhere_to_move_to() -> None:
    with pytest.raises(HostError, match="no 3 free tcp host ports in a row"):
        moved([*ROW, CHOSEN], (), {("tcp", 40003)}, PortChooser((40002, 40008), {("tcp", 40006)}, ""))


def test_a_given_port_next_to_a_chosen_one_stays() -> None:
    beside = [PortBinding(80, 40000), PortBinding(81, 40001)]
    result = moved(beside, {("tcp", 40000)}, {("tcp", 40001)}, PortChooser((40000, 40002), (), ""))
    assert set(result) == {PortBinding(80, 40000), PortBinding(81, 40002)}
