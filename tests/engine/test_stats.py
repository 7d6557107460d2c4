"""What containers use, as a real engine counts it, against loads that are known."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.sampler import Sampler
from app.hosts.sampler_round import Told
from app.hosts.stats import Counters, Stats, stats_between
from tests.engine_bed.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine_bed import Daemon

MIB = 1 << 20
HALF_A_CORE = {"cpu_period": 50_000, "cpu_quota": 25_000}


class Watched:
    """A sampler on an engine, and what it has told; CPU and rates between the first answer and the last."""

    def __init__(self, daemon: Daemon) -> None:
        self.sampler = Sampler(Engine(parse_endpoint(daemon.endpoint)), "edge")
        self.told: dict[str, list[Told]] = {}

    def until(self, containers: Collection[str], condition: Callable[[], object], what: str) -> None:
        def holds() -> bool:
            self.sampler.want(containers, 1.0, 10.0)
            for told in self.sampler.take():
                self.told.setdefault(told.container, []).append(told)
            return bool(condition())

        wait_until(holds, what=what, within=40)

    def counters(self, container: str) -> list[Counters]:
        return [told.counters for told in self.told.get(container, []) if told.counters is not None]

    def over_all(self, container: str) -> Stats:
        known = self.counters(container)
        return stats_between(known[0], known[-1])


@pytest.fixture
def watched(engine: Daemon) -> Iterator[Watched]:
    made = Watched(engine)
    yield made
    made.sampler.stop()


def _run(engine: Daemon, script: str, **host: object) -> str:
    """``docker run -d`` with limits that the bed does not know of."""
    config = engine.api.create_host_config(network_mode="none", mem_limit=128 * MIB, **host)
    made = engine.api.create_container("busybox:latest", ["sh", "-c", script], host_config=config, stop_signal="KILL")
    engine.api.start(made["Id"])
    return str(made["Id"])


def test_cpu_is_what_the_quota_lets_a_busy_loop_have(engine: Daemon, watched: Watched) -> None:
    busy = _run(engine, "while :; do :; done", **HALF_A_CORE)
    idle = _run(engine, "sleep 1000")
    both = [busy, idle]
    watched.until(both, lambda: min(len(watched.counters(id_)) for id_ in both) >= 5, "five answers of both")
    cpu, resting = watched.over_all(busy).cpu, watched.over_all(idle).cpu
    # Never more than the quota; less where the machine has no half core to spare.
    assert cpu is not None
    assert 10 < cpu < 56
    assert resting is not None
    assert resting < 2


def test_memory_is_what_was_taken(engine: Daemon, watched: Watched) -> None:
    holds = _run(engine, "dd if=/dev/zero of=/dev/shm/x bs=1M count=40 2>/dev/null; sleep 1000")

    def taken() -> bool:
        known = watched.counters(holds)
        return bool(known) and (known[-1].memory or 0) >= 40 * MIB

    watched.until([holds], taken, "40 MiB in use")
    last = watched.counters(holds)[-1]
    assert last.memory is not None
    assert last.memory < 46 * MIB
    assert (last.limit, last.pids) == (128 * MIB, 1)
    assert (last.received, last.sent) == (None, None), "it has no network"


def test_the_same_as_docker_s_own_command_line(engine: Daemon, watched: Watched) -> None:
    container = _run(engine, "dd if=/dev/zero of=/dev/shm/x bs=1M count=20 2>/dev/null; sleep 1000")
    watched.until([container], lambda: len(watched.counters(container)) >= 3, "answers")
    argv = ["docker", "--host", engine.endpoint, "stats", "--no-stream", "--format", "{{.MemUsage}}|{{.PIDs}}"]
    told = subprocess.run([*argv, container], capture_output=True, text=True, timeout=30, check=True).stdout
    memory, _, pids = told.strip().partition("|")
    ours = watched.counters(container)[-1]
    assert ours.memory is not None
    assert float(memory.partition("MiB")[0]) == pytest.approx(ours.memory / MIB, abs=0.2)
    assert int(pids) == ours.pids


def test_what_goes_over_a_network_is_counted(engine: Daemon, watched: Watched) -> None:
    server = engine.run(["sh", "-c", "while :; do nc -l -p 80 < /dev/null; done"], stop_signal="KILL")
    watched.until([server], lambda: len(watched.counters(server)) >= 2, "answers")
    last = watched.counters(server)[-1]
    assert last.received is not None
    assert last.sent is not None
    assert watched.over_all(server).received_rate is not None


def test_one_that_has_stopped_tells_nothing_and_one_that_has_gone_is_told(engine: Daemon, watched: Watched) -> None:
    stopped = engine.run(["true"])
    wait_until(lambda: not engine.api.inspect_container(stopped)["State"]["Running"], what="it has ended")
    gone = "f" * 64
    wanted = [stopped, gone]
    watched.until(wanted, lambda: all(watched.told.get(id_) for id_ in wanted), "an answer about both")
    known = watched.counters(stopped)[-1]
    assert (known.memory, known.pids, stats_between(None, known).cpu) == (None, None, None)
    assert [(told.counters, told.problem) for told in watched.told[gone]] == [(None, "")]


def test_a_frozen_engine_hangs_nobody_and_is_asked_again_when_it_thaws(
    fresh_engine: Callable[..., Daemon],
) -> None:
    daemon = fresh_engine(name="frozen")
    container = daemon.run(["sleep", "1000"], stop_signal="KILL", network_mode="none")
    watched = Watched(daemon)
    watched.until([container], lambda: watched.counters(container), "an answer")
    daemon.pause()
    watched.until([container], lambda: watched.told[container][-1].problem, "it is told that no answer came")
    daemon.kill()
    watched.until([container], lambda: watched.told.get(""), "it is told that the engine is gone")
    assert watched.sampler.wires == 0
    watched.sampler.stop()
