"""Why a task went where it went: for every other instance the reason, in ECS's terms and in words."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from app.model.instance import InstanceKey
from app.model.safe_text import safe_line
from app.placement.candidate import Candidate
from app.placement.demand import Demand
from app.placement.refusals import Refusal
from app.placement.standings import Standings
from app.placement.strategies import Strategy

STRATEGY = "STRATEGY"
"""The reason of an instance that takes the task, where another was chosen. Our own: ECS tells nothing of these."""


def explain(
    demand: Demand, placements: Sequence[InstanceKey], candidates: Sequence[Candidate], chosen_by: str = ""
) -> Iterator[list[Refusal]]:
    """For each task of a plan, in order, every instance that it did not go to, by key.

    Args:
        candidates: as they were given to the plan; ``demand`` too.
        chosen_by: the name of a scheduler that is not our own, whose reasons nobody knows.
    """
    standings = Standings(candidates, demand, random.Random(0))
    index_of = {candidate.key: index for index, candidate in enumerate(standings.candidates)}
    for key in placements:
        chosen = index_of[key]
        refused = [why for why in standings.refusals if why is not None]
        beaten = _all(standings.fitting, f"{chosen_by} chose another") if chosen_by else _beaten(standings)
        beaten_keys = [
            Refusal(standings.candidates[index].key, STRATEGY, safe_line(words))
            for index, words in beaten
            if index != chosen
        ]
        yield sorted([*refused, *beaten_keys], key=lambda why: why.key)
        standings.place(chosen)


def _beaten(standings: Standings) -> Iterator[tuple[int, str]]:
    """Instances that fit and were not the best, and why; of the best ones all, as if none had been chosen."""
    kept = standings.fitting
    for one in standings.rounds():
        if one.measures is None:
            yield from _all(one.before, "chance chose another")
            return
        best = min(one.measures)
        for index, measure in zip(one.before, one.measures, strict=True):
            if measure != best:
                yield index, _worse(standings, one.strategy, index, measure, best)
        kept = one.after
    yield from _all(kept, "as good; the lowest id was taken")


def _all(indexes: Sequence[int], words: str) -> Iterator[tuple[int, str]]:
    return ((index, words) for index in indexes)


def _worse(standings: Standings, strategy: Strategy, index: int, measure: int, best: int) -> str:
    if strategy.type == "binpack":
        unit = "MiB" if strategy.field == "memory" else "CPU units"
        return f"{strategy}: {measure} {unit} left there, {best} where it went"
    tasks = "task" if measure == 1 else "tasks"
    where = "there"
    if strategy.by_attribute:
        zone = standings.zone(strategy, index)
        where = f"with {strategy.field} {zone}" if zone else f"without {strategy.field}"
    return f"{strategy}: {measure} {tasks} of the group {where}, {best} where it went"
