"""ECS's rules across the members of a task definition, each broken one with its place and a remedy.

The words follow those that ECS itself uses where they are known (design: ECS semantics 7.4). Everything here is linear
in the document. Rules of one container, of ports, of volumes and of dependencies have modules of their own.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator

from app.model.container_rules import broken_in_container, repeated
from app.model.dependency_rules import broken_dependencies
from app.model.locations import ANY, ITSELF, Broken, Location, short
from app.model.port_rules import broken_ports
from app.model.task_definition import DOCKER_MINIMUM_MEMORY, MOST_CONTAINERS, ContainerDefinition, TaskDefinition
from app.model.volume_rules import broken_volumes

_CONTAINERS = "containerDefinitions"
_FEWEST_UNITS, _MOST_UNITS = 128, 196608
_TAG_PUNCTUATION = frozenset("_.:/=+-@")


def broken_rules(definition: TaskDefinition) -> Iterator[Broken]:
    yield from _containers(definition)
    yield from _task_size(definition)
    yield from _memory(definition)
    yield from _sums(definition)
    yield from _tags(definition)
    yield from _placement(definition)
    yield from _routers(definition)
    for index, container in enumerate(definition.container_definitions):
        yield from broken_in_container(definition, index, container)
    yield from broken_ports(definition)
    yield from broken_volumes(definition)
    yield from broken_dependencies(definition)


def _containers(definition: TaskDefinition) -> Iterator[Broken]:
    containers = definition.container_definitions
    if len(containers) > MOST_CONTAINERS:
        problem = f"has more than {MOST_CONTAINERS} containers"
        yield Broken((_CONTAINERS,), problem, "make several task definitions of it", premises=((_CONTAINERS, ITSELF),))
    counts = Counter(container.name for container in containers)
    for index, container in enumerate(containers):
        if counts[container.name] > 1:
            problem = f"{short(container.name)!r} is used twice"
            premises: tuple[Location, ...] = ((_CONTAINERS, index, "name"),)
            yield Broken(premises[0], problem, "give each container its own name", premises=premises)
    if not any(container.essential for container in containers):
        premises = ((_CONTAINERS, ANY, "essential"),)
        yield Broken((_CONTAINERS,), "no container is essential", "at least one must be", premises=premises)


def _task_size(definition: TaskDefinition) -> Iterator[Broken]:
    units = definition.cpu_units
    if units is not None and not _FEWEST_UNITS <= units <= _MOST_UNITS:
        remedy = f"write {_FEWEST_UNITS} to {_MOST_UNITS} CPU units, or the like of 1 vCPU"
        yield Broken(("cpu",), "Invalid 'cpu' setting for task.", remedy)
    if definition.memory_mib is not None and definition.memory_mib < DOCKER_MINIMUM_MEMORY:
        remedy = f"write at least {DOCKER_MINIMUM_MEMORY} MiB"
        yield Broken(("memory",), "Invalid 'memory' setting for task.", remedy)


def _memory(definition: TaskDefinition) -> Iterator[Broken]:
    limit = definition.memory_mib
    for index, container in enumerate(definition.container_definitions):
        at, at_soft = (_CONTAINERS, index, "memory"), (_CONTAINERS, index, "memoryReservation")
        hard, soft = container.memory, container.memory_reservation
        if hard is None and soft is None and limit is None:
            yield Broken(
                at,
                f"Invalid setting for container '{short(container.name)}'. "
                "At least one of 'memory' or 'memoryReservation' must be specified.",
                "add memory in MiB",
                premises=(at, at_soft, ("memory",)),
            )
        if hard is not None and soft is not None and soft > hard:
            yield Broken(at_soft, f"{soft} is more than memory ({hard})", "lower it", premises=(at, at_soft))
        if hard is not None and limit is not None and hard > limit:
            yield Broken(at, f"{hard} is more than the task's ({limit})", "lower it", premises=(at, ("memory",)))
        for where, size in ((at, hard), (at_soft, soft)):
            if size is not None and size < DOCKER_MINIMUM_MEMORY:
                problem = f"Docker's minimum is {DOCKER_MINIMUM_MEMORY} MiB"
                yield Broken(where, problem, "that is what it gets", "warning")


def _sums(definition: TaskDefinition) -> Iterator[Broken]:
    containers = definition.container_definitions
    reserved = sum(_reserved(container) for container in containers)
    limit, units = definition.memory_mib, definition.cpu_units
    if limit is not None and reserved > limit:
        premises: tuple[Location, ...] = (
            ("memory",),
            (_CONTAINERS, ANY, "memory"),
            (_CONTAINERS, ANY, "memoryReservation"),
        )
        problem = f"the containers' memory adds up to {reserved}, more than {limit}"
        yield Broken(("memory",), problem, "raise it, or lower theirs", premises=premises)
    cpu = sum(container.cpu for container in containers)
    if units is not None and cpu > units:
        problem = f"the containers' cpu adds up to {cpu}, more than {units}"
        yield Broken(("cpu",), problem, "raise it, or lower theirs", premises=(("cpu",), (_CONTAINERS, ANY, "cpu")))


def _reserved(container: ContainerDefinition) -> int:
    return container.memory_reservation or container.memory or 0


def _tags(definition: TaskDefinition) -> Iterator[Broken]:
    if "tags" in definition.model_fields_set and not definition.tags:
        yield Broken(("tags",), "Tags can not be empty.", "add a tag, or leave tags out")
    twice = set(repeated(tag.key for tag in definition.tags))
    for index, tag in enumerate(definition.tags):
        at: Location = ("tags", index, "key")
        if tag.key in twice:
            yield Broken(at, f"{short(tag.key)!r} is used twice", "give each tag a key of its own")
        if tag.key.lower().startswith("aws:"):
            yield Broken(at, "keys that begin with aws: are reserved", "choose another key")
        for where, text in ((at, tag.key), (("tags", index, "value"), tag.value)):
            if not all(_fits_a_tag(character) for character in text):
                yield Broken(where, "contains invalid characters", "use letters, digits, spaces and _.:/=+-@")


def _fits_a_tag(character: str) -> bool:
    return character in _TAG_PUNCTUATION or unicodedata.category(character)[0] in "LZN"


def _placement(definition: TaskDefinition) -> Iterator[Broken]:
    for index, constraint in enumerate(definition.placement_constraints):
        if not constraint.expression:
            at = ("placementConstraints", index, "expression")
            yield Broken(at, "memberOf needs an expression", 'write one, as "attribute:stack == prod"')
    proxy = definition.proxy_configuration
    names = {container.name for container in definition.container_definitions}
    if proxy is not None and proxy.container_name not in names:
        place: Location = ("proxyConfiguration", "containerName")
        problem = f"{short(proxy.container_name)!r} is no container of this definition"
        premises = (place, (_CONTAINERS, ANY, "name"))
        yield Broken(place, problem, "name one of containerDefinitions", premises=premises)


def _routers(definition: TaskDefinition) -> Iterator[Broken]:
    routers = [
        index
        for index, container in enumerate(definition.container_definitions)
        if container.firelens_configuration is not None
    ]
    for index in routers[1:]:
        at = (_CONTAINERS, index, "firelensConfiguration")
        yield Broken(at, "a task has one log router at most", "leave firelensConfiguration to one container")
