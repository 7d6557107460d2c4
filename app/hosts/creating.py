"""Making a task's containers, and what they need on the host before: volumes, a network, the pause container."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.hosts.crashpoint import crashpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.labels import container_name, labels_of
from app.hosts.networks import make_network
from app.hosts.pause import ensure_pause_image
from app.hosts.ports import PortChooser, ports_in_use, published_ports
from app.hosts.reading import container_from_list, inspect_or_none, own_labels
from app.hosts.settings import HostSettings
from app.hosts.translate import (
    TaskPlan,
    create_body,
    needs_network,
    needs_pause,
    pause_body,
    pause_tag,
    tag_for,
)
from app.hosts.volumes import make_volumes
from app.model.container import PortBinding, TaskTag
from app.model.environment import ContainerEnvironment
from app.model.task_definition import ContainerDefinition, TaskDefinition

_ATTEMPTS = 3


class Creator:
    """Makes one task's containers. Its making makes what they share.

    ``accepted``: somebody who knows what they reach beyond their own walls has said yes.
    Raises HostError, whose message begins with ECS's name of the failure, unless the host did not answer.
    """

    def __init__(
        self,
        engine: Engine,
        task: TaskTag,
        definition: TaskDefinition,
        environments: Mapping[str, ContainerEnvironment],
        settings: HostSettings,
        *,
        accepted: bool = False,
    ) -> None:
        self._engine = engine
        self._accepted = accepted
        with _named("CannotCreateVolumeError"):
            make_volumes(engine, definition, task.task_id, accepted=accepted)
        with _named("ResourceInitializationError"):
            ports = _choose_ports(engine, definition, task.task_id, settings.host_ports)
            network = make_network(engine, task.task_id) if needs_network(definition) else ""
            crashpoint("after-network")
            self._plan = TaskPlan(definition, task, network, environments, ports)
            if needs_pause(definition):
                body = pause_body(self._plan, ensure_pause_image(engine))
                self._create_or_adopt(pause_tag(self._plan), body)

    def create(self, container: ContainerDefinition) -> None:
        """Make one container; one that is there already from the same launch is taken. Raises HostError."""
        self._create_or_adopt(tag_for(self._plan, container), create_body(self._plan, container))

    def _create_or_adopt(self, tag: TaskTag, body: Mapping[str, Any]) -> None:
        name = container_name(tag)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                made = self._engine.create_container(name, body, accepted=self._accepted)
            except HostError as error:
                if error.kind not in ("conflict", "timeout"):
                    raise
                # The name is taken, or no answer came: what is there now decides.
                there = inspect_or_none(self._engine, name)
                if there is not None and own_labels(there.get("Config") or {}) == labels_of(tag):
                    return
                if there is not None or attempt == _ATTEMPTS:
                    raise
            else:
                self._check(made, tag)
                return

    def _check(self, made: str, tag: TaskTag) -> None:
        """The tag may have moved to an image with labels of ours since: nobody would believe the container's."""
        if own_labels(self._engine.inspect(made).get("Config") or {}) != labels_of(tag):
            self._engine.remove_container(made)
            raise HostError("its image carries labels that only Moorage may set", "refused")


class _named:  # noqa: N801 - reads as a word of the language
    """Puts ECS's name of a failure before what the engine says of it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, HostError) and error.kind not in ("unreachable", "timeout"):
            raise HostError(f"{self._name}: {error.message}", error.kind) from error


def _choose_ports(
    engine: Engine, definition: TaskDefinition, task_id: str, span: tuple[int, int]
) -> dict[str, tuple[PortBinding, ...]]:
    if not any(container.port_mappings for container in definition.container_definitions):
        return {}
    in_use = ports_in_use(container_from_list(entry) for entry in engine.containers())
    chooser = PortChooser(span, in_use, task_id)
    return {
        container.name: published_ports(definition, container, chooser)
        for container in definition.container_definitions
    }
