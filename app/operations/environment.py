"""What each container of a task gets from outside: environment, log options, credentials, every reference resolved."""

from __future__ import annotations

from app.model.environment import ContainerEnvironment
from app.model.errors import MoorageError
from app.model.image_reference import parse_reference
from app.model.registry import Credential
from app.model.task_definition import ContainerDefinition, TaskDefinition
from app.store.local_sources import UNRESOLVED, LocalSources
from app.store.registry_keys import server_of


def resolve_environments(definition: TaskDefinition, sources: LocalSources) -> dict[str, ContainerEnvironment]:
    """The environment by container name, from a definition into which overrides are merged.

    Precedence (design: ECS semantics 2.7): secrets, ``environment``, ``environmentFiles`` of which the first wins;
    the image's own comes below all. Variables stand in the order ``environment``, ``secrets``, the rest of the files.
    AWS_REGION and AWS_DEFAULT_REGION are not injected: there is no region here.

    Raises:
        MoorageError: ResourceInitializationError, with a line for each reference that cannot be resolved. To be
            called before anything is launched.
    """
    problems: list[str] = []
    environments = {
        container.name: _environment(container, sources, problems) for container in definition.container_definitions
    }
    if problems:
        raise MoorageError("\n".join(dict.fromkeys(problems)), code=UNRESOLVED)
    return environments


def _environment(container: ContainerDefinition, sources: LocalSources, problems: list[str]) -> ContainerEnvironment:
    def secret(value_from: str) -> str:
        try:
            return sources.secret(value_from)
        except MoorageError as error:
            problems.append(error.message)
            return ""

    variables = {pair.name: pair.value for pair in container.environment}
    variables.update({reference.name: secret(reference.value_from) for reference in container.secrets})
    for file in container.environment_files:
        try:
            for name, value in sources.environment_file(file.value):
                variables.setdefault(name, value)
        except MoorageError as error:
            problems.append(error.message)
    log_options: dict[str, str] = {}
    if log := container.log_configuration:
        log_options = log.options | {option.name: secret(option.value_from) for option in log.secret_options}
    credential = None
    if login := container.repository_credentials:
        try:
            user, password = sources.login(login.credentials_parameter)
            registry = parse_reference(container.image).registry
            credential = Credential(server_of(registry), user, password, source="repositoryCredentials")
        except MoorageError as error:
            problems.append(error.message)
    return ContainerEnvironment(tuple(variables.items()), log_options, credential)
