"""Why an instance does not take a task: the parts of the placement pipeline that bind (design: ECS semantics 5.2)."""

from __future__ import annotations

from dataclasses import dataclass

from app.model.instance import InstanceKey
from app.model.safe_text import safe_line
from app.placement.candidate import Candidate
from app.placement.constraints import NOT_A_MEMBER, NOT_DISTINCT
from app.placement.demand import Demand
from app.placement.resources import shortfalls


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an instance does not take the task: ``reason`` in ECS's terms, ``words`` for a person."""

    key: InstanceKey
    reason: str
    words: str


def refusal(candidate: Candidate, demand: Demand) -> Refusal | None:
    """Why this instance does not take one more task of the demand; None when it does."""
    if candidate.barred:
        return Refusal(candidate.key, candidate.barred, candidate.barred_words)
    missing = next((name for name in demand.attributes if name not in candidate.facts.attributes), None)
    if missing is not None:
        return Refusal(candidate.key, "ATTRIBUTE", safe_line(f"attribute {missing} is missing"))
    short = shortfalls(demand.resources, candidate.registered, candidate.reserved)
    if short:
        return Refusal(candidate.key, short[0].reason, ", ".join(fault.words for fault in short))
    unmet = demand.constraints.unmet(candidate.facts)
    if unmet:
        return Refusal(candidate.key, NOT_A_MEMBER, safe_line(unmet[0].why_not(candidate.facts)))
    if demand.constraints.distinct and candidate.tasks_of(demand.group):
        return Refusal(candidate.key, NOT_DISTINCT, safe_line(f"it has a task of group {demand.group} already"))
    return None
