"""``plan``: where run-task would start its tasks now, why not elsewhere, and how many more of them fit."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.fleet.fleet import InstanceState
from app.model.errors import Finding, MoorageError
from app.model.ids import definition_arn, instance_arn
from app.model.instance import InstanceKey
from app.model.names import BUILT_IN
from app.model.requests import RunTaskRequest
from app.model.task import Task
from app.operations.blueprint import Blueprint, make_blueprint
from app.operations.client_tokens import launched_before
from app.operations.images.presence import Presence, definition_presence, missing_words
from app.operations.launch import surveyed, verdict_on
from app.operations.preview import Preview, candidates_of, failure_shape, preview, preview_of, with_holders
from app.operations.schedulers import check_scheduler, scheduler_for
from app.operations.session import Session
from app.placement.demand import Demand
from app.placement.explanation import explain
from app.placement.planner import Plan
from app.placement.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Planned:
    """``placed`` of ``wanted`` tasks have an instance."""

    shape: dict[str, Any]
    wanted: int
    placed: int
    warnings: tuple[Finding, ...]


def plan_task(session: Session, request: RunTaskRequest, seed: int | None = None) -> Planned:
    """What run-task would do with this request now. Nothing is launched, and nothing is reserved.

    Args:
        seed: of chance; the same gives the same plan of the same cluster.

    Raises MoorageError, as run-task does; also for a scheduler that can be asked at a launch alone.
    """
    blueprint = make_blueprint(session, request)
    scheduler = scheduler_for(session, blueprint.cluster, request.scheduler, random.Random(seed))
    if scheduler.reserves:
        raise MoorageError(
            f"the scheduler {scheduler.name!r} chooses at the launch and tells nothing before: plan with --scheduler "
            f"{BUILT_IN}, or see with --max what fits",
            code="InvalidParameterException",
        )
    fleet = surveyed(session, blueprint.cluster)
    states, candidates = fleet.instances, candidates_of(fleet.instances)
    before = launched_before(fleet, blueprint)
    ids = [] if before else [blueprint.task_id(index) for index in range(request.count)]
    made = scheduler.place(blueprint.placement_request(ids, candidates)) if ids else Plan((), ())
    seen = preview_of(made, blueprint.demand, candidates, states)
    live = [state.instance for state in states.values() if state.live]
    presence = definition_presence(session, blueprint.definition, live)
    chosen_by = "" if scheduler.name == BUILT_IN else scheduler.name
    shape = {
        **_head(blueprint),
        "scheduler": scheduler.name,
        **plan_shape(seen, blueprint.demand, states, chosen_by, presence),
    }
    missing = [Finding("image", words, does, "warning") for words, does in missing_words(presence, made.placements)]
    warnings = (*blueprint.warnings, *reaching(session, blueprint), *_made_before(before), *missing)
    return Planned(shape, len(ids), len(made.placements), warnings)


def reaching(session: Session, blueprint: Blueprint) -> list[Finding]:
    """What run-task would ask for before it makes anything, or would be refused."""
    dangerous = session.policies.of(blueprint.cluster.name).dangerous
    if dangerous == "allow":
        return []
    then = "run-task asks first; --yes says yes" if dangerous == "confirm" else "the cluster denies it"
    return [
        Finding(risk.member, risk.gives, "nobody here knows what that gives" if risk.unknown else then, "warning")
        for risk in verdict_on(session, blueprint).risks
    ]


def _made_before(tasks: Sequence[Task]) -> list[Finding]:
    if not tasks:
        return []
    some, them = ("1 task", "it") if len(tasks) == 1 else (f"{len(tasks)} tasks", "them")
    problem = f"this call was made before, and started {some}"
    return [Finding("clientToken", problem, f"run-task tells of {them} and starts nothing", "warning")]


def plan_most(session: Session, request: RunTaskRequest) -> Planned:
    """How many more of these fit in the cluster; ``room`` None: without end, as they reserve nothing.

    Whoever places them, no more fit; a scheduler's name that is unknown is refused all the same.
    """
    blueprint = make_blueprint(session, request)
    check_scheduler(session, request.scheduler)
    states = surveyed(session, blueprint.cluster).instances
    seen = preview(states.values(), blueprint.demand, 0)
    return Planned({**_head(blueprint), **_room_shape(seen, states)}, 0, 0, blueprint.warnings)


def plan_shape(
    seen: Preview,
    demand: Demand,
    states: Mapping[InstanceKey, InstanceState],
    chosen_by: str = "",
    presence: Presence | None = None,
) -> dict[str, Any]:
    """A plan as JSON: each task's instance and why not the others, what it means for each instance, and failures.

    Args:
        states: what the plan was made of.
        chosen_by: the name of a scheduler that is not our own.
        presence: where the images are, if it is known: a launch pulls what is missing.
    """

    def told(why: Refusal) -> dict[str, str]:
        words = with_holders(why, states[why.key], demand).words
        return {**_named(why.key, states), "reason": why.reason, "detail": words}

    steps = explain(demand, seen.plan.placements, candidates_of(states), chosen_by)
    placements = [
        {"task": number, **_named(key, states), "others": [told(why) for why in others]}
        for number, (key, others) in enumerate(zip(seen.plan.placements, steps, strict=True), 1)
    ]
    failures = [
        failure_shape(with_holders(why, states[why.key], demand), states[why.key].instance.id)
        for why in seen.plan.refusals
    ]
    return {**_room_shape(seen, states, presence), "placements": placements, "failures": failures}


def _head(blueprint: Blueprint) -> dict[str, Any]:
    return {
        "cluster": blueprint.cluster.name,
        "taskDefinitionArn": definition_arn(blueprint.family, blueprint.revision),
        "group": blueprint.demand.group,
    }


def _room_shape(
    seen: Preview, states: Mapping[InstanceKey, InstanceState], presence: Presence | None = None
) -> dict[str, Any]:
    """All instances: how many of the tasks each gets, and why it takes none, or no more after these."""
    instances = [
        {
            **_named(one.key, states),
            "tasks": one.count,
            "room": one.room,
            "reason": one.refusal.reason if one.refusal else "",
            "detail": one.refusal.words if one.refusal else "",
            **({} if presence is None else {"missingImages": _missing(presence, one.key)}),
        }
        for one in seen.instances
    ]
    return {"room": seen.room, "instances": instances}


def _missing(presence: Presence, key: InstanceKey) -> list[str] | None:
    """None: the instance does not answer."""
    if key not in presence.answered:
        return None
    return [image for image in presence.images if key in presence.lacking(image)]


def _named(key: InstanceKey, states: Mapping[InstanceKey, InstanceState]) -> dict[str, str]:
    return {"containerInstanceArn": instance_arn(key.cluster, states[key].instance.id), "name": key.name}
