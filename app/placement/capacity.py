"""How many more of a task fit on an instance, and in a cluster."""

from __future__ import annotations

from collections.abc import Iterable

from app.placement.candidate import Candidate
from app.placement.demand import Demand
from app.placement.planner import refusal


def room(demand: Demand, candidate: Candidate) -> int | None:
    """How many more tasks of the demand the instance takes; None: without end, as they reserve nothing."""
    return 0 if refusal(candidate, demand) is not None else None


def total_room(demand: Demand, candidates: Iterable[Candidate]) -> int | None:
    """As ``room``, of all of them together."""
    total = 0
    for one in candidates:
        more = room(demand, one)
        if more is None:
            return None
        total += more
    return total
