"""A task whose engine was restarted is told from one that failed, by whoever watches, and stays so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.hosts.engine_restart import engine_started_at
from app.hosts.errors import HostError
from app.operations.monitor import Monitor
from app.operations.session import Session
from app.operations.supervision import Supervision
from app.store.home import resolve_home
from tests.engine.clusters import pump_until, register
from tests.engine.launching import Bench
from tests.engine_bed import Daemon, wait_until


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_what_ended_with_its_engine_says_so_and_what_failed_before_does_not(
    fresh_engine: Callable[..., Daemon], tmp_path: Path, end: str
) -> None:
    daemon = fresh_engine()
    bench = Bench(daemon)
    failed = bench.launch({"name": "web", "command": ["sh", "-c", "exit 3"]})
    ran = bench.launch({"name": "web", "command": ["sleep", "1000"]})
    wait_until(lambda: bench.read(failed.id).last_status == "STOPPED")
    bench.supervise(failed.id)
    before = engine_started_at(bench.engine)
    session = Session(resolve_home(str(tmp_path), {}))
    register(session, daemon)
    said: list[str] = []
    supervision = Supervision(session, lambda _, words: said.append(words), said.append)
    monitor = Monitor(session, lambda: None)
    monitor.refresh()
    try:
        pump_until(monitor, lambda: monitor.fleet.find_task(ran.id))
        supervision.consider(monitor.fleet)
        getattr(daemon, end)()
        daemon.start()
        wait_until(bench.engine.info, ignoring=(HostError,))

        def told() -> bool:
            supervision.consider(monitor.fleet)
            found = monitor.fleet.find_task(ran.id)
            return found is not None and "its engine was restarted" in found.stopped_reason

        pump_until(monitor, told)
    finally:
        monitor.stop()
        supervision.close()
    after = engine_started_at(bench.engine)
    assert before is not None
    assert after is not None
    assert before < after
    assert bench.read(ran.id).stop_code == "EssentialContainerExited"
    assert "restarted" not in bench.read(failed.id).stopped_reason
    assert f"was restarted, which ended web:1 {ran.id[:8]}" in " ".join(said)
    daemon.terminate()
    daemon.start()
    wait_until(bench.engine.info, ignoring=(HostError,))
    assert "its engine was restarted" in bench.read(ran.id).stopped_reason, "the next start does not hide it"
