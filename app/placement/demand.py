"""What a task asks of an instance, and by which strategy one is chosen for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from app.model.resources import Resources
from app.placement.attributes import needed_attributes
from app.placement.constraints import Constraints, WrittenConstraint, constraints_of
from app.placement.strategies import Strategy, WrittenStrategy, strategies_of

if TYPE_CHECKING:
    from app.model.task_definition import TaskDefinition


@dataclass(frozen=True, slots=True)
class Demand:
    """``attributes``: names of those that the instance must have. Without strategies the choice is random."""

    resources: Resources = field(default_factory=Resources)
    group: str = ""
    attributes: tuple[str, ...] = ()
    constraints: Constraints = field(default_factory=Constraints)
    strategies: tuple[Strategy, ...] = ()

    def on_named_instances(self) -> Demand:
        """What start-task asks: constraints do not bind, and nothing is chosen (design: ECS semantics 5.4)."""
        return replace(self, constraints=Constraints(), strategies=())


def demand_of(
    definition: TaskDefinition,
    group: str,
    constraints: Sequence[WrittenConstraint] = (),
    strategies: Sequence[WrittenStrategy] = (),
) -> Demand:
    """What a task of a definition, with the overrides in place, asks for.

    Args:
        constraints, strategies: the request's own.

    Raises MoorageError for what is wrong with one of them.
    """
    from app.model.reservation import reservation

    return Demand(
        reservation(definition),
        group,
        needed_attributes(definition),
        constraints_of(definition, constraints),
        strategies_of(strategies),
    )
