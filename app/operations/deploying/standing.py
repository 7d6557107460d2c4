"""What runs already and may stay, what is replaced, and where what is missing would go. Pure but for chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from app.fleet.fleet import InstanceState
from app.model.instance import InstanceKey
from app.model.task import Task
from app.operations.preview import InstancePreview, preview, with_holders
from app.placement.demand import Demand
from app.placement.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Standing:
    """How a group of tasks becomes what is wanted.

    Attributes:
        current: tasks that stay, the oldest first.
        replaced: tasks that are stopped: of another revision or image, or more than are wanted.
        missing: how many are to be started.
        stop_first: there is no room for these beside those that are replaced.
        places: where they would go, each task's instance; fewer than ``missing`` where there is no room.
        able: every instance that could take one.
        refusals: why others cannot, where room is short.
    """

    current: tuple[Task, ...]
    replaced: tuple[Task, ...]
    missing: int
    stop_first: bool = False
    places: tuple[InstanceKey, ...] = ()
    able: tuple[InstanceKey, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def fits(self) -> bool:
        return len(self.places) >= self.missing


def stand(
    states: Mapping[InstanceKey, InstanceState],
    demand: Demand,
    count: int,
    running: Sequence[Task],
    stays: Callable[[Task], bool],
    seed: int,
    only: Collection[InstanceKey] | None = None,
) -> Standing:
    """Of the group's tasks ``running``, and what fits beside them or else in their place.

    Args:
        only: instances that alone may take tasks; None: all.
    """
    good = sorted((task for task in running if stays(task)), key=lambda task: (task.created_at, task.id))
    current, surplus = good[:count], good[count:]
    gone = [*(task for task in running if task not in good), *surplus]
    standing = Standing(tuple(current), tuple(gone), count - len(current))
    if not standing.missing:
        return standing
    beside = _placed(standing, states, demand, seed, only)
    if beside.fits or not gone:
        return beside
    after = {key: _without(state, {task.id for task in gone}) for key, state in states.items()}
    return replace(_placed(standing, after, demand, seed, only), stop_first=True)


def _placed(
    standing: Standing,
    states: Mapping[InstanceKey, InstanceState],
    demand: Demand,
    seed: int,
    only: Collection[InstanceKey] | None,
) -> Standing:
    some = [state for key, state in states.items() if only is None or key in only]
    seen = preview(some, demand, standing.missing, seed)
    why = tuple(with_holders(one, states[one.key], demand) for one in seen.plan.refusals)
    able = tuple(one.key for one in seen.instances if _takes(one))
    return replace(standing, places=tuple(seen.plan.placements), able=able, refusals=why)


def _takes(one: InstancePreview) -> bool:
    return one.room is None or one.room > 0


def _without(state: InstanceState, gone: set[str]) -> InstanceState:
    """As it is once these tasks have stopped."""
    left = {task_id: task for task_id, task in state.tasks.items() if task_id not in gone}
    containers = {
        key: container
        for key, container in state.containers.items()
        if container.tag is None or container.tag.task_id not in gone
    }
    return replace(state, tasks=left, containers=containers, _reserved=None)


def new_seed() -> int:
    """Of one deploy: its plan and its launch choose by the same chance."""
    return random.SystemRandom().randrange(2**31)
