"""Where tasks of one group can go, and how the strategies rank these instances while they fill up.

An instance is an index here, in the order of ids, and what strategies compare is in plain columns beside it: a plan of
thousands of tasks looks at every instance for each of them.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.placement.candidate import Candidate
from app.placement.demand import Demand
from app.placement.refusals import Refusal, refusal
from app.placement.strategies import Strategy


@dataclass(frozen=True, slots=True)
class Round:
    """What one strategy made of the instances that those before it left.

    Attributes:
        measures: what it compared, one an instance of ``before``; the least is the best. None for chance.
        after: those that it kept.
    """

    strategy: Strategy
    before: Sequence[int]
    measures: Sequence[int] | None
    after: Sequence[int]


class Standings:
    """``candidates``: every instance of the cluster; tasks on those that take none fill their zones too.

    Without strategies the choice is by chance; else of several that are equally good it is the one with the lowest id.
    """

    def __init__(self, candidates: Sequence[Candidate], demand: Demand, rng: random.Random) -> None:
        self.candidates = sorted(candidates, key=lambda candidate: (candidate.id, *candidate.key))
        self.refusals: list[Refusal | None] = [refusal(candidate, demand) for candidate in self.candidates]
        self._demand = demand
        self._rng = rng
        self._strategies = demand.strategies or (Strategy("random"),)
        self._fitting = [index for index, why in enumerate(self.refusals) if why is None]
        self._tasks = [candidate.tasks_of(demand.group) for candidate in self.candidates]
        self._left = {
            one.field: [_remaining(candidate, one.field) for candidate in self.candidates]
            for one in self._strategies
            if one.type == "binpack"
        }
        self._zones = {
            one.field: [candidate.facts.attributes.get(one.field, "") for candidate in self.candidates]
            for one in self._strategies
            if one.by_attribute
        }
        self._zone_tasks = {field: self._counted(zones, range(len(zones))) for field, zones in self._zones.items()}

    @property
    def fitting(self) -> Sequence[int]:
        return self._fitting

    def choose(self) -> int | None:
        """The instance for the next task; None when it fits nowhere."""
        if not self._fitting:
            return None
        kept: Sequence[int] = self._fitting
        for one in self.rounds():
            kept = one.after
        return kept[0]

    def place(self, index: int) -> None:
        """The next task goes there."""
        demand = self._demand
        candidate = self.candidates[index].with_tasks(1, demand.resources, demand.group)
        self.candidates[index] = candidate
        self.refusals[index] = why = refusal(candidate, demand)
        if why is not None:
            at = bisect_left(self._fitting, index)
            if self._fitting[at : at + 1] == [index]:
                del self._fitting[at]
        self._tasks[index] += 1
        for field, left in self._left.items():
            left[index] = _remaining(candidate, field)
        for field, zones in self._zones.items():
            self._zone_tasks[field][zones[index]] += 1

    def rounds(self) -> Iterator[Round]:
        """How each strategy in turn narrows down those that fit. What comes after chance has nothing to say."""
        before: Sequence[int] = self._fitting
        around: Sequence[int] | None = None
        for strategy in self._strategies:
            if strategy.type == "random":
                yield Round(strategy, before, None, [self._rng.choice(before)])
                return
            measures = self._measures(strategy, before, around)
            least = min(measures)
            after = [index for index, measure in zip(before, measures, strict=True) if measure == least]
            yield Round(strategy, before, measures, after)
            if strategy.by_attribute:
                around = self._same_zones(self._zones[strategy.field], after, around)
            before = after

    def zone(self, strategy: Strategy, index: int) -> str:
        return self._zones[strategy.field][index]

    def _measures(self, strategy: Strategy, before: Sequence[int], around: Sequence[int] | None) -> list[int]:
        if strategy.type == "binpack":
            left = self._left[strategy.field]
            return [left[index] for index in before]
        if not strategy.by_attribute:
            tasks = self._tasks
            return [tasks[index] for index in before]
        zones = self._zones[strategy.field]
        counts = self._zone_tasks[strategy.field] if around is None else self._counted(zones, around)
        return [counts[zones[index]] for index in before]

    def _counted(self, zones: Sequence[str], around: Sequence[int]) -> Counter[str]:
        """Tasks of the group by zone. Instances without the attribute are a zone of their own, ""."""
        counts: Counter[str] = Counter()
        for index in around:
            counts[zones[index]] += self._tasks[index]
        return counts

    @staticmethod
    def _same_zones(zones: Sequence[str], after: Sequence[int], around: Sequence[int] | None) -> list[int]:
        """All instances, full ones too, of the zones that a spread left: the next one counts in these alone."""
        kept = {zones[index] for index in after}
        return [index for index in (range(len(zones)) if around is None else around) if zones[index] in kept]


def _remaining(candidate: Candidate, field: str) -> int:
    registered, reserved = candidate.registered, candidate.reserved
    return registered.cpu - reserved.cpu if field == "cpu" else registered.memory - reserved.memory
