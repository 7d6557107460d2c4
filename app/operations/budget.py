"""What hosts are asked from here, a line for each engine, whatever it is called in however many clusters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.fleet.fleet import Fleet, InstanceState
from app.hosts.ledger import Costs
from app.model.endpoint import Endpoint
from app.operations.session import Session
from app.operations.stats import StatsFeed


@dataclass(frozen=True, slots=True)
class HostBudget:
    """``states``: the instances that are this engine; none: it is not registered, or no longer.

    ``wires``: connections that are kept to ask for stats.
    """

    endpoint: Endpoint
    states: tuple[InstanceState, ...]
    costs: Costs
    wires: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """Of all hosts together; rates a second."""

    asked_rate: float = 0.0
    events_rate: float = 0.0
    received_rate: float = 0.0
    streams: int = 0
    failed: int = 0


def host_budgets(session: Session, fleet: Fleet, stats: StatsFeed) -> list[HostBudget]:
    """Of each engine that is registered or was asked for anything, in the order of their names."""
    states: dict[Endpoint, list[InstanceState]] = {}
    for key in sorted(fleet.instances):
        state = fleet.instances[key]
        states.setdefault(state.instance.reached_by, []).append(state)
    engines, wires = session.engines(), stats.costs()
    found = []
    for endpoint in [*states, *(name for name in engines if name not in states)]:
        engine = engines.get(endpoint)
        costs = engine.ledger.costs() if engine is not None else Costs()
        if endpoint in states or costs.asked:
            found.append(HostBudget(endpoint, tuple(states.get(endpoint, ())), costs, wires.get(endpoint, (0, 0))[1]))
    return found


def totals_of(budgets: Iterable[HostBudget]) -> Totals:
    costs = [budget.costs for budget in budgets]
    return Totals(
        asked_rate=sum(cost.asked_rate for cost in costs),
        events_rate=sum(cost.events_rate for cost in costs),
        received_rate=sum(cost.received_rate for cost in costs),
        streams=sum(cost.streams for cost in costs),
        failed=sum(cost.failed for cost in costs),
    )
