"""A host that is read again is asked only what may have changed; what is kept is what inspect would tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.inspecting import Inspector
from app.hosts.listing import SLICES, read_host
from app.hosts.pipeline import MOST_AT_ONCE
from app.hosts.reading import container_from_inspect
from app.hosts.wire import MOST_BYTES
from app.model.container import Container
from tests.engine.launching import Bench
from tests.engine_bed import Daemon, wait_until


@pytest.fixture
def port(engine: Daemon) -> Iterator[Engine]:
    port = Engine(parse_endpoint(engine.endpoint))
    yield port
    port.close()


class Counting(Inspector):
    """Counts what it is asked."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.asked: list[str] = []

    def inspect(self, containers: Iterable[str]) -> Iterator[tuple[str, dict[str, Any] | None]]:
        asked = list(containers)
        self.asked += asked
        return super().inspect(asked)


def by_id(containers: tuple[Container, ...]) -> dict[str, Container]:
    return {container.id: container for container in containers}


def test_what_a_list_calls_unchanged_is_inspected_once_in_ten_turns(engine: Daemon, port: Engine) -> None:
    bench = Bench(engine)
    for _ in range(4):
        bench.launch()
    other = engine.run(["sleep", "1000"], name="other")
    inspector = Counting(port)
    first = by_id(read_host(port, inspector).containers)
    assert sorted(inspector.asked) == sorted(set(first) - {other})
    inspector.asked.clear()
    for turn in range(SLICES):
        again = by_id(read_host(port, inspector, first, turn).containers)
        assert again == first
        assert all(again[found] is first[found] for found in first), "what is known already is not there twice"
    assert sorted(inspector.asked) == sorted(set(first) - {other})
    inspector.close()


def test_what_has_changed_is_seen_by_the_list_alone(engine: Daemon, port: Engine) -> None:
    bench = Bench(engine)
    names = ("ended", "paused", "left")
    ids = {name: bench.launch().containers[0].runtime.id for name in names}  # type: ignore[union-attr]
    inspector = Counting(port)
    first = by_id(read_host(port, inspector).containers)
    engine.api.kill(ids["ended"])
    engine.api.pause(ids["paused"])
    quiet = next(turn for turn in range(SLICES) if not _asks(port, first, turn, ids["left"]))
    inspector.asked.clear()
    second = by_id(read_host(port, inspector, first, quiet).containers)
    assert {ids["ended"], ids["paused"]} <= set(inspector.asked)
    assert ids["left"] not in inspector.asked
    assert (second[ids["ended"]].state, second[ids["ended"]].exit_code) == ("exited", 137)
    assert second[ids["paused"]].state == "paused"
    assert second == {found: container_from_inspect(port.inspect(found)) for found in second}
    inspector.close()


def _asks(port: Engine, known: dict[str, Container], turn: int, container: str) -> bool:
    inspector = Counting(port)
    read_host(port, inspector, known, turn)
    inspector.close()
    return container in inspector.asked


def test_answers_are_in_the_order_of_the_questions_and_what_is_gone_is_none(engine: Daemon, port: Engine) -> None:
    made = [engine.run(["sleep", "1000"], name=f"of-many-{number}") for number in range(3)]
    wanted = [*made, "missing", *made * (2 * MOST_AT_ONCE // 3), "missing"]
    inspector = Inspector(port)
    found = list(inspector.inspect(wanted))
    assert [container for container, _ in found] == wanted
    assert [detail and detail["Id"] for _, detail in found] == [None if one == "missing" else one for one in wanted]
    inspector.close()


def test_a_connection_that_the_engine_closed_meanwhile_is_made_anew(engine: Daemon, port: Engine) -> None:
    container = engine.run(["sleep", "1000"], name="lasting")
    inspector = Inspector(port)
    assert dict(inspector.inspect([container]))[container]
    engine.kill()
    with pytest.raises(HostError):
        list(inspector.inspect([container]))
    engine.start()
    found = wait_until(lambda: dict(inspector.inspect([container, "missing"])), within=30, ignoring=(HostError,))
    assert found["missing"] is None
    assert found[container]
    inspector.close()


def test_an_answer_that_is_too_large_for_a_pipeline_is_had_all_the_same(engine: Daemon, port: Engine) -> None:
    large = engine.run(["sleep", "1000"], name="large", labels={"text": "x" * (MOST_BYTES + 1)})
    small = engine.run(["sleep", "1000"], name="small")
    inspector = Inspector(port)
    found = dict(inspector.inspect([small, large, small[:12]]))
    assert [detail and detail["Name"] for detail in found.values()] == ["/small", "/large", "/small"]
    inspector.close()
