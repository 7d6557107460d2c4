"""What containers use, as a real engine counts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.usage import UsageReader, Use
from tests.engine_bed.waiting import wait_until

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

HOLDS_40_MIB = "dd if=/dev/zero of=/dev/shm/x bs=1M count=40 2>/dev/null; while :; do :; done"


def test_memory_and_cpu_of_a_container_are_seen(engine: Daemon) -> None:
    busy = engine.run(["sh", "-c", HOLDS_40_MIB], stop_signal="KILL")
    idle = engine.run(["sleep", "1000"], stop_signal="KILL")
    reader = UsageReader(Engine(parse_endpoint(engine.endpoint)))
    seen: dict[str, Use] = {}

    def counted() -> bool:
        seen.update(reader.round([busy, idle]))
        return seen[busy].memory >= 40 and bool(seen[busy].cpu)

    wait_until(counted, what="40 MiB and some CPU")
    assert seen[busy].memory < 60
    assert seen[idle].memory < 10
    assert (seen[busy].cpu or 0) > (seen[idle].cpu or 0)


def test_one_that_has_stopped_uses_nothing_and_one_that_has_gone_is_an_error(engine: Daemon) -> None:
    stopped = engine.run(["true"])
    wait_until(lambda: not engine.api.inspect_container(stopped)["State"]["Running"], what="it has ended")
    port = Engine(parse_endpoint(engine.endpoint))
    assert UsageReader(port).round([stopped]) == {stopped: Use(0, None)}
    with pytest.raises(HostError) as caught:
        port.stats("f" * 64)
    assert caught.value.kind == "not-found"
