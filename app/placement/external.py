"""Bring your own scheduler: the request that it is sent, and the check of its answer (docs/schedulers.md).

Pure: how a scheduler is asked comes in as ``ask``. Whatever it answers, no instance gets more than it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.model.errors import MoorageError
from app.model.ids import instance_arn
from app.model.instance import InstanceKey
from app.model.resources import Resources
from app.model.safe_text import safe_line
from app.placement.candidate import Candidate
from app.placement.capacity import room
from app.placement.demand import Demand
from app.placement.planner import Plan
from app.placement.refusals import Refusal, refusal
from app.placement.scheduling import NOT_CHOSEN, PlacementRequest
from app.placement.strategies import Strategy

VERSION = 1
_MEMBERS = ("placements", "reason")
_LONGEST_NAME = 80
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class ExternalScheduler:
    """A scheduler that is asked with a JSON document and answers with one. It reserves nothing.

    Attributes:
        ask: request document → answer, both as JSON values. Raises MoorageError when there is no answer.
    """

    name: str
    ask: Callable[[dict[str, Any]], Any]
    reserves: bool = False

    def place(self, request: PlacementRequest) -> Plan:
        return checked_plan(self.name, request, self.ask(request_document(request)))

    def release(self, task_ids: Sequence[str]) -> None:
        pass


def fault(name: str, words: str, more: str = "") -> MoorageError:
    """What a scheduler did wrong, in one line. ``more``: what it said itself, "" for nothing."""
    told = f": {_shortened(more, _LONGEST_REASON)}" if more else ""
    return MoorageError(f"scheduler {name!r} {words}{told}", code="ServerException")


def request_document(request: PlacementRequest) -> dict[str, Any]:
    """The document, made of JSON's own types; instances by name. Units: CPU 1024 a core, memory in MiB."""
    demand = request.demand
    return {
        "version": VERSION,
        "cluster": request.cluster,
        "taskDefinition": f"{request.family}:{request.revision}",
        "group": demand.group,
        "count": len(request.task_ids),
        "tasks": list(request.task_ids),
        "reservation": {**_amounts(demand.resources), **_ports(demand.resources)},
        "strategy": [_strategy(one) for one in demand.strategies],
        "instances": [_instance(one, demand) for one in _by_name(request.candidates)],
    }


def checked_plan(name: str, request: PlacementRequest, answer: Any) -> Plan:
    """The plan that a scheduler's answer is.

    Args:
        answer: ``{"placements": [instance, …], "reason": "why not more"}``, or the list alone.

    Raises MoorageError that names the scheduler and its fault: then nothing of the answer may be used.
    """
    names, reason = _read(name, answer)
    count = len(request.task_ids)
    if len(names) > count:
        raise fault(name, f"placed {len(names)} tasks, where {count} {'was' if count == 1 else 'were'} asked for")
    demand, left = request.demand, {one.key.name: one for one in _by_name(request.candidates)}
    placements: list[InstanceKey] = []
    for chosen in names:
        shown = _shortened(chosen, _LONGEST_NAME)
        if chosen not in left:
            raise fault(name, f"chose {shown!r}, which is no instance of cluster {request.cluster}")
        candidate = left[chosen]
        why = refusal(candidate, demand)
        if why is not None:
            before = names[: len(placements)].count(chosen)
            some = f"no more than {before}" if before else "none"
            raise fault(name, f"chose {shown}, which takes {some}: {why.words}")
        placements.append(candidate.key)
        left[chosen] = candidate.with_tasks(1, demand.resources, demand.group)
    refusals: list[Refusal] = []
    if len(placements) < count:
        refusals = [refusal(one, demand) or _passed_over(name, one, reason) for one in left.values()]
    return Plan(tuple(placements), tuple(refusals))


def _read(name: str, answer: Any) -> tuple[list[str], str]:
    members = answer if isinstance(answer, Mapping) else {"placements": answer}
    unknown = next((key for key in members if key not in _MEMBERS), None)
    if unknown is not None:
        raise fault(name, f"answered with {_shortened(unknown, _LONGEST_NAME)!r}, which is no member of an answer")
    placements, reason = members.get("placements"), members.get("reason")
    if not isinstance(placements, list | tuple) or not all(isinstance(one, str) for one in placements):
        raise fault(name, 'did not answer {"placements": [NAME, …]} with a name of an instance for each task')
    if not isinstance(reason, str | None):
        raise fault(name, "gave a reason that is no text")
    return list(placements), reason or ""


def _passed_over(name: str, candidate: Candidate, reason: str) -> Refusal:
    told = f": {_shortened(reason, _LONGEST_REASON)}" if reason else ""
    return Refusal(candidate.key, NOT_CHOSEN, f"scheduler {name!r} did not choose it{told}")


def _by_name(candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda candidate: candidate.key)


def _instance(candidate: Candidate, demand: Demand) -> dict[str, Any]:
    registered, reserved, why = candidate.registered, candidate.reserved, refusal(candidate, demand)
    remaining = Resources(
        registered.cpu - reserved.cpu, registered.memory - reserved.memory, gpus=registered.gpus - reserved.gpus
    )
    document: dict[str, Any] = {
        "name": candidate.key.name,
        "arn": instance_arn(candidate.key.cluster, candidate.id),
        "attributes": dict(sorted(candidate.facts.attributes.items())),
        "registered": _amounts(registered),
        "reserved": {**_amounts(reserved), **_ports(reserved)},
        "remaining": _amounts(remaining),
        "runningTasksCount": candidate.facts.running_tasks,
        "groupTasks": candidate.tasks_of(demand.group),
        "fits": room(demand, candidate),
    }
    return document if why is None else {**document, "reason": why.reason, "detail": why.words}


def _amounts(resources: Resources) -> dict[str, int]:
    return {"cpu": resources.cpu, "memory": resources.memory, "gpus": resources.gpus}


def _ports(resources: Resources) -> dict[str, list[int]]:
    return {"ports": sorted(resources.ports), "portsUdp": sorted(resources.ports_udp)}


def _strategy(strategy: Strategy) -> dict[str, str]:
    field = f"attribute:{strategy.field}" if strategy.by_attribute else strategy.field
    return {"type": strategy.type, "field": field} if field else {"type": strategy.type}


def _shortened(text: object, longest: int) -> str:
    line = safe_line(text)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
