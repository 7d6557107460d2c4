"""A stored definition → what ECS answers for it: the registered members with defaults and read-only members filled in.

Design: ECS semantics 0.5, 0.6, 5.3 and golden tests 1 and 5. Works for every dialect that can be stored.
"""

from __future__ import annotations

from typing import Any

from app.model.dialects import recognise
from app.model.ids import definition_arn
from app.model.required_attributes import required_attributes
from app.model.strict_json import parse_json
from app.model.task_definition import TaskDefinition
from app.operations.shapes import present, timestamp
from app.store.definitions import StoredRevision

_LISTS = ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls")
_ONE_PORT_MODES = ("awsvpc", "host")


def registered_members(stored: StoredRevision) -> dict[str, Any]:
    """The members of RegisterTaskDefinition that a stored document has. Raises DocumentError if it is broken."""
    source = f"{stored.family}/{stored.revision}.json"
    return recognise(parse_json(stored.document, source), source, stored.family).members


def definition_response(stored: StoredRevision) -> dict[str, Any]:
    """What RegisterTaskDefinition and DescribeTaskDefinition answer: the definition, its tags beside it."""
    return {"taskDefinition": definition_shape(stored), "tags": registered_members(stored).get("tags", [])}


def definition_shape(stored: StoredRevision) -> dict[str, Any]:
    """The registered document as ECS echoes it. Raises DocumentError if it is broken."""
    members = registered_members(stored)
    mode = members.get("networkMode")
    containers = members.get("containerDefinitions")
    if isinstance(containers, list):
        members["containerDefinitions"] = [_container(item, one_port=mode in _ONE_PORT_MODES) for item in containers]
    return present(
        {
            "taskDefinitionArn": definition_arn(stored.family, stored.revision),
            **{name: value for name, value in members.items() if name != "tags"},
            "family": stored.family,
            "revision": stored.revision,
            "volumes": members.get("volumes") or [],
            "placementConstraints": members.get("placementConstraints") or [],
            **_derived(members),
            "compatibilities": _compatibilities(members),
            "status": stored.status,
            "registeredAt": timestamp(stored.registered_at),
            "registeredBy": stored.registered_by or None,
            "deregisteredAt": timestamp(stored.deregistered_at) if stored.deregistered_at else None,
        }
    )


def _derived(members: dict[str, Any]) -> dict[str, Any]:
    """What follows from the members; of a document that an older version took and this one would not, nothing."""
    from pydantic import ValidationError

    try:
        definition = TaskDefinition.model_validate(members, by_alias=True, by_name=False)
    except ValidationError:
        return {}
    sizes = {"cpu": definition.cpu_units, "memory": definition.memory_mib}
    return {
        **{name: str(size) for name, size in sizes.items() if size is not None},
        "requiresAttributes": [{"name": name} for name in required_attributes(definition)],
    }


def _compatibilities(members: dict[str, Any]) -> list[str]:
    """awsvpc keeps a task off external instances, and only with it Fargate may take it."""
    if members.get("networkMode") != "awsvpc":
        return ["EXTERNAL", "EC2"]
    wanted = members.get("requiresCompatibilities")
    return ["EC2", "FARGATE"] if isinstance(wanted, list) and "FARGATE" in wanted else ["EC2"]


def _container(container: Any, *, one_port: bool) -> Any:
    if not isinstance(container, dict):
        return container
    shape = {**container}
    for member, default in {"cpu": 0, "essential": True, **{name: [] for name in _LISTS}}.items():
        shape.setdefault(member, default)
    if isinstance(shape["portMappings"], list):
        shape["portMappings"] = [_mapping(mapping, one_port=one_port) for mapping in shape["portMappings"]]
    return shape


def _mapping(mapping: Any, *, one_port: bool) -> Any:
    if not isinstance(mapping, dict):
        return mapping
    shape = {**mapping}
    shape.setdefault("protocol", "tcp")
    if "containerPort" in shape and not shape.get("hostPort"):
        shape["hostPort"] = shape["containerPort"] if one_port else 0
    return shape
