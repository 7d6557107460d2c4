"""restartPolicy on a real engine when things go wrong. Periods are scaled: 1 s for 60 s."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.hosts.errors import HostError
from app.hosts.labels import format_time
from app.hosts.restarting import restart_ended
from app.model.task import Task, TaskContainer
from app.model.task_definition import TaskDefinition
from tests.engine.launching import LIVE, Bench, definition
from tests.engine.test_ports import held
from tests.engine_bed import Daemon, wait_until

POLICY = {"restartPolicy": {"enabled": True, "restartAttemptPeriod": 60}}
ONCE = ["sh", "-c", f"[ -e /was ] && {{ {LIVE[2]}; }}; touch /was; sleep 1.2; exit 3"]
"""Ends with 3 after a bit more than the period, and runs on when it is started again."""


@pytest.fixture
def bench(engine: Daemon) -> Bench:
    return Bench(engine)


def scaled(made: TaskDefinition) -> TaskDefinition:
    """Every period is 1 s, which ECS would not take."""
    containers = []
    for container in made.container_definitions:
        policy = container.restart_policy and container.restart_policy.model_copy(update={"restart_attempt_period": 1})
        containers.append(container.model_copy(update={"restart_policy": policy}))
    return made.model_copy(update={"container_definitions": containers})


def launch(bench: Bench, *containers: dict[str, Any], **members: Any) -> Task:
    task = bench.launcher().launch(bench.order(scaled(definition(*containers, **members))))
    assert task.last_status == "RUNNING", task.stopped_reason
    return task


def part(task: Task, name: str = "web") -> TaskContainer:
    return next(found for found in task.containers if found.name == name)


def ended(bench: Bench, task: Task, name: str = "web") -> Task:
    """Once the container waits for its restart."""
    wait_until(lambda: part(bench.read(task.id), name).restarting)
    return bench.read(task.id)


def restarted(bench: Bench, task: Task) -> Task:
    assert bench.supervise(task.id).startswith("restarted web:1")
    return bench.read(task.id)


def test_supervisors_at_once_restart_it_once_and_count_it_once(bench: Bench) -> None:
    """Each knows the host's time only roughly: here all of them think that it is earlier than the exit."""
    task = launch(bench, {"name": "web", "command": ONCE, **POLICY})
    seen = ended(bench, task)
    benches = [Bench(bench.daemon) for _ in range(4)]
    for late in benches:
        late.engine.measure_clock({"SystemTime": format_time(bench.engine.now() - timedelta(seconds=5))})
    barrier = threading.Barrier(4)

    def work(hand: Bench) -> None:
        barrier.wait()
        hand.act(seen, "restart")

    threads = [threading.Thread(target=work, args=(hand,)) for hand in benches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert part(bench.read(task.id)).restart_count == 1
    assert bench.names_of(task, "start") == ["web", "web"]


def test_a_restart_that_was_marked_and_not_done_is_not_counted_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its supervisor died in between; its idea of the host's time was behind."""
    task = launch(bench, {"name": "web", "command": ONCE, **POLICY})
    seen = ended(bench, task)
    dying = Bench(bench.daemon)
    dying.engine.measure_clock({"SystemTime": format_time(bench.engine.now() - timedelta(seconds=5))})

    def die(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dying.engine, "start", die)
    with pytest.raises(KeyboardInterrupt):
        restart_ended(dying.engine, seen)
    again = restarted(bench, task)
    assert (again.last_status, part(again).restart_count) == ("RUNNING", 1)


@pytest.mark.parametrize("essential", [True, False])
def test_a_port_that_was_taken_meanwhile(bench: Bench, essential: bool) -> None:
    web = {"name": "web", "command": ONCE, "essential": essential, **POLICY, "portMappings": [{"containerPort": 80}]}
    task = launch(bench, web, {"name": "other"}, networkMode="bridge")
    (port,) = task.ports
    ended(bench, task)
    with held(bench.daemon, port.host_port):
        seen = restarted(bench, task)
    assert (part(seen).last_status, part(seen).exit_code) == ("STOPPED", 3)
    assert part(seen).reason.startswith("CannotStartContainerError: web: ")
    assert str(port.host_port) in part(seen).reason
    if essential:
        assert bench.due(seen) == "stop"
        bench.supervise(task.id)
        stopped = bench.read(task.id)
        assert (stopped.last_status, stopped.stop_code) == ("STOPPED", "EssentialContainerExited")
        assert (part(stopped).exit_code, part(stopped, "other").exit_code) == (3, 7)
    else:
        assert (seen.last_status, bench.due(seen)) == ("RUNNING", None)


def test_a_program_that_is_gone(bench: Bench, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nsleep 1.2\nexit 3\n")
    program.chmod(0o755)
    mount = {"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}
    volumes = [{"name": "v", "host": {"sourcePath": str(tmp_path)}}]
    task = launch(bench, {"name": "web", "command": ["/v/program"], **mount, **POLICY}, volumes=volumes)
    ended(bench, task)
    program.unlink()
    seen = restarted(bench, task)
    assert (seen.last_status, seen.stop_code) == ("STOPPED", "EssentialContainerExited")
    assert "/v/program" in part(seen).reason
    assert part(seen).exit_code == 3
    assert seen.stopped_at is not None
    assert seen.execution_stopped_at is not None


def test_a_stop_before_the_restart_comes_first(bench: Bench) -> None:
    task = launch(bench, {"name": "web", "command": ONCE, **POLICY})
    old = ended(bench, task)
    stopped = bench.stop(task)
    assert (stopped.last_status, part(stopped).exit_code, bench.due(stopped)) == ("STOPPED", 3, None)
    # Somebody who had read the task before the stop restarts the container all the same.
    assert bench.act(old, "restart") == ""
    assert bench.read(task.id).last_status == "STOPPED"
    assert bench.names_of(task, "start") == ["web"]


def test_what_is_not_essential_is_restarted_too(bench: Bench) -> None:
    task = launch(bench, {"name": "web", "command": ONCE, "essential": False, **POLICY}, {"name": "other"})
    ended(bench, task)
    seen = restarted(bench, task)
    assert (seen.last_status, part(seen).last_status, part(seen).restart_count) == ("RUNNING", "RUNNING", 1)


def test_in_the_network_of_a_pause_container(bench: Bench) -> None:
    look = f"ip addr show eth0; [ -e /was ] && {{ {LIVE[2]}; }}; touch /was; sleep 1.2; exit 3"
    task = launch(bench, {"name": "web", "command": ["sh", "-c", look], **POLICY}, networkMode="awsvpc")
    assert task.pause is not None
    pause = task.pause.runtime
    assert pause is not None
    ended(bench, task)
    restarted(bench, task)
    wait_until(lambda: bench.output(task, "web").count(f"inet {pause.address}/") == 2)


def test_after_its_engine_was_restarted(fresh_engine: Callable[..., Daemon]) -> None:
    """Nothing outlives the engine (no live-restore): what has a policy comes back, what shares a namespace does not."""
    bench = Bench(fresh_engine())
    alone = launch(bench, {"name": "web", **POLICY})
    shared = launch(bench, {"name": "web", **POLICY}, networkMode="awsvpc")
    deadline = bench.engine.now() + timedelta(seconds=1.2)
    wait_until(lambda: bench.engine.now() > deadline)
    bench.daemon.kill()
    bench.daemon.start()
    wait_until(bench.engine.info, ignoring=(HostError,))
    again = restarted(bench, alone)
    assert (again.last_status, part(again).restart_count) == ("RUNNING", 1)
    gone = bench.read(shared.id)
    assert (gone.last_status, gone.stop_code) == ("STOPPED", "EssentialContainerExited")
