"""Attributes: what an instance has, and which a task needs there (design: ECS semantics 5.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.model.instance import EngineInfo, Instance

if TYPE_CHECKING:
    from app.model.task_definition import TaskDefinition

_DOCKER = "com.amazonaws.ecs.capability"
_ECS = "ecs.capability"
_FIRST_API = 17
"""The oldest that ECS names, as docker-remote-api.1.17."""

_ALWAYS = (
    f"{_DOCKER}.privileged-container",
    f"{_ECS}.container-health-check",
    f"{_ECS}.container-ordering",
    f"{_ECS}.container-restart-policy",
    f"{_ECS}.env-files.s3",
    f"{_ECS}.external",
    f"{_ECS}.network.container-port-range",
    f"{_ECS}.pid-ipc-namespace-sharing",
    f"{_ECS}.secrets.asm.environment-variables",
    f"{_ECS}.secrets.ssm.environment-variables",
    f"{_ECS}.task-cpu-mem-limit",
    f"{_ECS}.task-eni",
)
"""What any engine can do, or Moorage does for it."""

_NOT_NEEDED = frozenset(
    {
        f"{_DOCKER}.ecr-auth",
        f"{_DOCKER}.logging-driver.awsfirelens",
        f"{_DOCKER}.logging-driver.awslogs",
        f"{_DOCKER}.task-iam-role",
        f"{_ECS}.efs",
        f"{_ECS}.execution-role-awslogs",
        f"{_ECS}.execution-role-ecr-pull",
        f"{_ECS}.private-registry-authentication.secretsmanager",
    }
)
"""What stands for parts of AWS that no instance has: something near to it happens instead, and a warning says so."""


def attributes_of(instance: Instance, info: EngineInfo | None) -> dict[str, str]:
    """Built-in attributes, the engine's labels, and those that the cluster's file gives; the later ones win.

    ``info`` is None while the engine has never answered. An attribute "" has no value.
    """
    found: dict[str, str] = {}
    if info is not None:
        found["ecs.os-type"] = info.os_type
        found["ecs.os-family"] = info.os_type.upper()
        found["ecs.cpu-architecture"] = info.architecture
        found.update(dict.fromkeys(_capabilities(info), ""))
        found.update(info.labels)
    found.update(instance.attributes)
    return found


def _capabilities(info: EngineInfo) -> Iterator[str]:
    yield from _ALWAYS
    yield from (f"{_DOCKER}.logging-driver.{driver}" for driver in info.log_drivers)
    yield from (f"{_DOCKER}.{option}" for option in info.security if option in ("apparmor", "selinux"))
    for driver in info.volume_drivers:
        yield f"{_ECS}.docker-plugin.{driver}"
        # A plugin's tag is part of its name on the engine; definitions leave it out.
        yield f"{_ECS}.docker-plugin.{driver.removesuffix(':latest')}"
    major, _, minor = info.api_version.partition(".")
    if major == "1" and minor.isascii() and minor.isdigit() and len(minor) < 4:
        yield from (f"{_DOCKER}.docker-remote-api.1.{number}" for number in range(_FIRST_API, int(minor) + 1))


def needed_attributes(definition: TaskDefinition) -> tuple[str, ...]:
    """Names of the attributes without which an instance does not take a task of this definition."""
    from app.model.required_attributes import required_attributes

    return tuple(name for name in required_attributes(definition) if name not in _NOT_NEEDED)
