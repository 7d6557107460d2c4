"""What a scheduler is given and what it gives back: our own, a program's, a plug-in's, or Docker Swarm's."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.model.names import BUILT_IN
from app.placement.candidate import Candidate
from app.placement.demand import Demand
from app.placement.planner import Plan, plan

NOT_CHOSEN = "SCHEDULER"
"""The reason of an instance that would have taken a task, and that a scheduler other than our own did not choose."""


@dataclass(frozen=True, slots=True)
class PlacementRequest:
    """Equal tasks that want a place. ``task_ids``: one each; a task keeps its id when it is placed a second time.

    ``candidates``: every instance of the cluster, also those that take nothing now; ``refusals.refusal`` says which.
    """

    cluster: str
    family: str
    revision: int
    task_ids: tuple[str, ...]
    demand: Demand
    candidates: tuple[Candidate, ...]


class Scheduler(Protocol):
    """Chooses instances for tasks. Called from any thread, and from several at a time."""

    @property
    def name(self) -> str: ...

    @property
    def reserves(self) -> bool:
        """Whether ``place`` reserves something somewhere: then it is asked at a launch alone, and not for a plan."""
        ...

    def place(self, request: PlacementRequest) -> Plan:
        """An instance for each of the tasks in their order, as many as can be placed; why not for the rest.

        Raises MoorageError when there is no answer to go by: then nothing was reserved anywhere.
        """
        ...

    def release(self, task_ids: Sequence[str]) -> None:
        """Tasks that were placed and are not there after all. What ``place`` reserved for them is given back."""
        ...


@dataclass(frozen=True, slots=True)
class BuiltInScheduler:
    """The request's strategies, or chance. It reserves nothing: creating a task's containers does."""

    rng: random.Random
    name: str = BUILT_IN
    reserves: bool = False

    def place(self, request: PlacementRequest) -> Plan:
        return plan(request.demand, len(request.task_ids), request.candidates, self.rng)

    def release(self, task_ids: Sequence[str]) -> None:
        pass
