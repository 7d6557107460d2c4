"""kill -9 of whoever takes part: the client with a call on its way, a shim, containerd, dockerd."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.hosts.errors import HostError
from app.model.ids import new_id
from app.model.record import LEASE_TERM
from app.operations.monitor import Monitor
from app.operations.session import Session
from app.store.home import resolve_home
from tests.engine.clusters import pump_until, register
from tests.engine.launching import NOTHING, Bench, child_launch, definition, left
from tests.engine_bed import Daemon, wait_until
from tests.faults.waypoint import Waypoint
from tests.figures import tell

LATER = LEASE_TERM * 2
GIVEN_UP = 5.0
"""Seconds after which a volume that was asked for will not come any more."""
PAIR = definition({"name": "db"}, {"name": "web", "links": ["db"]}, networkMode="bridge")


@pytest.mark.parametrize(
    "request_", ["POST /volumes/create", "POST /networks/create", "POST /containers/create", "POST /start"]
)
def test_a_client_killed_with_a_call_on_its_way(
    fresh_engine: Callable[..., Daemon], tmp_path: Path, request_: str
) -> None:
    """The engine hangs, has the request already, and does it when its sender is long gone, or gives it up for that."""
    daemon = fresh_engine()
    bench, task_id = Bench(daemon), new_id()
    children: list[subprocess.Popen[str]] = []

    def at(hand_on: Callable[[], None]) -> None:
        daemon.pause()
        hand_on()
        children[0].kill()
        children[0].wait(30)
        daemon.resume()

    with Waypoint(tmp_path, daemon.socket, request_, at) as way:
        children.append(child_launch(daemon, task_id, PAIR, endpoint=way.endpoint))
        assert way.done.wait(60)
        children[0].communicate(timeout=30)

    given_up = time.monotonic() + GIVEN_UP

    def over() -> bool:
        if not left(daemon).records:
            return time.monotonic() > given_up
        bench.supervise(task_id, LATER)
        task = bench.read(task_id)
        return bench.due(task, LATER) is None and task.last_status in ("RUNNING", "STOPPED")

    wait_until(over, within=60, ignoring=(HostError, AssertionError), what="it is finished or undone")
    found, names = left(daemon), [f"moorage-web-1-{name}-{task_id[:12]}" for name in ("db", "web")]
    if not found.records:
        assert (request_, found) == ("POST /volumes/create", NOTHING), "only its very first call may leave nothing"
    else:
        assert found.containers == (names if bench.read(task_id).last_status == "RUNNING" else [])
    created = [name for _, name in bench.events("create")]
    assert len(created) == len(set(created))
    tell("client killed with a call on its way", kills=1, doubled=0, lost=0)


def processes_of(daemon: Daemon, name: str) -> list[int]:
    """By what they are called, as ``ps`` shows it."""
    found = []
    for pid in daemon.pids():
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                program = line.read().split(b"\0")[0]
        except OSError:
            continue
        if os.path.basename(program).decode() == name:
            found.append(pid)
    return found


def shims(daemon: Daemon) -> list[int]:
    return processes_of(daemon, "containerd-shim-runc-v2")


def test_a_killed_shim_leaves_no_task_running_for_ever(fresh_engine: Callable[..., Daemon], tmp_path: Path) -> None:
    daemon = fresh_engine()
    session = Session(resolve_home(str(tmp_path), {}))
    register(session, daemon)
    bench = Bench(daemon)
    task = bench.launch({"name": "web", "command": ["sleep", "1000"]})
    monitor = Monitor(session, lambda: None)
    monitor.refresh()
    try:
        state = next(iter(monitor.fleet.instances.values()))
        pump_until(monitor, lambda: task.id in state.tasks and state.tasks[task.id].last_status == "RUNNING")
        (shim,) = shims(daemon)
        os.kill(shim, signal.SIGKILL)
        pump_until(monitor, lambda: state.tasks[task.id].last_status != "RUNNING", within=30)
    finally:
        monitor.stop()
    assert bench.read(task.id).stop_code == "EssentialContainerExited"


def test_a_killed_containerd_costs_no_task(fresh_engine: Callable[..., Daemon]) -> None:
    """dockerd starts another, and the shims have gone on."""
    daemon = fresh_engine()
    bench = Bench(daemon)
    task = bench.launch({"name": "web", "command": ["sleep", "1000"]})
    (containerd,) = processes_of(daemon, "containerd")
    os.kill(containerd, signal.SIGKILL)
    wait_until(lambda: [pid for pid in processes_of(daemon, "containerd") if pid != containerd], within=60)
    assert bench.read(task.id).last_status == "RUNNING"

    def stopped() -> bool:
        return bench.stop(bench.read(task.id)).last_status == "STOPPED"

    wait_until(stopped, within=60, ignoring=(HostError,))


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_a_host_that_was_restarted_tells_how_its_tasks_ended(fresh_engine: Callable[..., Daemon], end: str) -> None:
    """Without live restore nothing outlives dockerd; what ran is STOPPED then, and never started again by Docker."""
    daemon = fresh_engine()
    bench = Bench(daemon)
    task = bench.launch({"name": "web", "command": ["sleep", "1000"]})
    getattr(daemon, end)()
    daemon.start()
    wait_until(bench.engine.info, ignoring=(HostError,))
    seen = bench.read(task.id)
    assert (seen.last_status, seen.stop_code) == ("STOPPED", "EssentialContainerExited")
    (container,) = seen.containers
    assert container.exit_code == 137
    assert container.runtime is not None
    assert not container.runtime.oom_killed
    assert len(left(daemon).containers) == 1, "kept for its logs"


def test_one_that_was_renamed_or_removed_by_others(engine: Daemon) -> None:
    """Followed by its id, told, and made again by nobody."""
    bench = Bench(engine)
    task = bench.launch({"name": "web"}, {"name": "side", "essential": False})
    web = f"moorage-web-1-web-{task.id[:12]}"
    engine.api.rename(web, "mine-now")
    seen = bench.read(task.id)
    assert [part.name for part in seen.containers if part.runtime] == ["side"], "a name that is not ours is not ours"
    engine.api.rename("mine-now", web)
    assert bench.read(task.id).last_status == "RUNNING"
    engine.api.remove_container(web, force=True)
    gone = bench.read(task.id)
    assert (gone.desired_status, gone.stop_code) == ("STOPPED", "EssentialContainerExited")
    bench.supervise(task.id)
    wait_until(lambda: bench.supervise(task.id) == "" or bench.read(task.id).last_status == "STOPPED", within=30)
    assert web not in left(engine).containers
