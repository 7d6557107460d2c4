"""Short ways from a definition to the bodies of its containers."""

from __future__ import annotations

from typing import Any

from app.hosts.translate import TaskPlan, create_body
from app.model.task_definition import TaskDefinition
from tests.unit.builders import definition, tag

MIB = 2**20


def plan_of(made: TaskDefinition, **shared: Any) -> TaskPlan:
    return TaskPlan(made, tag(""), **shared)


def body_of(container: dict[str, Any], *others: dict[str, Any], **members: Any) -> dict[str, Any]:
    made = definition(container, *others, **members)
    return create_body(plan_of(made), made.container_definitions[0])


def changed(members: dict[str, Any], **of_task: Any) -> dict[str, Any]:
    """What members of a container change in its body, those of HostConfig included and labels left out."""
    plain, body = body_of({}), body_of(members, **of_task)
    before, after = {**plain, **plain["HostConfig"]}, {**body, **body["HostConfig"]}
    return {
        name: after.get(name)
        for name in sorted(before.keys() | after.keys())
        if name not in ("HostConfig", "Labels") and before.get(name) != after.get(name)
    }
