"""Overrides of run-task and start-task: a definition as it is for one task (design: ECS semantics 2.4)."""

from __future__ import annotations

from app.model.definition_document import DefinitionDocument, definition_from
from app.model.errors import MoorageError
from app.model.requests import ContainerOverride, TaskOverride
from app.model.task_definition import ContainerDefinition, KeyValue, TaskDefinition


def with_overrides(definition: TaskDefinition, overrides: TaskOverride) -> DefinitionDocument:
    """The definition with the overrides in place, checked again as a whole.

    command, cpu and memory replace; environment merges by name. Raises MoorageError (InvalidParameterException) for a
    container that is not there, DocumentError for a result that breaks a rule.
    """
    by_name = {override.name: override for override in overrides.container_overrides}
    for name in by_name:
        if all(container.name != name for container in definition.container_definitions):
            raise MoorageError(
                f"Override for container named {name} is not a container in the TaskDefinition.",
                code="InvalidParameterException",
            )
    containers = [
        _overridden(container, by_name[container.name]) if container.name in by_name else container
        for container in definition.container_definitions
    ]
    update = {
        "container_definitions": containers,
        "cpu": overrides.cpu or definition.cpu,
        "memory": overrides.memory or definition.memory,
    }
    changed = definition.model_copy(update=update)
    return definition_from(changed.model_dump(by_alias=True, exclude_none=True), "overrides")


def _overridden(container: ContainerDefinition, override: ContainerOverride) -> ContainerDefinition:
    environment = {pair.name: pair.value for pair in container.environment}
    environment.update({pair.name: pair.value for pair in override.environment})
    update: dict[str, object] = {
        "environment": [KeyValue(name=name, value=value) for name, value in environment.items()],
    }
    for member in ("command", "cpu", "memory", "memory_reservation"):
        if (value := getattr(override, member)) is not None:
            update[member] = value
    return container.model_copy(update=update)
