"""Does a launch's reservation hold? Of launches that race for the last room on an engine, exactly one gets it.

Docker books nothing, so creating a task's containers is its claim. A launch may go on only when everything that it
sees fits beside it: of two that do not fit together, at least the one that looked last saw the other. Which of them
gives way is settled by the order of creation; the first waits until the others have, or have started after all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from app.model.container import Container
from app.model.instance import InstanceKey
from app.model.lifecycle import derive_task
from app.model.resources import Resources, total
from app.model.task import Task
from app.placement.constraints import NOT_DISTINCT
from app.placement.resources import Shortfall, shortfalls


@dataclass(frozen=True, slots=True)
class Verdict:
    """``held``: go on. ``lost``: give way. ``contested``: look again soon. ``short``: what there is not enough of."""

    state: Literal["held", "lost", "contested"]
    short: tuple[Shortfall, ...] = ()


def judge(
    task_id: str, wanted: Resources, capacity: Resources, containers: Iterable[Container], alone_of: str = ""
) -> Verdict:
    """What a launch whose containers are all made finds when it lists the host's.

    Args:
        alone_of: a group of which no other task may be there (distinctInstance); "" for none.
    """
    tasks: dict[str, list[Container]] = {}
    for container in containers:
        if container.tag is not None:
            tasks.setdefault(container.tag.task_id, []).append(container)
    place = {other: (min(container.created_at for container in parts), other) for other, parts in tasks.items()}
    first: list[Task] = []
    behind: list[Task] = []
    for other, parts in tasks.items():
        task = derive_task(InstanceKey("", ""), parts)
        if other == task_id or task is None or task.last_status == "STOPPED":
            continue
        claims = not any(container.ever_started for container in parts)
        (behind if claims and task_id in place and place[other] > place[task_id] else first).append(task)
    short = _in_the_way(wanted, capacity, first, alone_of)
    if short:
        return Verdict("lost", short)
    short = _in_the_way(wanted, capacity, (*first, *behind), alone_of)
    return Verdict("contested", short) if short else Verdict("held")


def _in_the_way(wanted: Resources, capacity: Resources, beside: Sequence[Task], alone_of: str) -> tuple[Shortfall, ...]:
    found = shortfalls(wanted, capacity, total(task.reservation for task in beside))
    same = next((task for task in beside if alone_of and task.group == alone_of), None)
    if same is not None:
        found.append(Shortfall(NOT_DISTINCT, f"task {same.id[:8]} of group {alone_of} is there"))
    return tuple(found)
