"""Overrides of run-task and start-task: a definition as it is for one task (design: ECS semantics 2.4)."""

from __future__ import annotations

from app.model.container_definition import ContainerDefinition
from app.model.container_members import KeyValue
from app.model.definition_document import DefinitionDocument, definition_from
from app.model.errors import MoorageError
from app.model.requests import ContainerOverride, TaskOverride
from app.model.task_definition import TaskDefinition

_REPLACING = ("command", "cpu", "memory", "memory_reservation", "environment_files", "resource_requirements")
_OF_THE_TASK = ("cpu", "memory", "task_role_arn", "execution_role_arn", "ephemeral_storage")


def with_overrides(definition: TaskDefinition, overrides: TaskOverride) -> DefinitionDocument:
    """The definition with the overrides in place, checked again as a whole.

    Everything replaces, but for environment, which merges by name. Raises MoorageError (InvalidParameterException) for
    a container that is not there, DocumentError for a result that breaks a rule.
    """
    by_name = {override.name: override for override in overrides.container_overrides}
    for name in by_name:
        if all(container.name != name for container in definition.container_definitions):
            raise MoorageError(
                f"Override for container named {name} is not a container in the TaskDefinition.",
                code="InvalidParameterException",
            )
    update: dict[str, object] = {
        member: value for member in _OF_THE_TASK if (value := getattr(overrides, member)) is not None
    }
    if by_name:
        update["container_definitions"] = [
            _overridden(container, by_name[container.name]) if container.name in by_name else container
            for container in definition.container_definitions
        ]
    changed = definition.model_copy(update=update)
    return definition_from(changed.model_dump(by_alias=True, exclude_unset=True), "overrides")


def _overridden(container: ContainerDefinition, override: ContainerOverride) -> ContainerDefinition:
    update: dict[str, object] = {
        member: value for member in _REPLACING if (value := getattr(override, member)) is not None
    }
    if override.environment:
        environment = {pair.name: pair.value for pair in container.environment}
        environment.update({pair.name: pair.value for pair in override.environment})
        update["environment"] = [KeyValue(name=name, value=value) for name, value in environment.items()]
    return container.model_copy(update=update)
