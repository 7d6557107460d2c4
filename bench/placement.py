"""Placement by itself: plans of thousands of tasks, how their cost grows, and the Run form's preview."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from app.fleet.fleet import InstanceState
from app.model.instance import EngineInfo, Freshness, Instance, InstanceKey
from app.model.resources import Resources
from app.model.safe_text import safe_line
from app.model.task import Task
from app.operations.candidates import candidate
from app.operations.preview import preview
from app.placement.candidate import Candidate
from app.placement.constraints import Constraints, MemberOf
from app.placement.demand import Demand
from app.placement.expressions import parse
from app.placement.planner import plan
from app.placement.strategies import Strategy
from bench.table import Figure, milliseconds

_TEXT = "attribute:disk == ssd and not(attribute:zone =~ z.*)"
DEMAND = Demand(
    Resources(cpu=256, memory=512),
    "family:web",
    constraints=Constraints((MemberOf(_TEXT, parse(_TEXT)),)),
    strategies=(Strategy("spread", "zone", by_attribute=True), Strategy("binpack", "memory")),
)
"""A two-step chain and a memberOf that every instance of these figures meets."""
_DRIVERS = tuple(map(safe_line, ("json-file", "local", "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk")))
_REGISTERED = Resources(cpu=64 * 1024, memory=256 * 1024)
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def placement_figures(quick: bool) -> list[Figure]:
    rounds = 3 if quick else 7
    floor = [_timed(_floor) for _ in range(rounds)]
    most = 1_000 if quick else 10_000
    by_tasks = {tasks: _planned(tasks, 1_000, rounds) for tasks in (most // 10, most // 4, most // 2, most)}
    by_instances = {count: _planned(1_000, count, rounds) for count in (250, 500, 1_000, 2_000)}
    thousand = by_instances[1_000]
    states = [_state(number, tasks=20) for number in range(100)]
    previews = [_timed(lambda: preview(states, DEMAND, 10)) for _ in range(rounds * 5)]
    baseline = f"looking at 1,000 numbers 1,000 times takes {min(floor) * 1000:.0f} ms; the aim is"
    figures = [milliseconds("plan 1,000 tasks on 1,000 instances", thousand, f"{baseline} 1 s")]
    if not quick:
        figures.append(milliseconds("plan 10,000 tasks on 1,000 instances", by_tasks[most], f"{baseline} 10 s"))
    return [
        *figures,
        Figure("cost of a plan by tasks", _exponent(by_tasks), _range(by_tasks), "1 is linear"),
        Figure("cost of a plan by instances", _exponent(by_instances), _range(by_instances), "1 is linear"),
        milliseconds("preview of 10 tasks, 100 instances of 20 tasks each", previews, "a frame is 16.7 ms"),
    ]


def _planned(tasks: int, instances: int, rounds: int) -> list[float]:
    cluster = [_candidate(number) for number in range(instances)]

    def once() -> None:
        made = plan(DEMAND, tasks, cluster, random.Random(0))
        assert len(made.placements) == tasks

    return [_timed(once) for _ in range(rounds)]


def _candidate(number: int) -> Candidate:
    return candidate(_state(number, tasks=number % 5))


def _state(number: int, tasks: int) -> InstanceState:
    key = InstanceKey("prod", f"edge-{number}")
    attributes = (("disk", "ssd"), ("zone", "abcdef"[number % 6]))
    instance = Instance(key, f"{number:032x}", f"tcp://10.0.0.1:{number}", "ACTIVE", _BEGAN, attributes)
    info = EngineInfo(
        f"engine-{number}",
        safe_line(f"edge-{number}"),
        safe_line("28.5.2"),
        "1.51",
        "linux",
        "x86_64",
        _REGISTERED,
        log_drivers=_DRIVERS,
        volume_drivers=(safe_line("local"),),
        security=(safe_line("apparmor"), safe_line("seccomp")),
    )
    state = InstanceState(instance, Freshness("live", _BEGAN), info, timedelta(0))
    state.tasks = {task.id: task for task in (_task(key, number * 100 + index) for index in range(tasks))}
    return state


def _task(key: InstanceKey, number: int) -> Task:
    return Task(
        id=f"{number:032x}",
        cluster=key.cluster,
        instance=key,
        family="web",
        revision=1,
        group=f"family:{'web' if number % 3 else 'batch'}",
        started_by="bench",
        created_at=_BEGAN,
        reservation=Resources(cpu=128, memory=256, ports=frozenset({20_000 + number % 10_000})),
        containers=(),
        last_status="RUNNING",
        desired_status="RUNNING",
        health="UNKNOWN",
    )


def _floor() -> None:
    numbers = list(range(1_000))
    for _ in range(1_000):
        min(numbers)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _exponent(samples: dict[int, list[float]]) -> str:
    """Of the size, in the cost: the slope of the best line through the logarithms of both."""
    sizes = [math.log(size) for size in samples]
    costs = [math.log(min(times)) for times in samples.values()]
    return f"^{statistics.linear_regression(sizes, costs).slope:.2f}"


def _range(samples: dict[int, list[float]]) -> str:
    sizes: Sequence[int] = list(samples)
    return f"{sizes[0]:,} to {sizes[-1]:,}"
