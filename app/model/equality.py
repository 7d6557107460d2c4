"""Whether two task definitions mean the same, however they are written (design: ECS semantics 0.8)."""

from __future__ import annotations

import json
from typing import Any

from app.model.dialects import without_nulls

_HEALTH_CHECK_DEFAULTS = {"interval": 30, "timeout": 5, "retries": 3}
_UNORDERED = ("environment", "secrets")
_ONE_PORT_MODES = ("awsvpc", "host")


def same_definition(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Do these members of RegisterTaskDefinition define the same? Values need not be valid."""
    return normalised(one) == normalised(other)


def normalised(members: dict[str, Any]) -> dict[str, Any]:
    """The members in one way of writing: defaults and empty lists left out, what has no order sorted.

    Equal are: a list in which ECS keeps no order in any order; ``null`` and absent; ``[]`` and absent; ``essential``
    absent and true; ``hostPort`` 0 and absent, with awsvpc and host also the container's port; ``protocol`` absent and
    tcp; ``cpu`` absent and 0; the times of a health check absent and 30, 5, 3.
    """
    result: dict[str, Any] = _without_empty_lists(without_nulls(members))
    containers = result.get("containerDefinitions")
    if isinstance(containers, list):
        one_port = members.get("networkMode") in _ONE_PORT_MODES
        result["containerDefinitions"] = _sorted([_container(item, one_port=one_port) for item in containers])
    return result


def _container(container: Any, *, one_port: bool) -> Any:
    if not isinstance(container, dict):
        return container
    result = _without(container, {"cpu": 0, "essential": True})
    for name in _UNORDERED:
        if isinstance(result.get(name), list):
            result[name] = _sorted(result[name])
    if isinstance(result.get("portMappings"), list):
        result["portMappings"] = [_mapping(mapping, one_port=one_port) for mapping in result["portMappings"]]
    if isinstance(result.get("healthCheck"), dict):
        result["healthCheck"] = _without(result["healthCheck"], _HEALTH_CHECK_DEFAULTS)
    return result


def _mapping(mapping: Any, *, one_port: bool) -> Any:
    if not isinstance(mapping, dict):
        return mapping
    result = _without(mapping, {"hostPort": 0, "protocol": "tcp"})
    return _without(result, {"hostPort": result.get("containerPort")}) if one_port else result


def _without(members: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in defaults or value != defaults[name]}


def _without_empty_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_empty_lists(item) for name, item in value.items() if item != []}
    if isinstance(value, list):
        return [_without_empty_lists(item) for item in value]
    return value


def _sorted(items: list[Any]) -> list[Any]:
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
