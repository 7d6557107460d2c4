"""Placement constraints: they bind, whatever the strategy prefers (design: ECS semantics 5.2 and 5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from app.model.errors import DocumentError, Finding, MoorageError
from app.placement.evaluation import InstanceFacts, evaluate, found_instead
from app.placement.expressions import Expression, ExpressionError, parse

if TYPE_CHECKING:
    from app.model.task_definition import RuntimePlatform, TaskDefinition

MOST_CONSTRAINTS = 10
NOT_A_MEMBER = "MemberOf placement constraint unsatisfied."
NOT_DISTINCT = "DistinctInstance placement constraint unsatisfied."
_ARCHITECTURES = {"X86_64": "x86_64", "ARM64": "arm64"}


class WrittenConstraint(Protocol):
    """A constraint as a request or a definition has it."""

    @property
    def type(self) -> Literal["distinctInstance", "memberOf"]: ...
    @property
    def expression(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class MemberOf:
    """Only instances that the expression selects. ``text``: the expression, for people."""

    text: str
    expression: Expression

    def holds(self, facts: InstanceFacts) -> bool:
        return evaluate(self.expression, facts)

    def why_not(self, facts: InstanceFacts) -> str:
        """In words why it does not hold."""
        return f"{self.text} does not hold{found_instead(self.expression, facts)}"


@dataclass(frozen=True, slots=True)
class Constraints:
    """All of them have to hold. ``distinct``: no instance that has a task of the same group."""

    members: tuple[MemberOf, ...] = ()
    distinct: bool = False

    def unmet(self, facts: InstanceFacts) -> list[MemberOf]:
        return [member for member in self.members if not member.holds(facts)]


def constraints_of(definition: TaskDefinition, requested: Sequence[WrittenConstraint] = ()) -> Constraints:
    """A definition's constraints, those that its runtimePlatform implies, and a request's.

    Raises DocumentError for an expression that is none, MoorageError (InvalidParameterException) for too many.
    """
    written = [*definition.placement_constraints, *requested]
    if len(written) > MOST_CONSTRAINTS:
        raise MoorageError(
            f"{len(written)} placement constraints with those of the definition, at most {MOST_CONSTRAINTS} are "
            "allowed: leave some out, or join expressions with 'and'",
            code="InvalidParameterException",
        )
    members = [
        *_members(definition.placement_constraints, "task definition"),
        *_members(requested, "request"),
        *_platform(definition.runtime_platform),
    ]
    return Constraints(tuple(members), any(constraint.type == "distinctInstance" for constraint in requested))


def check_expressions(definition: TaskDefinition, source: str) -> None:
    """Raises DocumentError when one of a definition's expressions is none."""
    _members(definition.placement_constraints, source, "ClientException")


def _members(
    written: Sequence[WrittenConstraint], source: str, code: str = "InvalidParameterException"
) -> list[MemberOf]:
    """Every expression of a list; what is wrong in any of them is told at once."""
    found, wrong = [], []
    for index, constraint in enumerate(written):
        text = constraint.expression or ""
        at = f"placementConstraints[{index}].expression"
        if constraint.type == "distinctInstance":
            if text:
                wrong.append(Finding(at, "distinctInstance takes no expression", "remove it"))
            continue
        try:
            found.append(MemberOf(text, parse(text)))
        except ExpressionError as error:
            wrong.append(Finding(at, error.message, ""))
    if wrong:
        raise DocumentError(source, wrong, code=code)
    return found


def _platform(platform: RuntimePlatform | None) -> list[MemberOf]:
    if platform is None:
        return []
    texts = []
    if platform.cpu_architecture is not None:
        texts.append(f"attribute:ecs.cpu-architecture == {_ARCHITECTURES[platform.cpu_architecture]}")
    if platform.operating_system_family is not None:
        linux = platform.operating_system_family == "LINUX"
        texts.append(f"attribute:ecs.os-type == {'linux' if linux else 'windows'}")
    return [MemberOf(text, parse(text)) for text in texts]
