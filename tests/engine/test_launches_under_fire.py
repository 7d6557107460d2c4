"""Launches while launchers and dockerd are killed: nothing doubled, lost or orphaned. The counts are printed."""

from __future__ import annotations

import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest

from app.hosts.errors import HostError
from app.hosts.labels import TASK
from app.hosts.task_objects import read_task
from app.model.ids import new_id
from app.model.record import LEASE_TERM
from app.model.task import Task
from app.model.task_definition import TaskDefinition
from tests.engine.launching import HOST, Bench, child_launch, definition, left
from tests.engine.test_crashes import ENDINGS
from tests.engine_bed import Daemon, wait_until
from tests.figures import tell

LATER = LEASE_TERM * 2
LINKED = definition(
    {"name": "db", "mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]},
    {"name": "web", "links": ["db"], "portMappings": [{"containerPort": 80}]},
    networkMode="bridge",
    volumes=[{"name": "v"}],
)
SHARED = definition({"name": "db"}, {"name": "web", "portMappings": [{"containerPort": 80}]}, networkMode="awsvpc")


@dataclass
class Count:
    """What became of launches."""

    asked: int = 0
    kills: int = 0
    running: int = 0
    undone: int = 0
    lost: int = 0
    doubled: int = 0
    orphaned: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def tell(self, name: str) -> None:
        counts = {key: value for key, value in vars(self).items() if isinstance(value, int)}
        tell(name, **counts)

    def __str__(self) -> str:
        return (
            f"{self.asked} launches, {self.kills} kills: {self.running} RUNNING, {self.undone} undone with a reason, "
            f"{self.lost} lost, {self.doubled} doubled, {self.orphaned} orphaned"
        )


def supervise_until_settled(bench: Bench, task_id: str) -> Task | None:
    """As whoever watches would, until nothing is due; None when nothing of the task is there."""

    def settled() -> bool:
        task = read_task(bench.engine, HOST, task_id)
        if task is None:
            return True
        bench.act(task, what := bench.due(task, LATER))
        return what is None

    wait_until(settled, within=60, ignoring=(HostError,))
    return read_task(bench.engine, HOST, task_id)


def take_stock(bench: Bench, count: Count, task_ids: Iterable[str]) -> None:
    """Compare what is on the host with what was asked for."""
    known = list(task_ids)
    names: Counter[tuple[str, str]] = Counter()
    for entry in bench.daemon.api.containers(all=True):
        labels = entry["Labels"]
        names[labels.get(TASK, ""), labels.get("moorage.container", "")] += 1
    count.doubled += sum(number > 1 for number in names.values())
    settled = {task_id: supervise_until_settled(bench, task_id) for task_id in known}
    count.asked += len(known)
    for task in settled.values():
        if task is None:
            count.lost += 1
        elif task.last_status == "RUNNING":
            count.running += 1
        else:
            count.undone += 1
            count.reasons[task.stopped_reason] += 1
    # What ran is kept for its logs, whatever became of its task.
    kept = {task.id[:12] for task in settled.values() if task is not None and any(part.ran for part in task.parts)}
    found = left(bench.daemon)
    belongings = [*found.containers, *found.networks, *found.volumes]
    count.orphaned += sum(not any(task_id in name for task_id in kept) for name in belongings)


@pytest.mark.parametrize("made", [LINKED, SHARED], ids=["bridge", "awsvpc"])
def test_launchers_killed_at_every_step(engine: Daemon, made: TaskDefinition) -> None:
    bench, count, ids = Bench(engine), Count(), list[str]()
    for crashpoint in ENDINGS:
        ids.append(new_id())
        child = child_launch(engine, ids[-1], made, crashpoint)
        child.communicate(timeout=60)
        if child.returncode == -signal.SIGKILL:
            count.kills += 1
    take_stock(bench, count, ids)
    print(f"\nlaunchers killed at every step ({made.network_mode}): {count}")
    steps = set(ENDINGS) - ({"after-network"} if made.network_mode != "bridge" else set())
    assert count.kills >= len(steps)
    assert (count.lost, count.doubled, count.orphaned) == (0, 0, 0)
    assert count.running >= 4
    assert set(count.reasons) == {"The launch was cut off and not resumed"}
    count.tell("launcher killed")


def test_dockerd_killed_during_launches(fresh_engine: Callable[..., Daemon]) -> None:
    """Its containers outlive it (live-restore); four launches at a time go on, or are given up, and taken up again."""
    daemon = fresh_engine(live_restore=True)
    bench, count, chance = Bench(daemon), Count(), random.Random(7)
    orders = [bench.order(chance.choice([LINKED, SHARED])) for _ in range(20)]
    waiting, over = list(orders), threading.Event()

    def work() -> None:
        hand = Bench(daemon)
        while waiting:
            try:
                order = waiting.pop()
            except IndexError:
                return
            try:
                hand.launcher().launch(order)
            except HostError:
                wait_until(hand.engine.info, within=30, ignoring=(HostError,))
                if not hand.engine.volumes(f"{TASK}={order.record.task_id}"):
                    waiting.append(order)  # nothing was begun: its caller would try again
                # What was begun is taken up by whoever watches.

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) and count.kills < 8:
        over.wait(chance.uniform(0.5, 2))
        daemon.kill()
        count.kills += 1
        daemon.start()
    for thread in threads:
        thread.join(120)
    assert not waiting
    take_stock(bench, count, [order.record.task_id for order in orders])
    print(f"\ndockerd killed during launches: {count}; reasons: {dict(count.reasons)}")
    assert count.kills >= 2
    assert (count.lost, count.doubled, count.orphaned) == (0, 0, 0)
    assert count.running >= 1
    count.tell("dockerd killed")
