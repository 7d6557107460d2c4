"""Where tasks would go and why not elsewhere, from what the fleet knows now: the Run form's and ``plan``'s one source."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.fleet.fleet import InstanceState
from app.model.instance import InstanceKey
from app.operations.candidates import candidate, port_holders
from app.placement.capacity import room, total_room
from app.placement.demand import Demand
from app.placement.planner import Plan, Refusal, plan, refusal


@dataclass(frozen=True, slots=True)
class InstancePreview:
    """One instance in a plan.

    Attributes:
        count: how many of the planned tasks go there.
        refusal: why it takes none after these; None when it would take one more.
        room: how many of these fit there from now on, the planned ones included; None: without end.
    """

    key: InstanceKey
    count: int
    refusal: Refusal | None
    room: int | None


@dataclass(frozen=True, slots=True)
class Preview:
    """``instances``: all of the cluster, by key. ``room``: how many fit in all, the planned included; None: without end."""

    plan: Plan
    instances: tuple[InstancePreview, ...]
    room: int | None


def preview(
    states: Iterable[InstanceState],
    demand: Demand,
    count: int,
    seed: int = 0,
    only: Sequence[InstanceKey] | None = None,
) -> Preview:
    """Plan ``count`` tasks by the demand's strategies.

    Args:
        seed: of chance; the same gives the same plan.
        only: start-task's instances instead, one task on each; ``count`` then means nothing, strategies neither.
    """
    raise NotImplementedError
