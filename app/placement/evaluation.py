"""What an expression says of an instance (design: ECS semantics 5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.placement.expressions import AllOf, AnyOf, Comparison, Expression, Not, Operator
from app.placement.values import Value, version


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """What expressions can ask for.

    ``name`` stands for ec2InstanceId and ``engine_version`` for agentVersion: there is neither EC2 nor an agent.
    ``groups``: those of its tasks that are PENDING or RUNNING. An attribute "" has no value: it only exists.
    """

    name: str = ""
    connected: bool = True
    engine_version: str = ""
    registered_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    running_tasks: int = 0
    groups: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)


_OPPOSITES: dict[Operator, Operator] = {"!=": "==", "!in": "in", "!~": "=~", "!exists": "exists"}


def evaluate(expression: Expression, subject: InstanceFacts) -> bool:
    """Whether the instance is one that the expression selects."""
    match expression:
        case AnyOf():
            return any(evaluate(part, subject) for part in expression.parts)
        case AllOf():
            return all(evaluate(part, subject) for part in expression.parts)
        case Not():
            return not evaluate(expression.part, subject)
        case Comparison():
            return _holds(expression, subject)


def _holds(test: Comparison, facts: InstanceFacts) -> bool:
    positive = _OPPOSITES.get(test.operator, test.operator)
    wanted = positive == test.operator
    if positive == "exists":
        return (test.attribute in facts.attributes) == wanted
    if test.subject == "task:group":
        return any(_compares(positive, group, test.values) for group in facts.groups) == wanted
    value = _fact(test, facts)
    # What is not known is neither equal to anything nor unequal.
    return value is not None and _compares(positive, value, test.values) == wanted


def found_instead(expression: Expression, facts: InstanceFacts) -> str:
    """What an attribute is with which an expression does not hold, as ``: it is hdd``; "" where that is not plain.

    Of several parts that all have to hold it is the first that does not, and it is named.
    """
    if isinstance(expression, AllOf):
        part = next((part for part in expression.parts if not evaluate(part, facts)), None)
        told = found_instead(part, facts) if part is not None else ""
        return told.replace(": it ", f": {part.attribute} ", 1) if isinstance(part, Comparison) else told
    if not isinstance(expression, Comparison) or expression.subject != "attribute":
        return ""
    value = facts.attributes.get(expression.attribute)
    return ": it is missing" if value is None else f": it is {value}" if value else ": it has no value"


def _fact(test: Comparison, facts: InstanceFacts) -> Any:
    match test.subject:
        case "agentConnected":
            return "true" if facts.connected else "false"
        case "agentVersion":
            return version(facts.engine_version)
        case "ec2InstanceId":
            return facts.name
        case "registeredAt":
            return facts.registered_at
        case "runningTasksCount":
            return facts.running_tasks
    return facts.attributes.get(test.attribute) or None


def _compares(operator: Operator, fact: Any, values: tuple[Value, ...]) -> bool:
    """``fact`` is of the kind of the values: the expression was read so."""
    value: Any = values[0]
    match operator:
        case "in":
            return fact in values
        case "=~":
            return bool(value.matches(fact))
        case ">":
            return bool(fact > value)
        case ">=":
            return bool(fact >= value)
        case "<":
            return bool(fact < value)
        case "<=":
            return bool(fact <= value)
    return bool(fact == value)
