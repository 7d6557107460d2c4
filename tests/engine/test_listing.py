"""A host that is read again is asked only what may have changed; what is kept is what inspect would tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.inspecting import Inspector
from app.hosts.listing import SLICES, read_host
from app.hosts.reading import container_from_inspect
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

    def inspect(self, container: str) -> dict[str, Any] | None:
        self.asked.append(container)
        return super().inspect(container)


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
        assert by_id(read_host(port, inspector, first, turn).containers) == first
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


def test_a_connection_that_the_engine_closed_meanwhile_is_made_anew(engine: Daemon, port: Engine) -> None:
    container = engine.run(["sleep", "1000"], name="lasting")
    inspector = Inspector(port)
    assert inspector.inspect(container) is not None
    engine.kill()
    with pytest.raises(HostError):
        inspector.inspect(container)
    engine.start()
    found = wait_until(lambda: inspector.inspect(container), within=30, what="the engine that came back")
    assert found is not None and found["Name"] == "/lasting"
    assert inspector.inspect("missing") is None
    inspector.close()
