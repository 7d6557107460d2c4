"""The index of tasks: whatever changes, it is what a look at all of them would give."""

from __future__ import annotations

import random
from typing import Any

from app.fleet.fleet import Fleet
from app.model.instance import Freshness, Instance, InstanceKey
from app.model.task import Task
from app.model.update import ContainerGone, ContainerSeen, FreshnessTold
from app.screens.filtering import parse_filter
from app.screens.rows import task_order
from app.screens.tables.task_index import TaskIndex
from tests.unit.builders import NOW, at, container, tag

HOSTS = [InstanceKey("prod", "edge-1"), InstanceKey("prod", "edge-2"), InstanceKey("edge", "edge-3")]


def _fleet() -> Fleet:
    fleet = Fleet()
    instances = [Instance(key, f"{n:032x}", f"unix:///{n}.sock", "ACTIVE", NOW) for n, key in enumerate(HOSTS)]
    fleet.register(["edge", "prod"], instances)
    fleet.apply([FreshnessTold(key, Freshness("live", NOW)) for key in HOSTS])
    return fleet


def _seen(chance: random.Random, number: int) -> Any:
    key = HOSTS[number % 3]
    marked = tag(task_id=f"{number:04x}" * 8, cluster=key.cluster, family=f"f{number % 5}", created_at=at(number % 7))
    state = chance.choice(["running", "created", "exited"])
    changes = {"exit_code": chance.choice([0, 1])} if state == "exited" else {}
    return ContainerSeen(key, container(marked, state, id=f"{number:064x}", **changes))


def _reversed_name(task: Task) -> tuple[str, str]:
    return task.family[::-1], task.id


def test_it_is_always_what_a_look_at_all_would_give() -> None:
    chance = random.Random(7)
    fleet = _fleet()
    indexes = [
        (TaskIndex(fleet, cluster), cluster, order, parse_filter(text) if text else None)
        for cluster in (None, "prod")
        for order in (task_order, _reversed_name)
        for text in ("", "state:running", "family:=f3")
    ]
    for index, _, order, matches in indexes:
        index.begin(order, matches)
    for turn in range(300):
        numbers = [chance.randrange(60) for _ in range(chance.choice([1, 1, 2, 40]))]
        updates = [
            ContainerGone(HOSTS[number % 3], f"{number:064x}") if chance.random() < 0.2 else _seen(chance, number)
            for number in numbers
        ]
        changes = fleet.apply(updates)
        for index, cluster, order, matches in indexes:
            index.change(changes.tasks)
            anew = TaskIndex(fleet, cluster)
            anew.begin(order, matches)
            assert index.ids == anew.ids, f"turn {turn}"
            assert index.tasks == anew.tasks
            assert (index.orders, index.total) == (anew.orders, anew.total)
