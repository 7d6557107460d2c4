"""Placement strategies as a request has them; ``standings`` goes by them (design: ECS semantics 5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from app.model.errors import MoorageError
from app.model.names import ATTRIBUTE_NAME

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

    def __str__(self) -> str:
        """As a request writes it: spread attribute:zone."""
        return f"{self.type} {_ATTRIBUTE if self.by_attribute else ''}{self.field}".rstrip()


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
