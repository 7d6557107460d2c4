"""Placement strategies: of the instances that may take a task, the best ones (design: ECS semantics 5.2)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from app.model.errors import MoorageError
from app.model.names import ATTRIBUTE_NAME
from app.placement.candidate import Candidate

_ATTRIBUTE = "attribute:"


class WrittenStrategy(Protocol):
    """A strategy as a request has it."""

    @property
    def type(self) -> Literal["random", "spread", "binpack"]: ...
    @property
    def field(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Strategy:
    """``field``: instanceId or the name of an attribute for spread, cpu or memory for binpack, "" for random.

    ``by_attribute``: the field is the name of an attribute.
    """

    type: Literal["random", "spread", "binpack"]
    field: str = ""
    by_attribute: bool = False

    def bucket(self, candidate: Candidate) -> str:
        """What spread counts together; instances without the attribute have the bucket ""."""
        return candidate.facts.attributes.get(self.field, "") if self.by_attribute else candidate.id


def strategies_of(written: Sequence[WrittenStrategy]) -> tuple[Strategy, ...]:
    """Raises MoorageError (InvalidParameterException) for a field that its strategy does not know."""
    return tuple(_strategy(f"placementStrategy[{index}].field", one) for index, one in enumerate(written))


def _strategy(at: str, written: WrittenStrategy) -> Strategy:
    field = written.field
    match written.type:
        case "random" if not field:
            return Strategy("random")
        case "random":
            problem = "random takes no field; leave it out"
        case "spread" if field in ("instanceId", "host"):
            return Strategy("spread", "instanceId")
        case "spread" if field.startswith(_ATTRIBUTE) and ATTRIBUTE_NAME.fullmatch(field.removeprefix(_ATTRIBUTE)):
            return Strategy("spread", field.removeprefix(_ATTRIBUTE), by_attribute=True)
        case "spread":
            problem = f"{field[:60]!r} is nothing to spread over; write instanceId, host or attribute:NAME"
        case "binpack" if field.lower() in ("cpu", "memory"):
            return Strategy("binpack", field.lower())
        case _:
            problem = f"{field[:60]!r} is nothing to pack by; write cpu or memory"
    raise MoorageError(f"{at}: {problem}", code="InvalidParameterException")


def choose(
    fitting: Sequence[Candidate],
    everywhere: Sequence[Candidate],
    group: str,
    strategies: Sequence[Strategy],
    rng: random.Random,
) -> Candidate:
    """The instance for the next task of a group.

    Each strategy keeps the best of those that the one before it left. Without any it is as with random; else of
    several that are equally good it is the one with the lowest id.

    Args:
        fitting: instances that can take it; at least one.
        everywhere: all instances of the cluster; tasks on those that cannot take it fill their buckets too.
    """
    left, around = sorted(fitting, key=_order), list(everywhere)
    for strategy in strategies:
        match strategy.type:
            case "random":
                return rng.choice(left)
            case "spread":
                left, around = _least_full(strategy, left, around, group)
            case "binpack":
                least = min(_remaining(candidate, strategy.field) for candidate in left)
                left = [candidate for candidate in left if _remaining(candidate, strategy.field) == least]
    return left[0] if strategies else rng.choice(left)


def _order(candidate: Candidate) -> tuple[str, ...]:
    return (candidate.id, *candidate.key)


def _least_full(
    strategy: Strategy, left: list[Candidate], around: list[Candidate], group: str
) -> tuple[list[Candidate], list[Candidate]]:
    """Those in the buckets with the fewest tasks of the group, and all instances of these buckets."""
    tasks: Counter[str] = Counter()
    for candidate in around:
        tasks[strategy.bucket(candidate)] += candidate.tasks_of(group)
    fewest = min(tasks[strategy.bucket(candidate)] for candidate in left)
    buckets = {strategy.bucket(candidate) for candidate in left if tasks[strategy.bucket(candidate)] == fewest}
    return (
        [candidate for candidate in left if strategy.bucket(candidate) in buckets],
        [candidate for candidate in around if strategy.bucket(candidate) in buckets],
    )


def _remaining(candidate: Candidate, field: str) -> int:
    registered, reserved = candidate.registered, candidate.reserved
    return registered.cpu - reserved.cpu if field == "cpu" else registered.memory - reserved.memory
