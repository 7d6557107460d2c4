"""The attributes that an instance needs for a task definition, as ECS derives them (design: ECS semantics 5.3)."""

from __future__ import annotations

from collections.abc import Iterator

from app.model.task_definition import ContainerDefinition, TaskDefinition

_DOCKER = "com.amazonaws.ecs.capability"
_ECS = "ecs.capability"
_API = f"{_DOCKER}.docker-remote-api"
_ECR_HOST = ".dkr.ecr."
# The first word of a dockerSecurityOptions entry → the capability that it needs.
_SECURITY = {"label": "selinux", "apparmor": "apparmor"}


def required_attributes(definition: TaskDefinition) -> list[str]:
    """Names of attributes, each once, sorted."""
    found = set(_of_task(definition))
    for container in definition.container_definitions:
        found.update(_of_container(container, with_role=definition.execution_role_arn is not None))
    return sorted(found)


def _of_task(definition: TaskDefinition) -> Iterator[str]:
    yield f"{_API}.1.18"
    if definition.task_role_arn is not None:
        yield f"{_DOCKER}.task-iam-role"
    if definition.network_mode == "awsvpc":
        yield f"{_ECS}.task-eni"
    if definition.pid_mode is not None or definition.ipc_mode is not None:
        yield f"{_ECS}.pid-ipc-namespace-sharing"
    if definition.cpu is not None or definition.memory is not None:
        yield f"{_ECS}.task-cpu-mem-limit"
    for volume in definition.volumes:
        if volume.efs_volume_configuration is not None:
            yield f"{_ECS}.efs"
        docker = volume.docker_volume_configuration
        if docker is not None and docker.driver:
            yield f"{_ECS}.docker-plugin.{docker.driver}"


def _of_container(container: ContainerDefinition, *, with_role: bool) -> Iterator[str]:
    if container.privileged:
        yield f"{_DOCKER}.privileged-container"
    if container.memory_reservation is not None:
        yield f"{_API}.1.21"
    if _ECR_HOST in container.image:
        yield f"{_DOCKER}.ecr-auth"
        if with_role:
            yield f"{_ECS}.execution-role-ecr-pull"
    if container.repository_credentials is not None:
        yield f"{_ECS}.private-registry-authentication.secretsmanager"
    if container.health_check is not None:
        yield f"{_ECS}.container-health-check"
        yield f"{_API}.1.24"
    if container.depends_on or container.start_timeout is not None or container.stop_timeout is not None:
        yield f"{_ECS}.container-ordering"
    if container.restart_policy is not None:
        yield f"{_ECS}.container-restart-policy"
    if any(mapping.container_port_range for mapping in container.port_mappings):
        yield f"{_ECS}.network.container-port-range"
    if container.environment_files:
        yield f"{_ECS}.env-files.s3"
    for secret in container.secrets:
        store = "asm" if ":secretsmanager:" in secret.value_from else "ssm"
        yield f"{_ECS}.secrets.{store}.environment-variables"
    for option in container.docker_security_options:
        yield from (f"{_DOCKER}.{capability}" for word, capability in _SECURITY.items() if option.startswith(word))
    yield from _of_logs(container, with_role=with_role)


def _of_logs(container: ContainerDefinition, *, with_role: bool) -> Iterator[str]:
    if container.log_configuration is None:
        return
    driver = container.log_configuration.log_driver
    yield f"{_DOCKER}.logging-driver.{driver}"
    if driver == "awslogs":
        yield f"{_API}.1.19"
        if with_role:
            yield f"{_ECS}.execution-role-awslogs"
